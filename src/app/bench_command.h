// `cadre bench`: measures cadre's own parts on public sets of cases.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "app/command_line.h"
#include "base/result.h"

namespace cadre::app {

struct BenchOptions {
  std::string data;
  std::string folder = "draft2020-12";
  std::string vocabulary;
  std::string complaints;
  std::string mode = "accept";
  std::string split;
  int64_t every = 1;
  int64_t states = 10'000, instances = 10'000, walks = 1'000, full_every = 0, seed = 1, threads = 1;  // contracts
  bool without_formats = false;
  bool validator = false;
  bool forced = false;
  bool texts_only = false;  // decisions
  bool json = false;
};

// Prints "cadre COMMAND: what went wrong" to standard error and returns the exit status.
int fail_bench(const char* command, const Error& error);

void add_bench(CommandLine& line, BenchOptions& options);

}  // namespace cadre::app
