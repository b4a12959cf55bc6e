// `cadre ask`: a question to a table, answered with evidence or declined with a reason.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "app/command_line.h"
#include "app/sql_engine.h"

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

void add_ask(CommandLine& line, AskOptions& options, SpecialistLoader load_specialist);

// Prints to standard output and error; the result is the exit status.
int run_ask(const AskOptions& options, const SpecialistLoader& load_specialist);

}  // namespace cadre::app
