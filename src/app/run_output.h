// A finished run for the reader: as text for people, as one JSON object for programs.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/live_run.h"
#include "agent/run_service.h"
#include "agent/table_specialist.h"
#include "app/exit_codes.h"
#include "base/json.h"
#include "base/result.h"

namespace cadre::app {

// A finished run of a question to a table.
struct AskReport {
  agent::RunView view;
  agent::RunTimings run;
  agent::DeciderTimings decider;  // of this run
  int64_t open_ns = 0;            // what was opened before
  int64_t total_ns = 0;           // of the run
};

// The keys: run, status, reason, message, answer, sql, columns, rows, truncated, evidence, probability, steps, timings_ms. A request of
// several questions has its answers in "steps", and no SQL of its own.
base::Json report_to_json(const AskReport& report);

// The same keys as far as they apply, for a question that did not become a run.
base::Json error_to_json(const Error& error);

// The answer first, then SQL, evidence, probability and run id; safe for a terminal.
std::string report_to_text(const AskReport& report);

// A run of a cadre as it stands: its answer, or why there is none, or whom it waits for; then its steps.
std::string view_to_text(const agent::RunView& view);

ExitCode exit_code_of(agent::RunStatus status);

// 4 for what the user's input causes, 1 for the rest.
ExitCode exit_code_of(const Error& error);

// Prints "cadre COMMAND: what went wrong" to standard error; exit_code_of(error).
ExitCode fail(const char* command, const Error& error);

// The problems of an error that has one a line.
std::vector<std::string> lines_of_error(const Error& error);
// Prints them to standard error and, with `json`, as {"ok": false, "errors": [...]} to standard output; exit_code_of(error).
ExitCode fail_with_lines(const Error& error, bool json);

}  // namespace cadre::app
