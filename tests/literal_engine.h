// A specialist without weights for tests: reads "COLUMN where COLUMN is VALUE" by the words of the headers and the candidates of the
// task, which is enough to get an exact answer from every kind of table.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "agent/specialist_pack.h"
#include "engine/specialist_engine.h"

namespace cadre::tests {

class LiteralEngine final : public engine::SpecialistEngine {
 public:
  std::string name() const override { return "literal@1"; }

  Result<engine::SqlAttempt> attempt_sql(const contract::Table& table, const contract::SqlTask& task, size_t) override {
    contract::SqlCall call;
    for (uint32_t column = 0; column < table.schema().columns.size(); ++column) {
      if (task.question.starts_with(table.schema().columns[column].name + " ")) call.select_column = column;
    }
    const size_t is = task.question.find(" is ");
    for (const contract::ConditionCandidate& candidate : task.candidates) {
      const bool is_after = is != std::string::npos && task.words[candidate.span.begin].begin > is;
      if (!is_after || !candidate.full_match || !call.conditions.empty()) continue;
      call.conditions.push_back(
          {candidate.column, contract::CompareOp::kEqual, candidate.value, candidate.span, candidate.origin});
    }
    return engine::SqlAttempt{.candidates = {{call, 0.9}}};
  }
};

inline Result<agent::Pack> load_literal_engine(const std::string&) {
  return agent::Pack{"literal@1", agent::policy_of_contract(base::Json::object()),
                     [] { return std::make_unique<LiteralEngine>(); }};
}

}  // namespace cadre::tests
