// cadre train RECIPE --data DIR: trains a specialist and writes one pack.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "app/command_line.h"

namespace cadre::app {

struct TrainCommandOptions {
  std::string recipe;
  std::string data;
  std::string out;           // the pack; empty = RUN/NAME.gguf
  std::string run;           // checkpoints; empty = runs/NAME
  std::string quantisation;  // F32, BF16, Q8_0, Q4_0; empty = the recipe's
  std::string specialist;    // whose calls a verifier judges; empty = the installed one
  std::string date;          // of the evaluation card, YYYY-MM-DD; empty = today
  int64_t threads = 0;       // 0 = all processors
  int64_t questions = 0;     // at most so many training questions; 0 = all
};

// The date of an evaluation card: as asked for, or today (UTC).
std::string card_date(const TrainCommandOptions& options);

int run_train(const TrainCommandOptions& options);
void add_train(CommandLine& line, TrainCommandOptions& options);

}  // namespace cadre::app
