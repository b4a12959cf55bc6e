// `cadre memory`: what a memory file knows about whom, and how to delete it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "app/command_line.h"

namespace cadre::app {

struct MemoryOptions {
  std::string file;
  std::string subject;
  std::string name;
  bool json = false;
};

void add_memory(CommandLine& line, MemoryOptions& options);

}  // namespace cadre::app
