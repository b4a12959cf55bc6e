// SPDX-License-Identifier: Apache-2.0
#include "contract/language.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "contract/test_languages.h"

namespace cadre::contract {
namespace {

using test::walk;

constexpr Language kNothing = LanguageTable::kNothing;
constexpr Language kEmptyString = LanguageTable::kEmptyString;
constexpr Language kEverything = LanguageTable::kEverything;

const CodePointSet kAny = {{0, 0xD7FF}, {0xE000, 0x10FFFF}};
const CodePointSet kLetters = {{'a', 'z'}};
const CodePointSet kAllButQuote = {{0, '"' - 1}, {'"' + 1, 0xD7FF}, {0xE000, 0x10FFFF}};

bool accepts(LanguageTable& table, Language language, std::string_view text) {
  return table.nullable(walk(table, language, text));
}

std::string random_bytes(base::Random& random, size_t size) {
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random.below(256));
  return bytes;
}

TEST(Language, EqualExpressionsAreOneNode) {
  LanguageTable table;
  const Language a = table.literal("ab"), b = table.literal("cd"), c = table.code_points(kLetters);
  EXPECT_EQ(table.alternate({a, b, c}), table.alternate({c, table.alternate({b, a}), a}));
  EXPECT_EQ(table.intersect({a, b}), table.intersect({b, a, kEverything}));
  EXPECT_EQ(table.concat(table.concat(a, b), c), table.concat(a, table.concat(b, c)));
  EXPECT_EQ(table.alternate({a, kNothing}), a);
  EXPECT_EQ(table.concat(a, kNothing), kNothing);
  EXPECT_EQ(table.complement(table.complement(a)), a);
  EXPECT_EQ(table.repeat(table.repeat(a, 0, kUnbounded), 0, kUnbounded), table.repeat(a, 0, kUnbounded));
  EXPECT_EQ(table.repeat(table.code_points(kAny), 0, kUnbounded), kEverything);
  EXPECT_EQ(table.repeat(table.code_points(kAny), 2, 5), table.length(2, 5));
  EXPECT_EQ(table.intersect({table.length(0, 7), table.length(3, 9)}), table.length(3, 7));
  EXPECT_EQ(table.alternate({table.repeat(c, 0, 3), table.repeat(c, 2, 9)}), table.repeat(c, 0, 9));
}

TEST(Language, DerivativesAgreeWithTryingEveryCut) {
  base::Random random(7);
  for (int round = 0; round < 3000; ++round) {
    const std::string program = random_bytes(random, 60);
    test::ByteReader reader(program);
    const auto expression = test::read_expression(reader, 4);
    LanguageTable table;
    const Language language = test::build(table, expression);
    std::optional<size_t> shortest_seen;
    for (int i = 0; i < 12; ++i) {
      const std::string choices = random_bytes(random, 12);
      test::ByteReader text_reader(choices);
      const std::u32string text = test::read_text(text_reader, 8);
      const std::string bytes = test::utf8(text);
      const bool expected = test::NaiveMatcher(text).matches(expression);
      ASSERT_EQ(accepts(table, language, bytes), expected) << "round " << round << " text " << bytes;
      if (expected) shortest_seen = std::min(shortest_seen.value_or(bytes.size()), bytes.size());
    }
    ASSERT_FALSE(table.full());
    const auto nonempty = table.nonempty(language);
    ASSERT_TRUE(nonempty.has_value()) << round;
    const auto shortest = table.shortest(language);
    ASSERT_EQ(shortest.has_value(), *nonempty) << round;
    if (shortest_seen) {
      ASSERT_TRUE(shortest) << round;
      ASSERT_LE(shortest->size(), *shortest_seen) << round;
    }
    if (!shortest) continue;
    std::u32string codes;
    for (size_t at = 0; at < shortest->size();) {
      const auto code = base::decode_utf8(*shortest, at);
      ASSERT_GT(code.size_bytes, 0u) << "round " << round << ": not UTF-8";
      codes.push_back(code.code);
      at += code.size_bytes;
    }
    ASSERT_TRUE(test::NaiveMatcher(codes).matches(expression)) << "round " << round << " shortest " << *shortest;
  }
}

// Every text over the free bytes can be completed.
TEST(Language, FreeTextCanAlwaysBeCompleted) {
  base::Random random(11);
  int with_free = 0;
  for (int round = 0; round < 2000; ++round) {
    const std::string program = random_bytes(random, 60);
    test::ByteReader reader(program);
    const auto expression = test::read_expression(reader, 4);
    LanguageTable table;
    const Language language = test::build(table, expression);
    const FreeText free = table.free_text(language);
    if (free.bytes.none()) continue;
    ++with_free;
    for (int i = 0; i < 8; ++i) {
      std::string text;
      const uint64_t size = random.below(std::min<uint64_t>(free.chars_max, 9) + 1);
      for (uint64_t n = 0; n < size; ++n) {
        std::u32string one(1, test::kAlphabet[random.below(std::size(test::kAlphabet))]);
        const std::string bytes = test::utf8(one);
        if (std::ranges::all_of(bytes, [&](char c) { return free.bytes[static_cast<uint8_t>(c)]; })) text += bytes;
      }
      LanguageTable fresh;  // remembers nothing that the question above found out
      const Language after = walk(fresh, test::build(fresh, expression), text);
      ASSERT_TRUE(fresh.shortest(after).has_value()) << "round " << round << " text " << text;
    }
  }
  EXPECT_GT(with_free, 300);
}

TEST(Language, FreeTextKnowsWhatCommonStringsAllow) {
  LanguageTable table;
  const Language body = table.repeat(table.code_points(kAllButQuote), 0, kUnbounded);
  EXPECT_EQ(table.free_text(body).chars_max, kAnyLength);
  EXPECT_EQ(table.free_text(body).bytes.count(),
            127u + 51 + 64);  // all but the quote: ASCII, first bytes, continuations
  const Language bounded = table.intersect({table.repeat(table.code_points(kLetters), 1, 80), table.length(0, 50)});
  EXPECT_EQ(table.free_text(bounded).chars_max, 50u);
  EXPECT_EQ(table.free_text(bounded).bytes.count(), 26u);
  EXPECT_EQ(table.free_text(table.length(3, 200)).chars_max, 200u);
  // Something that loops within a length: room is kept for what is still needed.
  const Language at = table.literal("@"), letters = table.repeat(table.code_points(kLetters), 0, kUnbounded);
  const Language mail = table.concat(letters, table.concat(at, table.concat(table.code_points(kLetters), letters)));
  EXPECT_EQ(table.free_text(table.intersect({mail, table.length(5, 20)})).chars_max, 18u);
}

TEST(Language, BoundsCostNothing) {
  LanguageTable table;
  const size_t before = table.size();
  Language state =
      table.intersect({table.repeat(table.code_points(kAllButQuote), 0, 100'000), table.length(5, 90'000)});
  EXPECT_LT(table.size() - before, 60u);
  for (int i = 0; i < 1000; ++i) state = table.derivative(state, 'x');
  EXPECT_LT(table.size() - before, 5000u);
  EXPECT_EQ(table.nonempty(state), true);
  EXPECT_EQ(table.free_text(state).chars_max, 89'000u);
}

TEST(Language, LiteralsAreOneTable) {
  LanguageTable table;
  std::vector<std::string> texts;
  for (int i = 0; i < 5000; ++i) texts.push_back("value-" + std::to_string(i * 7));
  const size_t before = table.size();
  const Language language = table.literals(texts);
  EXPECT_EQ(table.size(), before + 1);
  for (int i = 0; i < 5000; i += 97) EXPECT_TRUE(accepts(table, language, texts[static_cast<size_t>(i)]));
  EXPECT_FALSE(accepts(table, language, "value-1"));
  EXPECT_FALSE(accepts(table, language, "value-70000000"));
  EXPECT_EQ(table.shortest(language), "value-0");
  EXPECT_TRUE(accepts(table, table.literals({"", "a", "a"}), ""));
}

TEST(Language, EmptinessOfIntersectionsIsFound) {
  LanguageTable table;
  const Language letters = table.repeat(table.code_points(kLetters), 1, kUnbounded);
  const Language digits = table.repeat(table.code_points({{'0', '9'}}), 1, kUnbounded);
  EXPECT_EQ(table.nonempty(table.intersect({letters, digits})), false);
  EXPECT_EQ(table.nonempty(table.intersect({letters, table.complement(letters)})), false);
  EXPECT_EQ(table.nonempty(table.intersect({letters, table.complement(table.length(0, 3))})), true);
  EXPECT_EQ(table.shortest(table.intersect({letters, table.complement(table.length(0, 3))})), "aaaa");
  // All whole characters but none at all: only half characters would be left.
  const Language any_text = table.alternate({kEmptyString, table.concat(table.code_points(kAny), kEverything)});
  EXPECT_EQ(table.nonempty(table.complement(any_text)), false);
}

TEST(Language, AFullTableSaysSo) {
  LanguageTable table({.nodes_max = 200});
  Language all = kEmptyString;
  for (int i = 0; i < 300; ++i) all = table.concat(table.literal(std::to_string(i)), all);
  EXPECT_TRUE(table.full());
  EXPECT_EQ(all, kNothing);
  EXPECT_EQ(table.derivative(table.literal("1"), 'x'), kNothing);
}

TEST(Language, LongChainsDoNotRecurse) {
  LanguageTable table;
  const Language optional = table.repeat(table.code_points(kLetters), 0, 1),
                 star = table.repeat(table.literal("a"), 0, kUnbounded);
  Language chain = kEmptyString;
  for (int i = 0; i < 20'000; ++i) chain = table.concat(i % 2 ? optional : star, chain);
  EXPECT_FALSE(table.full());
  EXPECT_EQ(table.nonempty(chain), true);
  Language set_chain = kEmptyString;
  for (int i = 0; i < 50'000; ++i) set_chain = table.concat(table.code_points(kLetters), set_chain);
  EXPECT_EQ(table.nonempty(set_chain), true);
  EXPECT_TRUE(accepts(table, set_chain, std::string(50'000, 'q')));
}

TEST(Language, WithoutItsLimitsItHoldsMoreAndAgreesOnShortTexts) {
  base::Random random(17);
  LanguageTable table;
  const Language a = table.literal("a"), ab = table.literal("ab"), letters = table.code_points(kLetters);
  const Language words = table.repeat(table.concat(letters, table.literal(" ")), 0, 80);
  for (const Language language : {table.length(0, 90), table.repeat(ab, 3, 100), table.concat(words, letters),
                                  table.intersect({table.length(2, 70), table.repeat(a, 0, kUnbounded)}),
                                  table.intersect({table.length(0, 64), table.concat(words, letters)}),
                                  table.alternate({table.repeat(ab, 0, 64), table.repeat(letters, 5, 300)})}) {
    const auto unlimited = table.unlimited(language);
    ASSERT_TRUE(unlimited.has_value());
    EXPECT_LT(unlimited->spare_chars, unlimited->agrees_chars + 1);
    EXPECT_GT(unlimited->spare_chars, 30u);
    size_t longer = 0;
    for (int round = 0; round < 2000; ++round) {
      std::string text;
      const size_t size = random.below(round % 2 == 0 ? unlimited->agrees_chars + 1 : 400);
      const uint64_t kind = random.below(4);
      while (text.size() < size)
        text += kind == 0 ? "a" : kind == 1 ? "ab" : kind == 2 ? "a " : random.chance(0.5) ? "b" : "c ";
      text.resize(size);
      if (kind >= 2 && !text.empty()) text.back() = 'z';
      const bool accepted = accepts(table, language, text), wide = accepts(table, unlimited->language, text);
      if (size <= unlimited->agrees_chars) {
        ASSERT_EQ(accepted, wide) << text;
      } else {
        ASSERT_TRUE(wide || !accepted) << text;
        longer += wide && !accepted;
      }
    }
    EXPECT_GT(longer, 0u);
  }
  EXPECT_FALSE(table.unlimited(table.length(0, 63)).has_value());
  EXPECT_FALSE(table.unlimited(kEverything).has_value());
  EXPECT_FALSE(table.unlimited(table.complement(table.repeat(a, 0, 100))).has_value());
}

}  // namespace
}  // namespace cadre::contract
