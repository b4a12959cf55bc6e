// `cadre check`: reads a cadre file, opens everything it names, and prints what it found or every error.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "app/command_line.h"

namespace cadre::app {

struct CheckOptions {
  std::string file;
  bool json = false;
  bool self_tests = false;  // run those that packs bring along
};

void add_check(CommandLine& line, CheckOptions& options);

// Prints to standard output and error; the result is the exit status.
int run_check(const CheckOptions& options);

}  // namespace cadre::app
