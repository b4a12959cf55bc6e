// SPDX-License-Identifier: Apache-2.0
#include "eval/oracle_engine.h"

#include <algorithm>

#include "contract/answers.h"

namespace cadre::eval {

using contract::same_value;

OracleEngine::OracleEngine(const WikiSqlSet& set) {
  for (const WikiSqlCase& item : set.cases()) gold_[{item.table->schema().sql_name, item.question}] = item.gold;
}

Result<engine::SqlAttempt> OracleEngine::attempt_sql(const contract::Table& table, const contract::SqlTask& task,
                                                     size_t) {
  engine::SqlAttempt attempt;
  const auto found = gold_.find({table.schema().sql_name, task.question});
  if (found == gold_.end()) return attempt;
  const contract::SqlCall& gold = found->second;
  engine::SqlCandidate answer{{gold.select_column, gold.aggregate, {}}, 1.0};
  for (const contract::Condition& wanted : gold.conditions) {
    const auto fits = [&](const contract::ConditionCandidate& candidate) {
      return candidate.column == wanted.column && (candidate.legal_ops >> static_cast<unsigned>(wanted.op) & 1) != 0 &&
             same_value(candidate.value, wanted.value);
    };
    // The very cell first: several may have one normal form.
    auto candidate = std::find_if(task.candidates.begin(), task.candidates.end(),
                                  [&](const auto& c) { return fits(c) && c.value == wanted.value; });
    if (candidate == task.candidates.end())
      candidate = std::find_if(task.candidates.begin(), task.candidates.end(), fits);
    if (candidate == task.candidates.end()) {
      answer.probability = 0.5;
      continue;
    }
    answer.call.conditions.push_back(
        {candidate->column, wanted.op, candidate->value, candidate->span, candidate->origin});
  }
  const bool is_legal = (contract::legal_aggregates(table.schema().columns[gold.select_column].type) >>
                             static_cast<unsigned>(gold.aggregate) &
                         1) != 0;
  if (!is_legal) answer.call.aggregate = contract::Aggregate::kNone, answer.probability = 0.5;
  attempt.candidates.push_back(std::move(answer));
  return attempt;
}

}  // namespace cadre::eval
