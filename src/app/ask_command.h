// `cadre ask`: a question to a table, answered with evidence or declined with a reason.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "agent/specialist_pack.h"
#include "app/command_line.h"

namespace cadre::app {

struct AskOptions {
  std::string table;
  std::string table_name;
  std::string specialist;
  std::string journal;
  std::string question;
  std::string questions;  // a file with one question a line, "-" for standard input
  int64_t candidates_max = 8;
  int64_t rows_max = 1000;
  double confidence_min = -1;  // negative: the specialist's own
  bool json = false;
};

void add_ask(CommandLine& line, AskOptions& options, agent::LoadPack load_pack);

// Prints to standard output and error; the result is the exit status.
int run_ask(const AskOptions& options, const agent::LoadPack& load_pack);

}  // namespace cadre::app
