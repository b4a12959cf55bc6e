// An engine that knows the gold calls and answers with one wherever the task's candidates can express it.
//
// What a suite reports of it is the ceiling of the candidate scheme: no model that chooses among these candidates does
// better. Thread safety: as any engine.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <utility>

#include "engine/specialist_engine.h"
#include "eval/wikisql_set.h"

namespace cadre::eval {

class OracleEngine final : public engine::SpecialistEngine {
 public:
  explicit OracleEngine(const WikiSqlSet& set);
  std::string name() const override { return "oracle"; }
  // Without a candidate for some condition: a call with the conditions there are, at probability 0.5.
  Result<engine::SqlAttempt> attempt_sql(const contract::Table& table, const contract::SqlTask& task,
                                         size_t candidates_max) override;

 private:
  std::map<std::pair<std::string, std::string>, contract::SqlCall> gold_;  // by table and question
};

}  // namespace cadre::eval
