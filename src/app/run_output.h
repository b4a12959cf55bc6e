// A finished run for the reader: as text for people, as one JSON object for programs.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "agent/driver.h"
#include "agent/run.h"
#include "app/exit_codes.h"
#include "base/json.h"
#include "base/result.h"

namespace cadre::app {

// The keys: run, status, reason, message, answer, sql, columns, rows, truncated, evidence, probability, timings_ms.
base::Json report_to_json(const agent::RunReport& report, int64_t open_ns);

// The same keys as far as they apply, for a question that did not become a run.
base::Json error_to_json(const Error& error);

// The answer first, then SQL, evidence, probability and run id; safe for a terminal.
std::string report_to_text(const agent::RunReport& report);

ExitCode exit_code_of(const agent::Outcome& outcome);

// 4 for what the user's input causes, 1 for the rest.
ExitCode exit_code_of(const Error& error);

}  // namespace cadre::app
