// SPDX-License-Identifier: Apache-2.0
#include "contract/sql_task.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"
#include "contract/question_numbers.h"
#include "contract/test_tables.h"

namespace cadre::contract {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// "column:value" with "~" for a partial match, "#" for a number that is no cell, "?" for a span.
std::string show(const Table& table, const ConditionCandidate& candidate) {
  const char* mark = candidate.origin == ValueOrigin::kNumber ? "#"
                     : candidate.origin == ValueOrigin::kSpan ? "?"
                     : candidate.full_match                   ? ""
                                                              : "~";
  return table.schema().columns[candidate.column].name + ":" + mark + candidate.value;
}

std::vector<std::string> candidates(const Table& table, std::string_view question) {
  const auto task = make_sql_task(table, question);
  EXPECT_TRUE(task.ok()) << question;
  std::vector<std::string> shown;
  for (const auto& candidate : task->candidates) shown.push_back(show(table, candidate));
  return shown;
}

TEST(SqlTask, CellsAreFoundByNormalisedRunsOfWords) {
  const Table goals = goals_table();
  EXPECT_THAT(candidates(goals, "How many goals did harry  KANE score?"), ElementsAre("player:Harry Kane"));
  EXPECT_THAT(candidates(goals, "the 2-1 against Bayern München"), Contains("score:2 - 1"));
  EXPECT_THAT(candidates(goals, "who beat Bayern München?"), ElementsAre("against:Bayern München"));
}

TEST(SqlTask, ARareWordOfACellIsAPartialMatchAndFunctionWordsAreNot) {
  const Table goals = goals_table();
  EXPECT_THAT(candidates(goals, "how many did Kane score"), ElementsAre("player:~Harry Kane"));
  EXPECT_THAT(candidates(goals, "who was the best of it"), Not(Contains("against:~Man of the Match XI")));
}

TEST(SqlTask, WordsOfOneCellNextToEachOtherAreOneMention) {
  const Table goals = goals_table();
  const auto task = make_sql_task(goals, "goals on the 9, july").value();
  ASSERT_EQ(task.candidates.size(), 3u);  // the date; 9 as goals and as year
  EXPECT_EQ(show(goals, task.candidates[0]), "date:~July 9, 2020");
  EXPECT_EQ(task.candidates[0].span, (WordSpan{3, 6}));
}

TEST(SqlTask, ANumberMeetsEveryRealColumnOnce) {
  const Table goals = goals_table();
  EXPECT_THAT(candidates(goals, "more than 3 goals"), ElementsAre("goals:3", "year:#3"));
  EXPECT_THAT(candidates(goals, "more than 3.0 goals"), ElementsAre("goals:3", "year:#3.0"));
  EXPECT_THAT(candidates(goals, "more than three goals"), ElementsAre("goals:3", "year:#3"));
  EXPECT_THAT(candidates(goals, "over $1,234"), ElementsAre("goals:#1234", "year:#1234"));
  EXPECT_THAT(candidates(goals, "the 2nd"), ElementsAre("goals:2", "year:#2"));
}

TEST(SqlTask, ANumberMayBeComparedAndATextMayOnlyBeEqual) {
  const Table goals = goals_table();
  const SqlTask task = make_sql_task(goals, "Kane with more than 3 in 2019").value();
  for (const auto& candidate : task.candidates) {
    const bool is_real = goals.schema().columns[candidate.column].type == ColumnType::kReal;
    EXPECT_EQ(candidate.legal_ops, is_real ? 0b111111 : 0b100001) << show(goals, candidate);
  }
}

TEST(SqlTask, AMinusSignIsOfferedBesideADash) {
  const Table table = make_table({{"a", "c0", ColumnType::kReal}}, {{"-5"}, {"5"}});
  EXPECT_THAT(candidates(table, "a of -5"), ElementsAre("a:-5", "a:5"));
  EXPECT_THAT(candidates(table, "a of – 5"), ElementsAre("a:-5", "a:5"));
  EXPECT_THAT(candidates(table, "from 3-5"), ElementsAre("a:#3", "a:5"));
}

TEST(SqlTask, NumbersOfATextColumnAreFoundByValueAndKeepTheirSpelling) {
  const Table table = make_table({{"id", "c0", ColumnType::kText}}, {{"007"}, {"7"}, {"12345678901234567890"}, {"x"}});
  EXPECT_THAT(candidates(table, "agent 007"), ElementsAre("id:007"));
  EXPECT_THAT(candidates(table, "agent 7"), ElementsAre("id:7"));
  EXPECT_THAT(candidates(table, "agent 7.0"), ElementsAre("id:007", "id:7"));
  EXPECT_THAT(candidates(table, "agent 12345678901234567891"), IsEmpty());
}

TEST(SqlTask, NumbersWithTheSameDigitsAreNotTheSame) {
  const Table table =
      make_table({{"a", "c0", ColumnType::kText}, {"b", "c1", ColumnType::kReal}}, {{"28.5", "28.5"}, {"x", "1"}});
  EXPECT_THAT(candidates(table, "with 285"), ElementsAre("b:#285"));
  EXPECT_THAT(candidates(table, "with 2 85"), ElementsAre("b:#2", "b:#85"));
}

TEST(SqlTask, SymbolsStandingFreeMatchACellOfSymbols) {
  const Table table = make_table({{"result", "c0", ColumnType::kText}}, {{"-"}, {"✓"}, {"won"}});
  EXPECT_THAT(candidates(table, "which has a result of —, and"), ElementsAre("result:-"));
  EXPECT_THAT(candidates(table, "is it ✓?"), ElementsAre("result:✓"));
  EXPECT_THAT(candidates(table, "the half-time"), IsEmpty());
}

TEST(SqlTask, WordsForNoNumberAreNoNumber) {
  for (const char* text : {"nan", "inf", "-inf", "infinity", "0x10", "", "-", "1e999", "--5", "- -5", "1,23", "five"}) {
    EXPECT_FALSE(cell_number(text).has_value()) << text;
  }
  EXPECT_EQ(cell_number(" - 2 "), -2);
  EXPECT_EQ(cell_number("−3.5"), -3.5);
  EXPECT_EQ(cell_number("1,234"), 1234);
  const Table goals = goals_table();
  EXPECT_THAT(candidates(goals, "goals over nan or inf"), IsEmpty());
}

TEST(SqlTask, ADateIsNoDifferenceOfNumbers) {
  const Table goals = goals_table();
  EXPECT_THAT(candidates(goals, "in 2018-2020"), Not(Contains("year:#-2020")));
}

TEST(SqlTask, QuestionsThatCannotBeReadAreErrorsThatSayWhy) {
  const Table goals = goals_table();
  EXPECT_EQ(make_sql_task(goals, "").error().code, ErrorCode::kInvalid);
  EXPECT_EQ(make_sql_task(goals, " ?! ").error().code, ErrorCode::kInvalid);
  EXPECT_EQ(make_sql_task(goals, "goals \xff").error().code, ErrorCode::kInvalid);
  EXPECT_EQ(make_sql_task(goals, std::string("a\0b", 3)).error().code, ErrorCode::kInvalid);
  const Error long_text = make_sql_task(goals, std::string(100'000, 'a')).error();
  EXPECT_EQ(long_text.code, ErrorCode::kLimit);
  EXPECT_THAT(long_text.message, HasSubstr("8192"));
  std::string many_words;
  for (int i = 0; i < 300; ++i) many_words += "a ";
  EXPECT_EQ(make_sql_task(goals, many_words).error().code, ErrorCode::kLimit);
}

TEST(SqlTask, TooManyCandidatesKeepTheFullMatches) {
  std::vector<Column> columns;
  std::vector<std::string> row;
  for (int i = 0; i < 1000; ++i) {
    columns.push_back(
        {"n" + std::to_string(i), "c" + std::to_string(i), i == 0 ? ColumnType::kText : ColumnType::kReal});
    row.push_back(i == 0 ? "Berlin" : std::to_string(i));
  }
  const Table wide = make_table(columns, {row});
  const auto task = make_sql_task(wide, "Berlin with 3, 4, 70000, 80000").value();
  EXPECT_EQ(task.candidates.size(), kCandidatesMax);
  std::vector<std::string> shown;
  for (const auto& candidate : task.candidates) shown.push_back(show(wide, candidate));
  EXPECT_THAT(shown, Contains("n0:Berlin"));
  EXPECT_THAT(shown, Contains("n3:3"));
  EXPECT_THAT(shown, Contains("n4:4"));
}

TEST(SqlTask, ASpanOfTheModelBecomesACandidateOfEveryTextColumn) {
  const Table goals = goals_table();
  auto task = make_sql_task(goals, "goals against New York Cosmos").value();
  EXPECT_EQ(add_span(goals, task, {2, 5}), 4u);
  EXPECT_EQ(add_span(goals, task, {2, 5}), 0u);
  std::vector<std::string> shown;
  for (const auto& candidate : task.candidates) shown.push_back(show(goals, candidate));
  EXPECT_THAT(shown, Contains("against:?New York Cosmos"));
}

TEST(SqlTask, AggregatesOfTextAreNoneAndCount) {
  EXPECT_EQ(legal_aggregates(ColumnType::kText), 0b001001);
  EXPECT_EQ(legal_aggregates(ColumnType::kReal), 0b111111);
}

TEST(SqlCall, SqlTextQuotesNamesAndLiterals) {
  const TableSchema schema{
      "my \"table\"",
      {{"a", "a\"b", ColumnType::kText}, {"select", "select", ColumnType::kReal}, {"ä", "ä ö", ColumnType::kText}}};
  SqlCall call{.select_column = 0, .aggregate = Aggregate::kCount};
  call.conditions = {
      {2, CompareOp::kEqual, "O'Neill; --"}, {1, CompareOp::kGreater, "-1,234.50"}, {1, CompareOp::kEqual, "n / a"}};
  EXPECT_EQ(
      to_sql(schema, call),
      "SELECT COUNT(\"a\"\"b\") FROM \"my \"\"table\"\"\" WHERE \"ä ö\" = 'O''Neill; --' AND \"select\" > -1234.5 AND "
      "\"select\" = 'n / a'");
}

TEST(SqlCall, NumbersOfTheSqlParseBackToTheSameDouble) {
  const TableSchema schema{"t", {{"a", "a", ColumnType::kReal}}};
  base::Random random(7);
  for (int i = 0; i < 1000; ++i) {
    const double value = random.normal() * std::pow(10.0, static_cast<double>(random.below(40)) - 20);
    SqlCall call;
    call.conditions = {{0, CompareOp::kEqual, fmt::format("{:.17g}", value)}};
    const std::string sql = to_sql(schema, call);
    EXPECT_EQ(std::stod(sql.substr(sql.rfind("= ") + 2)), value) << sql;
  }
}

TEST(SqlCall, ALongIdentifierKeepsItsDigits) {
  const TableSchema schema{"t", {{"a", "a", ColumnType::kReal}}};
  SqlCall call;
  call.conditions = {{0, CompareOp::kEqual, "9007199254740993"}};
  EXPECT_THAT(to_sql(schema, call), HasSubstr("= 9007199254740993"));
}

}  // namespace
}  // namespace cadre::contract
