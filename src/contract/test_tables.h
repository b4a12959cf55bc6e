// Small tables that the tests of this folder and its fuzzers share.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "contract/sql_task.h"
#include "contract/table.h"

namespace cadre::contract {

inline Table make_table(std::vector<Column> columns, const std::vector<std::vector<std::string>>& rows) {
  return Table::from_rows(TableSchema{"t", std::move(columns)}, rows).value();
}

inline Table goals_table() {
  return Table::from_rows({"goals",
                           {{"player", "player", ColumnType::kText},
                            {"against", "a\"gainst", ColumnType::kText},
                            {"score", "select", ColumnType::kText},
                            {"goals", "goals scored", ColumnType::kReal},
                            {"year", "year", ColumnType::kReal},
                            {"date", "däte", ColumnType::kText}}},
                          {{"Harry Kane", "Bayern München", "2 - 1", "2", "2019", "May 4, 2019"},
                           {"Harry Kane", "O'Higgins", "3 - 0", "3", "2018", "June 1, 2018"},
                           {"Ada Hegerberg", "Bayern München", "1 - 4", "1", "2019", "May 11, 2019"},
                           {"Nobody", "Man of the Match XI", "0 - 0", "0", "2020", "July 9, 2020"}})
      .value();
}

// Any call that the candidates of a task allow.
inline SqlCall random_call(const Table& table, const SqlTask& task, base::Random& random) {
  const TableSchema& schema = table.schema();
  SqlCall call{.select_column = static_cast<uint32_t>(random.below(schema.columns.size()))};
  do {
    call.aggregate = static_cast<Aggregate>(random.below(kAggregateCount));
  } while ((legal_aggregates(schema.columns[call.select_column].type) >> static_cast<unsigned>(call.aggregate) & 1) ==
           0);
  const size_t condition_count = task.candidates.empty() ? 0 : random.below(kConditionsMax + 1);
  for (size_t i = 0; i < condition_count; ++i) {
    const ConditionCandidate& candidate = task.candidates[random.below(task.candidates.size())];
    unsigned op = 0;
    do {
      op = static_cast<unsigned>(random.below(kCompareOpCount));
    } while ((candidate.legal_ops >> op & 1) == 0);
    call.conditions.push_back(
        {candidate.column, static_cast<CompareOp>(op), candidate.value, candidate.span, candidate.origin});
  }
  return call;
}

}  // namespace cadre::contract
