// SPDX-License-Identifier: Apache-2.0
#include "contract/number_reach.h"

#include <gtest/gtest.h>

#include <string>

#include "base/random.h"
#include "contract/json_scan.h"

namespace cadre::contract {
namespace {

Decimal number(std::string_view text) {
  return Decimal::parse(text).value();
}

struct ReachCase {
  const char *low, *high;  // "" for none; ( or ) in front: open
  const char* step;        // "" for none
  bool plain;
  std::vector<const char*> reach, stuck;
};

NumberPiece piece_of(const ReachCase& c) {
  NumberPiece piece;
  const auto bound = [](std::string_view text, bool& open) -> std::optional<Decimal> {
    if (text.empty()) return std::nullopt;
    open = text[0] == '(';
    return number(text.substr(open ? 1 : 0));
  };
  piece.low = bound(c.low, piece.low_open);
  piece.high = bound(c.high, piece.high_open);
  if (*c.step != 0) piece.step = number(c.step);
  piece.plain = c.plain;
  return piece;
}

TEST(NumberReach, SaysWhatANumberCanStillBecome) {
  const ReachCase kCases[] = {
      // An integer of at most one: what begins with a 2 is greater, whatever follows.
      {"",
       "1",
       "1",
       false,
       {"1", "10", "1.", "10e-", "0", "0.", "0.00", "-", "-5", "1e", "1e-", "0e5", "-2e"},
       {"2", "15", "1e+1", "1e1", "0.5e", "10e-2", "3.5"}},
      // Any number of at most one: 2e-1.
      {"", "1", "", false, {"2", "25", "2e", "2e-", "2e-0", "2e-1", "999"}, {"2e+", "2e0", "2e1", "2e+0"}},
      {"0", "", "", false, {"0", "5", "-", "-0", "-0.0", "-0e7"}, {"-1", "-0.01", "-0.1e"}},
      {"(0", "", "", false, {"0", "0.0", "0.0001"}, {"-", "-0", "0e", "0.0e1"}},
      {"10",
       "20",
       "1",
       false,
       {"1", "2", "15", "150", "1.5", "1.5e", "1.5e1", "20", "0.1", "0.02e3"},
       {"3", "21", "25", "1.55", "1.5e2", "-", "0.2e3", "20.5"}},
      {"0", "255", "5", false, {"1", "25", "250", "2.5", "25e", "3", "35"}, {"256", "26.5", "256e-", "33", "257"}},
      {"",
       "",
       "1",
       false,
       {"1.5", "1.5e", "1.5e0", "1.0e-", "1e-0"},
       {"1.5e-", "1.50e-", "1.5e-0", "1e-1", "1.555e-0"}},
      {"", "", "0.01", false, {"19.999", "19.99e", "1e-2", "1e-", "1e-02"}, {"1e-3", "1e-03", "19.999e-"}},
      {"0.5",
       "0.5",
       "",
       false,
       {"0", "5", "50", "0.5", "0.50", "5e-1", "5e-", "500.0e-"},
       {"0.6", "51", "5e1", "-", "1"}},
      {"1e300", "1e301", "", false, {"1", "5", "1e30", "1e3", "10e299"}, {"1e4", "1e5", "2e301"}},
      {"", "1", "1", true, {"1", "0", "-", "-12"}, {"10", "2", "1.", "1e", "0.", "-1."}},
      {"5", "", "1", true, {"1", "9"}, {"0", "-", "-0"}},
      {"(1", "(2", "1", false, {}, {"1", "15", "0", "-"}},
      {"(-1", "(1", "1", false, {"0", "-", "-0", "0.0", "0e-5"}, {"1", "-1", "0.5e", "5"}},
      {"3", "3", "", true, {"3"}, {"30", "3.", "3e", "0"}},
      {"0", "1e40", "7", false, {"9", "123456789012345678901234567890"}, {"-7"}},
  };
  for (const ReachCase& c : kCases) {
    const auto name = [&](const char* text) {
      return std::string(c.low) + ".." + c.high + " /" + c.step + ": " + text;
    };
    for (const char* text : c.reach) EXPECT_TRUE(number_can_reach({piece_of(c)}, text)) << name(text);
    for (const char* text : c.stuck) EXPECT_FALSE(number_can_reach({piece_of(c)}, text)) << name(text);
  }
}

TEST(NumberReach, NothingWantedIsNeverReached) {
  EXPECT_FALSE(number_can_reach({}, "1"));
}

bool is_in(const NumberPiece& piece, const Decimal& value) {
  const int low = piece.low ? value.compare(*piece.low) : 1, high = piece.high ? value.compare(*piece.high) : -1;
  return (low > 0 || (low == 0 && !piece.low_open)) && (high < 0 || (high == 0 && !piece.high_open)) &&
         (piece.step.is_zero() || value.is_multiple_of(piece.step));
}

// Every text of a value wanted can be reached from each of its beginnings; and from what cannot be reached no text leads there.
TEST(NumberReach, AgreesWithNumbersAtRandom) {
  base::Random random(11);
  const auto digits = [&](size_t count_max) {
    std::string text;
    for (size_t i = 1 + random.below(count_max); i > 0; --i) text.push_back(static_cast<char>('0' + random.below(10)));
    return text;
  };
  size_t wanted = 0;
  for (int round = 0; round < 3000; ++round) {
    NumberPiece piece;
    const Decimal a = Decimal::from_digits(random.chance(0.3), digits(3), static_cast<int64_t>(random.below(4)) - 2);
    const Decimal b = Decimal::from_digits(random.chance(0.3), digits(3), static_cast<int64_t>(random.below(4)) - 2);
    if (random.chance(0.8)) piece.low = a.compare(b) < 0 ? a : b;
    if (random.chance(0.8)) piece.high = a.compare(b) < 0 ? b : a;
    piece.low_open = random.chance(0.3);
    piece.high_open = random.chance(0.3);
    if (random.chance(0.6))
      piece.step = Decimal::from_digits(false, "1" + digits(1), static_cast<int64_t>(random.below(3)) - 2);
    for (int i = 0; i < 20; ++i) {
      std::string text = random.chance(0.3) ? "-" : "";
      text += random.chance(0.3) ? "0" : std::to_string(1 + random.below(300));
      if (random.chance(0.4)) text += "." + digits(2);
      if (random.chance(0.4)) text += (random.chance(0.5) ? "e-" : "e") + digits(1);
      const bool is_wanted = is_in(piece, number(text));
      wanted += is_wanted;
      for (size_t size = 1; is_wanted && size <= text.size(); ++size)
        EXPECT_TRUE(number_can_reach({piece}, text.substr(0, size))) << text.substr(0, size) << " of " << text;
      // A whole number that is not wanted and cannot go on to one: none of its continuations is wanted either.
      if (is_wanted || number_can_reach({piece}, text)) continue;
      const std::string more =
          text + (text.find('e') == std::string::npos ? random.chance(0.5) ? "e-2" : "e1" : digits(2));
      EXPECT_FALSE(is_in(piece, number(more))) << more;
      EXPECT_FALSE(number_can_reach({piece}, more)) << more;
    }
  }
  EXPECT_GT(wanted, 1000u);
}

TEST(NumberReach, StepsHaveACommonOne) {
  EXPECT_EQ(common_step(number("4"), number("6")), number("12"));
  EXPECT_EQ(common_step(number("0.4"), number("1")), number("2"));
  EXPECT_EQ(common_step(Decimal(), number("1")), number("1"));
  EXPECT_EQ(common_step(number("999999999999999999"), number("1000000000")), number("999999999999999999"));
}

}  // namespace
}  // namespace cadre::contract
