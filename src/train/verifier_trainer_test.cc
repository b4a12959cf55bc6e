// SPDX-License-Identifier: Apache-2.0
#include "train/verifier_trainer.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/sha256.h"
#include "contract/test_tables.h"
#include "text/yaml.h"

namespace cadre::train {
namespace {

using testing::HasSubstr;

VerifierRecipe verifier_recipe_of(const std::string& yaml) {
  return verifier_recipe_from_json(text::parse_yaml(yaml, "recipe").value()).value();
}

std::string verifier_refusal(const std::string& yaml) {
  const auto recipe = verifier_recipe_from_json(text::parse_yaml(yaml, "recipe").value());
  return recipe.ok() ? "accepted" : recipe.error().message;
}

TEST(VerifierRecipe, TheShippedOneIsValidAndMistakesAreNamed) {
  const auto yaml = text::load_yaml(std::string(CADRE_SOURCE_DIR) + "/recipes/verifier.yaml");
  ASSERT_TRUE(yaml.ok()) << yaml.error().message;
  const auto recipe = verifier_recipe_from_json(*yaml);
  ASSERT_TRUE(recipe.ok()) << recipe.error().message;
  EXPECT_FALSE(recipe->purpose.empty());
  const std::string start = "kind: verifier\nname: v\n";
  EXPECT_EQ(verifier_refusal(start), "recipe: version is missing");
  EXPECT_EQ(verifier_refusal(start + "version: 1.0.0\nproposal: 3\n"),
            "recipe: proposal is not a setting of a verifier");
  EXPECT_EQ(verifier_refusal(start + "version: 1.0.0\nnet: {rows: 100}\n"), "recipe: net.rows must be a power of two");
  EXPECT_EQ(verifier_refusal(start + "version: 1.0.0\nsynthetic: 2\n"),
            "recipe: synthetic must be a number from 0 to 1");
}

// Calls whose truth depends on both scores, drawn from known coefficients.
std::vector<ScoredCall> drawn_calls(double by_confidence, double by_verifier, double bias) {
  base::Random random(11);
  std::vector<ScoredCall> calls;
  for (int i = 0; i < 20000; ++i) {
    const double confidence = 0.02 + 0.96 * random.uniform(), verifier = 0.02 + 0.96 * random.uniform();
    const double odds = by_confidence * std::log(confidence / (1 - confidence)) +
                        by_verifier * std::log(verifier / (1 - verifier)) + bias;
    calls.push_back({confidence, verifier, random.chance(1 / (1 + std::exp(-odds)))});
  }
  return calls;
}

TEST(VerifierCalibration, FindsHowMuchEachScoreSays) {
  const auto fitted = fit_verifier_calibration(drawn_calls(0.7, 0.4, 0.5));
  EXPECT_NEAR(fitted.confidence_weight, 0.7, 0.06);
  EXPECT_NEAR(fitted.verifier_weight, 0.4, 0.06);
  EXPECT_NEAR(fitted.bias, 0.5, 0.06);
}

TEST(VerifierCalibration, AVerifierThatKnowsNothingOrTheOppositeGetsNoSay) {
  EXPECT_NEAR(fit_verifier_calibration(drawn_calls(1, 0, 0)).verifier_weight, 0, 0.05);
  EXPECT_EQ(fit_verifier_calibration(drawn_calls(1, -0.5, 0)).verifier_weight, 0);
}

TEST(VerifierCalibration, SeparableAndMissingCasesStayFinite) {
  EXPECT_LT(fit_verifier_calibration({{0.9, 0.9, true}, {0.1, 0.1, false}}).verifier_weight, 10);
  EXPECT_EQ(fit_verifier_calibration({}).verifier_weight, 0);
}

// A data set of small tables with questions of two forms, some of its tables left out for calibration.
class VerifierTraining : public testing::Test {
 protected:
  VerifierTraining() {
    std::string tables, questions;
    size_t left_out = 0, made = 0;
    for (int i = 0; made < 120 || left_out < 12; ++i) {
      const std::string id = fmt::format("1-{}", i);
      const bool is_left_out = base::sha256(id)[0] % 32 == 0;
      if (is_left_out ? left_out++ >= 12 : made++ >= 120) continue;
      tables +=
          fmt::format(R"({{"id": "{}", "header": ["Player", "Club", "Goals"], "types": ["text", "text", "real"], )"
                      R"("rows": [["Ann{}", "Ajax", {}], ["Bea{}", "Brest", {}], ["Cleo{}", "Ajax", {}]]}})",
                      id, i, i, i, i + 7, i, i + 13);
      tables += '\n';
      questions += fmt::format(
          R"({{"table_id": "{}", "question": "how many goals did Ann{} score", "sql": {{"sel": 2, "agg": 0, "conds": [[0, 0, "Ann{}"]]}}, "cond_cells": ["Ann{}"]}})",
          id, i, i, i);
      questions += '\n';
      questions += fmt::format(
          R"({{"table_id": "{}", "question": "which club does Bea{} play for", "sql": {{"sel": 1, "agg": 0, "conds": [[0, 0, "Bea{}"]]}}, "cond_cells": ["Bea{}"]}})",
          id, i, i, i);
      questions += '\n';
    }
    EXPECT_TRUE(base::replace_file(folder_.path() + "/train.tables.jsonl", tables).ok());
    EXPECT_TRUE(base::replace_file(folder_.path() + "/train.jsonl", questions).ok());
  }

