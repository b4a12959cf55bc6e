// When two answers are the same, when one is none, and how an answer is written down.
//
// Answers are compared as multisets of rows: numbers up to a relative difference of 1e-6, texts by their normal form
// (one that is empty as it stands), NULL equal to NULL. Thread safety: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/json.h"
#include "contract/sql_call.h"
#include "contract/table.h"

namespace cadre::contract {

inline constexpr double kNumberTolerance = 1e-6;

bool same_value(const CellValue& a, const CellValue& b);
bool same_answer(const QueryResult& a, const QueryResult& b);

// No row, or nothing but NULL. A COUNT of 0 is an answer: "none".
bool finds_nothing(const QueryResult& result);

// Rows as arrays; at most `rows_max` of them.
base::Json rows_json(const QueryResult& result, size_t rows_max);

// The same call up to the order of its conditions and the spelling of its values.
bool same_call(const SqlCall& a, const SqlCall& b);
bool same_conditions(const SqlCall& a, const SqlCall& b);

}  // namespace cadre::contract
