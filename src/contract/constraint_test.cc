// SPDX-License-Identifier: Apache-2.0
#include "contract/constraint.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "contract/schema_contract.h"
#include "contract/schema_validate.h"

namespace cadre::contract {
namespace {

// Every byte, and pieces of JSON as a trained vocabulary has them: across quotes, colons, commas and brackets.
std::shared_ptr<const Vocabulary> json_vocabulary() {
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte) tokens.emplace_back(1, static_cast<char>(byte));
  for (const char* piece : {"\":",  "\",\"",    "{\"",           "\"}",     "\"]", "],",  "},{\"", "\":\"", "\":[",
                            "true", "false",    "null",          "name",    "na",  "age", "tags",  "ity",   "city",
                            "Os",   "lo",       "lo\"",          "12",      "00",  ".5",  "a\":",  "a\":1", "\",\"a\":",
                            "ab",   "\"a\"",    "\"a\":1,\"a\"", "a\",\"a", "1,1", "1,",  "\\n",   "\\u00", "  ",
                            " \"",  "\xC3\xA9", "\xE2\x82",      "]}",      "[\"", "[[",  "{}"}) {
    tokens.emplace_back(piece);
  }
  tokens.emplace_back("<end>");
  const auto end = static_cast<uint32_t>(tokens.size() - 1);
  return Vocabulary::build(tokens, end).value();
}

const std::vector<std::string>& schemas() {
  static const std::vector<std::string> all{
      "{}",
      R"({"type":"object","properties":{"name":{"type":"string","maxLength":5},"age":{"type":"integer","minimum":0,"maximum":120},"tags":{"type":"array","items":{"enum":["a","ab","b"]},"maxItems":3}},"required":["name","age"],"additionalProperties":false})",
      R"({"type":"object","additionalProperties":{"type":"integer"},"minProperties":2})",
      R"({"type":"array","uniqueItems":true,"minItems":2})",
      R"({"type":"array","items":{"type":"string"},"uniqueItems":true,"minItems":3})",
      R"({"oneOf":[{"properties":{"city":{"const":"Oslo"},"a":{"type":"number"}},"required":["city","a"],"additionalProperties":false},{"properties":{"city":{"const":"Os"}},"required":["city"],"additionalProperties":false}],"type":"object"})",
      R"({"type":"string","pattern":"^[a-c]{2,6}$"})",
      R"({"type":"object","patternProperties":{"^a":{"type":"integer"}},"additionalProperties":false,"minProperties":1})",
      R"({"$ref":"#/$defs/t","$defs":{"t":{"type":"object","properties":{"a":{"type":"array","items":{"$ref":"#/$defs/t"}}},"additionalProperties":false}}})",
      R"({"type":"object","properties":{"name":{"type":"string"},"age":{"type":"number"}},"patternProperties":{"^[a-c]+$":{"maxLength":30}},"minProperties":2})",
      R"({"not":{"type":["object","array","number"]},"type":["string","object","null"],"minLength":1})",
  };
  return all;
}

class ConstraintModes : public testing::TestWithParam<SchemaMode> {};

TEST_P(ConstraintModes, TheMaskIsWhatAdvanceTakes) {
  const auto vocabulary = json_vocabulary();
  base::Random random(11);
  size_t states = 0;
  for (const std::string& schema : schemas()) {
    const auto contract = SchemaContract::compile(schema, GetParam());
    ASSERT_TRUE(contract.ok()) << contract.error().message;
    for (int walk = 0; walk < 12; ++walk) {
      const bool budgeted = GetParam() == SchemaMode::kGenerate && walk % 2 == 1;
      const uint32_t budget = budgeted ? (*contract)->bytes_min() + static_cast<uint32_t>(random.below(30)) : kNoBudget;
      auto constraint = Constraint::make(*contract, vocabulary, budget);
      ASSERT_TRUE(constraint.ok());
      for (int step = 0; step < 25; ++step) {
        const TokenMask mask = constraint->mask();
        uint32_t allowed = 0;
        for (uint32_t rank = 0; rank < vocabulary->ranks(); ++rank) {
          Constraint fork = *constraint;
          const bool takes = fork.advance(vocabulary->id_of(rank));
          ASSERT_EQ(takes, mask.allows(rank))
              << schema << "\n"
              << constraint->text() << " + " << vocabulary->text_of_rank(rank) << " left " << constraint->tokens_left();
          allowed += takes;
        }
        ASSERT_EQ(allowed, mask.count);
        ++states;
        if (mask.count == 0) break;
        // A token of the mask, by its place in it.
        uint64_t pick = random.below(mask.count);
        for (const RankInterval& interval : mask.intervals) {
          const uint32_t size = interval.high - interval.low;
          if (pick < size) {
            ASSERT_TRUE(constraint->advance(vocabulary->id_of(interval.low + static_cast<uint32_t>(pick))));
            break;
          }
          pick -= size;
        }
      }
    }
  }
  EXPECT_GT(states, 500u);
}

// Pieces of names, values, spaces and brackets, stuck together: thousands of tokens that leave strings and open others.
std::shared_ptr<const Vocabulary> large_vocabulary(base::Random& random) {
  static constexpr const char* kPieces[] = {
      "\"", "\"",  ",",  ":", "{",  "}", "[",  "]",        "name", "age",  "a",  "b",  "ci",      "ty", "Os",
      "lo", "\\n", "\\", " ", "\n", "1", "12", "\xC3\xA9", "\xE4", "tags", "aa", "zz", "\\u00e9", "-",  ".5"};
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte) tokens.emplace_back(1, static_cast<char>(byte));
  for (int i = 0; i < 4000; ++i) {
    std::string token;
    for (uint64_t n = 1 + random.below(4); n > 0; --n) token += kPieces[random.below(std::size(kPieces))];
    tokens.push_back(std::move(token));
  }
  return Vocabulary::build(tokens, kNoToken).value();
}

