// `cadre oracle`: an OpenAI-compatible endpoint that answers from gold labels, with stated rates of errors and faults.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "app/command_line.h"

namespace cadre::app {

struct OracleCommandOptions {
  std::string answers;
  std::string address = "127.0.0.1";
  int64_t port = 0;
  double error_rate = 0;
  int64_t delay_ms = 0;
  int64_t seed = 1;
  std::vector<std::string> faults;  // "KIND=RATE"
  int64_t price_in_micros = 0;
  int64_t price_out_micros = 0;
};

void add_oracle(CommandLine& line, OracleCommandOptions& options);

// Until SIGTERM or SIGINT. The result is the exit status.
int run_oracle(const OracleCommandOptions& options);

}  // namespace cadre::app
