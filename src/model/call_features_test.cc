// SPDX-License-Identifier: Apache-2.0
#include "model/call_features.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.h"
#include "contract/test_tables.h"

namespace cadre::model {
namespace {

using contract::Aggregate;
using contract::ColumnType;
using contract::CompareOp;
using contract::SqlCall;
using contract::ValueOrigin;

class CallFeaturesTest : public testing::Test {
 protected:
  const std::vector<uint32_t>& part(const CallFeatures& features, const std::string& name) const {
    const auto found = std::find_if(features.parts.begin(), features.parts.end(),
                                    [&](const CallPart& candidate) { return candidate.name == name; });
    static const std::vector<uint32_t> kNone;
    return found == features.parts.end() ? kNone : found->hashes;
  }

  contract::Table table_ = contract::goals_table();
  contract::SqlTask task_ = contract::make_sql_task(table_, "how many goals did Harry Kane score in 2019").value();
  SqlCall call_ = {.select_column = 3,
                   .aggregate = Aggregate::kSum,
                   .conditions = {{0, CompareOp::kEqual, "Harry Kane", {4, 6}, ValueOrigin::kCell},
                                  {4, CompareOp::kEqual, "2019", {8, 9}, ValueOrigin::kNumber}}};
};

TEST_F(CallFeaturesTest, EveryPartOfACallHasItsOwn) {
  const CallFeatures features = CallReader(table_, task_).read(call_);
  std::vector<std::string> names;
  for (const CallPart& part : features.parts) {
    names.push_back(part.name);
    EXPECT_FALSE(part.hashes.empty()) << part.name;
  }
  EXPECT_EQ(names, (std::vector<std::string>{"select", "aggregate", "condition 1", "condition 2", "unused words",
                                             "count of conditions"}));
  EXPECT_EQ(features.grouped().count(), features.parts[0].hashes.size() + features.parts[1].hashes.size() +
                                            features.parts[2].hashes.size() + features.parts[3].hashes.size() +
                                            features.parts[4].hashes.size() + features.parts[5].hashes.size());
}

TEST_F(CallFeaturesTest, AChangeShowsWhereItWasMade) {
  const CallReader reader(table_, task_);
  const CallFeatures before = reader.read(call_);
  SqlCall other = call_;
  other.conditions[1].op = CompareOp::kGreater;
  const CallFeatures operator_changed = reader.read(other);
  EXPECT_EQ(part(before, "select"), part(operator_changed, "select"));
  EXPECT_EQ(part(before, "condition 1"), part(operator_changed, "condition 1"));
  EXPECT_NE(part(before, "condition 2"), part(operator_changed, "condition 2"));
  other = call_;
  other.aggregate = Aggregate::kMax;
  EXPECT_NE(part(before, "aggregate"), part(reader.read(other), "aggregate"));
}

TEST_F(CallFeaturesTest, AConditionLeftOutLeavesItsWordsUnused) {
  SqlCall shorter = call_;
  shorter.conditions.pop_back();
  const CallReader reader(table_, task_);
  EXPECT_GT(part(reader.read(shorter), "unused words").size(), part(reader.read(call_), "unused words").size());
}

TEST_F(CallFeaturesTest, TheOrderOfTheTablesColumnsDoesNotMatter) {
  const auto make = [](bool is_turned) {
    std::vector<contract::Column> columns = {{"Player", "Player", ColumnType::kText},
                                             {"Goals", "Goals", ColumnType::kReal}};
    std::vector<std::string> row = {"Kane", "3"};
    if (is_turned) std::swap(columns[0], columns[1]), std::swap(row[0], row[1]);
    return contract::make_table(columns, {row});
  };
  const contract::Table table = make(false), turned = make(true);
  const std::string question = "goals of Kane";
  const auto task = contract::make_sql_task(table, question).value(),
             turned_task = contract::make_sql_task(turned, question).value();
  const SqlCall call{.select_column = 1, .conditions = {{0, CompareOp::kEqual, "Kane", {2, 3}, ValueOrigin::kCell}}};
  const SqlCall turned_call{.select_column = 0,
                            .conditions = {{1, CompareOp::kEqual, "Kane", {2, 3}, ValueOrigin::kCell}}};
  const auto features = CallReader(table, task).read(call),
             turned_features = CallReader(turned, turned_task).read(turned_call);
  for (size_t i = 0; i < features.parts.size(); ++i)
    EXPECT_EQ(features.parts[i].hashes, turned_features.parts[i].hashes) << features.parts[i].name;
}

TEST_F(CallFeaturesTest, ACallReadBackFromItsTextHasTheSame) {
  SqlCall without_words = call_;
  for (contract::Condition& condition : without_words.conditions) condition.span = {};
  const CallReader reader(table_, task_);
  const auto with = reader.read(call_), without = reader.read(without_words);
  for (size_t i = 0; i < with.parts.size(); ++i) EXPECT_EQ(with.parts[i].hashes, without.parts[i].hashes);
}

TEST_F(CallFeaturesTest, AnyCallOverAnyTableIsRead) {
  std::vector<contract::Column> columns;
  std::vector<std::string> row;
  for (int i = 0; i < 70; ++i) {  // more than have features of their own
    columns.push_back({i % 7 == 0 ? "" : "näme " + std::to_string(i), "c" + std::to_string(i),
                       i % 2 == 0 ? ColumnType::kReal : ColumnType::kText});
    row.push_back(std::to_string(i));
  }
  const contract::Table table = contract::make_table(columns, {row});
  base::Random random(5);
  for (const char* question : {"?? 5", "5 6 7 8 9 and 10 of näme 3", "\"69\" or 68, the 67th", "a"}) {
    const auto task = contract::make_sql_task(table, question).value();
    const CallReader reader(table, task);
    for (int i = 0; i < 200; ++i) {
      const SqlCall call = contract::random_call(table, task, random);
      const CallFeatures features = reader.read(call);
      EXPECT_EQ(features.parts.size(), 4 + call.conditions.size());
      EXPECT_LT(features.grouped().count(), 2000U);
    }
  }
}

}  // namespace
}  // namespace cadre::model
