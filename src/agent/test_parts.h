// A specialist whose attempts are written down beforehand, a dispatcher likewise, and a table: shared by tests.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "agent/dispatcher.h"
#include "agent/recover.h"
#include "base/check.h"
#include "contract/table.h"
#include "engine/specialist_engine.h"

namespace cadre::agent {

// Answers questions it has a script for; to others it has no candidate.
class ScriptedEngine final : public engine::SpecialistEngine {
 public:
  using Script = std::function<Result<engine::SqlAttempt>(const contract::Table&, const contract::SqlTask&)>;

  explicit ScriptedEngine(std::string name = "scripted@1") : name_(std::move(name)) {}
  void on(const std::string& question, Script script) { scripts_[question] = std::move(script); }
  void on(const std::string& question, engine::SqlAttempt attempt) {
    on(question,
       [attempt](const contract::Table&, const contract::SqlTask&) -> Result<engine::SqlAttempt> { return attempt; });
  }

  std::string name() const override { return name_; }
  Result<engine::SqlAttempt> attempt_sql(const contract::Table& table, const contract::SqlTask& task,
                                         size_t candidates_max) override {
    ++attempts_;
    const auto script = scripts_.find(task.question);
    if (script == scripts_.end()) return engine::SqlAttempt{};
    auto attempt = script->second(table, task);
    if (attempt.ok() && attempt->candidates.size() > candidates_max) attempt->candidates.resize(candidates_max);
    return attempt;
  }
  int attempts() const { return attempts_; }

 private:
  std::string name_;
  std::map<std::string, Script> scripts_;
  int attempts_ = 0;
};

class ScriptedDispatcher final : public Dispatcher {
 public:
  explicit ScriptedDispatcher(Result<DispatchDecision> decision) : decision_(std::move(decision)) {}
  Result<DispatchDecision> dispatch(std::string_view) override { return decision_; }

 private:
  Result<DispatchDecision> decision_;
};

// player, venue: text; goals, year: numbers.
inline contract::Table test_table() {
  contract::TableSchema schema{"goals",
                               {{"Player", "Player", contract::ColumnType::kText},
                                {"Venue", "Venue", contract::ColumnType::kText},
                                {"Goals", "Goals", contract::ColumnType::kReal},
                                {"Year", "Year", contract::ColumnType::kReal}}};
  return contract::Table::from_rows(std::move(schema), {{"Kane", "away", "3", "2019"},
                                                        {"Kane", "home", "5", "2019"},
                                                        {"Kane", "away", "2", "2020"},
                                                        {"Son", "away", "4", "2019"}})
      .value();
}

inline constexpr const char* kTestQuestion = "how many away goals did Kane score in 2019";

// SUM(Goals) where Player = Kane and Venue = away and Year = 2019, as the question above asks.
inline contract::SqlCall test_call() {
  using contract::CompareOp;
  using contract::ValueOrigin;
  return {.select_column = 2,
          .aggregate = contract::Aggregate::kSum,
          .conditions = {{0, CompareOp::kEqual, "Kane", {5, 6}, ValueOrigin::kCell},
                         {1, CompareOp::kEqual, "away", {2, 3}, ValueOrigin::kCell},
                         {3, CompareOp::kEqual, "2019", {8, 9}, ValueOrigin::kNumber}}};
}

inline engine::SqlAttempt test_attempt(double probability = 0.9) {
  return {.candidates = {{test_call(), probability}}};
}

}  // namespace cadre::agent
