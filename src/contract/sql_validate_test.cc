// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "contract/sql_task.h"
#include "contract/sql_text.h"
#include "contract/test_tables.h"

namespace cadre::contract {
namespace {

using ::testing::HasSubstr;

TEST(ValidateSql, AcceptsWhatStandsInTheTableOrTheQuestion) {
  const Table goals = goals_table();
  const SqlTask task = make_sql_task(goals, "goals of Kane over 17 against New York").value();
  for (const char* sql : {
           R"(SELECT "player" FROM "goals")",
           R"(SELECT COUNT("player") FROM "goals" WHERE "player" = 'Harry Kane')",
           R"(select sum("goals scored") from "goals" where "a""gainst" = 'O''Higgins' and "year" = 2018)",
           R"(SELECT "select" FROM "goals" WHERE "goals scored" > 17)",
           R"(SELECT "select" FROM "goals" WHERE "a""gainst" = 'New York')",
       }) {
    const auto call = validate_sql(goals, task, sql);
    EXPECT_TRUE(call.ok()) << sql << ": " << call.error().message;
  }
}

TEST(ValidateSql, RefusesEverythingElse) {
  const Table goals = goals_table();
  const SqlTask task = make_sql_task(goals, "goals of Kane over 17 against New York").value();
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"", "SELECT is expected"},
      {R"(DELETE FROM "goals")", "SELECT is expected"},
      {R"(SELECT "player" FROM "goals"; DROP TABLE "goals")", "WHERE is expected"},
      {R"(SELECT "player" FROM "goals" --)", "comment"},
      {R"(SELECT "player", "year" FROM "goals")", "FROM is expected"},
      {R"(SELECT * FROM "goals")", "quoted name"},
      {R"(SELECT player FROM "goals")", "MAX"},
      {R"(SELECT "nothing" FROM "goals")", "no column \"nothing\""},
      {R"(SELECT "player" FROM "sqlite_master")", "sqlite_master"},
      {R"(SELECT SUM("player") FROM "goals")", "SUM of text column"},
      {R"(SELECT load_extension("player") FROM "goals")", "MAX"},
      {R"(SELECT "player" FROM "goals" WHERE "player" = 'Atlantis')", "neither in the question"},
      {R"(SELECT "player" FROM "goals" WHERE "player" = "Harry Kane")", "quoted text"},
      {R"(SELECT "player" FROM "goals" WHERE "player" > 'Harry Kane')", "ordered by a text"},
      {R"(SELECT "player" FROM "goals" WHERE "player" = 17)", "compared with a number"},
      {R"(SELECT "player" FROM "goals" WHERE "year" > 16)", "neither in the question"},
      {R"(SELECT "player" FROM "goals" WHERE "year" > 1e999)", "not a number"},
      {R"(SELECT "player" FROM "goals" WHERE "year" > 17 OR "year" > 17)", "AND is expected"},
      {R"(SELECT "player" FROM "goals" WHERE "year" LIKE 17)", "one of"},
      {R"(SELECT "player" FROM "goals" WHERE "year" > (SELECT 17))", "a number or a quoted text"},
      {R"(SELECT "player" FROM "goals" WHERE "player" = 'Harry Kane)", "not closed"},
      {R"(SELECT "player" FROM "goals" WHERE)", "quoted name"},
      {R"(SELECT "player" FROM "goals" WHERE "year" > 17 AND "year" > 17 AND "year" > 17 AND "year" > 17 AND "year" > 17)",
       "at most 4"},
  };
  for (const auto& [sql, why] : cases) {
    const auto call = validate_sql(goals, task, sql);
    ASSERT_FALSE(call.ok()) << sql;
    EXPECT_THAT(call.error().message, HasSubstr(why)) << sql;
  }
}

TEST(ValidateSql, SqlPastItsLimitIsRefusedWithoutReadingIt) {
  EXPECT_EQ(parse_select(std::string(kSqlSizeBytesMax + 1, ' ')).error().code, ErrorCode::kLimit);
}

TEST(ValidateSql, EveryCallOfCandidatesPassesAndComesBackTheSame) {
  const Table goals = goals_table();
  const SqlTask task =
      make_sql_task(goals, "how many goals did Kane score against O'Higgins in 2019 with over 3, or -5 on May 4")
          .value();
  base::Random random(11);
  for (int i = 0; i < 2000; ++i) {
    const SqlCall call = random_call(goals, task, random);
    const std::string sql = to_sql(goals.schema(), call);
    const auto parsed = validate_sql(goals, task, sql);
    ASSERT_TRUE(parsed.ok()) << sql << ": " << parsed.error().message;
    EXPECT_EQ(to_sql(goals.schema(), *parsed), sql);
  }
}

}  // namespace
}  // namespace cadre::contract
