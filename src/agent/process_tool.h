// A program of this machine as a tool. No shell: the command line is a list whose places the arguments fill (agent/argv_template.h).
//
// The program gets the arguments' places on its command line, with `input: json` the whole arguments as one JSON document on standard input, the
// variables that are named here, and nothing else of ours (net/subprocess.h). Its standard output is the result: a string, which must be UTF-8, or
// one JSON document. Its standard error is shown in errors, cut.
//
// An exit status in `success_codes` is success. Others are errors: those in `transient_codes` kUnavailable, else kInvalid. kTimeout, kCancelled and
// kLimit (too much output) kill it and everything it started. Of a program with an effect it is uncertain whether that happened once it has
// started and did not succeed, unless its status is in `unchanged_codes` or `transient_codes`, by which the program says that it changed nothing.
// With `fenced` the call's key is in the variable CADRE_CALL_KEY, and the program is trusted to know it again.
// check() fills the command line and starts nothing.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/tool.h"
#include "net/subprocess.h"

namespace cadre::agent {

enum class ProcessInputKind : uint8_t { kNone, kJson };
enum class ProcessOutputKind : uint8_t { kText, kJson };

struct ProcessToolOptions {
  ToolDefinition definition;
  std::vector<std::string> command;  // program and entries with places
  ProcessInputKind input = ProcessInputKind::kNone;
  ProcessOutputKind output = ProcessOutputKind::kText;
  std::vector<std::pair<std::string, std::string>> environment;  // name, value
  std::vector<std::string> variables;                            // names whose values are taken from our environment
  std::string folder;                                            // to work in; empty: ours
  std::vector<int> success_codes = {0};
  std::vector<int> unchanged_codes, transient_codes;
  int64_t timeout_ms_max = 0;  // 0: only the call's time counts
  net::ProcessLimits limits;
};

// Keys: those of read_definition; the fields above by their names, input ("none", "json"), output ("text", "json"), and of the limits memory_bytes_max,
// cpu_seconds_max, file_bytes_max and open_files_max. Where no schema is given: input is the places (with `input: json` any object),
// output of text a string.
Result<ProcessToolOptions> process_tool_options(const base::Json& object);

// Error: a command line that cannot be filled, a variable that is not set.
Result<std::unique_ptr<Tool>> make_process_tool(ProcessToolOptions options);

}  // namespace cadre::agent
