// `cadre trace`: what a run tried, what was refused and why, with times; and whether the journal is what was written.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "agent/specialist_pack.h"
#include "app/command_line.h"

namespace cadre::app {

struct TraceOptions {
  std::string run;  // id or a prefix of it
  std::string journal;
  int64_t count_max = 20;  // with --list
  bool list = false;
  bool json = false;
  bool verify = false;
  bool only_look = false;  // leave unfinished runs of dead processes as they are
};

void add_trace(CommandLine& line, TraceOptions& options, agent::LoadPack load_pack);
int run_trace(const TraceOptions& options, const agent::LoadPack& load_pack);

}  // namespace cadre::app
