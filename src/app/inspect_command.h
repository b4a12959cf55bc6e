// `cadre inspect`: what a pack is, from its own metadata; no weights are run.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "app/command_line.h"

namespace cadre::app {

struct InspectOptions {
  std::string pack;
  bool json = false;
  bool tensors = false;  // list each of them
};

void add_inspect(CommandLine& line, InspectOptions& options);
int run_inspect(const InspectOptions& options);

}  // namespace cadre::app
