// SPDX-License-Identifier: Apache-2.0
#include "text/words.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "base/utf8.h"
#include "text/unicode.h"

namespace cadre::text {
namespace {

// "a|b|c": the words of a text as they stand in it.
std::string split(std::string_view text) {
  std::string joined;
  for (const Word& word : split_words(text)) {
    if (!joined.empty()) joined += '|';
    joined += text.substr(word.begin, word.end - word.begin);
  }
  return joined;
}

// Characters that make trouble: marks that compose, ligatures, fractions, symbols that spell letters, other scripts,
// controls, invalid bytes.
std::string random_text(base::Random& random, size_t length_max) {
  static const std::vector<std::string> kPieces = {"a",
                                                   "B",
                                                   "z",
                                                   "e",
                                                   "I",
                                                   "1",
                                                   "2",
                                                   "3",
                                                   "0",
                                                   ",",
                                                   ".",
                                                   " ",
                                                   "-",
                                                   "%",
                                                   "$",
                                                   "+",
                                                   "'",
                                                   "=",
                                                   "\t",
                                                   "\n",
                                                   std::string(1, '\0'),
                                                   "\u0301",
                                                   "\u0338",
                                                   "\u0331",
                                                   "\u0323",
                                                   "\u00e9",
                                                   "\u0130",
                                                   "\u00df",
                                                   "\u1e9e",
                                                   "\u212b",
                                                   "\ufb01",
                                                   "\u00bd",
                                                   "\u00b2",
                                                   "\u2460",
                                                   "\u2122",
                                                   "\u338f",
                                                   "\u2167",
                                                   "\uff15",
                                                   "\uff0c",
                                                   "\u0663",
                                                   "\u00ad",
                                                   "\u200d",
                                                   "\u200b",
                                                   "\u3000",
                                                   "\u1100",
                                                   "\u1161",
                                                   "\u11a8",
                                                   "\uac00",
                                                   "\ufdfa",
                                                   "\u4e2d",
                                                   "\u3007",
                                                   "\U0001F600",
                                                   "\U00010400",
                                                   "\u20ac",
                                                   "\u2212",
                                                   "\u0e01\u0e33",
                                                   "\u0345",
                                                   "\u03a3",
                                                   "\xff",
                                                   "\xc3",
                                                   "\xed\xa0\x80",
                                                   "\xf0\x9f"};
  std::string text;
  for (uint64_t i = random.below(length_max); i > 0; --i) text += kPieces[random.below(kPieces.size())];
  return text;
}

TEST(Words, LettersNumbersAndPunctuationAreSplitAsTheHeaderSays) {
  const std::pair<const char*, const char*> kTable[] = {
      {"How many goals did Kane score in 2019?", "How|many|goals|did|Kane|score|in|2019|?"},
      {"2nd", "2|nd"},
      {"28,500 or 3.5%", "28,500|or|3.5|%"},
      {"1,234,567.25", "1,234,567.25"},
      {"1,2,3", "1|,|2|,|3"},      // a list, not a number
      {"1234,567", "1234|,|567"},  // no thousands group is four digits long
      {"28,5007 12,34", "28|,|5007|12|,|34"},
      {"3.5,400", "3.5|,|400"},  // no groups after a fraction
      {"12.05.2003", "12.05.2003"},
      {"end 5. Next", "end|5|.|Next"},
      {"-3", "-|3"},
      {".5", ".|5"},
      {"don't", "don|'|t"},
      {"310-329 (20)", "310|-|329|(|20|)"},
      {"caf\u00e9 cafe\u0301", "caf\u00e9|cafe\u0301"},
      {"\uff11\uff12,\uff13", "\uff11\uff12|,|\uff13"},
      {"5\u00bd km\u00b2", "5|\u00bd|km|\u00b2"},
      {"soft\u00adhyphen zero\u200bwidth", "soft\u00adhyphen|zero|width"},
      {"\u4e2d\u56fd 3\u6708", "\u4e2d\u56fd|3|\u6708"},
      {"a\xff\xffz", "a|\xff|\xff|z"},  // invalid bytes are punctuation, one each
      {" \t\r\n", ""},
      {"", ""},
  };
  for (const auto& [text, expected] : kTable) EXPECT_EQ(split(text), expected) << text;
}

TEST(Words, KindsAndNormsFollowTheText) {
  const auto words = split_words("\u00c9tats 28,500 % \u2122 \u00bd");
  ASSERT_EQ(words.size(), 5u);
  EXPECT_EQ(words[0].kind, WordKind::kLetters);
  EXPECT_EQ(words[0].norm, "\u00e9tats");
  EXPECT_EQ(words[1].kind, WordKind::kNumber);
  EXPECT_EQ(words[1].norm, "28500");
  EXPECT_EQ(words[2].kind, WordKind::kPunctuation);
  EXPECT_EQ(words[2].norm, "");
  EXPECT_EQ(words[3].norm, "tm");
  EXPECT_EQ(words[4].kind, WordKind::kNumber);
  EXPECT_EQ(words[4].norm, "12");
}

TEST(Words, NormalFormIsWhatIsLeftWithoutCaseSpaceAndPunctuation) {
  const std::pair<const char*, const char*> kTable[] = {
      {"Arkansas - Little Rock", "arkansaslittlerock"},
      {"310-329 (20)", "31032920"},
      {"$117,451\u2013$190,200", "117451190200"},  // symbols are left out too
      {"128\u00d764 pixels", "12864pixels"},
      {"cafe\u0301", "caf\u00e9"},
      {"\ufb01n", "fin"},
      {"A\u030angstro\u0308m", "\u00e5ngstr\u00f6m"},
      {"\uff21\uff11", "a1"},
      {"\u2713", ""},  // a cell of symbols has no normal form
      {"-", ""},
      {"\xff", ""},
  };
  for (const auto& [text, norm] : kTable) EXPECT_EQ(normalize(text), norm) << text;
}

TEST(Words, NormsOfASpanOfWordsSpellTheNormalFormOfItsText) {
  base::Random random(20);
  for (int round = 0; round < 20000; ++round) {
    const std::string text = random_text(random, 16);
    const auto words = split_words(text);
    for (size_t first = 0; first < words.size(); ++first) {
      std::string norms;
      for (size_t last = first; last < words.size(); ++last) {
        norms += words[last].norm;
        ASSERT_EQ(normalize(std::string_view(text).substr(words[first].begin, words[last].end - words[first].begin)),
                  norms)
            << testing::PrintToString(text) << " words " << first << " to " << last;
      }
    }
    std::string all;
    for (const Word& word : words) all += word.norm;
    ASSERT_EQ(normalize(text), all);
  }
}

TEST(Words, WordsAreInOrderDisjointAndNotEmpty) {
  base::Random random(21);
  for (int round = 0; round < 5000; ++round) {
    const std::string text = random_text(random, 40);
    uint32_t last_end = 0;
    for (const Word& word : split_words(text)) {
      ASSERT_GE(word.begin, last_end);
      ASSERT_GT(word.end, word.begin);
      ASSERT_LE(word.end, text.size());
      ASSERT_TRUE(is_valid_utf8(word.norm));
      ASSERT_TRUE(word.kind != WordKind::kPunctuation || word.norm.empty());
      last_end = word.end;
    }
  }
}

TEST(Words, NormalizingTheNormOfAWordChangesNothing) {
  base::Random random(22);
  for (int round = 0; round < 20000; ++round) {
    for (const Word& word : split_words(random_text(random, 24))) ASSERT_EQ(normalize(word.norm), word.norm);
  }
}

TEST(Words, LowerKeepsPunctuationAndIsAlwaysValidUtf8) {
  EXPECT_EQ(lower("Kane's GOALS: 5%"), "kane's goals: 5%");
  EXPECT_EQ(lower("\u00c9TATS \u2122"), "\u00e9tats tm");
  EXPECT_EQ(lower("H\u0331"), "\u1e96");  // the capital has no composed form, the small letter has
  EXPECT_EQ(lower("a\xff"), "a\ufffd");
  base::Random random(23);
  for (int round = 0; round < 20000; ++round) {
    const std::string lowered = lower(random_text(random, 24));
    ASSERT_TRUE(is_valid_utf8(lowered));
    ASSERT_EQ(lower(lowered), lowered) << testing::PrintToString(lowered);
  }
}

TEST(Words, LowerOfEveryCodePointIsStable) {
  for (char32_t code = 1; code <= 0x10FFFF; ++code) {
    if (code == 0xD800) code = 0xE000;
    std::string text;
    base::append_utf8(code, text);
    const std::string once = lower(text);
    ASSERT_EQ(lower(once), once) << "U+" << std::hex << static_cast<uint32_t>(code);
  }
}

TEST(Words, ValidUtf8IsToldFromOverlongSurrogateAndTruncatedForms) {
  for (const char* valid : {"", "abcdefgh", "abcdefg\u00e9", "\u00e9\u20ac\U0001F600", "\ufffd", "\U0010FFFF"})
    EXPECT_TRUE(is_valid_utf8(valid));
  for (const char* invalid :
       {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80", "abcdefgh\xe2\x82", "\xe2\x28\xa1", "\xff", "1234567\xc3"}) {
    EXPECT_FALSE(is_valid_utf8(invalid)) << testing::PrintToString(std::string(invalid));
  }
}

TEST(Words, LongRunsOfCombiningMarksTakeLinearTime) {
  std::string text = "a";
  for (int i = 0; i < 200000; ++i) text += i % 2 == 0 ? "\u0301" : "\u0323";  // each pair out of canonical order
  EXPECT_EQ(split_words(text).size(), 1u);  // an insertion sort without a bound would take minutes here
}

TEST(Stem, FormsOfAWordMeet) {
  const std::vector<std::vector<const char*>> kTable = {{"medal", "medals"},
                                                        {"city", "cities"},
                                                        {"class", "classes"},
                                                        {"match", "matches", "matched", "matching"},
                                                        {"name", "names", "named", "naming"},
                                                        {"score", "scores", "scored", "scoring"},
                                                        {"play", "plays", "played", "playing"},
                                                        {"run", "runs", "running"},
                                                        {"locate", "located", "locates", "locating"},
                                                        {"direct", "directs", "directed", "directing"},
                                                        {"produce", "produced", "produces", "producing"},
                                                        {"carry", "carries", "carried", "carrying"},
                                                        {"release", "released", "releases", "releasing"},
                                                        {"call", "called", "calling", "calls"},
                                                        {"use", "used", "using", "uses"},
                                                        {"receive", "received", "receives"},
                                                        {"usual", "usually"},
                                                        {"family", "families"},
                                                        {"box", "boxes"},
                                                        {"die", "died"},
                                                        {"win", "wins", "winning"},
                                                        {"add", "added", "adding"}};
  for (const auto& forms : kTable) {
    for (const char* form : forms) EXPECT_EQ(stem(form), stem(forms[0])) << form;
  }
  EXPECT_EQ(stem("medals"), "medal");
}

TEST(Stem, ShortAndForeignWordsAndNumbersStay) {
  for (const char* word :
       {"", "a", "is", "bus", "king", "red", "speed", "string", "2019", "\u00e9tats", "july", "only"})
    EXPECT_EQ(stem(word), word);
  EXPECT_NE(stem("news"), "");
}

TEST(ParseNumber, PlainNumbersAreRead) {
  const std::pair<const char*, double> kTable[] = {
      {"0", 0},       {"1,234.5", 1234.5}, {"-3", -3},    {"+3", 3},        {"\u22123", -3}, {" 42\n", 42},
      {".5", .5},     {"-.5", -.5},        {"1e3", 1000}, {"1.5E-2", .015}, {"007", 7},      {"1,234,567", 1234567},
      {"2019", 2019}, {"1e+2", 100}};
  for (const auto& [text, value] : kTable) {
    const auto parsed = parse_number(text);
    ASSERT_TRUE(parsed.has_value()) << text;
    EXPECT_DOUBLE_EQ(*parsed, value) << text;
  }
}

TEST(ParseNumber, EverythingElseIsNot) {
  for (const char* text :
       {"",   " ",    "-",   "+",   ".",   "5 %", "$5",  "5.",    "1,23", "1234,567", ",123",  "1,234,", "1.2.3",  "1e",
        "e5", "0x10", "inf", "nan", "--3", "+-3", "1 2", "1e999", "five", "\uff15",   "1_000", "1,2345", "1.5,000"}) {
    EXPECT_FALSE(parse_number(text).has_value()) << text;
  }
  EXPECT_FALSE(parse_number(std::string(401, '1')).has_value());
}

}  // namespace
}  // namespace cadre::text
