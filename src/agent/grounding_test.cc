// SPDX-License-Identifier: Apache-2.0
#include "agent/grounding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cadre::agent {
namespace {

using base::Json;
using testing::HasSubstr;

// What is wrong with a text made from a source; empty: nothing.
std::string wrong(const Json& source, const Json& output, const GroundingOptions& options = {}) {
  const Verdict verdict = grounding_verdict(source, output, options);
  EXPECT_EQ(verdict.rule, "grounded");
  return verdict.passed ? "" : verdict.evidence;
}

const Json kSource = {{"total", 1234567},
                      {"average", 3.14159},
                      {"share", 0.125},
                      {"change", -5},
                      {"rows", {{"Berlin", 12}, {"Köln", 7}}},
                      {"note", "order 4711 of 2026-05-03 from 10.0.0.1, three boxes, v1.2.3"},
                      {"2019", "a year"}};

TEST(Grounding, FiguresThatStandInTheSource) {
  for (const char* text : {"no figures at all",
                           "1,234,567 in all",
                           "1234567",
                           "about 1.2 million",
                           "1.23 million",
                           "1.2346 million",
                           "an average of 3.14",
                           "roughly 3",
                           "3.1416 on average",
                           "a fall of 5",
                           "-5",
                           "12.5 % of all",
                           "12.5% of all",
                           "13 percent",
                           "0.125",
                           "0.13",
                           "0.12",
                           "Berlin has 12, Köln 7.",
                           "order 4711",
                           "on 3 May 2026",
                           "on May 3, 2026",
                           "2026-05-03",
                           "in 2026",
                           "at 10.0.0.1",
                           "version v1.2.3",
                           "3 boxes",
                           "7m long",
                           "in 2019",
                           "the 12th"})
    EXPECT_EQ(wrong(kSource, text), "") << text;
}

TEST(Grounding, FiguresThatDoNot) {
  const std::pair<const char*, const char*> cases[] = {{"1,234,568 in all", "\"1,234,568\""},
                                                       {"1.3 million", "\"1.3 million\""},
                                                       {"1,200,000", "\"1,200,000\""},
                                                       {"an average of 3.15", "\"3.15\""},
                                                       {"a share of 12.6 %", "\"12.6\""},
                                                       {"Berlin has 13", "\"13\""},
                                                       {"on 4 May 2026", "\"4 May 2026\""},
                                                       {"2026-05-04", "\"2026-05-04\""},
                                                       {"at 10.0.0.2", "\"10.0.0.2\""},
                                                       {"version v1.2.4", "\"1.2.4\""},
                                                       {"the 13th", "\"13\""},
                                                       {"7 million", "\"7 million\""},
                                                       {"order 47110", "\"47110\""},
                                                       {"7k", "\"7k\""},
                                                       {"a rise of 50", "\"50\""}};
  for (const auto& [text, figure] : cases) EXPECT_THAT(wrong(kSource, text), HasSubstr(figure)) << text;
}

TEST(Grounding, ValuesInsideAnOutputNameTheirPlace) {
  EXPECT_EQ(wrong(kSource, {{"total", 1234567}, {"parts", {12, 7}}, {"ok", true}, {"none", nullptr}}), "");
  EXPECT_EQ(wrong(kSource, {{"total", 3.14}}), "");
  EXPECT_THAT(wrong(kSource, {{"parts", {12, 8}}}), HasSubstr("/parts/1: \"8\""));
  EXPECT_THAT(wrong(kSource, {{"a/b", {{"say", "it was 8"}}}}), HasSubstr("/a~1b/say: \"8\""));
  EXPECT_THAT(wrong(kSource, "it was 8"), HasSubstr("the text: \"8\""));
}

TEST(Grounding, TiesRoundEitherWay) {
  for (const char* text : {"2.5", "2", "3"}) EXPECT_EQ(wrong({{"n", 2.5}}, text), "") << text;
  for (const char* text : {"9.995", "9.99", "10", "10.00"}) EXPECT_EQ(wrong({{"n", 9.995}}, text), "") << text;
  EXPECT_EQ(wrong({{"n", 0.4}}, "0"), "");
  EXPECT_EQ(wrong({{"n", 0.04}}, "0.0"), "");
  EXPECT_NE(wrong({{"n", 0.6}}, "0"), "");
}

TEST(Grounding, CountsOfListsOnlyWhereTheyAreAllowed) {
  const Json source = {{"rows", {"a", "b", "c"}}};
  EXPECT_NE(wrong(source, "3 rows"), "");
  EXPECT_EQ(wrong(source, "3 rows", {.counts = true}), "");
}

TEST(Grounding, QuotesOnlyWhereTheyAreAskedFor) {
  const Json source = {{"reply", "We cannot deliver before Monday."}};
  EXPECT_EQ(wrong(source, "They wrote \"never\""), "");
  EXPECT_EQ(wrong(source, "They wrote \"cannot deliver before monday\" and “We cannot”", {.quotes = true}), "");
  EXPECT_THAT(wrong(source, "They wrote \"We can deliver\"", {.quotes = true}), HasSubstr("We can deliver"));
  EXPECT_THAT(wrong(source, "They wrote „never“", {.quotes = true}), HasSubstr("never"));
  EXPECT_EQ(wrong(source, "one \" alone", {.quotes = true}), "");
}

TEST(Grounding, NumbersBeyondAnyMachineTypeAreComparedExactly) {
  EXPECT_EQ(wrong("12345678901234567890123", "12345678901234567890123"), "");
  EXPECT_NE(wrong("12345678901234567890123", "12345678901234567890124"), "");
  const std::string digits(150, '7');
  EXPECT_EQ(wrong(digits, digits), "");
  EXPECT_NE(wrong(digits, digits + "7"), "");
}

TEST(Grounding, WhatIsNoTextAtAllIsNoCrash) {
  EXPECT_EQ(wrong("\xFF\xFE 12", "\xFF 12 \xC0"), "");
  EXPECT_NE(wrong("", std::string("\xFF") + "12" + "\xC0"), "");
}

}  // namespace
}  // namespace cadre::agent
