// SPDX-License-Identifier: Apache-2.0
#include "train/router_trainer.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "base/file.h"
#include "text/yaml.h"

namespace cadre::train {
namespace {

std::vector<std::pair<float, bool>> scored(size_t count) {
  std::vector<std::pair<float, bool>> out;
  for (size_t i = 0; i < count; ++i) {
    const float raw = (static_cast<float>(i) + 0.5f) / static_cast<float>(count);
    out.emplace_back(raw, i % 10 < static_cast<size_t>(raw * raw * 10));  // right more often the higher the score
  }
  return out;
}

TEST(RouterCalibrate, TheCurveFollowsTheShareThatWasRightAndAscends) {
  const auto curve = fit_curve(scored(5000));
  EXPECT_NEAR(curve.at(0.9f), 0.76, 0.06);
  EXPECT_NEAR(curve.at(0.2f), 0.02, 0.04);
  EXPECT_EQ(curve.points.front().first, 0.0f);
  EXPECT_EQ(curve.points.back().first, 1.0f);
  for (float raw = 0.01f; raw <= 1.0f; raw += 0.01f) EXPECT_GT(curve.at(raw), curve.at(raw - 0.01f));
}

TEST(RouterCalibrate, FewOrUniformScoresStillGiveAValidCurve) {
  for (const auto& outcomes : {std::vector<std::pair<float, bool>>{},
                               {{0.5f, true}},
                               {{1.0f, true}, {0.0f, false}},
                               std::vector<std::pair<float, bool>>(100, {0.3f, true}),
                               std::vector<std::pair<float, bool>>(100, {1.0f, false})}) {
    const auto curve = fit_curve(outcomes);
    ASSERT_GE(curve.points.size(), 2u);
    for (size_t i = 1; i < curve.points.size(); ++i) {
      EXPECT_GT(curve.points[i].first, curve.points[i - 1].first);
      EXPECT_GT(curve.points[i].second, curve.points[i - 1].second);
    }
    EXPECT_LE(curve.points.back().second, 1.0f);
  }
}

TEST(RouterCalibrate, TheThresholdTurnsAwayTheStatedShareOfRightDecisions) {
  std::vector<RouterOutcome> outcomes;
  for (const auto& [raw, right] : scored(4000)) outcomes.push_back({raw, raw, right, right});
  const auto report = calibrate(outcomes, {.linear_share = 0.5f, .declined_right_max = 0.1, .linear_risk_max = 0.0});
  size_t right = 0, declined = 0;
  for (const auto& outcome : outcomes) {
    right += outcome.both_right;
    declined += outcome.both_right && report.calibration.both.at(outcome.both_raw) < report.calibration.threshold;
  }
  EXPECT_NEAR(static_cast<double>(declined) / static_cast<double>(right), 0.1, 0.01);
  EXPECT_LT(report.coverage, 1.0);
  EXPECT_GE(report.calibration.linear_accept, report.calibration.threshold);
}

TEST(RouterCalibrate, TheLinearTierDecidesAloneOnlyAsSafelyAsAllowed) {
  std::vector<RouterOutcome> outcomes;
  for (const auto& [raw, right] : scored(4000)) outcomes.push_back({raw, raw, right, true});
  const auto report = calibrate(outcomes, {.linear_share = 0.5f, .declined_right_max = 0.0, .linear_risk_max = 0.15});
  double accepted = 0, wrong = 0;
  for (const auto& outcome : outcomes) {
    const bool alone = report.calibration.linear.at(outcome.linear_raw) >= report.calibration.linear_accept;
    accepted += alone;
    wrong += alone && !outcome.linear_right;
  }
  EXPECT_GT(accepted, 100);
  EXPECT_LE(wrong, 0.15 * accepted);
}

class RouterTrainer : public testing::Test {
 protected:
  void SetUp() override {
    constexpr const char* kVerbs[] = {"freeze", "play", "translate", "weigh"};
    std::string train, dev;
    for (int i = 0; i < 60; ++i) {
      for (const char* verb : kVerbs) {
        const bool none = verb == kVerbs[3];
        (i % 6 == 0 ? dev : train) +=
            fmt::format("{{\"text\": \"{} thing number {}\", \"intent\": \"{}\"}}\n", verb, i, none ? "oos" : verb);
      }
    }
    ASSERT_TRUE(base::replace_file(directory_.path() + "/train.jsonl", train).ok());
    ASSERT_TRUE(base::replace_file(directory_.path() + "/dev.jsonl", dev).ok());
  }

