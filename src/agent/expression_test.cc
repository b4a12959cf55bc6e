// SPDX-License-Identifier: Apache-2.0
#include "agent/expression.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace cadre::agent {
namespace {

using base::Json;
using testing::HasSubstr;

const Json& call() {
  static const Json value = {{"city", "Zürich"},   {"n", 3},         {"price", 2.5}, {"big", int64_t{1} << 60},
                             {"tags", {"a", "b"}}, {"none", nullptr}};
  return value;
}
const Json& result() {
  static const Json value = {{"rows", {{{"id", 7}, {"total", 10}}, {{"id", 8}, {"total", 2.5}}}},
                             {"empty", Json::array()}};
  return value;
}

Result<Json> value_of(const std::string& text, int64_t steps_max = kExpressionStepsMax) {
  auto expression = Expression::parse(text, {"call", "result"});
  if (!expression.ok()) return std::move(expression).error();
  return expression->evaluate({{"call", &call()}, {"result", &result()}}, steps_max);
}

TEST(Expression, Evaluates) {
  const std::vector<std::pair<std::string, Json>> table = {
      {"1 + 2 * 3 - 4 / 2", 5.0},
      {"-(2 - 3) * -2", -2.0},
      {"call.n == 3.0 and not false", true},
      {"call.n < 3 or call.price >= 2.5", true},
      {"false and call.nothing", false},
      {"true or call.nothing", true},
      {"call[\"city\"] == \"Z\\u00fcrich\"", true},
      {"size(call.city)", 6.0},
      {"size(result.rows) > 1 and size(call) == 6", true},
      {"result.rows[1].id", 8},
      {"call.tags == [\"a\", \"b\"]", true},
      {"[1, [2, null]] == [1, [2, null]] and [1] != [2]", true},
      {"\"a\" in call.tags and not (\"z\" in call.city)", true},
      {"\"rich\" in call.city and \"n\" in call and not (4 in [1, 2])", true},
      {"has(call.n) and not has(call.m) and has(result.rows[1]) and not has(result.rows[2])", true},
      {"matches(call.city, \"Z.rich\") and not matches(call.city, \"rich\")", true},
      {"lower(\"ABC\") < \"abd\"", true},
      {"number(\"2.50\") + abs(-1)", 3.5},
      {"round(2.345, 2) == 2.35 or round(2.345, 2) == 2.34", true},
      {"all(result.rows, row, row.total > 2)", true},
      {"any(result.rows, row, row.total > 100)", false},
      {"all(result.empty, x, x > 1) and not any(result.empty, x, x > 1)", true},
      {"count(result.rows, row, row.id == 7)", 1.0},
      {"sum(result.rows, row, row.total)", 12.5},
      {"any(result.rows, r, any(call.tags, t, t == \"b\" and r.id == 8))", true},
      {"call.none == null and call.n != \"3\"", true},
      {"call.big == call.big", true},
  };
  for (const auto& [text, expected] : table) {
    const auto value = value_of(text);
    ASSERT_TRUE(value.ok()) << text << ": " << value.error().message;
    EXPECT_EQ(*value, expected) << text;
  }
}

TEST(Expression, RefusesWhatIsWrongWhateverTheDataAre) {
  const std::vector<std::pair<std::string, const char*>> table = {
      {"", "ends too early"},
      {"1 +", "ends too early"},
      {"1 2", "\"2\" is not expected here"},
      {"1 + true", "at 5: a boolean stands where a number is needed"},
      {"not 1", "a number stands where a boolean is needed"},
      {"1 and true", "a number stands where a boolean is needed"},
      {"\"a\" < 1", "have no order"},
      {"true < false", "a boolean has no order"},
      {"cal.n", "nothing is called \"cal\" here; there are call, result"},
      {"call.", "name of a member is missing"},
      {"call[1", "\"]\" is missing"},
      {"(1", "\")\" is missing"},
      {"\"abc", "closing quotation mark"},
      {"\"\\q\"", "at 1"},
      {"12abc", "a number ends in letters"},
      {"1e999", "out of range"},
      {"sizes(call)", "there is no function \"sizes\""},
      {"has(call)", "asks for a path"},
      {"matches(call.city, call.city)", "a pattern is a text"},
      {"matches(call.city, \"(\")", "this is no pattern"},
      {"all(call.tags, t, 1)", "a number stands where a boolean is needed"},
      {"any(call.tags, t, true) and t", "nothing is called \"t\" here"},
      {"\"a\".b", "a text has no members"},
      {"call[true]", "a member has a name or a number"},
      {"a = 1", "nothing is called \"a\""},
      {"call.n = 1", "\"= 1\" is not expected here"},
      {std::string(100, '('), "nested more than"},
      {std::string(1000, '-') + "1", "nested more than"},
      {"[" + std::string(5000, ' ') + "]", "at most 4096"},
      {"not not " + std::string(4000, ' '), "ends too early"},
  };
  for (const auto& [text, message] : table) {
    const auto expression = Expression::parse(text, {"call", "result"});
    ASSERT_FALSE(expression.ok()) << text;
    EXPECT_THAT(expression.error().message, HasSubstr(message)) << text;
  }
}

TEST(Expression, SaysWhereTheDataDoNotFit) {
  const std::vector<std::pair<std::string, const char*>> table = {
      {"call.m", "there is no member \"m\""},
      {"result.rows[2]", "an array of 2 has no item 2"},
      {"result.rows[0.5]", "has no item 0.5"},
      {"call.city + 1", "at 1: a text stands where a number is needed"},
      {"call.city < call.n", "have no order"},
      {"1 / (call.n - 3)", "division by zero"},
      {"call.big + 1", "beyond 2^53"},
      {"number(call.city)", "this text is no number"},
      {"round(1.5, 99)", "digits are 0 to 15"},
      {"all(call.city, x, true)", "a text stands where a array"},
      {"1e308 * 10", "too large"},
      {"call.n.x", "a number has no member by a text"},
  };
  for (const auto& [text, message] : table) {
    const auto value = value_of(text);
    ASSERT_FALSE(value.ok()) << text;
    EXPECT_THAT(value.error().message, HasSubstr(message)) << text;
  }
}

TEST(Expression, CostIsBounded) {
  const Json many = Json(std::vector<int>(2000, 1));
  const auto expression = Expression::parse("all(xs, a, all(xs, b, a == b))", {"xs"});
  ASSERT_TRUE(expression.ok());
  const auto holds = expression->holds({{"xs", &many}});
  ASSERT_FALSE(holds.ok());
  EXPECT_EQ(holds.error().code, ErrorCode::kLimit);
  EXPECT_EQ(value_of("call.n == 3", 3).error().code, ErrorCode::kLimit);
  const auto copies = Expression::parse("size([[xs, xs, xs], [xs, xs, xs]])", {"xs"});
  ASSERT_TRUE(copies.ok());
  EXPECT_FALSE(copies->evaluate({{"xs", &many}}, 10'000).ok());
}

TEST(Expression, AConditionYieldsABoolean) {
  const auto expression = Expression::parse("call.n", {"call"});
  ASSERT_TRUE(expression.ok());
  EXPECT_FALSE(expression->holds({{"call", &call()}}).ok());
}

}  // namespace
}  // namespace cadre::agent
