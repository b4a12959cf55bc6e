// Every front end keeps the promises of contract/contract.h: masks equal to trying every token, budgets that end, forks that are apart.
// SPDX-License-Identifier: Apache-2.0
#include "contract/contract.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/random.h"
#include "contract/constraint.h"
#include "contract/grammar_contract.h"
#include "contract/regex_contract.h"
#include "contract/schema_contract.h"
#include "contract/sql_contract.h"
#include "contract/test_sql_schemas.h"
#include "contract/test_vocabularies.h"

namespace cadre::contract {
namespace {

struct FrontEnd {
  std::string name;
  std::function<std::shared_ptr<Contract>()> make;
  std::string alphabet;  // what tokens are made of
};

const std::vector<FrontEnd>& front_ends() {
  static const std::vector<FrontEnd> all{
      {"Schema",
       [] {
         return SchemaContract::compile(
                    R"({"type":"array","items":{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]},"uniqueItems":true})",
                    SchemaMode::kGenerate)
             .value();
       },
       R"([]{}":,a0123)"},
      {"Grammar",
       [] { return grammar_contract("root ::= root \"+\" root | \"(\" root \")\" | [0-9]+ | \"x\"").value(); },
       "+()0123x"},
      {"Regex", [] { return regex_contract("(ab|a)(bc|c)*d{2,5}|[x-z]+é").value(); }, "abcdxyz\xC3\xA9"},
      {"Sql", [] { return sql_contract(college_schema(), {}).value(); }, "SELCTFROM ()*,.aeinot"},
  };
  return all;
}

std::shared_ptr<const Vocabulary> vocabulary_of(const std::string& alphabet, base::Random& random) {
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte) tokens.emplace_back(1, static_cast<char>(byte));
  for (int i = 0; i < 300; ++i) {
    std::string token;
    for (uint64_t left = 1 + random.below(4); left > 0; --left)
      token.push_back(alphabet[random.below(alphabet.size())]);
    tokens.push_back(token);
  }
  for (const char* piece : {"SELECT", " FROM", "COUNT", " WHERE", " = ", "DISTINCT ", " AND"})
    tokens.emplace_back(piece);
  tokens.emplace_back("<end>");
  return Vocabulary::build(tokens, static_cast<uint32_t>(tokens.size() - 1)).value();
}

uint32_t random_token(const TokenMask& mask, const Vocabulary& vocabulary, base::Random& random) {
  const RankInterval& interval = mask.intervals[random.below(mask.intervals.size())];
  return vocabulary.id_of(interval.low + static_cast<uint32_t>(random.below(interval.high - interval.low)));
}

class ContractFrontEnds : public testing::TestWithParam<FrontEnd> {};

TEST_P(ContractFrontEnds, TheMaskIsWhatAdvanceTakes) {
  base::Random random(21);
  const auto contract = GetParam().make();
  const auto vocabulary = vocabulary_of(GetParam().alphabet, random);
  size_t steps = 0;
  for (int walk = 0; walk < 20; ++walk) {
    const bool budgeted = contract->bounded() && walk % 2 == 1;
    auto constraint = Constraint::make(
        contract, vocabulary, budgeted ? contract->bytes_min() + static_cast<uint32_t>(random.below(12)) : kNoBudget);
    ASSERT_TRUE(constraint.ok()) << constraint.error().message;
    for (int step = 0; step < 20; ++step, ++steps) {
      const TokenMask mask = constraint->mask();
      uint32_t allowed = 0;
      for (uint32_t rank = 0; rank < vocabulary->ranks(); ++rank) {
        Constraint fork = *constraint;
        const bool takes = fork.advance(vocabulary->id_of(rank));
        ASSERT_EQ(takes, mask.allows(rank)) << constraint->text() << " + " << vocabulary->text_of_rank(rank);
        allowed += takes;
      }
      ASSERT_EQ(allowed, mask.count);
      if (mask.count == 0) break;
      ASSERT_TRUE(constraint->advance(random_token(mask, *vocabulary, random)));
    }
  }
  EXPECT_GT(steps, 40u);
  EXPECT_EQ(contract->problem(), "");
}

TEST_P(ContractFrontEnds, WalksWithinABudgetEndAsTextsOfTheContract) {
  base::Random random(22);
  const auto contract = GetParam().make();
  const auto vocabulary = vocabulary_of(GetParam().alphabet, random);
  ASSERT_TRUE(contract->bounded());
  const uint32_t needed = contract->bytes_min();
  EXPECT_FALSE(Constraint::make(contract, vocabulary, needed - 1).ok());
  for (int walk = 0; walk < 200; ++walk) {
    auto constraint = Constraint::make(contract, vocabulary, needed + static_cast<uint32_t>(random.below(30)));
    ASSERT_TRUE(constraint.ok());
    while (!constraint->ended()) {
      const TokenMask& mask = constraint->mask();
      if (constraint->complete() && (mask.count == 0 || random.chance(0.2))) {
        ASSERT_TRUE(constraint->advance(vocabulary->end_of_sequence()));
        break;
      }
      ASSERT_GT(mask.count, 0u) << constraint->text() << " left " << constraint->tokens_left();
      ASSERT_TRUE(constraint->advance(random_token(mask, *vocabulary, random)));
    }
    EXPECT_TRUE(contract->accepts(constraint->text()).value()) << constraint->text();
  }
}

TEST_P(ContractFrontEnds, ForksGoTheirOwnWaysAndRollbackReturns) {
  base::Random random(23);
  const auto contract = GetParam().make();
  const auto vocabulary = vocabulary_of(GetParam().alphabet, random);
  auto constraint = Constraint::make(contract, vocabulary);
  ASSERT_TRUE(constraint.ok());
  for (int round = 0; round < 100; ++round) {
    const std::string before = constraint->text();
    const TokenMask mask_before = constraint->mask();
    Constraint fork = *constraint;
    size_t taken = 0;
    std::string expected = before;
    for (; taken < 5 && fork.mask().count > 0; ++taken) {
      const uint32_t token = random_token(fork.mask(), *vocabulary, random);
      ASSERT_TRUE(fork.advance(token));
      expected += vocabulary->text(token);
    }
    EXPECT_EQ(fork.text(), expected);
    EXPECT_EQ(fork.text_size(), expected.size());
    const size_t begin = random.below(expected.size() + 1);
    EXPECT_EQ(fork.text_from(begin), expected.substr(begin));
    EXPECT_EQ(constraint->text(), before);
    const size_t kept = random.below(taken + 1);
    Constraint other = fork;
    fork.rollback(taken);
    EXPECT_EQ(fork.text(), before);
    EXPECT_EQ(fork.mask(), mask_before);
    other.rollback(taken - kept);
    *constraint = other;
    if (constraint->mask().count == 0) constraint = Constraint::make(contract, vocabulary);
  }
}

INSTANTIATE_TEST_SUITE_P(All, ContractFrontEnds, testing::ValuesIn(front_ends()),
                         [](const auto& one) { return one.param.name; });

TEST(RegexContract, MatchesTheWholeText) {
  const struct {
    const char* pattern;
    std::vector<std::string> accepted, refused;
  } cases[] = {
      {"a|bc", {"a", "bc"}, {"", "ab", "abc", "xa"}},
      {"[^x]", {"a", "é", "\n"}, {"x", "\xC3", "ab"}},
      {"(?!no).*", {"yes", "", "n"}, {"no", "not", "\xFF"}},
      {"\\d{2,}", {"12", "123456"}, {"1", "12a"}},
  };
  for (const auto& one : cases) {
    const auto contract = regex_contract(one.pattern);
    ASSERT_TRUE(contract.ok()) << one.pattern << ": " << contract.error().message;
    for (const auto& text : one.accepted) EXPECT_TRUE((*contract)->accepts(text).value()) << one.pattern << " " << text;
    for (const auto& text : one.refused) EXPECT_FALSE((*contract)->accepts(text).value()) << one.pattern << " " << text;
  }
}

TEST(RegexContract, RefusesWhatIsNoPatternAndWhatMatchesNothing) {
  for (const char* pattern : {"(", ")", "a)(b", "(x)\\1", "[]", "a(?!a)(?=a)"})
    EXPECT_FALSE(regex_contract(pattern).ok()) << pattern;
}

TEST(GrammarContract, ForcedTextIsTheOnlyWay) {
  const auto contract = grammar_contract("root ::= \"SELECT \" (\"a\" | \"b\") \";\"");
  ASSERT_TRUE(contract.ok());
  Contract::State state = (*contract)->start();
  EXPECT_EQ((*contract)->forced(state, 100), "SELECT ");
  EXPECT_EQ((*contract)->forced(state, 3), "SEL");
  ASSERT_TRUE((*contract)->read(state, "SELECT b"));
  EXPECT_EQ((*contract)->forced(state, 100), ";");
  ASSERT_TRUE((*contract)->read(state, ";"));
  EXPECT_EQ((*contract)->forced(state, 100), "");
}

TEST(GrammarContract, SaysWhereAGrammarIsWrong) {
  EXPECT_FALSE(grammar_contract("root ::= missing").ok());
  EXPECT_FALSE(grammar_contract("root ::= root \"a\"").ok());
}

// Every state on a walk has its way: a byte that leads nearer to the end, and the budget is never passed.
TEST(SqlContract, StatementsEndWithinTheirBudgetAndCompile) {
  base::Random random(41);
  auto database = college_database();
  const auto contract = sql_contract(college_schema(), {});
  ASSERT_TRUE(contract.ok());
  const uint32_t needed = (*contract)->bytes_min();
  EXPECT_LE(needed, std::string_view("SELECT * FROM student").size());
  size_t longest = 0;
  for (int walk = 0; walk < 400; ++walk) {
    uint32_t left = needed + static_cast<uint32_t>(random.below(walk % 4 == 0 ? 400 : 120));
    Contract::State state = (*contract)->start();
    std::string text;
    while (!(*contract)->complete(state) || (left > 0 && random.chance(0.9))) {
      std::vector<std::pair<char, Contract::State>> ways;
      for (int byte = 0; byte < 256 && left > 0; ++byte) {
        const char c = static_cast<char>(byte);
        Contract::State next = state;
        if ((*contract)->read(next, std::string_view(&c, 1)) && (*contract)->distance(next) <= left - 1)
          ways.emplace_back(c, next);
      }
      if (ways.empty() && (*contract)->complete(state)) break;
      ASSERT_FALSE(ways.empty()) << text << " left " << left << " distance " << (*contract)->distance(state);
      const auto& [c, next] = ways[random.below(ways.size())];
      text.push_back(c);
      state = next;
      --left;
    }
    const auto statement = database.prepare(text);
    ASSERT_TRUE(statement.ok()) << text << ": " << statement.error().message;
    longest = std::max(longest, text.size());
  }
  EXPECT_GT(longest, 150u);
  EXPECT_EQ((*contract)->problem(), "");
}

TEST(SqlContract, HasNoBudgetInAcceptMode) {
  SqlGrammarOptions options;
  options.mode = SqlMode::kAccept;
  const auto contract = sql_contract(college_schema(), options);
  ASSERT_TRUE(contract.ok());
  EXPECT_FALSE((*contract)->bounded());
  EXPECT_TRUE((*contract)->accepts("select name from student where age > 3").value());
}

TEST(SqlContract, RefusesASchemaThatIsNone) {
  SqlSchema schema;
  schema.tables = {{"", {}}};
  EXPECT_FALSE(sql_contract(schema, {}).ok());
}

}  // namespace
}  // namespace cadre::contract
