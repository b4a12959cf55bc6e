// SPDX-License-Identifier: Apache-2.0
#include "train/call_corruptions.h"

#include <gtest/gtest.h>

#include <map>

#include "contract/answers.h"
#include "contract/test_tables.h"

namespace cadre::train {
namespace {

using contract::Aggregate;
using contract::CompareOp;
using contract::SqlCall;

class CallCorruptions : public testing::Test {
 protected:
  // Every call that a kind makes of the gold call, over many draws.
  std::vector<SqlCall> all(Corruption kind) {
    std::vector<SqlCall> calls;
    for (uint64_t seed = 0; seed < 60; ++seed) {
      base::Random random(seed);
      if (const auto call = corrupt(table_, task_, gold_, kind, random)) calls.push_back(*call);
    }
    return calls;
  }

  contract::Table table_ = contract::goals_table();
  contract::SqlTask task_ =
      contract::make_sql_task(table_, "goals of Harry Kane against O'Higgins or Bayern München with 3 goals in 2019").value();
  SqlCall gold_ = as_candidates(task_, {.select_column = 3,
                                        .conditions = {{0, CompareOp::kEqual, "harry kane"},
                                                       {1, CompareOp::kEqual, "Bayern München"},
                                                       {3, CompareOp::kEqual, "3"},
                                                       {4, CompareOp::kEqual, "2019"}}})
                      .value();
};

TEST_F(CallCorruptions, EveryKindMakesOtherCallsThatAreWithinTheContractAndExecute) {
  for (size_t i = 0; i < kCorruptionCount; ++i) {
    const auto kind = static_cast<Corruption>(i);
    const auto calls = all(kind);
    if (kind == Corruption::kAdded) {
      EXPECT_TRUE(calls.empty()) << "four conditions are the most";
      continue;
    }
    EXPECT_FALSE(calls.empty()) << corruption_name(kind);
    for (const SqlCall& call : calls) {
      EXPECT_FALSE(contract::same_call(call, gold_)) << corruption_name(kind);
      const std::string sql = contract::to_sql(table_.schema(), call);
      EXPECT_TRUE(contract::validate_sql(table_, task_, sql).ok()) << corruption_name(kind) << ": " << sql;
      EXPECT_TRUE(table_.query(sql).ok()) << sql;
    }
  }
}

TEST_F(CallCorruptions, EachChangesWhatItsNameSays) {
  for (const SqlCall& call : all(Corruption::kSelectColumn)) EXPECT_NE(call.select_column, gold_.select_column);
  for (const SqlCall& call : all(Corruption::kAggregate)) {
    EXPECT_NE(call.aggregate, gold_.aggregate);
    EXPECT_EQ(call.conditions, gold_.conditions);
  }
  for (const SqlCall& call : all(Corruption::kDropped)) EXPECT_EQ(call.conditions.size(), 3U);
  for (const SqlCall& call : all(Corruption::kValue)) {
    size_t changed = 0;
    for (size_t i = 0; i < 4; ++i) {
      EXPECT_EQ(call.conditions[i].column, gold_.conditions[i].column);
      changed += call.conditions[i].value != gold_.conditions[i].value;
    }
    EXPECT_EQ(changed, 1U);
  }
  for (const SqlCall& call : all(Corruption::kSwapped)) {
    EXPECT_EQ(call.conditions[2].value, "2019");
    EXPECT_EQ(call.conditions[3].value, "3");
  }
  gold_.conditions.resize(2);
  for (const SqlCall& call : all(Corruption::kAdded)) EXPECT_EQ(call.conditions.size(), 3U);
  EXPECT_FALSE(all(Corruption::kAdded).empty());
}

TEST_F(CallCorruptions, WithoutConditionsThereIsNothingToDropOrSwap) {
  gold_.conditions.clear();
  for (const Corruption kind : {Corruption::kConditionColumn, Corruption::kOperator, Corruption::kValue,
                                Corruption::kDropped, Corruption::kSwapped})
    EXPECT_TRUE(all(kind).empty()) << corruption_name(kind);
}

TEST_F(CallCorruptions, AGoldConditionThatTheQuestionDoesNotSayIsNoCandidate) {
  EXPECT_FALSE(as_candidates(task_, {.conditions = {{0, CompareOp::kEqual, "Nobody"}}}).has_value());
}

}  // namespace
}  // namespace cadre::train
