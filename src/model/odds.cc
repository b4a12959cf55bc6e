// SPDX-License-Identifier: Apache-2.0
#include "model/odds.h"

#include <algorithm>
#include <cmath>

namespace cadre::model {
namespace {

constexpr double kProbabilityMin = 1e-5;
constexpr double kLn2 = 0.693147180559945309;
constexpr int kLogTerms = 9;   // s^19 / 19 with s at most 0.172: 2e-16
constexpr int kExpTerms = 13;  // (ln 2 / 2)^14 / 14!: 4e-18

}  // namespace

// m in [sqrt(1/2), sqrt(2)): ln m = 2 atanh((m - 1) / (m + 1)).
double fixed_log(double x) {
  int exponent = 0;
  double mantissa = std::frexp(x, &exponent);  // exact, in [1/2, 1)
  if (mantissa < 0.70710678118654752) {
    mantissa *= 2;
    --exponent;
  }
  const double s = (mantissa - 1) / (mantissa + 1), square = s * s;
  double sum = 0;
  for (int i = kLogTerms; i >= 0; --i) sum = sum * square + 1.0 / (2 * i + 1);
  return 2 * s * sum + exponent * kLn2;
}

double fixed_exp(double x) {
  x = std::clamp(x, -700.0, 700.0);
  const double n = std::nearbyint(x / kLn2), r = x - n * kLn2;
  double sum = 1;
  for (int i = kExpTerms; i > 0; --i) sum = sum * r / i + 1;
  return std::ldexp(sum, static_cast<int>(n));  // exact
}

double log_odds(double probability) {
  const double p = std::clamp(probability, kProbabilityMin, 1 - kProbabilityMin);
  return fixed_log(p / (1 - p));
}

double probability_of(double log_odds) {
  return 1 / (1 + fixed_exp(-log_odds));
}

}  // namespace cadre::model