  // A specialist that always knows the condition and never which column is asked for.
  VerifierTrainOptions options() const {
    VerifierTrainOptions options;
    options.data_directory = folder_.path();
    options.specialist = "guesser@1";
    options.propose = [](const contract::Table& table,
                         const contract::SqlTask& task) -> Result<std::vector<ProposedCall>> {
      std::vector<ProposedCall> calls;
      for (uint32_t column = 0; column < table.schema().columns.size(); ++column) {
        contract::SqlCall call{.select_column = column};
        if (!task.candidates.empty()) {
          const auto& first = task.candidates.front();
          call.conditions.push_back({first.column, contract::CompareOp::kEqual, first.value, first.span, first.origin});
        }
        calls.push_back({call, 0.3});
      }
      return calls;
    };
    return options;
  }

  VerifierRecipe recipe_ = verifier_recipe_of(
      "kind: verifier\nname: tiny\nversion: 1.0.0\nsynthetic: 0.1\nunanswerable: 0.1\n"
      "net: {rows: 1024, width: 8, hidden: 8, epochs: 6, feature_dropout: 0.1, hidden_dropout: 0}");
  base::TemporaryDirectory folder_ = base::TemporaryDirectory::make().value();
};

TEST_F(VerifierTraining, TellsRightCallsFromWrongOnesOverTablesItNeverSaw) {
  const auto pack = train_verifier(recipe_, options()).value();
  const auto verifier = model::Verifier::make(pack.weights, pack.contract).value();
  const contract::Table table = contract::make_table({{"Player", "Player", contract::ColumnType::kText},
                                                      {"Club", "Club", contract::ColumnType::kText},
                                                      {"Goals", "Goals", contract::ColumnType::kReal}},
                                                     {{"Dora", "Genk", "4"}, {"Elin", "Ghent", "9"}});
  const auto task = contract::make_sql_task(table, "which club does Dora play for").value();
  const auto probability = [&](uint32_t column) {
    const contract::SqlCall call{.select_column = column,
                                 .conditions = {{0, contract::CompareOp::kEqual, "Dora", {3, 4}}}};
    return verifier.probability(model::CallReader(table, task).read(call).grouped());
  };
  EXPECT_GT(probability(1), 0.5);
  EXPECT_LT(probability(2), 0.5);
  EXPECT_GT(pack.weights.calibration.verifier_weight, 0);
  EXPECT_EQ(pack.contract["kind"], "verifier");
  EXPECT_EQ(pack.contract["training"]["specialist"], "guesser@1");
  EXPECT_EQ(pack.contract["calibration"]["cases"], 24);
}

TEST_F(VerifierTraining, TheSameRecipeAndDataGiveTheSameWeights) {
  recipe_.net.epochs = 1;
  const auto first = train_verifier(recipe_, options()).value(), second = train_verifier(recipe_, options()).value();
  EXPECT_EQ(first.weights.net.tables, second.weights.net.tables);
  EXPECT_EQ(first.weights.net.output_weights, second.weights.net.output_weights);
  EXPECT_EQ(model::to_json(first.weights.calibration), model::to_json(second.weights.calibration));
}

TEST_F(VerifierTraining, ASpecialistThatFailsEndsIt) {
  VerifierTrainOptions failing = options();
  failing.propose = [](const contract::Table&, const contract::SqlTask&) -> Result<std::vector<ProposedCall>> {
    return Error{ErrorCode::kInternal, "no pass today"};
  };
  EXPECT_THAT(train_verifier(recipe_, failing).error().message, HasSubstr("no pass today"));
}

}  // namespace
}  // namespace cadre::train
