// SPDX-License-Identifier: Apache-2.0
#include "eval/intents_suite.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/file.h"
#include "eval/naive_bayes.h"
#include "model/router_test_models.h"

namespace cadre::eval {
namespace {

TEST(NaiveBayes, PicksTheLabelWhoseWordsOccurAndMatchesTheFormula) {
  const std::vector<NaiveBayesExample> examples = {{{1, 2, 2}, 0}, {{3}, 1}};
  const NaiveBayes bayes(examples, 2, 1.0);
  EXPECT_EQ(bayes.score(std::vector<uint32_t>{2}).label, 0u);
  EXPECT_EQ(bayes.score(std::vector<uint32_t>{3}).label, 1u);
  // P(2 | 0) = (2 + 1) / (3 + 3), P(2 | 1) = (0 + 1) / (1 + 3), equal priors.
  EXPECT_NEAR(bayes.score(std::vector<uint32_t>{2}).log_odds, std::log((3.0 / 6) / (1.0 / 4)), 1e-9);
}

TEST(NaiveBayes, UnknownWordsSayNothing) {
  const std::vector<NaiveBayesExample> examples = {{{1}, 0}, {{2}, 1}, {{2}, 1}};
  const NaiveBayes bayes(examples, 2, 0.5);
  EXPECT_EQ(bayes.score(std::vector<uint32_t>{77, 78}).label, 1u);
  EXPECT_EQ(bayes.score({}).log_odds, bayes.score(std::vector<uint32_t>{77}).log_odds);
}

class IntentsSuite : public testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) {
    ASSERT_TRUE(base::replace_file(path(name), text).ok());
  }
  std::string path(const std::string& name) const { return directory_.path() + "/" + name; }

  base::TemporaryDirectory directory_ = base::TemporaryDirectory::make().value();
  base::ManualClock clock_;
  model::Router router_ = model::Router::make(model::random_router(4, 11)).value();
};

// The intent of each line is what the router says, so that every in-scope case is right.
std::string lines_for(const model::Router& router, int count) {
  std::string lines;
  for (int i = 0; i < count; ++i) {
    const std::string text = "request number " + std::to_string(i * i);
    lines += base::dump_json({{"text", text}, {"intent", router.labels()[router.decide(text).label]}}) + "\n";
  }
  return lines;
}

TEST_F(IntentsSuite, ReportsOneFlatObjectAndAPredictionPerCase) {
  auto weights = model::random_router(4, 11);
  weights.calibration.threshold = 0.0f;
  const auto eager = model::Router::make(weights).value();
  write("val.jsonl", lines_for(eager, 20) + "{\"text\": \"odd one\", \"intent\": \"oos\"}\n");
  const auto report = run_intents_suite(
      eager, {.data = directory_.path(), .split = "val", .predictions_path = path("p.jsonl")}, clock_);
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_EQ(report->values["cases"], 21);
  EXPECT_EQ(report->number("in_scope_accuracy"), 1.0);
  EXPECT_EQ(report->number("out_of_scope_recall"), 0.0);
  EXPECT_EQ(report->values["unknown_intents"], 0);
  EXPECT_FALSE(report->values.contains("naive_bayes_auroc"));
  for (const auto& [key, value] : report->values.items()) EXPECT_TRUE(value.is_number()) << key;
  const std::string predictions = base::read_file(path("p.jsonl")).value();
  EXPECT_EQ(std::count(predictions.begin(), predictions.end(), '\n'), 21);
  const auto first = base::parse_json(predictions.substr(0, predictions.find('\n'))).value();
  EXPECT_EQ(first["index"], 0);
  EXPECT_EQ(first["abstained"], false);
  EXPECT_EQ(first["correct"], true);
}

TEST_F(IntentsSuite, AbstainingIsWrongInScopeAndRightOutside) {
  auto weights = model::random_router(4, 11);
  weights.calibration.threshold = 1.0f;
  const auto shy = model::Router::make(weights).value();
  write("val.jsonl", lines_for(shy, 5) + "{\"text\": \"odd one\", \"intent\": \"oos\"}\n");
  const auto report =
      run_intents_suite(shy, {.data = directory_.path(), .predictions_path = path("p.jsonl")}, clock_).value();
  EXPECT_EQ(report.number("in_scope_accuracy"), 0.0);
  EXPECT_EQ(report.number("in_scope_accuracy_never_abstaining"), 1.0);
  EXPECT_EQ(report.number("out_of_scope_recall"), 1.0);
  EXPECT_NE(base::read_file(path("p.jsonl"))->find("\"output\":\"oos\""), std::string::npos);
}

TEST_F(IntentsSuite, NaiveBayesIsTrainedWhereTheTrainFileIsPresent) {
  std::string train;
  for (int i = 0; i < 40; ++i)
    train += base::dump_json({{"text", (i % 2 ? "alpha words " : "beta words ") + std::to_string(i)},
                              {"intent", i % 2 ? "intent_0" : "intent_1"}}) +
             "\n";
  write("train.jsonl", train + "{\"text\": \"else\", \"intent\": \"oos\"}\n");
  write("val.jsonl",
        "{\"text\": \"alpha words\", \"intent\": \"intent_0\"}\n{\"text\": \"beta\", \"intent\": "
        "\"intent_1\"}\n{\"text\": \"gamma\", \"intent\": \"oos\"}\n");
  const auto report = run_intents_suite(router_, {.data = directory_.path()}, clock_).value();
  EXPECT_EQ(report.number("naive_bayes_in_scope_accuracy_never_abstaining"), 1.0);
  EXPECT_EQ(report.number("naive_bayes_auroc"), 1.0);
  EXPECT_FALSE(run_intents_suite(router_, {.data = directory_.path(), .split = "train"}, clock_)
                   ->values.contains("naive_bayes_auroc"));
}

TEST_F(IntentsSuite, AnIntentTheRouterDoesNotKnowIsAnInScopeCaseItGetsWrong) {
  write("val.jsonl", lines_for(router_, 3) + "{\"text\": \"x\", \"intent\": \"brand_new\"}\n");
  const auto report = run_intents_suite(router_, {.data = directory_.path()}, clock_).value();
  EXPECT_EQ(report.values["unknown_intents"], 1);
  EXPECT_EQ(report.values["in_scope_cases"], 4);
  EXPECT_EQ(report.number("in_scope_accuracy_never_abstaining"), 0.75);
}

TEST_F(IntentsSuite, FilesThatCannotBeMeasuredAreErrorsThatSayWhy) {
  const auto message = [this] {
    return run_intents_suite(router_, {.data = directory_.path()}, clock_).error().message;
  };
  EXPECT_NE(message().find("val.jsonl"), std::string::npos);
  write("val.jsonl", "\n");
  EXPECT_NE(message().find("no cases"), std::string::npos);
  write("val.jsonl", "{\"text\": \"a\"}\n");
  EXPECT_NE(message().find("intent"), std::string::npos);
  write("val.jsonl", "{\"text\": \"a\", \"intent\": \"other\"}\n");
  EXPECT_NE(message().find("right pack"), std::string::npos);
}

TEST_F(IntentsSuite, LatenciesComeFromTheClock) {
  write("val.jsonl", lines_for(router_, 3));
  const auto still = run_intents_suite(router_, {.data = directory_.path()}, clock_).value();
  EXPECT_EQ(still.number("latency_us_p50"), 0.0);
  const auto real = run_intents_suite(router_, {.data = directory_.path()}).value();
  EXPECT_GT(real.number("latency_us_p50") + real.number("latency_us_p99"), 0.0);
}

}  // namespace
}  // namespace cadre::eval
