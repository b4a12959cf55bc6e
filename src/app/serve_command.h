// `cadre serve`: the specialists of a cadre file behind OpenAI's API, the runs API and the Model Context Protocol.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "app/command_line.h"

namespace cadre::app {

struct ServeOptions {
  std::string file;
  std::string address;  // empty: the cadre file's
  int64_t port = -1;    // -1: the cadre file's
  std::string journal;  // used where the cadre file names none
  bool mcp_stdio = false;
};

void add_serve(CommandLine& line, ServeOptions& options);

// Until SIGTERM or SIGINT, then drains; with mcp_stdio until the input ends. The result is the exit status.
int run_serve(const ServeOptions& options);

}  // namespace cadre::app
