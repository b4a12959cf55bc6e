// Tables of what texts mention and what they do not.
// SPDX-License-Identifier: Apache-2.0
#include "contract/mentions.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "contract/test_bindings.h"

namespace cadre::contract {
namespace {

struct MentionRow {
  std::string text;
  std::vector<std::string> mentioned;  // each "normal form <- span"
};

void check(NormalKind kind, const BindingOptions& options, const std::vector<MentionRow>& rows) {
  for (const MentionRow& row : rows) {
    const auto mentions = find_mentions(kind, row.text, options);
    ASSERT_TRUE(mentions.ok());
    std::vector<std::string> found;
    for (const Mention& mention : *mentions)
      found.push_back(mention.normal + " <- " + row.text.substr(mention.begin, mention.end - mention.begin));
    EXPECT_EQ(found, row.mentioned) << row.text;
  }
}

const BindingOptions kAmerican = {.today = CivilDate{2026, 11, 25}, .date_order = DateOrder::kMonthDay};  // a Wednesday
const BindingOptions kEuropean = {.today = CivilDate{2026, 11, 25}, .date_order = DateOrder::kDayMonth};

TEST(Mentions, DatesInFigures) {
  check(NormalKind::kDate, kAmerican,
        {{"on 2026-05-03.", {"2026-05-03 <- 2026-05-03"}},
         {"2026/05/03", {"2026-05-03 <- 2026/05/03"}},
         {"20260503", {"2026-05-03 <- 20260503"}},
         {"05/03/2026", {"2026-05-03 <- 05/03/2026"}},
         {"5/3/26", {"2026-05-03 <- 5/3/26"}},
         {"5/3/99", {"1999-05-03 <- 5/3/99"}},
         {"25/12/2026", {"2026-12-25 <- 25/12/2026"}},  // only one reading
         {"by 5/3", {"2027-05-03 <- 5/3"}},             // the next one
         {"11/25", {"2026-11-25 <- 11/25"}},
         {"2/29", {"2028-02-29 <- 2/29"}},
         {"2026-02-30", {}},
         {"13/13/2026", {}},
         {"1.2.3.4", {}},
         {"2026-05-03-1", {}},
         {"12345678", {}},
         {"3.5", {}},
         {"1/2/345", {}},
         {"no date", {}}});
  check(NormalKind::kDate, kEuropean,
        {{"03.05.2026", {"2026-05-03 <- 03.05.2026"}},
         {"03/05/2026", {"2026-05-03 <- 03/05/2026"}},
         {"3-5-26", {"2026-05-03 <- 3-5-26"}},
         {"12/25/2026", {"2026-12-25 <- 12/25/2026"}},
         {"at 3/5", {"2027-05-03 <- 3/5"}}});
}

TEST(Mentions, DatesWithNamesOfMonths) {
  check(NormalKind::kDate, kAmerican,
        {{"3rd of May", {"2027-05-03 <- 3rd of May"}},
         {"May 3, 2026", {"2026-05-03 <- May 3, 2026"}},
         {"may 3 2026", {"2026-05-03 <- may 3 2026"}},
         {"May 3rd, 2026 at noon", {"2026-05-03 <- May 3rd, 2026"}},
         {"3 May 2026", {"2026-05-03 <- 3 May 2026"}},
         {"the third of May 2026", {"2026-05-03 <- third of May 2026"}},
         {"twenty-first of March", {"2027-03-21 <- twenty-first of March"}},
         {"Sept. 9, 2025", {"2025-09-09 <- Sept. 9, 2025"}},
         {"9 Sep. 2025", {"2025-09-09 <- 9 Sep. 2025"}},
         {"Dec 24", {"2026-12-24 <- Dec 24"}},
         {"November 25", {"2026-11-25 <- November 25"}},
         {"February 30", {}},
         {"May I", {}},
         {"in May", {}},
         {"May 2026", {}},
         {"32 May", {}}});
  check(NormalKind::kDate, {}, {{"May 3", {}}, {"May 3, 2026", {"2026-05-03 <- May 3, 2026"}}, {"tomorrow", {}}});
}

TEST(Mentions, DatesRelativeToTheDayOfTheRequest) {
  check(NormalKind::kDate, kAmerican,
        {{"today", {"2026-11-25 <- today"}},
         {"Tomorrow night", {"2026-11-26 <- Tomorrow"}},
         {"the day after tomorrow", {"2026-11-27 <- day after tomorrow", "2026-11-26 <- tomorrow"}},
         {"yesterday", {"2026-11-24 <- yesterday"}},
         {"in 3 days", {"2026-11-28 <- in 3 days"}},
         {"in a week", {"2026-12-02 <- in a week"}},
         {"in two weeks", {"2026-12-09 <- in two weeks"}},
         {"on Friday", {"2026-11-27 <- Friday"}},
         {"wednesday", {"2026-12-02 <- wednesday"}},
         {"next friday", {"2026-11-27 <- next friday", "2026-12-04 <- next friday", "2026-11-27 <- friday"}},
         {"last Monday", {"2026-11-23 <- last Monday", "2026-11-30 <- Monday"}},
         {"in 3 hours", {}},
         {"in 99999 days", {}}});
}

TEST(Mentions, NumbersInFigures) {
  check(NormalKind::kNumber, {},
        {{"1,250 people", {"1250 <- 1,250"}},
         {"3.5k", {"3.5 <- 3.5", "3500 <- 3.5k"}},
         {"2 million", {"2 <- 2", "2000000 <- 2 million"}},
         {"$1.50", {"1.5 <- 1.50"}},
         {"007", {"7 <- 007"}},
         {".5", {"0.5 <- .5"}},
         {"-3.5", {"3.5 <- 3.5", "-3.5 <- -3.5"}},
         {"5-10", {"5 <- 5", "10 <- 10"}},
         {"1,2,3", {"1 <- 1", "2 <- 2", "3 <- 3"}},
         {"the 3rd", {"3 <- 3"}},
         {"5 m", {"5 <- 5"}},
         {"1,250,000", {"1250000 <- 1,250,000"}},
         {"192.168.0.1", {}},
         {"x5", {"5 <- 5"}},
         {"none", {}},
         {std::string(200, '9'), {}}});
  check(NormalKind::kNumber, {.decimal_comma = true},
        {{"1.250,5", {"1250.5 <- 1.250,5"}},
         {"3,5", {"3.5 <- 3,5"}},
         {"1.250", {"1250 <- 1.250"}},
         {"3.5", {"3.5 <- 3.5"}}});
}

TEST(Mentions, NumbersInWords) {
  check(NormalKind::kNumber, {},
        {{"twelve", {"12 <- twelve"}},
         {"Twenty-five people", {"25 <- Twenty-five"}},
         {"two hundred and five", {"205 <- two hundred and five"}},
         {"a hundred", {"100 <- a hundred"}},
         {"three thousand two hundred", {"3200 <- three thousand two hundred"}},
         {"one million two thousand", {"1002000 <- one million two thousand"}},
         {"a dozen eggs", {"12 <- a dozen"}},
         {"two dozen", {"24 <- two dozen"}},
         {"one two", {"1 <- one", "2 <- two"}},
         {"five and six", {"5 <- five", "6 <- six"}},
         {"the third", {"3 <- third"}},
         {"twenty ten", {"20 <- twenty", "10 <- ten"}},
         {"hundred", {}},
         {"a lot", {}},
         {"someone", {}}});
}

TEST(Mentions, PhoneNumbers) {
  check(NormalKind::kPhone, {.calling_code = "49"},
        {{"+49 30 1234567", {"+49301234567 <- +49 30 1234567"}},
         {"0049-30-1234567", {"+49301234567 <- 0049-30-1234567"}},
         {"(030) 1234567.", {"+49301234567 <- (030) 1234567"}},
         {"030/1234567", {"+49301234567 <- 030/1234567"}},
         {"+49 (0)30 1234567", {"+49301234567 <- +49 (0)30 1234567"}},
         {"12345", {}},
         {"1234567890123456", {}},
         {"1,250,000,000", {}}});
  check(
      NormalKind::kPhone, {.calling_code = "1"},
      {{"(415) 555-1234", {"+14155551234 <- (415) 555-1234"}}, {"1-415-555-1234", {"+14155551234 <- 1-415-555-1234"}}});
  check(NormalKind::kPhone, {}, {{"415 555 1234", {}}, {"+1 415 555 1234", {"+14155551234 <- +1 415 555 1234"}}});
}

TEST(Mentions, SpansLieInTheTextAndNormalFormsAreNormal) {
  base::Random random(9);
  const std::vector<std::string> pieces = {
      "3", "12", "2026", "May",    "of",     "-",       "/",   ".", ",", " ",        "rd", "th",   "+",   "(",
      ")", "0",  "next", "Friday", "twenty", "hundred", "and", "a", "k", "\xC3\xA9", "in", "days", "555", "1234"};
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (uint64_t i = random.below(12); i > 0; --i) text += pieces[random.below(pieces.size())];
    BindingOptions options = random.below(2) == 0 ? kAmerican : kEuropean;
    options.calling_code = "49";
    options.decimal_comma = random.below(2) == 0;
    for (const NormalKind kind : {NormalKind::kDate, NormalKind::kNumber, NormalKind::kPhone}) {
      const auto mentions = find_mentions(kind, text, options);
      ASSERT_TRUE(mentions.ok());
      for (const Mention& mention : *mentions) {
        EXPECT_LT(mention.begin, mention.end) << text;
        EXPECT_LE(mention.end, text.size()) << text;
        switch (kind) {
          case NormalKind::kDate:
            EXPECT_EQ(mention.normal.size(), 10u) << text;
            break;
          case NormalKind::kNumber:
            EXPECT_EQ(Decimal::parse(mention.normal).value().text(), mention.normal);
            break;
          case NormalKind::kPhone:
            EXPECT_EQ(mention.normal[0], '+') << text;
            break;
        }
      }
    }
  }
}

TEST(Mentions, TooManyAreRefused) {
  std::string text;
  for (size_t i = 0; i <= kMentionsMax; ++i) text += "1 ";
  const auto mentions = find_mentions(NormalKind::kNumber, text, {});
  ASSERT_FALSE(mentions.ok());
  EXPECT_EQ(mentions.error().code, ErrorCode::kLimit);
}

}  // namespace
}  // namespace cadre::contract
