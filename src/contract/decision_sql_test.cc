// The decisions of a question over a table: any combination of their candidates is SQL that the independent parser accepts.
// SPDX-License-Identifier: Apache-2.0
#include "contract/decision_sql.h"

#include <gtest/gtest.h>

#include "contract/test_tables.h"

namespace cadre::contract {
namespace {

TEST(DecisionSql, CandidatesSpellThePartsOfEveryCall) {
  const Table table = goals_table();
  const auto task =
      make_sql_task(table, "how many goals over 2 did Harry Kane score against Bayern M\u00fcnchen in 2019");
  ASSERT_TRUE(task.ok());
  const std::vector<DecisionPoint> points = sql_decisions(table.schema(), *task);
  const size_t columns = table.schema().columns.size();
  ASSERT_EQ(points.size(), 1 + columns + task->candidates.size());
  base::Random random(1);
  for (int round = 0; round < 200; ++round) {
    const size_t column = random.below(points[0].candidates().size());
    const auto& aggregates = points[1 + column].candidates();
    std::string sql = "SELECT " + aggregates[random.below(aggregates.size())].bytes + " FROM \"goals\"";
    if (random.chance(0.8)) {
      const DecisionPoint& where = points[1 + columns + random.below(task->candidates.size())];
      const Candidate& condition = where.candidates()[1 + random.below(where.candidates().size() - 1)];
      sql += " WHERE " + condition.bytes;
      ASSERT_TRUE(condition.source);
      EXPECT_LE(condition.source->end, task->question.size());
    }
    const auto call = validate_sql(table, *task, sql);
    ASSERT_TRUE(call.ok()) << sql << ": " << call.error().message;
    EXPECT_EQ(to_sql(table.schema(), *call), sql);
  }
}

}  // namespace
}  // namespace cadre::contract
