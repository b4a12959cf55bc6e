// `cadre pack`: gives a contract to a model file, or to a model behind an endpoint, and checks what was given (docs/packs.md).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "app/command_line.h"

namespace cadre::app {

struct PackOptions {
  std::string contract;
  std::string model;           // a GGUF
  std::string endpoint_model;  // a name
  std::string system_prompt;   // a file
  std::string out;
  std::string check;  // a pack to check instead of writing one
  bool force = false;
  bool json = false;
};

void add_pack(CommandLine& line, PackOptions& options);
int run_pack(const PackOptions& options);

}  // namespace cadre::app
