// SPDX-License-Identifier: Apache-2.0
#include "contract/value_budgets.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "contract/constraint.h"
#include "contract/schema_contract.h"
#include "contract/schema_validate.h"

namespace cadre::contract {
namespace {

// Every byte, and pieces of JSON that begin and end values within a token.
std::shared_ptr<const Vocabulary> json_vocabulary() {
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte) tokens.emplace_back(1, static_cast<char>(byte));
  for (const char* piece : {"\":",
                            "\",\"",
                            "{\"",
                            "\"}",
                            "\"]",
                            "],",
                            "},{\"",
                            "\":\"",
                            "\":[",
                            "true",
                            "null",
                            "no",
                            "note",
                            "note\"",
                            "ab",
                            "abcdef",
                            "12",
                            "00",
                            "1,",
                            "1,1",
                            "\"a\"",
                            "\"a\",\"",
                            "5}",
                            "ab\",\"n\":",
                            "n\":1",
                            "\\n",
                            "\xC3\xA9",
                            "\xE2\x82",
                            "\"note\":\"ab\"",
                            "{\"note\":\"",
                            "[\"",
                            "]}",
                            "}}",
                            "long",
                            "a long "})
    tokens.emplace_back(piece);
  return Vocabulary::build(tokens, kNoToken).value();
}

// The value named "note" has a budget of `budget` tokens.
std::vector<std::string> schemas(uint32_t budget) {
  const std::string limit = R"("x-max-tokens":)" + std::to_string(budget);
  const auto object = [&](const std::string& note, const std::string& more, const char* required = R"("note")") {
    return R"({"type":"object","properties":{"note":)" + note + R"(,"n":{"type":"integer"}},"required":[)" + required +
           R"(],"additionalProperties":false)" + more + "}";
  };
  return {
      object(R"({"type":"string",)" + limit + "}", "", R"("note","n")"),
      object(R"({"type":"integer",)" + limit + "}", "", R"("note","n")"),
      object(R"({"type":"number","minimum":5,)" + limit + "}", ""),
      object(R"({"type":"array","items":{"type":"string"},)" + limit + "}", ""),
      object(R"({"type":"array","uniqueItems":true,"minItems":2,)" + limit + "}", ""),
      object(R"({"type":"object","additionalProperties":{"type":"boolean"},)" + limit + "}", ""),
      object(R"({"type":"array","items":{"type":"string","x-max-tokens":2},)" + limit + "}", ""),
      object(R"({"$ref":"#/$defs/text"})", R"(,"$defs":{"text":{"type":"string","maxLength":30,)" + limit + "}}"),
      object(R"({"enum":["a","a long text","abcdef"],)" + limit + "}", ""),
      object(R"({"pattern":"^[a-c]+x?$","type":"string",)" + limit + "}", R"(,"maxProperties":1)"),
      R"({"type":"object","x-max-tokens":9,"properties":{"note":{"type":"string",)" + limit + "}}}",
      R"({"oneOf":[)" + object(R"({"type":"string",)" + limit + "}", "") + R"(,{"type":"array",)" + limit + "}]}",
  };
}

uint32_t pick(const TokenMask& mask, base::Random& random) {
  const RankInterval& interval = mask.intervals[random.below(mask.intervals.size())];
  return interval.low + static_cast<uint32_t>(random.below(interval.high - interval.low));
}

TEST(ValueBudgets, TheMaskIsWhatAdvanceTakes) {
  const auto vocabulary = json_vocabulary();
  base::Random random(21);
  size_t states = 0;
  for (const uint32_t budget : {1u, 3u, 6u}) {
    for (const std::string& schema : schemas(budget)) {
      const auto contract = SchemaContract::compile(schema, SchemaMode::kGenerate);
      ASSERT_TRUE(contract.ok()) << schema << contract.error().message;
      for (int walk = 0; walk < 4; ++walk) {
        const uint32_t tokens = walk % 2 == 0 ? kNoBudget : (*contract)->bytes_min() + random.below(20);
        auto constraint = Constraint::make(*contract, vocabulary, tokens).value();
        for (int step = 0; step < 20; ++step) {
          const TokenMask mask = constraint.mask();
          ASSERT_TRUE(mask.count > 0 || constraint.complete()) << schema << "\n" << constraint.text();
          uint32_t allowed = 0;
          for (uint32_t rank = 0; rank < vocabulary->ranks(); ++rank) {
            Constraint fork = constraint;
            const bool takes = fork.advance(vocabulary->id_of(rank));
            ASSERT_EQ(takes, mask.allows(rank)) << schema << "\n"
                                                << constraint.text() << " + " << vocabulary->text_of_rank(rank);
            allowed += takes;
          }
          ASSERT_EQ(allowed, mask.count);
          ++states;
          if (mask.count == 0) break;
          ASSERT_TRUE(constraint.advance(vocabulary->id_of(pick(mask, random))));
        }
      }
    }
  }
  EXPECT_GT(states, 1000u);
}

// The end of the JSON value that begins at `begin`.
size_t value_end(std::string_view text, size_t begin) {
  size_t depth = 0;
  for (size_t at = begin; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '"') {
      for (++at; text[at] != '"'; ++at) at += text[at] == '\\';
      if (depth == 0) return at + 1;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (depth == 0) return at;
      if (--depth == 0) return at + 1;
    } else if (c == ',' && depth == 0) {
      return at;
    }
  }
  return text.size();
}

TEST(ValueBudgets, AValueKeepsItsBudgetWhereItsShortestFormFits) {
  const auto vocabulary = json_vocabulary();
  base::Random random(22);
  size_t values = 0, full = 0;
  for (const uint32_t budget : {4u, 7u, 12u}) {
    for (const std::string& schema : schemas(budget)) {
      const auto contract = SchemaContract::compile(schema, SchemaMode::kGenerate).value();
      for (int walk = 0; walk < 60; ++walk) {
        const uint32_t tokens_max = walk % 2 == 0 ? 300 : contract->bytes_min() + random.below(40);
        auto constraint = Constraint::make(contract, vocabulary, tokens_max).value();
        std::vector<std::pair<size_t, size_t>> tokens;  // begin, end
        while (!constraint.complete() || random.chance(0.5)) {
          const TokenMask mask = constraint.mask();
          if (mask.count == 0) break;
          const size_t begin = constraint.text_size();
          // Mostly single characters: random tokens of JSON end soon.
          uint32_t rank = pick(mask, random);
          for (int i = 0; i < 3 && vocabulary->text_of_rank(rank).find('"') != std::string_view::npos; ++i)
            rank = pick(mask, random);
          ASSERT_TRUE(constraint.advance(vocabulary->id_of(rank)));
          tokens.emplace_back(begin, constraint.text_size());
        }
        ASSERT_TRUE(constraint.complete()) << schema << "\n" << constraint.text();
        const std::string text = constraint.text();
        const auto document = parse_document(text);
        ASSERT_TRUE(document.ok()) << text;
        const auto validity = validate_document(contract->schema(), *document);
        ASSERT_TRUE(validity.ok() && validity->valid) << schema << "\n" << text;
        if (text.rfind("{\"note\":", 0) != 0) continue;
        const size_t begin = 8, end = value_end(text, begin);
        const auto used = std::count_if(tokens.begin(), tokens.end(),
                                        [&](const auto& token) { return token.first < end && token.second > begin; });
        ++values;
        full += used == budget;
        // Of items that must differ the shortest way has two bytes in reserve.
        const uint32_t shortest = schema.find("uniqueItems") != std::string::npos ? 7 : 5;
        EXPECT_LE(used, std::max(budget, shortest)) << schema << "\n" << text;
      }
    }
  }
  EXPECT_GT(values, 1000u);
  EXPECT_GT(full, 100u);
}

TEST(ValueBudgets, WhatDoesNotFitGoesTheShortestWay) {
  const auto vocabulary = json_vocabulary();
  const auto contract = SchemaContract::compile(
                            R"({"type":"array","minItems":1,"items":{"type":"string","minLength":8,"x-max-tokens":3}})",
                            SchemaMode::kGenerate)
                            .value();
  auto constraint = Constraint::make(contract, vocabulary).value();
  for (const char c : std::string_view("[\"xxxxxxxx"))
    ASSERT_TRUE(constraint.advance(static_cast<uint8_t>(c))) << constraint.text();
  for (const RankInterval& interval : constraint.mask().intervals) {
    for (uint32_t rank = interval.low; rank < interval.high; ++rank)
      EXPECT_NE(vocabulary->text_of_rank(rank).find('"'), std::string_view::npos);  // the text ends within it
  }
  EXPECT_FALSE(Constraint(constraint).advance('x'));
  EXPECT_TRUE(constraint.advance('"'));
}

TEST(ValueBudgets, FarFromTheBudgetNothingIsRefused) {
  const auto vocabulary = json_vocabulary();
  const auto with = SchemaContract::compile(schemas(1000)[0], SchemaMode::kGenerate).value();
  const auto without = SchemaContract::compile(schemas(1'000'000)[0], SchemaMode::kAccept).value();
  auto constraint = Constraint::make(with, vocabulary).value();
  for (const char c : std::string_view("{\"note\":\"abc"))
    ASSERT_TRUE(constraint.advance(static_cast<uint8_t>(c))) << constraint.text();
  EXPECT_TRUE(Constraint(constraint).advance(static_cast<uint8_t>('d')));
  EXPECT_TRUE(constraint.mask().count > 150);
  // Validity and accept mode know no tokens.
  EXPECT_TRUE(without->accepts(R"({"note": "as long as it likes", "n": 1})").value());
  const auto small = SchemaContract::compile(schemas(1)[0], SchemaMode::kAccept).value();
  EXPECT_TRUE(small->accepts(R"({"note": "as long as it likes", "n": 1})").value());
}

TEST(ValueBudgets, AreReadAsPositiveIntegers) {
  for (const char* value : {"0", "-1", "1.5", "\"3\"", "null", "2000000000"})
    EXPECT_FALSE(read_schema(std::string(R"({"x-max-tokens":)") + value + "}").ok()) << value;
  const auto schema = read_schema(R"({"type":"string","x-max-tokens":12})");
  ASSERT_TRUE(schema.ok());
  EXPECT_EQ(schema->nodes[schema->root].max_tokens, 12u);
  EXPECT_TRUE(schema->unknown_keywords.empty());
}

TEST(ValueBudgets, HoldForTheArgumentsOfACall) {
  const auto vocabulary = json_vocabulary();
  auto tools = read_tools(
      R"([{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"note":{"type":"string","x-max-tokens":4}},"required":["note"]}}}])");
  ASSERT_TRUE(tools.ok()) << tools.error().message;
  const auto set = ToolSet::make(std::move(*tools), ToolFormat::openai(), {.choice = ToolChoice::kRequired}).value();
  const auto contract = SchemaContract::compile(set, SchemaMode::kGenerate).value();
  auto constraint = Constraint::make(contract, vocabulary).value();
  const std::string forced = constraint.forced_text();
  ASSERT_TRUE(forced.ends_with("\"note\":\"")) << forced;
  for (const char c : forced + "aa") ASSERT_TRUE(constraint.advance(static_cast<uint8_t>(c))) << constraint.text();
  EXPECT_FALSE(constraint.advance('a'));
  EXPECT_TRUE(constraint.advance('"'));
}

}  // namespace
}  // namespace cadre::contract
