// SPDX-License-Identifier: Apache-2.0
#include "contract/decimal.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace cadre::contract {
namespace {

Decimal number(std::string_view text) {
  return Decimal::parse(text).value();
}

TEST(Decimal, SpellingsOfOneValueAreEqual) {
  const char* kGroups[][4] = {{"1", "1.0", "10e-1", "0.1e1"},
                              {"0", "-0", "0.000", "0e999999999"},
                              {"-1250", "-1.25E+3", "-12500e-1", "-0.00125e6"},
                              {"0.001", "1e-3", "0.0010", "10E-04"}};
  for (const auto& group : kGroups) {
    for (const char* text : group) {
      EXPECT_EQ(number(text), number(group[0])) << text;
      EXPECT_EQ(number(text).compare(number(group[0])), 0) << text;
    }
  }
  EXPECT_FALSE(number("1") == number("-1"));
  EXPECT_FALSE(number("1") == number("10"));
}

TEST(Decimal, WhatIsNoJsonNumberIsRefused) {
  for (const char* text :
       {"", "-", "+1", "01", "-01", "1.", ".5", "1e", "1e+", "1.e3", "0x1", "1 ", " 1", "NaN", "--1", "1.2.3"})
    EXPECT_FALSE(Decimal::parse(text).ok()) << text;
}

TEST(Decimal, DigitsHaveNoLimitAndLongExponentsAreOverIt) {
  EXPECT_EQ(number(std::string(100'000, '7')).digits().size(), 100'000u);
  EXPECT_LT(number(std::string(5000, '7')).compare(number(std::string(4999, '7') + "8")), 0);
  EXPECT_EQ(number("1" + std::string(5000, '0')), number("1e5000"));  // zeros at the end are no significant digits
  EXPECT_LT(number("9.9e999999998").compare(number("1e999999999")), 0);
  EXPECT_EQ(Decimal::parse("1e1000000000").error().code, ErrorCode::kLimit);
  EXPECT_EQ(number("1e-0000000001"), number("0.1"));  // zeros before the exponent's first digit count for nothing
  EXPECT_EQ(number("1e+0000000000999999999"), number("1e999999999"));
  EXPECT_EQ(number("7E0000000000000"), number("7"));
  EXPECT_EQ(Decimal::parse("1e-0001000000000").error().code, ErrorCode::kLimit);
  EXPECT_EQ(Decimal::parse("1e99999999999999999999999").error().code, ErrorCode::kLimit);
}

TEST(Decimal, OrderIsThatOfTheNumberLine) {
  const char* kAscending[] = {"-1e400", "-20", "-3.5",    "-3.49", "-1e-400", "0",    "1e-400", "0.1",
                              "0.11",   "0.2", "1.00001", "9",     "10",      "10.5", "11",     "9007199254740993"};
  for (size_t i = 0; i < std::size(kAscending); ++i) {
    for (size_t k = 0; k < std::size(kAscending); ++k) {
      const int expected = i < k ? -1 : i > k ? 1 : 0;
      EXPECT_EQ(number(kAscending[i]).compare(number(kAscending[k])), expected)
          << kAscending[i] << " and " << kAscending[k];
    }
  }
}

TEST(Decimal, MultiplesAreExact) {
  struct Case {
    const char *value, *divisor;
    bool expected;
  };
  const Case kCases[] = {
      {"0", "7", true},
      {"21", "7", true},
      {"22", "7", false},
      {"-21", "7", true},
      {"0.0075", "0.0001", true},
      {"0.00751", "0.0001", false},
      {"4.5", "1.5", true},
      {"35", "1.5", false},
      {"1.1", "0.1", true},
      {"5", "0", false},
      {"1e308", "0.5", true},
      {"1e900000000", "3", false},
      {"3e900000000", "3", true},
      {"1e900000000", "1024", true},
      {"1e9", "1024", false},
      {"1e10", "1024", true},
      {"5", "10", false},
      {"1e308", "0.123456789", false},
      {"12391239123", "1e-8", true},
      {"340282366920938463463374607431768211456", "18446744073709551616", true},
      {"340282366920938463463374607431768211457", "18446744073709551616", false},
      {"99999999999999999999999999999999999999e5", "99999999999999999999999999999999999999", true},
      {"1e64", "18446744073709551616", true},
      {"1e63", "18446744073709551616", false},
  };
  for (const auto& c : kCases)
    EXPECT_EQ(number(c.value).is_multiple_of(number(c.divisor)), c.expected) << c.value << " of " << c.divisor;
}

TEST(Decimal, LongDivisionAgreesWithMachineArithmetic) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 2000; ++i) {
    const uint64_t divisor = 100'000'000'000'000'000u + random() % 800'000'000'000'000'000u;  // 18 digits: the long way
    const auto factor = static_cast<unsigned __int128>(random() % 1000);
    const auto value = factor * divisor + (i % 2);
    std::string text;
    for (auto rest = value; rest > 0; rest /= 10)
      text.insert(text.begin(), static_cast<char>('0' + static_cast<int>(rest % 10)));
    if (text.empty()) text = "0";
    EXPECT_EQ(number(text).is_multiple_of(number(std::to_string(divisor))), i % 2 == 0) << text << " of " << divisor;
  }
}

TEST(Decimal, IntegersComeBackInTheRangeOf64Bits) {
  for (const int64_t value : {int64_t{0}, int64_t{-1}, int64_t{1000}, std::numeric_limits<int64_t>::max(),
                              std::numeric_limits<int64_t>::min()}) {
    int64_t out = 7;
    ASSERT_TRUE(Decimal::from_int(value).to_int64(&out)) << value;
    EXPECT_EQ(out, value);
  }
  int64_t out = 0;
  EXPECT_TRUE(number("1e18").to_int64(&out));
  EXPECT_EQ(out, 1'000'000'000'000'000'000);
  for (const char* text : {"0.5", "9223372036854775808", "-9223372036854775809", "1e19", "1e900000000", "1e-900000000"})
    EXPECT_FALSE(number(text).to_int64(&out)) << text;
  EXPECT_TRUE(number("5.0").is_integer());
  EXPECT_FALSE(number("5.1").is_integer());
}

TEST(Decimal, TextParsesBackToTheSameValue) {
  const std::pair<const char*, const char*> kCases[] = {
      {"-12.50", "-12.5"}, {"1e400", "1e400"},   {"0.00010", "0.0001"},   {"1200", "1200"},
      {"-0", "0"},         {"12e-30", "12e-30"}, {"123456e-3", "123.456"}};
  for (const auto& [text, expected] : kCases) {
    EXPECT_EQ(number(text).text(), expected);
    EXPECT_EQ(number(number(text).text()), number(text));
  }
}

}  // namespace
}  // namespace cadre::contract
