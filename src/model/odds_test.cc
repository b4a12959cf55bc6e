// SPDX-License-Identifier: Apache-2.0
#include "model/odds.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>

namespace cadre::model {
namespace {

TEST(Odds, LogAndExpAreWithinABillionthOfTheTruth) {
  for (double x = 1e-300; x < 1e300; x *= 1.7)
    EXPECT_NEAR(fixed_log(x), std::log(x), 1e-9 * std::abs(std::log(x)) + 1e-15) << x;
  for (double x = -600; x < 600; x += 0.37) EXPECT_NEAR(fixed_exp(x) / std::exp(x), 1, 1e-9) << x;
}

TEST(Odds, ExtremesStayFinite) {
  EXPECT_TRUE(std::isfinite(fixed_exp(1e9)));
  EXPECT_GT(fixed_exp(-1e9), 0);
  EXPECT_DOUBLE_EQ(log_odds(0), log_odds(1e-5));
  EXPECT_NEAR(log_odds(1), -log_odds(1e-5), 1e-9);
}

TEST(Odds, ProbabilitiesComeBack) {
  for (double p = 0.001; p < 1; p += 0.013) EXPECT_NEAR(probability_of(log_odds(p)), p, 1e-12);
}

// Recorded once: another compiler, C library or processor must give the same bits, or replays would differ.
TEST(Odds, TheBitsAreTheSameEverywhere) {
  EXPECT_EQ(std::bit_cast<uint64_t>(fixed_log(0.3)), 0xBFF34378FCBDA720U);
  EXPECT_EQ(std::bit_cast<uint64_t>(fixed_exp(-1.7)), 0x3FC7622C78A98A06U);
  EXPECT_EQ(std::bit_cast<uint64_t>(probability_of(0.9)), 0x3FE6C0192BDC382EU);
}

}  // namespace
}  // namespace cadre::model
