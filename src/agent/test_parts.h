// A specialist whose attempts are written down beforehand, and a table: shared by tests.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "agent/checked_specialist.h"
#include "agent/open_cadre.h"
#include "agent/table_specialist.h"
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

// A pack whose engines all follow one script.
inline Pack scripted_pack(const std::string& name, std::function<void(ScriptedEngine&)> write) {
  return Pack{name, policy_of_contract(base::Json::object()), [name, write = std::move(write)] {
                auto engine = std::make_unique<ScriptedEngine>(name);
                write(*engine);
                return engine;
              }};
}

// A cadre of one specialist over the table, which knows the question above.
inline std::unique_ptr<Cadre> test_cadre(const std::string& pack_name = "scripted@1",
                                         const std::string& fingerprint = "f1",
                                         const base::Clock& clock = base::system_clock()) {
  auto cadre = std::make_unique<Cadre>();
  const Pack pack = scripted_pack(pack_name, [](ScriptedEngine& engine) { engine.on(kTestQuestion, test_attempt()); });
  TableSpecialistOptions options{.name = "goals", .purpose = "who scored when", .policy = pack.policy, .clock = &clock};
  options.identity = identity_of_table(pack_name, fingerprint);
  cadre->specialists.push_back(
      CheckedSpecialist::make(std::make_shared<TableSpecialist>(std::move(options), pack, test_table())).value());
  cadre->planner = make_planner(cadre->specialists, clock, {});
  return cadre;
}

}  // namespace cadre::agent
