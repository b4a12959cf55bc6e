// `cadre grammar`: contracts from the command line: grade a schema, test a document against it, write sample documents.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "app/command_line.h"

namespace cadre::app {

struct GrammarOptions {
  std::string schema;
  std::string instance = "-";
  int64_t budget = 0;  // bytes; 0: four times the shortest
  int64_t count = 1;
  int64_t seed = 1;
  bool formats = false;
  bool json = false;
};

void add_grammar(CommandLine& line, GrammarOptions& options);

}  // namespace cadre::app
