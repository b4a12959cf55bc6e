// SPDX-License-Identifier: Apache-2.0
#include "contract/regex.h"

#include <gtest/gtest.h>

#include <regex>

namespace cadre::contract {
namespace {

struct RegexCase {
  const char* pattern;
  std::vector<const char*> accepted, refused;
};

void check(const std::vector<RegexCase>& cases) {
  for (const auto& c : cases) {
    const auto regex = Regex::parse(c.pattern);
    ASSERT_TRUE(regex.ok()) << regex.error().message;
    for (const char* text : c.accepted)
      EXPECT_TRUE(regex->search(text).value()) << c.pattern << " on \"" << text << '"';
    for (const char* text : c.refused)
      EXPECT_FALSE(regex->search(text).value()) << c.pattern << " on \"" << text << '"';
  }
}

TEST(Regex, OperatorsAndAnchors) {
  check({
      {"", {"", "a"}, {}},
      {"b", {"b", "abc"}, {"", "a"}},
      {"^abc$", {"abc"}, {"xabc", "abcx", "ab", "abc\n"}},
      {"^a|b$", {"ax", "xb"}, {"xa", "bx"}},
      {"^(a|bc)*$", {"", "a", "abca", "bcbc"}, {"b", "ac", "abb"}},
      {"^a+b?c$", {"abc", "aac"}, {"bc", "abbc"}},
      {"^(?:ab){2,3}$", {"abab", "ababab"}, {"ab", "abababab", "aba"}},
      {"^a{2,}$", {"aa", "aaaaa"}, {"a", ""}},
      {"^a{0}$", {""}, {"a"}},
      {"^(a?){3}$", {"", "a", "aaa"}, {"aaaa"}},
      {"^(a*){2,3}b$", {"b", "aaaaaaab"}, {"a"}},
      {"^a*?b+?$", {"aab", "b"}, {"a"}},
      {"^(?<year>\\d{4})-x$", {"2020-x"}, {"20-x"}},
      {"^$", {""}, {"a"}},
      {"a||b", {"", "c"}, {}},
      {"^(|a)b$", {"b", "ab"}, {"aab"}},
  });
}

TEST(Regex, ClassesAndEscapes) {
  check({
      {"^[a-c_-]$", {"a", "b", "c", "_", "-"}, {"d", ""}},
      {"^[^a-c]$", {"d", "\n", "\u00e9", "\U0001F600"}, {"a"}},
      {"^[]$", {}, {"", "a", "]"}},
      {"^[^]$", {"a", "\n"}, {""}},
      {"^[\\w.]+$", {"a_1.", "Z"}, {"\u00e9", "-"}},
      {"^[\\]\\\\^-]$", {"]", "\\", "^", "-"}, {"a"}},
      {"^\\d$", {"0", "9"}, {"\u0966", "a"}},
      {"^\\D\\W\\S$", {"a-b"}, {"0-b", "aab", "a- "}},
      {"^\\s$", {" ", "\t", "\u00a0", "\u2029", "\ufeff", "\v"}, {"a", "\u200b", "\x01"}},
      {"^.$", {"a", "\u00e9", "\U0001F600"}, {"\n", "\r", "\u2028", "ab"}},
      {"^\\t\\n\\v\\f\\r$", {"\t\n\v\f\r"}, {"tnvfr"}},
      {"^\\x41\\u0042\\u{43}\\u{1F600}\\ud83d\\ude00$", {"ABC\U0001F600\U0001F600"}, {"ABC"}},
      {"^\\cC\\cc$", {"\x03\x03"}, {"cC"}},
      {"^[\\b]$", {"\b"}, {"b"}},
      {"^\\/\\-\\.\\@\\_\\e$", {"/-.@_e"}, {"/-x@_e"}},
      {"^a]b}c{d{,2}$", {"a]b}c{d{,2}"}, {"a"}},
      {"^[a-\\d]$", {"a", "-", "5"}, {"b"}},
      {"^[\\u0000-\\uffff]$", {"a", "\u20ac"}, {"\U0001F600"}},
      {"^[\\ud800-\\udfff]$", {}, {"a", "\U0001F600"}},
      {"^[\\u{1F600}-\\u{1F64F}]$", {"\U0001F601"}, {"\U0001F650", "a"}},
  });
}

TEST(Regex, UnicodeProperties) {
  check({
      {"^\\p{L}+$", {"a\u00e9\u4e2d"}, {"1", "_"}},
      {"^\\p{Lu}\\p{Ll}\\p{Lowercase_Letter}$", {"Aaa"}, {"aAa"}},
      {"^\\p{Letter}\\P{Letter}$", {"a1"}, {"aa"}},
      {"^\\p{Nd}\\p{digit}\\p{gc=Decimal_Number}$", {"1\u0966\u09ea"}, {"1\u00b22"}},
      {"^[\\p{P}\\P{Any}]$", {"!", "\u00bf"}, {"a", "+"}},
      {"^\\p{Zs}$", {" ", "\u3000"}, {"\n"}},
      {"^\\p{ASCII}\\p{Assigned}$", {"a\u00e9"}, {"\u00e9a", "a\u0378"}},
  });
}

TEST(Regex, WordBoundariesAndLookAround) {
  check({
      {"\\bcat\\b", {"a cat.", "cat"}, {"concat", "cats"}},
      {"\\Bcat", {"concat"}, {"cat", "a cat"}},
      {"^(?=.*\\d)(?=.*[a-z]).{4,}$", {"abc1", "1zzz"}, {"abcd", "1234", "a1"}},
      {"^(?!foo)", {"bar", "fo", ""}, {"foo", "foobar"}},
      {"^((?!ab).)*$", {"", "ba", "aa", "bb"}, {"ab", "xabx"}},
      {"(?<=\\$)\\d", {"$5"}, {"5", "\u20ac5"}},
      {"(?<!\\$)\\b\\d", {"5", " 5"}, {"$5"}},
      {"^(?:(?!-)[a-z-]{1,5}(?<!-))$", {"a", "a-b"}, {"-a", "a-", "abcdef"}},
      {"^(?=a(?=b))ab$", {"ab"}, {"ac"}},
      {"(?=a)*b", {"b"}, {"a"}},
  });
}

TEST(Regex, MalformedPatternsAreRefusedWithThePosition) {
  for (const char* pattern : {"(",           ")",     "a)",     "(a",    "[a",  "*",    "a**",    "+",    "?",
                              "a{2}{3}",     "{2}",   "a{3,2}", "[b-a]", "\\",  "(?<a", "(?<>a)", "\\x4", "\\u12",
                              "\\u{110000}", "\\u{}", "\\u{1",  "\\c",   "\\p", "\\pL", "\\p{L",  "(*a)", "^*"})
    EXPECT_FALSE(Regex::parse(pattern).ok()) << pattern;
  EXPECT_NE(Regex::parse("ab[c").error().message.find("at byte 2"), std::string::npos);
}

TEST(Regex, WhatIsNotRegularOrNotKnownIsUnsupported) {
  for (const char* pattern :
       {"(a)\\1", "(?<n>a)\\k<n>", "(?i)a", "(?i:a)", "(?#x)", "(?P<n>a)", "\\p{Script=Greek}", "\\p{Xx}", "\\p{}"}) {
    const auto regex = Regex::parse(pattern);
    ASSERT_FALSE(regex.ok()) << pattern;
    EXPECT_EQ(regex.error().code, ErrorCode::kUnsupported) << pattern;
  }
}

TEST(Regex, LimitsAreStated) {
  EXPECT_TRUE(Regex::parse("a{100000}").ok());
  EXPECT_EQ(Regex::parse("a{100001}").error().code, ErrorCode::kLimit);
  EXPECT_EQ(Regex::parse("a{99999999999999999999}").error().code, ErrorCode::kLimit);
  EXPECT_EQ(Regex::parse(std::string(20'001, 'a')).error().code, ErrorCode::kLimit);
  EXPECT_TRUE(Regex::parse(std::string(250, '(') + std::string(250, ')')).ok());
  EXPECT_EQ(Regex::parse(std::string(251, '(') + std::string(251, ')')).error().code, ErrorCode::kLimit);
}

TEST(Regex, ChildrenComeBeforeTheirParents) {
  const auto regex = Regex::parse("^(a|b[c-d]*){2,5}(?=x)$").value();
  EXPECT_EQ(regex.root(), regex.nodes().size() - 1);
  for (size_t i = 0; i < regex.nodes().size(); ++i) {
    for (const uint32_t child : regex.nodes()[i].children) EXPECT_LT(child, i);
  }
}

TEST(Regex, NoPatternBacktracksCatastrophically) {
  const std::string text = std::string(3000, 'a') + "!";
  for (const char* pattern : {"^(a+)+$", "^(a|aa)+$", "^(a|a)*$", "^(a*)*$", "^(.*)(.*)(.*)(.*)(.*)x$", "(x+x+)+y"})
    EXPECT_FALSE(Regex::parse(pattern)->search(text).value()) << pattern;
  EXPECT_TRUE(Regex::parse("^[a-z]{3000}!$")->search(text).value());
  // Rounds of nested counts multiply: an answer or the limit, soon.
  const auto nested = Regex::parse("^((((a?){1000}){1000}){1000}){1000}$")->search(text);
  EXPECT_TRUE(nested.ok() || nested.error().code == ErrorCode::kLimit);
}

// Against the standard library's backtracking matcher, on patterns and texts over a small alphabet.
TEST(Regex, AgreesWithTheStandardLibrary) {
  uint32_t state = 12345;
  const auto draw = [&state](uint32_t n) {
    state = state * 1664525u + 1013904223u;
    return (state >> 16) % n;
  };
  const char* kAtoms[] = {"a",     "b",     "[ab]", "[^a]", ".", "(?:a|b)", "(ab|)",
                          "(?=a)", "(?!b)", "\\b",  "^",    "$", "(a|b*)",  "\\w"};
  const char* kCounts[] = {"", "", "", "*", "+", "?", "{2}", "{1,2}", "{0,1}"};
  int compared = 0;
  for (int round = 0; round < 1500; ++round) {
    std::string pattern;
    for (uint32_t i = 0, count = 1 + draw(5); i < count; ++i) {
      const uint32_t atom = draw(std::size(kAtoms));
      pattern += kAtoms[atom];
      if (atom < 7 || atom > 11) pattern += kCounts[draw(std::size(kCounts))];
      if (draw(6) == 0) pattern += "|";
    }
    const std::regex expected(pattern, std::regex::ECMAScript);
    const auto regex = Regex::parse(pattern);
    ASSERT_TRUE(regex.ok()) << regex.error().message;
    for (int i = 0; i < 8; ++i) {
      std::string text;
      for (uint32_t k = 0, length = draw(7); k < length; ++k) text.push_back("ab c"[draw(4)]);
      EXPECT_EQ(regex->search(text).value(), std::regex_search(text, expected)) << pattern << " on \"" << text << '"';
      ++compared;
    }
  }
  EXPECT_EQ(compared, 12000);
}

}  // namespace
}  // namespace cadre::contract
