// SPDX-License-Identifier: Apache-2.0
#include "model/router_scores.h"

#include <gtest/gtest.h>

#include <vector>

namespace cadre::model {
namespace {

TEST(RouterScores, AnAbstentionOnAnInScopeCaseIsWrong) {
  const std::vector<RouterCase> cases = {{0, 0, 0.9f, false}, {0, 0, 0.2f, true},  {1, 0, 0.8f, false},
                                         {1, 1, 0.7f, false}, {-1, 0, 0.1f, true}, {-1, 1, 0.6f, false}};
  const auto scores = score_cases(cases);
  EXPECT_EQ(scores.in_scope, 4u);
  EXPECT_EQ(scores.out_of_scope, 2u);
  EXPECT_EQ(scores.abstained, 2u);
  EXPECT_DOUBLE_EQ(scores.in_scope_accuracy, 0.5);
  EXPECT_DOUBLE_EQ(scores.forced_accuracy, 0.75);
  EXPECT_DOUBLE_EQ(scores.out_of_scope_recall, 0.5);
  // In-scope 0.9, 0.2, 0.8, 0.7 against 0.1 and 0.6: 7 of 8 pairs are in order.
  EXPECT_DOUBLE_EQ(scores.auroc, 0.875);
}

TEST(RouterScores, TiesCountHalfInTheAuroc) {
  const std::vector<RouterCase> cases = {{0, 0, 0.5f, false}, {0, 0, 0.5f, false}, {-1, 0, 0.5f, false}};
  EXPECT_DOUBLE_EQ(score_cases(cases).auroc, 0.5);
}

TEST(RouterScores, MacroF1AveragesOverLabelsThatOccur) {
  // Label 0: 2 true, 1 found, 1 false alarm: F1 = 2 / (2 + 2). Label 1: 1 true, none found; label 9 never occurs.
  const std::vector<RouterCase> cases = {{0, 0, 0.9f, false}, {0, 9, 0.9f, false}, {1, 0, 0.9f, false}};
  EXPECT_DOUBLE_EQ(score_cases(cases).macro_f1, 0.25);
}

TEST(RouterScores, NoCasesGiveZeros) {
  const auto scores = score_cases({});
  EXPECT_EQ(scores.in_scope_accuracy, 0.0);
  EXPECT_EQ(scores.auroc, 0.0);
  EXPECT_EQ(scores.macro_f1, 0.0);
}

}  // namespace
}  // namespace cadre::model