  RouterRecipe recipe() {
    return router_recipe_from_json(text::parse_yaml(R"(
kind: router
name: toy
version: 0.0.1
purpose: three verbs or none
folds: 2
linear: {buckets: 512, epochs: 5}
net: {rows: 128, width: 8, hidden: 16, epochs: 10, table_rate: 0.05, learning_rate: 0.01}
sources: [{data_set: toy, file: train.jsonl, text: text, label: intent, out_of_scope: oos, licence: CC0}]
evaluation: [{data_set: toy, file: dev.jsonl, text: text, label: intent, out_of_scope: oos}]
)",
                                              "toy")
                                       .value())
        .value();
  }

  RouterTrainOptions options() {
    return {.data_directory = directory_.path(), .output_path = directory_.path() + "/toy.gguf", .date = "2026-01-02"};
  }

  base::TemporaryDirectory directory_ = base::TemporaryDirectory::make().value();
};

TEST_F(RouterTrainer, WritesAPackThatTellsTheVerbsApartAndCarriesItsCard) {
  size_t reports = 0, parts = 0;
  auto with_progress = options();
  with_progress.on_progress = [&](const RouterProgress& progress) {
    ++reports;
    parts = std::max(parts, progress.part);
    EXPECT_EQ(progress.parts, 3u);
  };
  const auto trained = train_router(recipe(), with_progress);
  ASSERT_TRUE(trained.ok()) << trained.error().message;
  EXPECT_EQ(reports, 3 * (5 + 10u));
  EXPECT_EQ(parts, 3u);
  const auto router = model::Router::open(with_progress.output_path).value();
  EXPECT_EQ(router.labels()[router.decide("translate thing number 99").label], "translate");
  EXPECT_FALSE(router.decide("translate thing number 99").abstained);

  const auto file = tensor::GgufFile::open(with_progress.output_path).value();
  const auto contract = model::decode_router_pack(file.gguf)->contract;
  EXPECT_EQ(contract["kind"], "decision");
  EXPECT_EQ(contract["data"][0]["licence"], "CC0");
  EXPECT_EQ(contract["data"][0]["sha256"].get<std::string>().size(), 64u);
  EXPECT_EQ(contract["evaluation"][0]["cases"], 40);
  EXPECT_EQ(contract["evaluation"][0]["date"], "2026-01-02");
  EXPECT_GT(contract["evaluation"][0]["in_scope_accuracy"].get<double>(), 0.9);
  EXPECT_GT(contract["evaluation"][0]["out_of_scope_recall"].get<double>(), 0.8);
  EXPECT_EQ(contract["training"]["recipe"]["name"], "toy");
}

TEST_F(RouterTrainer, TheSameRecipeAndFilesGiveTheSameWeights) {
  const auto a = make_router_pack(recipe(), options()).value(), b = make_router_pack(recipe(), options()).value();
  EXPECT_EQ(a.weights.linear.weights, b.weights.linear.weights);
  EXPECT_EQ(a.weights.net.tables, b.weights.net.tables);
  EXPECT_EQ(a.weights.calibration.both.points, b.weights.calibration.both.points);
}

TEST_F(RouterTrainer, RecipesThatCannotWorkAreRefused) {
  const auto refuses = [this](auto&& spoil) {
    auto spoiled = recipe();
    spoil(spoiled);
    return !make_router_pack(spoiled, options()).ok();
  };
  EXPECT_TRUE(refuses([](RouterRecipe& r) { r.linear.buckets = 500; }));
  EXPECT_TRUE(refuses([](RouterRecipe& r) { r.net.rows = 100; }));
  EXPECT_TRUE(refuses([](RouterRecipe& r) { r.sources[0].fold = 0; }));
  EXPECT_TRUE(refuses([](RouterRecipe& r) { r.sources[0].label.clear(), r.sources[0].is = "none"; }));
  EXPECT_TRUE(refuses([](RouterRecipe& r) { r.evaluation[0].label = "text"; }));
  EXPECT_TRUE(refuses([](RouterRecipe& r) { r.sources[0].file = "absent.jsonl"; }));
}

}  // namespace
}  // namespace cadre::train
