// Events and outcomes as JSON: the payloads of a run's journal records.
//
// event_from_json(event_kind(e), event_to_json(e)) is e, for every event, including numbers to the last bit and cells
// that are not UTF-8. What comes from a journal is outside input: a missing or mistyped key is an Error (kCorrupt) that
// names it. Keys that a payload has in addition ("took_us", written by the driver) are ignored.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "agent/events.h"
#include "base/json.h"
#include "base/result.h"

namespace cadre::agent {

struct RunState;

// "run.begin", "dispatch.returned", "attempt.returned", "candidate.verified", "call.returned", "answer.composed",
// "budget.exhausted", "run.resume", "inputs.lost", "cancelled".
const char* event_kind(const Event& event);

base::Json event_to_json(const Event& event);
Result<Event> event_from_json(std::string_view kind, const base::Json& payload);

// The payload of the closing record: status, reason, message, confidence, sql, answer, number of rows. Requires an
// outcome.
base::Json outcome_to_json(const RunState& state);

// The payload of a closing record for a run whose own records do not lead to an outcome.
base::Json failure_to_json(const std::string& message);

base::Json call_to_json(const contract::SqlCall& call);
base::Json evidence_to_json(const std::vector<Evidence>& evidence);
base::Json rows_to_json(const contract::QueryResult& result);
const char* budget_kind_name(BudgetKind kind);

}  // namespace cadre::agent
