// Finite sets of texts and numbers against trying every text and number of a small universe.
// SPDX-License-Identifier: Apache-2.0
#include "contract/decision_texts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "contract/schema_contract.h"
#include "contract/schema_validate.h"

namespace cadre::contract {
namespace {

using ::testing::ElementsAre;
using Texts = std::optional<std::vector<std::string>>;

Texts texts_of(const std::string& schema, size_t count_max = 4096) {
  auto contract = SchemaContract::compile(schema, SchemaMode::kGenerate);
  EXPECT_TRUE(contract.ok()) << schema;
  return (*contract)->with_machine([&](SchemaMachine& machine) {
    SchemaPrograms& programs = machine.programs();
    const uint32_t start = programs.text_start(programs.program(programs.root(), ValueType::kString));
    return finite_texts(programs.formulas().languages(), programs.text(start).languages.front(), count_max);
  });
}

Texts numbers_of(const std::string& schema, size_t count_max = 4096) {
  auto contract = SchemaContract::compile(schema, SchemaMode::kGenerate);
  EXPECT_TRUE(contract.ok()) << schema;
  return (*contract)->with_machine([&](SchemaMachine& machine) {
    SchemaPrograms& programs = machine.programs();
    return finite_numbers(programs, programs.program(programs.root(), ValueType::kNumber), count_max);
  });
}

TEST(DecisionTexts, PatternsWithFinitelyManyTextsAreListedWithoutEnum) {
  EXPECT_THAT(*texts_of(R"({"type":"string","pattern":"^(asc|desc)$"})"), ElementsAre("asc", "desc"));
  EXPECT_THAT(*texts_of(R"({"type":"string","pattern":"^v[12]?$","minLength":2})"), ElementsAre("v1", "v2"));
  EXPECT_THAT(*texts_of(R"({"type":"string","enum":["b","a","ab","c"],"pattern":"^[ab]"})"),
              ElementsAre("a", "ab", "b"));
  EXPECT_THAT(*texts_of(R"({"type":"string","enum":["\u00e9","e"],"not":{"const":"e"}})"), ElementsAre("\u00e9"));
  EXPECT_EQ(texts_of(R"({"type":"string","pattern":"^[0-9]{3}$"})")->size(), 1000u);
}

TEST(DecisionTexts, InfiniteAndLargeSetsAreNotListed) {
  for (const char* schema :
       {R"({"type":"string"})", R"({"type":"string","pattern":"^a+$"})", R"({"type":"string","maxLength":3})",
        R"({"type":"string","pattern":"^[a-z]{4}$"})", R"({"type":"string","minLength":300,"maxLength":300})"})
    EXPECT_FALSE(texts_of(schema)) << schema;
  EXPECT_FALSE(texts_of(R"({"type":"string","pattern":"^[0-9]{3}$"})", 999));
}

TEST(DecisionTexts, NumbersBetweenBoundsAreListed) {
  EXPECT_THAT(*numbers_of(R"({"type":"integer","minimum":-1,"exclusiveMaximum":3})"), ElementsAre("-1", "0", "1", "2"));
  EXPECT_THAT(*numbers_of(R"({"type":"number","minimum":0,"maximum":1,"multipleOf":0.25})"),
              ElementsAre("0", "0.25", "0.5", "0.75", "1"));
  EXPECT_THAT(*numbers_of(R"({"type":"number","enum":[1000000,2.5,-3e2]})"), ElementsAre("-300", "2.5", "1000000"));
  EXPECT_THAT(*numbers_of(R"({"type":"integer","enum":[1,2,3,4],"not":{"multipleOf":2}})"), ElementsAre("1", "3"));
  EXPECT_THAT(*numbers_of(R"({"anyOf":[{"const":7},{"type":"integer","minimum":20,"maximum":21}],"type":"number"})"),
              ElementsAre("7", "20", "21"));
}

TEST(DecisionTexts, NumbersWithoutEndOrBetweenBoundsWithoutStepAreNotListed) {
  for (const char* schema :
       {R"({"type":"integer"})", R"({"type":"number"})", R"({"type":"integer","minimum":3})",
        R"({"type":"number","minimum":0,"maximum":1})", R"({"type":"integer","maximum":3,"multipleOf":5})",
        R"({"type":"integer","minimum":0,"maximum":5000})",
        R"({"anyOf":[{"const":1},{"minimum":7}],"type":"integer"})"})
    EXPECT_FALSE(numbers_of(schema)) << schema;
}

// What is listed is what the validator accepts, among the quarters from -8 to 8.
TEST(DecisionTexts, ListedNumbersAreThoseThatTheValidatorAccepts) {
  base::Random random(7);
  size_t listed = 0;
  for (int round = 0; round < 300; ++round) {
    const auto pick = [&] { return std::to_string(static_cast<int>(random.below(13)) - 6); };
    std::string schema = R"({"type":"number","minimum":-7,"maximum":7)";
    if (random.chance(0.7)) schema += R"(,"multipleOf":)" + std::string(random.chance(0.5) ? "0.5" : "3");
    if (random.chance(0.5))
      schema += R"(,"anyOf":[{"type":"integer"},{"maximum":)" + pick() + R"(},{"const":)" + pick() + "}]";
    if (random.chance(0.4)) schema += R"(,"not":{"multipleOf":)" + std::to_string(1 + random.below(3)) + "}";
    schema += "}";
    auto contract = SchemaContract::compile(schema, SchemaMode::kGenerate);
    if (!contract.ok()) continue;
    const Texts numbers = numbers_of(schema);
    if (!numbers) continue;
    ++listed;
    std::vector<std::string> expected;
    for (int quarters = -32; quarters <= 32; ++quarters) {
      const std::string text = *canonical_number(std::to_string(quarters * 25) + "e-2");
      if (validate_document((*contract)->schema(), *parse_document(text))->valid) expected.push_back(text);
    }
    EXPECT_EQ(*numbers, expected) << schema;
  }
  EXPECT_GT(listed, 100u);
}

TEST(DecisionTexts, NumbersAndStringsAreSpeltAsGenerateModeDoes) {
  EXPECT_EQ(canonical_number("-0.50"), "-0.5");
  EXPECT_EQ(canonical_number("1e3"), "1000");
  EXPECT_EQ(canonical_number("-0"), "0");
  EXPECT_EQ(canonical_number("0.001"), "0.001");
  EXPECT_FALSE(canonical_number("1e60"));
  EXPECT_FALSE(canonical_number("x"));
  EXPECT_EQ(canonical_string("a\"\n\\"), R"("a\"\n\\")");
  EXPECT_FALSE(canonical_string("\x01"));
}

}  // namespace
}  // namespace cadre::contract
