// The checks of one call: before it runs, and after it returned. None of them trusts the specialist.
//
//   contract   the SQL text parses, names columns of this table, and every literal stands in the question or in a cell
//   faithful   the text says what the specialist decided: the call parsed back from it is the call it was made from
//   read_only  one SELECT and nothing else; a check of its own next to the table's authorizer
//   learned    a model that never saw the specialist's scores takes the call for what the question asks (model/verifier.h)
//   executes   it ran within its limits of VM steps and rows
//   non_empty  it found something (a count of 0 is an answer), where the conditions taken one by one can be met
//
// The last rule, confidence, needs what all the other candidates did and is the run's own (agent/plan_run.h).
// Pure but for non_empty, which looks into the table's index. Thread safety: as the table's.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "agent/verdict.h"
#include "base/result.h"
#include "contract/sql_task.h"
#include "contract/table.h"
#include "model/verifier.h"

namespace cadre::agent {

// Before the call runs: contract, faithful, read_only.
// `call` is what the specialist decided, `sql` the text that would be executed.
std::vector<Verdict> verify_call(const contract::Table& table, const contract::SqlTask& task, std::string_view sql,
                                 const contract::SqlCall& call);

// Before the call runs: learned. Its weight is what the verdict does to the odds of the call; it doubts where that leaves
// the call too unlikely, and refuses where next to nothing is left. `confidence` is the specialist's. The evidence names the
// part of the call that weighed most against it.
Verdict verify_learned(const model::Verifier& verifier, const contract::Table& table, const contract::SqlTask& task,
                       const contract::SqlCall& call, double confidence);

// After it returned: executes, non_empty.
std::vector<Verdict> verify_result(const contract::Table& table, const contract::SqlCall& call,
                                   const contract::QueryResult& result);

// One SELECT statement: no second statement, no comment, no word that changes anything outside quotes.
bool is_read_only_select(std::string_view sql);

}  // namespace cadre::agent
