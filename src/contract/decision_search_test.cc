// Outlines and the search for the best document, against trying every sequence of choices.
// SPDX-License-Identifier: Apache-2.0
#include "contract/decision_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "base/random.h"
#include "contract/schema_validate.h"

namespace cadre::contract {
namespace {

using ::testing::ElementsAre;

constexpr const char* kTool =
    R"({"type":"object","properties":{"city":{"type":"string"},"unit":{"enum":["C","F"]},"tags":{"type":"array","items":{"enum":["a","b"]},)"
    R"("maxItems":2},"deep":{"type":"object","properties":{"on":{"type":"boolean"}},"additionalProperties":false}},"required":["city"],)"
    R"("additionalProperties":false})";

std::shared_ptr<DecisionPoints> points_of(const std::string& schema) {
  auto contract = SchemaContract::compile(schema, SchemaMode::kGenerate);
  EXPECT_TRUE(contract.ok());
  return *DecisionPoints::make(*contract);
}

TEST(DecisionOutline, ListsWhatDoesNotWaitForOtherDecisions) {
  const auto points = points_of(kTool);
  const auto input = *points->read_input("in Oslo");
  std::vector<std::string> lines;
  for (const DecisionPoint& point : decision_outline(*points, input).points)
    lines.push_back(std::string(decision_kind_name(point.kind)) + " " + point.path + " " +
                    std::to_string(point.candidates().size()));
  EXPECT_THAT(lines, ElementsAre("open /city 3", "member /unit 2", "value /unit 2", "member /tags 2", "item /tags 2",
                                 "value /tags/- 2", "member /deep 2", "member /deep/on 2", "value /deep/on 2"));
}

TEST(DecisionOutline, HasEveryPointThatAWalkMeets) {
  const auto points = points_of(kTool);
  const auto input = *points->read_input("in Oslo");
  const DecisionOutline outline = decision_outline(*points, input);
  base::Random random(3);
  for (int round = 0; round < 50; ++round) {
    DecisionWalk walk = *points->begin(input);
    while (walk.is_choosing()) {
      EXPECT_EQ(outline.index_of_key.count(outline_key(walk.decision())), 1u) << outline_key(walk.decision());
      walk.choose(random.below(walk.decision().candidates().size()));
    }
  }
}

// Every document with its probability.
void try_all(const DecisionWalk& walk, const DecisionScorer& scorer, double log_probability,
             std::map<std::string, double>& documents) {
  if (!walk.is_choosing()) {
    if (walk.is_done()) documents[walk.text()] = log_probability;
    return;
  }
  std::vector<double> logits(walk.decision().candidates().size());
  scorer(walk.decision(), logits);
  double total = 0;
  for (const double logit : logits) total += std::exp(logit);
  for (size_t i = 0; i < logits.size(); ++i) {
    DecisionWalk next = walk;
    next.choose(i);
    try_all(next, scorer, log_probability + logits[i] - std::log(total), documents);
  }
}

TEST(DecisionSearch, AWideBeamFindsTheBestDocumentsOfAll) {
  const auto points = points_of(kTool);
  const auto input = *points->read_input("in Oslo");
  const DecisionOutline outline = decision_outline(*points, input);
  base::Random random(5);
  for (int round = 0; round < 3; ++round) {
    std::vector<std::vector<float>> logits;
    std::map<std::string, std::map<std::string, double>> by_key;
    for (const DecisionPoint& point : outline.points) {
      auto& scores = logits.emplace_back();
      for (const Candidate& candidate : point.candidates()) {
        scores.push_back(static_cast<float>(random.normal() * 2));
        by_key[outline_key(point)][candidate.label] = scores.back();
      }
    }
    const DecisionScorer scorer = [&](const DecisionPoint& point, std::span<double> out) {
      for (size_t i = 0; i < out.size(); ++i) out[i] = by_key[outline_key(point)][point.candidates()[i].label];
    };
    std::map<std::string, double> all;
    try_all(*points->begin(input), scorer, 0, all);
    EXPECT_EQ(all.size(), 3u * 3 * 8 * 4);
    const auto ranked = assemble(*points, input, outline, logits, {.beam_width = 1000, .documents_max = 20});
    ASSERT_TRUE(ranked.ok());
    ASSERT_EQ(ranked->documents.size(), 20u);
    std::vector<std::pair<double, std::string>> expected;
    double total = 0;
    for (const auto& [text, log_probability] : all) {
      expected.emplace_back(-log_probability, text);
      total += std::exp(log_probability);
    }
    EXPECT_NEAR(total, 1, 1e-9);
    std::sort(expected.begin(), expected.end());
    for (size_t i = 0; i < 20; ++i) {
      EXPECT_NEAR(ranked->documents[i].log_probability, -expected[i].first, 1e-9);
      EXPECT_EQ(ranked->documents[i].text, expected[i].second);
    }
    const auto narrow = assemble(*points, input, outline, logits, {.beam_width = 4, .documents_max = 3});
    ASSERT_EQ(narrow->documents.size(), 3u);
    for (const RankedDocument& document : narrow->documents)
      EXPECT_NEAR(document.log_probability, all.at(document.text), 1e-9);
  }
}

TEST(DecisionSearch, ScoresMayBeAnythingAndDocumentsStayValid) {
  const auto points = points_of(kTool);
  const auto input = *points->read_input("in Oslo");
  for (const double score : {0.0, 1e300, -1e300}) {
    const auto ranked = rank_documents(*points, input, [&](const DecisionPoint& point, std::span<double> out) {
      for (size_t i = 0; i < out.size(); ++i) out[i] = i % 2 == 0 ? score : -static_cast<double>(point.path.size());
    });
    ASSERT_FALSE(ranked->documents.empty());
    for (const RankedDocument& document : ranked->documents)
      EXPECT_TRUE(validate_document(points->contract().schema(), *parse_document(document.text))->valid);
  }
}

TEST(DecisionSearch, WithoutCandidatesThereIsNoDocumentAndThePlaceIsNamed) {
  const auto points = points_of(kTool);
  const auto ranked = rank_documents(*points, nullptr, [](const DecisionPoint&, std::span<double>) {});
  ASSERT_TRUE(ranked.ok());
  EXPECT_TRUE(ranked->documents.empty());
  EXPECT_EQ(ranked->abstained_at, "/city");
}

}  // namespace
}  // namespace cadre::contract
