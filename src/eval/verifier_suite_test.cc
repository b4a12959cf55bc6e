// SPDX-License-Identifier: Apache-2.0
#include "eval/verifier_suite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "model/router_test_models.h"
#include "store/sqlite.h"

namespace cadre::eval {
namespace {

using testing::HasSubstr;

// Proposes the column "Orders" first and "City" after it, of the first cell that the question mentions.
class TwoCallEngine final : public engine::SpecialistEngine {
 public:
  std::string name() const override { return "two calls@1"; }
  Result<engine::SqlAttempt> attempt_sql(const contract::Table&, const contract::SqlTask& task, size_t) override {
    engine::SqlAttempt attempt;
    if (task.candidates.empty()) return attempt;
    const auto& first = task.candidates.front();
    for (const uint32_t column : {1U, 0U}) {
      contract::SqlCall call{.select_column = column};
      call.conditions = {{first.column, contract::CompareOp::kEqual, first.value, first.span, first.origin}};
      attempt.candidates.push_back({call, column == 1 ? 0.6 : 0.3});
    }
    return attempt;
  }
};

model::Verifier verifier_with(const model::VerifierCalibration& calibration) {
  const base::Json contract = {{"name", "verifier"}, {"version", "1"}};
  return model::Verifier::make({model::random_net(256, 16, 8, 1, 3), calibration}, contract).value();
}

class VerifierSuite : public testing::Test {
 protected:
  VerifierSuite() {
    write(
        "dev.tables.jsonl",
        R"({"id": "1-5", "header": ["City", "Orders"], "types": ["text", "real"], "rows": [["berlin", "5"], ["paris", "7"], ["oslo", "9"]]})");
    write(
        "dev.jsonl",
        R"({"table_id": "1-5", "question": "orders of Berlin", "sql": {"sel": 1, "agg": 0, "conds": [[0, 0, "Berlin"]]}}
{"table_id": "1-5", "question": "which city is Paris", "sql": {"sel": 0, "agg": 0, "conds": [[0, 0, "Paris"]]}}
{"table_id": "1-5", "question": "how many cities", "sql": {"sel": 0, "agg": 3, "conds": []}}
)");
  }
  void write(const std::string& name, const std::string& text) {
    ASSERT_TRUE(base::replace_file(folder_.path() + "/" + name, text).ok());
  }
  SuiteReport run(const model::Verifier& verifier, const std::string& split = "dev") {
    return run_verifier_suite(engine_, verifier, {.data = folder_.path(), .split = split}).value();
  }

  base::TemporaryDirectory folder_ = base::TemporaryDirectory::make().value();
  TwoCallEngine engine_;
};

TEST_F(VerifierSuite, AVerifierWithoutASayLeavesEverythingAsItWas) {
  const SuiteReport report = run(verifier_with({}));
  EXPECT_EQ(report.values["suite"], "verifier_wikisql");
  EXPECT_EQ(report.number("questions"), 3);
  EXPECT_EQ(report.number("answered"), 2) << "no cell is mentioned in the third";
  EXPECT_EQ(report.number("accuracy_first"), 0.5);
  EXPECT_EQ(report.number("any_of_five_right"), 1);
  EXPECT_EQ(report.number("accuracy_confidence"), 0.5);
  EXPECT_EQ(report.number("accuracy_together"), 0.5);
  EXPECT_EQ(report.number("in_run_accuracy"), 0.5);
  EXPECT_NEAR(report.number("in_run_calls"), 2.0 / 3, 1e-9);
  EXPECT_EQ(report.number("auroc_confidence"), 0.5) << "both were equally sure";
  EXPECT_EQ(report.number("risk_at_coverage_50_confidence"), 0.5);
  EXPECT_TRUE(report.values["risk_at_coverage_80_confidence"].is_null());
  EXPECT_GT(report.number("cases_select_column"), 0);
}

TEST_F(VerifierSuite, WhatItRefusesIsNotAnsweredInARun) {
  const SuiteReport report = run(verifier_with({.bias = -20, .refuse_below = 0.5}));
  EXPECT_EQ(report.number("in_run_accuracy"), 0);
  EXPECT_TRUE(report.values["risk_at_coverage_50_in_run"].is_null());
  EXPECT_NEAR(report.number("in_run_calls"), 4.0 / 3, 1e-9);
}

TEST_F(VerifierSuite, AFolderWithDatabasesIsASpiderSet) {
  ASSERT_TRUE(base::make_directories(folder_.path() + "/databases").ok());
  auto database = store::Database::open(folder_.path() + "/databases/shop.sqlite").value();
  ASSERT_TRUE(database
                  .exec("CREATE TABLE Orders (City TEXT, Amount INT);"
                        "INSERT INTO Orders VALUES ('Berlin', 5), ('Paris', 7)")
                  .ok());
  write(
      "train.jsonl",
      R"({"db_id": "shop", "question": "amount in Berlin?", "query": "SELECT amount FROM orders WHERE city = \"Berlin\""}
{"db_id": "shop", "question": "cities by amount", "query": "SELECT city FROM orders ORDER BY amount"}
{"db_id": "gone", "question": "lost", "query": "SELECT a FROM b"}
)");
  const SuiteReport report = run(verifier_with({}), "train");
  EXPECT_EQ(report.values["suite"], "verifier_spider_expressible");
  EXPECT_EQ(report.number("questions"), 1);
  EXPECT_EQ(report.number("accuracy_first"), 1);
  write("train.jsonl", R"({"db_id": "../shop", "question": "q", "query": "SELECT a FROM b"})");
  const auto refused = run_verifier_suite(engine_, verifier_with({}), {.data = folder_.path(), .split = "train"});
  EXPECT_THAT(refused.error().message, HasSubstr("no plain name"));
}

}  // namespace
}  // namespace cadre::eval
