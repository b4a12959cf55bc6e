// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/random.h"
#include "contract/language.h"
#include "contract/test_languages.h"

namespace cadre::contract {
namespace {

Result<Language> from_pattern(LanguageTable& table, std::string_view pattern) {
  return table.from_regex(TRY(Regex::parse(pattern)));
}

struct LanguageCase {
  const char* pattern;
  std::vector<const char*> matched, not_matched;
};

TEST(LanguageFromRegex, AcceptsWhatThePatternMatchesSomewhere) {
  const LanguageCase cases[] = {
      {"foo", {"foo", "xfoo", "foox", "fofoo"}, {"", "fo", "f oo"}},
      {"^[A-Z]{2}$", {"AB"}, {"A", "ABC", "ab", "ABx"}},
      {"^a|b$", {"a", "axx", "b", "xb"}, {"xa", "bx", ""}},
      {"^$", {""}, {"a"}},
      {"", {"", "x"}, {}},
      {"a^b", {}, {"ab", "b", ""}},
      {"a$b", {}, {"ab", "a"}},
      {"^(?=.*[0-9])(?=.*[a-z]).{4,6}$", {"ab12", "1aaaaa"}, {"abcd", "1234", "ab1", "ab12345"}},
      {"^(?!foo)[a-z]+$", {"bar", "fo"}, {"foo", "foobar"}},
      {"^(?:(?!foo).)*$", {"", "fo", "barfo"}, {"foo", "xfoox"}},
      {"^(?:(?!foo).)+bar", {"xbar", "fbar"}, {"foobar", "bar", "xfobafoobar"}},
      {"\\bcat\\b", {"cat", "a cat.", "cat!"}, {"cats", "concat", "_cat"}},
      {"^\\w+\\b.$", {"ab-"}, {"abc", "ab"}},
      {"\\Bx", {"ax"}, {"x", "-x"}},
      {"(?<=\\$)[0-9]+$", {"$1", "cost $20"}, {"1", "$", "$1x"}},
      {"(?<![0-9])7", {"7", "a7", "77"}, {"17", ""}},
      {"(?<=abc)d", {"abcd"}, {"d", "bcd"}},
      {"(?<!abc)d", {"d", "abcdd", "bcd"}, {"abcd", ""}},
      {"^[^a](?<=b)c", {"bc"}, {"dc", "ac"}},
      {"^\\u00e9+.$", {"\u00e9\u20ac"}, {"\u00e9", "e"}},
      {"^(?:a(?=b)|b(?=a|$))*$", {"", "ab", "abab"}, {"a", "aa", "ba"}},
      {"^(?:\\ba|-)+$", {"a", "a-a", "-a"}, {"aa", ""}},
      {"^(?:(?=x)|a)?x$", {"x", "ax"}, {"a", ""}},
  };
  for (const LanguageCase& c : cases) {
    LanguageTable table;
    const auto language = from_pattern(table, c.pattern);
    ASSERT_TRUE(language.ok()) << c.pattern << ": " << language.error().message;
    for (const char* text : c.matched)
      EXPECT_TRUE(table.nullable(test::walk(table, *language, text))) << c.pattern << " on " << text;
    for (const char* text : c.not_matched)
      EXPECT_FALSE(table.nullable(test::walk(table, *language, text))) << c.pattern << " on " << text;
  }
}

TEST(LanguageFromRegex, WhatIsNotReadIsNamed) {
  LanguageTable table;
  const auto behind = from_pattern(table, "a(?<=xya)b");
  ASSERT_FALSE(behind.ok());
  EXPECT_EQ(behind.error().code, ErrorCode::kUnsupported);
  EXPECT_NE(behind.error().message.find("look-behind"), std::string::npos);
  const auto copies = from_pattern(table, "^(?:a(?=b)){1,90000}");
  ASSERT_FALSE(copies.ok());
  EXPECT_EQ(copies.error().code, ErrorCode::kLimit);
}

TEST(LanguageFromRegex, TypicalPatternsHaveFewStates) {
  const std::pair<const char*, size_t> cases[] = {
      {"^[A-Za-z0-9 ,.]{1,80}$", 300}, {"foo", 60}, {"^[a-z]+(-[a-z]+)*$", 60}, {"^.*$", 60},
      {"^[^\"]{0,100000}$", 100},
  };
  for (const auto& [pattern, states_max] : cases) {
    LanguageTable table;
    Language state = from_pattern(table, pattern).value();
    for (const char c : std::string(60, 'a')) state = table.derivative(state, static_cast<uint8_t>(c));
    EXPECT_LT(table.size(), states_max + 200) << pattern;
  }
}

// A random pattern over few characters, with assertions at any place.
std::string random_pattern(base::Random& random, int depth) {
  static constexpr const char* kAtoms[] = {"a",   "b",   "[ab]",   "[^a]",       ".",   "-",
                                           "\\w", "\\W", "\u00e9", "[^\u00e9b]", "\\d", "1"};
  static constexpr const char* kAssertions[] = {"^", "$", "\\b", "\\B", "(?<=a)", "(?<![ab])", "(?<=\\w|^)"};
  const uint64_t choice = random.below(depth > 0 ? 12 : 5);
  if (choice < 4) return kAtoms[random.below(std::size(kAtoms))];
  if (choice == 4) return random.below(3) == 0 ? kAssertions[random.below(std::size(kAssertions))] : "";
  if (choice < 8) return random_pattern(random, depth - 1) + random_pattern(random, depth - 1);
  if (choice == 8) return "(?:" + random_pattern(random, depth - 1) + "|" + random_pattern(random, depth - 1) + ")";
  if (choice == 9) return (random.below(2) == 0 ? "(?=" : "(?!") + random_pattern(random, depth - 1) + ")";
  static constexpr const char* kCounts[] = {"*", "+", "?", "{2}", "{1,3}", "{2,}"};
  return "(?:" + random_pattern(random, depth - 1) + ")" + kCounts[random.below(std::size(kCounts))];
}

TEST(LanguageFromRegex, AgreesWithTheSearchOfTheValidator) {
  static constexpr const char* kCharacters[] = {"a", "b", "-", "1", "\u00e9", "\n"};
  base::Random random(3);
  int compiled = 0, matched = 0;
  for (int round = 0; round < 4000; ++round) {
    const std::string pattern = random_pattern(random, 5);
    const auto regex = Regex::parse(pattern);
    ASSERT_TRUE(regex.ok()) << pattern << ": " << regex.error().message;
    LanguageTable table({.nodes_max = 200'000});
    const auto language = table.from_regex(*regex);
    if (!language.ok()) continue;
    ++compiled;
    for (int i = 0; i < 10; ++i) {
      std::string text;
      for (uint64_t n = random.below(7); n > 0; --n) text += kCharacters[random.below(std::size(kCharacters))];
      const bool expected = regex->search(text).value();
      matched += expected;
      ASSERT_EQ(table.nullable(test::walk(table, *language, text)), expected)
          << pattern << " on \"" << text << "\" round " << round;
      ASSERT_FALSE(table.full()) << pattern;
    }
  }
  EXPECT_GT(compiled, 3500);
  EXPECT_GT(matched, 3000);
}

}  // namespace
}  // namespace cadre::contract
