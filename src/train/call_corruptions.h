// Wrong calls made from right ones, in each way in which calls go wrong: what the learned verifier is trained to tell apart.
//
// Every corrupted call stays inside the contract of its question (contract/sql_task.h): it executes, and only its meaning is wrong.
// Deterministic in the generator's state. Thread safety: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/random.h"
#include "contract/sql_task.h"
#include "contract/table.h"

namespace cadre::train {

enum class Corruption : uint8_t {
  kSelectColumn,     // another column is selected
  kAggregate,        // another legal aggregate, or none
  kConditionColumn,  // the same words are looked for in another column
  kOperator,         // another legal operator
  kValue,            // another value that the question names for the column
  kDropped,          // a condition is missing
  kAdded,            // a condition too many
  kSwapped,          // two conditions have each other's values
};
inline constexpr size_t kCorruptionCount = 8;
const char* corruption_name(Corruption corruption);  // "select column", ...

// The call with its conditions as candidates of the task, words and all; nullopt where a condition is no candidate.
std::optional<contract::SqlCall> as_candidates(const contract::SqlTask& task, const contract::SqlCall& call);

// `call` corrupted in the given way; nullopt where that cannot be done. The conditions of `call` are candidates of the task.
std::optional<contract::SqlCall> corrupt(const contract::Table& table, const contract::SqlTask& task,
                                         const contract::SqlCall& call, Corruption corruption, base::Random& random);

}  // namespace cadre::train
