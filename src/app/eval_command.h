// `cadre eval SUITE`: how good a specialist is on a set of cases, as numbers a program can read.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "app/command_line.h"

namespace cadre::app {

struct EvalOptions {
  std::string data;
  std::string split = "dev";
  std::string specialist;
  std::string verifier;  // the pack; empty = the installed one
  std::string router;    // likewise
  std::string predictions;
  int64_t limit = 0;
  int64_t candidates_max = 8;
  double confidence_min = 0;   // negative: the specialist's own
  bool without_cells = false;  // to measure what links to cells are worth
  bool headers_only = false;   // of tables that are documents
  bool json = false;
  std::string half = "both";  // of the cases: "both", "even", "odd"
};

void add_eval(CommandLine& line, EvalOptions& options);

// `suite`: "wikisql", "spider", "tables", "intents", "verifier", "tools", "retrieval".
int run_eval(const std::string& suite, const EvalOptions& options);

}  // namespace cadre::app
