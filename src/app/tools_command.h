// `cadre tools`: what the MCP servers of a cadre file offer, and which of it a person has approved.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "app/command_line.h"

namespace cadre::app {

struct ToolsOptions {
  std::string file;
  std::string server;              // approve: whose tools
  std::vector<std::string> tools;  // approve: NAME or NAME@FINGERPRINT, the beginning of one
  int64_t timeout_ms = 60'000;     // of each server
  bool json = false;
};

void add_tools(CommandLine& line, ToolsOptions& options);

// Print to standard output and error; the result is the exit status.
int run_tools_list(const ToolsOptions& options);
int run_tools_approve(const ToolsOptions& options);

}  // namespace cadre::app
