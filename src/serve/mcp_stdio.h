// The Model Context Protocol over standard input and output: one JSON-RPC message a line. For a client that starts cadre itself.
//
// The client is trusted as whoever started the process. Tool calls run side by side; a client cancels one with notifications/cancelled.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/result.h"
#include "serve/follow.h"

namespace cadre::serve {

struct McpStdioOptions {
  int input_fd = 0;
  int output_fd = 1;
  size_t line_size_bytes_max = 4 << 20;  // a longer one ends the conversation
  size_t calls_max = 1'000;              // at once
  int64_t finish_ms_max = 30'000;  // what calls that run have left once the input has ended; then they are cancelled
  std::string asker = "stdio";
};

// Serves until the input ends and every call has been answered. kIo: the output is gone; kLimit: a line is too long.
Result<void> serve_mcp_stdio(const Surroundings& around, const McpStdioOptions& options);

}  // namespace cadre::serve
