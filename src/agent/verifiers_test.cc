// SPDX-License-Identifier: Apache-2.0
#include "agent/verifiers.h"

#include <gtest/gtest.h>

namespace cadre::agent {
namespace {

using contract::Aggregate;
using contract::CompareOp;
using contract::SqlCall;
using contract::Table;
using contract::ValueOrigin;

Table goals() {
  contract::TableSchema schema{"goals",
                               {{"Player", "Player", contract::ColumnType::kText},
                                {"Venue", "Venue", contract::ColumnType::kText},
                                {"Goals", "Goals", contract::ColumnType::kReal}}};
  auto table =
      Table::from_rows(std::move(schema), {{"Kane", "away", "3"}, {"Kane", "home", "5"}, {"Son", "away", "4"}});
  EXPECT_TRUE(table.ok());
  return std::move(*table);
}

contract::SqlTask task(const Table& table, const std::string& question) {
  auto result = contract::make_sql_task(table, question);
  EXPECT_TRUE(result.ok());
  return std::move(*result);
}

SqlCall goals_of_kane() {
  return {.select_column = 2, .conditions = {{0, CompareOp::kEqual, "Kane", {4, 5}, ValueOrigin::kCell}}};
}

const Verdict* failed_verdict(const std::vector<Verdict>& verdicts) {
  for (const Verdict& verdict : verdicts) {
    if (!verdict.passed) return &verdict;
  }
  return nullptr;
}

TEST(VerifyCall, PassesWhatTheContractAllows) {
  const Table table = goals();
  const auto verdicts = verify_call(table, task(table, "how many goals did Kane score"),
                                    contract::to_sql(table.schema(), goals_of_kane()), goals_of_kane());
  ASSERT_EQ(verdicts.size(), 3U);
  EXPECT_EQ(failed_verdict(verdicts), nullptr)
      << failed_verdict(verdicts)->rule << ": " << failed_verdict(verdicts)->evidence;
}

TEST(VerifyCall, RejectsTextThatIsNotWhatWasDecided) {
  const Table table = goals();
  SqlCall other = goals_of_kane();
  other.aggregate = Aggregate::kSum;
  const auto verdicts = verify_call(table, task(table, "how many goals did Kane score"),
                                    contract::to_sql(table.schema(), other), goals_of_kane());
  ASSERT_NE(failed_verdict(verdicts), nullptr);
  EXPECT_EQ(failed_verdict(verdicts)->rule, "faithful");
}

TEST(VerifyCall, RejectsAValueThatStandsNowhere) {
  const Table table = goals();
  SqlCall invented = goals_of_kane();
  invented.conditions[0].value = "Ronaldo";
  const auto verdicts = verify_call(table, task(table, "how many goals did Kane score"),
                                    contract::to_sql(table.schema(), invented), invented);
  ASSERT_NE(failed_verdict(verdicts), nullptr);
  EXPECT_EQ(failed_verdict(verdicts)->rule, "contract");
  EXPECT_EQ(failed_verdict(verdicts)->severity, Severity::kReject);
}

TEST(VerifyCall, RejectsTextThatIsNoSelectWithoutEverRunningIt) {
  const Table table = goals();
  for (const char* sql : {"", "DROP TABLE \"goals\"", "SELECT 1; DROP TABLE \"goals\"", "SELECT load_extension('x')"}) {
    EXPECT_NE(failed_verdict(verify_call(table, task(table, "goals"), sql, SqlCall{})), nullptr) << sql;
  }
}

TEST(ReadOnly, TellsASelectFromEverythingElse) {
  const char* const accepted[] = {
      "SELECT \"Goals\" FROM \"goals\"",
      "SELECT \"drop; table\" FROM \"t\" WHERE \"a\" = 'it''s -- fine; DELETE'",
      "select \"a\" from \"t\"",
      "SELECT \"a\" FROM \"updates\" WHERE \"inserted\" = 1",
  };
  const char* const refused[] = {
      "",
      "SELECT",
      "DELETE FROM t",
      " SELECT 1",
      "SELECT 1; SELECT 2",
      "SELECT 1 -- x",
      "SELECT 1 /* x */",
      "SELECT 'open",
      "WITH x AS (SELECT 1) SELECT 1",
      "SELECT 1 INTO x",
      "SELECT * FROM pragma_table_info('t') WHERE PRAGMA",
      "EXPLAIN SELECT 1",
  };
  for (const char* sql : accepted) EXPECT_TRUE(is_read_only_select(sql)) << sql;
  for (const char* sql : refused) EXPECT_FALSE(is_read_only_select(sql)) << sql;
}

TEST(VerifyResult, DoubtsAnEmptyResultWhereEachConditionAloneCanBeMet) {
  const Table table = goals();
  const SqlCall son_at_home{.select_column = 2,
                            .conditions = {{0, CompareOp::kEqual, "Son"}, {1, CompareOp::kEqual, "home"}}};
  const auto verdicts = verify_result(table, son_at_home, {.column_names = {"Goals"}});
  ASSERT_NE(failed_verdict(verdicts), nullptr);
  EXPECT_EQ(failed_verdict(verdicts)->rule, "non_empty");
  EXPECT_EQ(failed_verdict(verdicts)->severity, Severity::kDoubt);
}

TEST(VerifyResult, TakesAnEmptyResultForTrueWhereABoundIsBeyondTheColumn) {
  const Table table = goals();
  const auto verdict_of = [&](CompareOp op, const char* bound) {
    const SqlCall call{.select_column = 0, .conditions = {{2, op, bound, {}, ValueOrigin::kNumber}}};
    return failed_verdict(verify_result(table, call, {.column_names = {"Player"}})) == nullptr;
  };
  EXPECT_TRUE(verdict_of(CompareOp::kGreater, "5"));
  EXPECT_FALSE(verdict_of(CompareOp::kGreater, "4"));
  EXPECT_TRUE(verdict_of(CompareOp::kLess, "3"));
  EXPECT_FALSE(verdict_of(CompareOp::kLess, "4"));
  EXPECT_TRUE(verdict_of(CompareOp::kGreaterEqual, "5.5"));
  EXPECT_FALSE(verdict_of(CompareOp::kGreaterEqual, "5"));
  EXPECT_TRUE(verdict_of(CompareOp::kLessEqual, "2"));
  EXPECT_FALSE(verdict_of(CompareOp::kLessEqual, "3"));
  EXPECT_FALSE(verdict_of(CompareOp::kEqual, "9"));
  EXPECT_FALSE(verdict_of(CompareOp::kNotEqual, "9"));
}

}  // namespace
}  // namespace cadre::agent
