// What a run came to, as JSON and as a RunView: one form for the command line and for servers.
//
// Thread safety: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/run.h"
#include "agent/run_service.h"
#include "base/json.h"

namespace cadre::agent {

// {"sql", "columns", "rows", "truncated"} of an answered run; null of any other.
base::Json answer_value_to_json(const RunState& state);
// [{"role", "words", "column", "op", "value", "origin"}]; empty without an answer.
base::Json answer_evidence_to_json(const RunState& state);

// Of a run whose outcome may not be in the journal yet.
RunStatus status_of_run(const RunState& state);

// `closed`: the journal holds the outcome; before that the run is running.
RunView view_of_run(const store::RunId& run, const RunState& state, bool closed);

}  // namespace cadre::agent
