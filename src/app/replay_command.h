// `cadre replay`: the local steps of a recorded run made again, and compared with what the journal says.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "agent/specialist_pack.h"
#include "app/command_line.h"

namespace cadre::app {

struct ReplayOptions {
  std::string run;      // id or a prefix of it
  std::string file;     // the cadre file of the run; empty: a run of `cadre ask`
  std::string with;     // another cadre file
  std::string journal;  // where the cadre file names none
  bool verify = false;  // any difference is a failure
  bool all = false;     // every run that is over
  bool json = false;
};

void add_replay(CommandLine& line, ReplayOptions& options, agent::LoadPack load_pack);
int run_replay(const ReplayOptions& options, const agent::LoadPack& load_pack);

}  // namespace cadre::app
