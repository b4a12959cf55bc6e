// The decision points of a question over a table (contract/sql_task.h) in the terms that every decider shares.
//
// In order: the select column ("/column"), per column its aggregate ("/aggregate/COLUMN"), per candidate condition whether it is used and with which
// operator ("/where/N"; candidate 0 is "unused"). Bytes are the pieces of the SQL text, sources are bytes of the question. Which conditions go
// together is not in them: see contract/sql_task.h. Thread safety: pure function.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "contract/decision.h"
#include "contract/sql_task.h"

namespace cadre::contract {

std::vector<DecisionPoint> sql_decisions(const TableSchema& schema, const SqlTask& task);

}  // namespace cadre::contract
