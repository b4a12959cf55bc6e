// Calls of the table form, query results and evidence as JSON: what the journal, answers and other steps see of them.
//
// call_from_json(call_to_json(c)) is c and so for results, numbers to the last bit and cells that are not UTF-8 included. What comes
// from a journal is outside input: a missing or mistyped key is kCorrupt and names it. Thread safety: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "agent/answer.h"
#include "base/json.h"
#include "base/result.h"
#include "contract/sql_call.h"
#include "contract/table.h"

namespace cadre::agent {

base::Json call_to_json(const contract::SqlCall& call);
Result<contract::SqlCall> call_from_json(const base::Json& json);

// {"columns", "rows", "truncated", "vm_steps"}
base::Json result_to_json(const contract::QueryResult& result);
Result<contract::QueryResult> result_from_json(const base::Json& json);

base::Json evidence_to_json(const std::vector<Evidence>& evidence);

}  // namespace cadre::agent