TEST_P(ConstraintModes, MasksOfALargeVocabularyAreWhatAdvanceTakes) {
  base::Random random(13);
  const auto vocabulary = large_vocabulary(random);
  for (const std::string& schema : schemas()) {
    const auto contract = SchemaContract::compile(schema, GetParam());
    ASSERT_TRUE(contract.ok());
    for (int walk = 0; walk < 6; ++walk) {
      auto constraint = Constraint::make(*contract, vocabulary).value();
      for (int step = 0; step < 20; ++step) {
        const TokenMask mask = constraint.mask();
        for (int sample = 0; sample < 250; ++sample) {
          const auto rank = static_cast<uint32_t>(random.below(vocabulary->ranks()));
          Constraint fork = constraint;
          ASSERT_EQ(fork.advance(vocabulary->id_of(rank)), mask.allows(rank))
              << schema << "\n"
              << constraint.text() << " + " << vocabulary->text_of_rank(rank);
        }
        if (mask.count == 0) break;
        const RankInterval& interval = mask.intervals[random.below(mask.intervals.size())];
        const auto rank = static_cast<uint32_t>(interval.low + random.below(interval.high - interval.low));
        ASSERT_TRUE(constraint.advance(vocabulary->id_of(rank)));
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Modes, ConstraintModes, testing::Values(SchemaMode::kAccept, SchemaMode::kGenerate),
                         [](const auto& one) { return one.param == SchemaMode::kAccept ? "Accept" : "Generate"; });

// Words, runs of one character up to 90 of them, and what ends a text.
std::shared_ptr<const Vocabulary> text_vocabulary() {
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte) tokens.emplace_back(1, static_cast<char>(byte));
  for (const char* piece : {"a b", " a", "ab", "abc", "a ", "ab ab", "\",", "x\"", "\"]", "\",\"", "abab", "aba b a",
                            " a a a a", "\xC3\xA9\xC3\xA9", "\\n", "\xE2\x82\xAC", "xx\",\"aa", "cd"})
    tokens.emplace_back(piece);
  for (const size_t size : {17, 20, 33, 64, 90}) {
    tokens.emplace_back(size, 'a');
    tokens.emplace_back(size, ' ');
    tokens.push_back(std::string(size, 'a') + "\"");
  }
  return Vocabulary::build(tokens, kNoToken).value();
}

TEST_P(ConstraintModes, FarFromALimitAndNearItTheMaskIsWhatAdvanceTakes) {
  const auto vocabulary = text_vocabulary();
  base::Random random(14);
  for (const char* schema :
       {R"j({"type":"string","maxLength":70})j", R"j({"type":"string","maxLength":220,"minLength":3})j",
        R"j({"type":"string","minLength":1,"maxLength":5000,"pattern":"^$|(^(?:\\S+\\s+){0,99}\\S+$)"})j",
        R"j({"type":"string","maxLength":150,"pattern":"^[a-c ]*x?$"})j",
        R"j({"type":"string","pattern":"^(ab|cd){2,90}$"})j",
        R"j({"type":"array","items":{"type":"string","pattern":"a{70,}","maxLength":130},"maxItems":3})j",
        R"j({"anyOf":[{"type":"string","maxLength":100},{"type":"string","pattern":"^[ab]*$"}]})j",
        R"j({"type":"string","maxLength":110,"not":{"maxLength":70}})j",
        R"j({"type":"string","allOf":[{"pattern":"^(aa)*$"},{"pattern":"^(aaa)*$"}],"maxLength":160})j"}) {
    const auto contract = SchemaContract::compile(schema, GetParam());
    ASSERT_TRUE(contract.ok()) << schema << contract.error().message;
    for (int walk = 0; walk < 8; ++walk) {
      const bool budgeted = GetParam() == SchemaMode::kGenerate && walk % 2 == 1;
      const uint32_t budget = budgeted ? (*contract)->bytes_min() + static_cast<uint32_t>(random.below(90)) : kNoBudget;
      auto constraint = Constraint::make(*contract, vocabulary, budget).value();
      for (int step = 0; step < 60; ++step) {
        const TokenMask mask = constraint.mask();
        std::vector<uint32_t> inside;  // that do not end the text, and so lead on towards the limit
        for (uint32_t rank = 0; rank < vocabulary->ranks(); ++rank) {
          Constraint fork = constraint;
          ASSERT_EQ(fork.advance(vocabulary->id_of(rank)), mask.allows(rank))
              << schema << "\n"
              << constraint.text() << " + " << vocabulary->text_of_rank(rank) << " left " << constraint.tokens_left();
          const bool ends = vocabulary->text_of_rank(rank).find('"') != std::string_view::npos;
          if (mask.allows(rank) && (!ends || random.chance(0.02))) inside.push_back(rank);
        }
        if (mask.count == 0) break;
        const uint32_t rank = inside.empty() ? mask.intervals[0].low : inside[random.below(inside.size())];
        ASSERT_TRUE(constraint.advance(vocabulary->id_of(rank)));
      }
    }
  }
}

TEST(Constraint, FarFromALimitPositionsShareOneMask) {
  const auto vocabulary = text_vocabulary();
  for (const char* schema : {R"j({"type":"string","maxLength":5000})j",
                             R"j({"type":"string","maxLength":5000,"pattern":"^$|(^(?:\\S+\\s+){0,499}\\S+$)"})j"}) {
    for (const SchemaMode mode : {SchemaMode::kAccept, SchemaMode::kGenerate}) {
      const auto contract = SchemaContract::compile(schema, mode).value();
      auto constraint = Constraint::make(contract, vocabulary).value();
      for (const char c : std::string_view("\"ab a")) ASSERT_TRUE(constraint.advance(static_cast<uint8_t>(c)));
      const TokenMask* first = &constraint.mask();
      for (const char c : std::string_view("b aba")) ASSERT_TRUE(constraint.advance(static_cast<uint8_t>(c)));
      EXPECT_EQ(&constraint.mask(), first) << schema;
    }
  }
}

TEST(Constraint, RandomWalksEndValidWithinTheBudget) {
  const auto vocabulary = json_vocabulary();
  base::Random random(12);
  for (const std::string& schema : schemas()) {
    const auto contract = SchemaContract::compile(schema, SchemaMode::kGenerate);
    ASSERT_TRUE(contract.ok()) << schema << contract.error().message;
    const uint32_t needed = (*contract)->bytes_min();
    for (int walk = 0; walk < 60; ++walk) {
      auto constraint =
          Constraint::make(*contract, vocabulary, needed + static_cast<uint32_t>(random.below(3 * needed + 1)));
      ASSERT_TRUE(constraint.ok());
      while (!constraint->ended()) {
        const TokenMask& mask = constraint->mask();
        if (constraint->complete() && (mask.count == 0 || random.chance(0.3))) {
          ASSERT_TRUE(constraint->advance(vocabulary->end_of_sequence()));
          break;
        }
        ASSERT_GT(mask.count, 0u) << schema << "\n" << constraint->text() << " left " << constraint->tokens_left();
        const RankInterval& interval = mask.intervals[random.below(mask.intervals.size())];
        ASSERT_TRUE(constraint->advance(
            vocabulary->id_of(interval.low + static_cast<uint32_t>(random.below(interval.high - interval.low)))));
      }
      const Result<JsonValue> document = parse_document(constraint->text());
      ASSERT_TRUE(document.ok()) << constraint->text();
      const Result<Validity> validity = validate_document((*contract)->schema(), *document);
      ASSERT_TRUE(validity.ok() && validity->valid) << schema << "\n" << constraint->text();
    }
  }
}

// A number that may not end yet: only a token of several bytes asks the container, and where that refuses it the mask is of this place alone.
TEST(Constraint, AMaskWithoutATokenThatTheContainerRefusedIsNotSharedByOthers) {
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte) tokens.emplace_back(1, static_cast<char>(byte));
  tokens.emplace_back("0,");
  const auto vocabulary = Vocabulary::build(tokens, kNoToken).value();
  const auto contract =
      SchemaContract::compile(
          R"({"type":"array","items":{"type":"array","minItems":2,"maxItems":2,"items":{"type":"number"}}})",
          SchemaMode::kAccept)
          .value();
  const auto allows = [&](std::string_view text) {
    auto constraint = Constraint::make(contract, vocabulary).value();
    for (const char c : text) EXPECT_TRUE(constraint.advance(static_cast<uint8_t>(c)));
    const bool in_mask = constraint.mask().allows(vocabulary->rank_of(256));
    EXPECT_EQ(constraint.advance(256), in_mask) << text;
    return in_mask;
  };
  EXPECT_FALSE(allows("[[1.0,2."));
  EXPECT_TRUE(allows("[[1."));
  EXPECT_TRUE(allows("[[1.0,2.0],[1."));
}

// Behind a number that is the whole document nothing may stand; behind the same number in an object, a comma.
TEST(Constraint, AMaskWithoutATokenThatTheEndOfTheDocumentRefusedIsNotSharedByOthers) {
  const auto vocabulary = json_vocabulary();
  for (const SchemaMode mode : {SchemaMode::kGenerate, SchemaMode::kAccept}) {
    const auto contract = SchemaContract::compile(
                              R"({"properties":{"a":{"type":"number"},"b":{"type":"number"}},"required":["a"]})", mode)
                              .value();
    for (const std::string_view text : {R"(8)", R"({"a":8)", R"(8)", R"({"a":8,"b":8)"}) {
      auto constraint = Constraint::make(contract, vocabulary).value();
      for (const char c : text) ASSERT_TRUE(constraint.advance(static_cast<uint8_t>(c)));
      const bool in_mask = constraint.mask().allows(vocabulary->rank_of(','));
      EXPECT_EQ(constraint.advance(','), in_mask) << text;
      EXPECT_EQ(in_mask, text != "8") << text;
    }
  }
}

TEST(Constraint, RollbackAndForkLeaveTheOthersAlone) {
  const auto vocabulary = json_vocabulary();
  const auto contract =
      SchemaContract::compile(R"({"type":"array","uniqueItems":true,"items":{"type":"integer"}})", SchemaMode::kAccept);
  ASSERT_TRUE(contract.ok());
  auto constraint = Constraint::make(*contract, vocabulary);
  ASSERT_TRUE(constraint.ok());
  const auto feed = [&](Constraint& target, std::string_view text) {
    for (const char c : text) {
      if (!target.advance(static_cast<uint32_t>(static_cast<uint8_t>(c)))) return false;
    }
    return true;
  };
  ASSERT_TRUE(feed(*constraint, "[1,2"));
  Constraint fork = *constraint;
  ASSERT_TRUE(feed(fork, "1,2]"));
  EXPECT_EQ(fork.text(), "[1,21,2]");
  EXPECT_EQ(constraint->text(), "[1,2");
  ASSERT_TRUE(feed(*constraint, ",3"));
  EXPECT_FALSE(feed(*constraint, ",1]"));
  constraint->rollback(4);
  EXPECT_EQ(constraint->text(), "[1,2");
  ASSERT_TRUE(feed(*constraint, ",3]"));
  EXPECT_TRUE(constraint->complete());
  EXPECT_EQ(fork.text(), "[1,21,2]");
}

TEST(Constraint, ALongDocumentIsLetGoWithoutRecursion) {
  const auto contract = SchemaContract::compile("{}", SchemaMode::kAccept);
  ASSERT_TRUE(contract.ok());
  auto constraint = Constraint::make(*contract, json_vocabulary());
  ASSERT_TRUE(constraint.ok());
  ASSERT_TRUE(constraint->advance('['));
  for (int i = 0; i < 20'000; ++i) ASSERT_TRUE(constraint->advance('1') && constraint->advance(','));
  ASSERT_TRUE(constraint->advance('1') && constraint->advance(']'));
  EXPECT_TRUE(constraint->complete());
}

TEST(Constraint, ForcedTextIsTheOnlyWay) {
  const auto contract = SchemaContract::compile(
      R"({"type":"object","properties":{"city":{"enum":["Oslo","Osaka"]},"ok":{"const":true}},"required":["city","ok"],"additionalProperties":false})",
      SchemaMode::kGenerate);
  ASSERT_TRUE(contract.ok());
  const auto vocabulary = json_vocabulary();
  auto constraint = Constraint::make(*contract, vocabulary);
  ASSERT_TRUE(constraint.ok());
  EXPECT_EQ(constraint->forced_text(), R"({"city":"Os)");
  for (const char c : std::string_view(R"({"city":"Osl)")) ASSERT_TRUE(constraint->advance(static_cast<uint32_t>(c)));
  EXPECT_EQ(constraint->forced_text(), R"(o","ok":true})");
}

TEST(Constraint, BudgetsThatCannotHoldAreRefused) {
  const auto vocabulary = json_vocabulary();
  const auto contract = SchemaContract::compile(R"({"type":"string","minLength":10})", SchemaMode::kGenerate);
  ASSERT_TRUE(contract.ok());
  EXPECT_FALSE(Constraint::make(*contract, vocabulary, 11).ok());
  EXPECT_TRUE(Constraint::make(*contract, vocabulary, 12).ok());
  const auto accepting = SchemaContract::compile("{}", SchemaMode::kAccept);
  ASSERT_TRUE(accepting.ok());
  EXPECT_FALSE(Constraint::make(*accepting, vocabulary, 100).ok());
}

}  // namespace
}  // namespace cadre::contract
