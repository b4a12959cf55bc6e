// SPDX-License-Identifier: Apache-2.0
#include "agent/answer.h"

#include <gtest/gtest.h>

#include "text/words.h"

namespace cadre::agent {
namespace {

using contract::Aggregate;
using contract::CellValue;
using contract::CompareOp;
using contract::Condition;
using contract::QueryResult;
using contract::SqlCall;
using contract::ValueOrigin;

contract::TableSchema schema() {
  return {"goals",
          {{"Player", "Player", contract::ColumnType::kText},
           {"Home or away", "Home or away", contract::ColumnType::kText},
           {"Goals", "Goals", contract::ColumnType::kReal}}};
}

contract::SqlTask task(const std::string& question) {
  contract::SqlTask result;
  result.question = question;
  result.words = text::split_words(question);
  return result;
}

QueryResult column_of(std::vector<CellValue> cells) {
  QueryResult result{.column_names = {"x"}};
  for (CellValue& cell : cells) result.rows.push_back({std::move(cell)});
  return result;
}

std::string text_of(const SqlCall& call, const QueryResult& result) {
  return compose_answer(schema(), task("who"), call, result).text;
}

TEST(AnswerText, IsTheOnlyValueAsItStands) {
  EXPECT_EQ(text_of({}, column_of({CellValue{std::string("Kane")}})), "Kane");
  EXPECT_EQ(text_of({}, column_of({CellValue{int64_t{-7}}})), "-7");
  EXPECT_EQ(text_of({}, column_of({CellValue{}})), "(empty)");
}

TEST(AnswerText, ListsValuesAndCountsTheRest) {
  const auto named = [](int count) {
    std::vector<CellValue> cells;
    for (int i = 0; i < count; ++i) cells.emplace_back("p" + std::to_string(i));
    return column_of(std::move(cells));
  };
  EXPECT_EQ(text_of({}, named(2)), "p0 and p1");
  EXPECT_EQ(text_of({}, named(3)), "p0, p1 and p2");
  EXPECT_EQ(text_of({}, named(12)), "p0, p1, p2, p3, p4, p5, p6, p7, p8, p9 and 2 more");
  QueryResult repeated =
      column_of({CellValue{std::string("a")}, CellValue{std::string("b")}, CellValue{std::string("a")}});
  EXPECT_EQ(text_of({}, repeated), "a and b (3 rows)");
  EXPECT_EQ(text_of({}, column_of({CellValue{int64_t{2}}, CellValue{int64_t{1}}, CellValue{int64_t{2}}})), "2, 1 and 2")
      << "numbers are all told";
  QueryResult cut = named(2);
  cut.truncated = true;
  EXPECT_EQ(text_of({}, cut), "p0, p1 and at least 1 more");
}

TEST(AnswerText, SaysWhatNothingWasFoundFor) {
  const SqlCall call{.select_column = 0,
                     .conditions = {{1, CompareOp::kEqual, "away"}, {2, CompareOp::kGreater, "30"}}};
  EXPECT_EQ(text_of(call, column_of({})), "None: no row has Home or away = \"away\" and Goals > 30.");
  EXPECT_EQ(text_of({}, column_of({})), "None: the table has no such row.");
  const SqlCall highest{
      .select_column = 2, .aggregate = Aggregate::kMax, .conditions = {{0, CompareOp::kEqual, "Nobody"}}};
  EXPECT_EQ(text_of(highest, column_of({CellValue{}})), "None: no row has Player = \"Nobody\".");
}

TEST(AnswerText, NamesTheAggregateItsColumnAndItsConditions) {
  const Condition kane{0, CompareOp::kEqual, "Kane"};
  EXPECT_EQ(text_of({2, Aggregate::kCount, {kane}}, column_of({CellValue{int64_t{0}}})),
            "0 (count of Goals where Player = \"Kane\")");
  EXPECT_EQ(text_of({2, Aggregate::kSum, {}}, column_of({CellValue{0.1 + 0.2}})), "0.3 (sum of Goals)");
  EXPECT_EQ(text_of({2, Aggregate::kAvg, {}}, column_of({CellValue{10.0 / 3}})), "about 3.333333333 (average Goals)");
  EXPECT_EQ(text_of({2, Aggregate::kMax, {}}, column_of({CellValue{12345678901.0}})), "12345678901 (highest Goals)");
  EXPECT_EQ(text_of({2, Aggregate::kMin, {}}, column_of({CellValue{2.5}})), "2.5 (lowest Goals)");
}

TEST(AnswerText, CutsALongCellBetweenCharacters) {
  std::string umlauts = "x";
  while (umlauts.size() < 3 * kAnswerCellBytesMax) umlauts += "ü";
  const std::string text = text_of({}, column_of({CellValue{umlauts}}));
  EXPECT_LE(text.size(), kAnswerCellBytesMax + 3);
  EXPECT_TRUE(text::is_valid_utf8(text));
}

TEST(AnswerEvidence, QuotesTheWordsThatLedToEachPart) {
  const std::string question = "how many goals did kane score away in 2019";
  const SqlCall call{.select_column = 2,
                     .aggregate = Aggregate::kCount,
                     .conditions = {{0, CompareOp::kEqual, "Kane", {4, 5}, ValueOrigin::kCell},
                                    {1, CompareOp::kEqual, "away", {6, 7}, ValueOrigin::kCell}}};
  const Answer answer = compose_answer(schema(), task(question), call, column_of({CellValue{int64_t{3}}}));
  ASSERT_EQ(answer.evidence.size(), 4U);
  EXPECT_EQ(answer.evidence[0],
            (Evidence{.role = EvidenceRole::kSelect, .words = {{9, 14, "goals"}}, .column = "Goals"}));
  EXPECT_EQ(
      answer.evidence[1],
      (Evidence{.role = EvidenceRole::kAggregate, .words = {{0, 8, "how many"}}, .column = "Goals", .op = "COUNT"}));
  EXPECT_EQ(answer.evidence[2], (Evidence{.role = EvidenceRole::kCondition,
                                          .words = {{19, 23, "kane"}},
                                          .column = "Player",
                                          .op = "=",
                                          .value = "Kane",
                                          .origin = ValueOrigin::kCell}));
  EXPECT_EQ(answer.evidence[3].words, (std::vector<Quote>{{30, 34, "away"}}))
      << "the value's words are not quoted a second time";
  for (const Evidence& evidence : answer.evidence) {
    for (const Quote& quote : evidence.words)
      EXPECT_EQ(question.substr(quote.begin, quote.end - quote.begin), quote.text);
  }
}

TEST(AnswerEvidence, LeavesWordsEmptyWhereNoneSaysSo) {
  const Answer answer = compose_answer(schema(), task("the best in town"), {.select_column = 0},
                                       column_of({CellValue{std::string("Kane")}}));
  ASSERT_EQ(answer.evidence.size(), 1U);
  EXPECT_TRUE(answer.evidence[0].words.empty());
}

TEST(AnswerEvidence, IgnoresASpanOutsideTheQuestion) {
  const SqlCall call{.conditions = {{0, CompareOp::kEqual, "Kane", {5, 9}, ValueOrigin::kCell}}};
  const Answer answer = compose_answer(schema(), task("who"), call, column_of({}));
  EXPECT_TRUE(answer.evidence[1].words.empty());
}

}  // namespace
}  // namespace cadre::agent
