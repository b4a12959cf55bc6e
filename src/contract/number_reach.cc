// SPDX-License-Identifier: Apache-2.0
#include "contract/number_reach.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

#include "contract/json_scan.h"

namespace cadre::contract {
namespace {

using Wide = unsigned __int128;

constexpr int64_t kWideDigits = 36;  // below 2^127 / 10
constexpr size_t kStepDigits = 18;
constexpr int64_t kPowersMax = 2'000;  // a number's digits and then some
constexpr int64_t kFar = 4'000'000'000;

// What stands there.
struct Begun {
  bool negative = false;
  bool zeros_alone = true;     // no other digit yet
  bool whole_is_zero = false;  // "0": no digit may follow
  bool is_plain = true;        // no fraction and no exponent so far
  bool in_exponent = false;
  int exponent_sign = 0;  // 0: not settled
  std::string digits;     // without zeros in front
  int64_t scale = 0;      // the value before an exponent is digits x 10^scale
  std::string exponent;   // its digits, without zeros in front
};

Begun split(std::string_view text) {
  Begun begun;
  bool in_fraction = false;
  for (size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '-' || c == '+') {
      if (at == 0) begun.negative = true;
      if (begun.in_exponent) begun.exponent_sign = c == '-' ? -1 : 1;
    } else if (c == '.') {
      in_fraction = true;
      begun.is_plain = false;
    } else if (c == 'e' || c == 'E') {
      begun.in_exponent = true;
      begun.is_plain = false;
    } else if (begun.in_exponent) {
      if (begun.exponent_sign == 0) begun.exponent_sign = 1;
      if (c != '0' || !begun.exponent.empty()) begun.exponent.push_back(c);
    } else {
      if (in_fraction) --begun.scale;
      if (c != '0' || !begun.digits.empty()) begun.digits.push_back(c);
      begun.zeros_alone = begun.digits.empty();
      begun.whole_is_zero = begun.zeros_alone;
    }
  }
  return begun;
}

NumberPiece mirrored(const NumberPiece& piece) {
  NumberPiece out = piece;
  out.low = piece.high ? std::optional(piece.high->negated()) : std::nullopt;
  out.high = piece.low ? std::optional(piece.low->negated()) : std::nullopt;
  std::swap(out.low_open, out.high_open);
  return out;
}

bool is_above_low(const NumberPiece& piece, const Decimal& value) {
  const int order = piece.low ? value.compare(*piece.low) : 1;
  return order > 0 || (order == 0 && !piece.low_open);
}

bool is_below_high(const NumberPiece& piece, const Decimal& value) {
  const int order = piece.high ? value.compare(*piece.high) : -1;
  return order < 0 || (order == 0 && !piece.high_open);
}

uint64_t to_uint64(std::string_view digits) {
  return std::accumulate(digits.begin(), digits.end(), uint64_t{0},
                         [](uint64_t value, char digit) { return value * 10 + static_cast<uint64_t>(digit - '0'); });
}

// A positive value in units of 10^unit, rounded down; nullopt if that has too many digits.
struct Units {
  Wide whole = 0;
  bool is_exact = true;
};
std::optional<Units> in_units(const Decimal& value, int64_t unit) {
  const int64_t places = value.magnitude() - unit;  // digits before the point
  if (places > kWideDigits) return std::nullopt;
  Units units;
  const auto size = static_cast<int64_t>(value.digits().size());
  for (int64_t i = 0; i < places; ++i)
    units.whole = units.whole * 10 + (i < size ? static_cast<Wide>(value.digits()[static_cast<size_t>(i)] - '0') : 0);
  units.is_exact = size <= std::max<int64_t>(places, 0);
  return units;
}

// Is there a value in the piece? Its bounds are not negative, and neither is the value.
bool holds_any(const NumberPiece& piece) {
  if (!piece.high) return true;
  if (piece.step.is_zero()) {
    const int order = piece.low->compare(*piece.high);
    return order < 0 || (order == 0 && !piece.low_open && !piece.high_open);
  }
  if (piece.step.digits().size() > kStepDigits) return true;
  const auto low = in_units(*piece.low, piece.step.exponent());
  const auto high = in_units(*piece.high, piece.step.exponent());
  if (!low || !high) return true;
  const Wide step = to_uint64(piece.step.digits());
  Wide first = (low->whole + step - 1) / step * step;
  const bool is_below = first == low->whole && (!low->is_exact || piece.low_open);
  if (is_below) first += step;
  return first < high->whole || (first == high->whole && (!high->is_exact || !piece.high_open));
}

// The least k for which value x 10^k is above `bound`, or, unless `strict`, equal to it. Both are positive.
int64_t power_to_reach(const Decimal& value, const Decimal& bound, bool strict) {
  const int64_t level = bound.magnitude() - value.magnitude();
  const int order = value.times_power_of_ten(level).compare(bound);
  return order > 0 || (order == 0 && !strict) ? level : level + 1;
}

std::string plus_one(std::string digits) {
  size_t at = digits.size();
  while (at > 0 && digits[at - 1] == '9') digits[--at] = '0';
  if (at == 0) return "1" + digits;
  ++digits[at - 1];
  return digits;
}

// Digits are there, others and an exponent may follow: all of [digits, digits + 1) x 10^k.
bool reaches_by_digits(const NumberPiece& piece, const Begun& begun) {
  NumberPiece above = piece;  // of it what is positive
  const Decimal zero;
  if (piece.high && piece.high->compare(zero) <= 0) return false;
  if (!piece.low || piece.low->compare(zero) <= 0) {
    if (piece.step.is_zero() && !piece.plain) return true;
    above.low = piece.step;
    above.low_open = piece.step.is_zero();
  }
  const Decimal from = Decimal::from_digits(false, begun.digits, 0);
  const Decimal to = Decimal::from_digits(false, plus_one(begun.digits), 0);
  int64_t power = above.low->is_zero() ? 0 : power_to_reach(to, *above.low, true);
  if (piece.plain) power = std::max<int64_t>(power, 0);
  for (int64_t tries = 0; tries < kPowersMax; ++tries, ++power) {
    const Decimal low = from.times_power_of_ten(power);
    if (!above.high) return true;
    if (!is_below_high(above, low)) return false;
    NumberPiece part = above;
    if (low.compare(*part.low) > 0) {
      part.low = low;
      part.low_open = false;
    }
    const Decimal high = to.times_power_of_ten(power);
    if (high.compare(*part.high) <= 0) {
      part.high = high;
      part.high_open = true;
    }
    if (holds_any(part)) return true;
  }
  return true;
}

// The digits are settled, the exponent is not: digits x 10^k for the k that it can still become.
bool reaches_by_exponent(const NumberPiece& piece, const Begun& begun) {
  const Decimal value = Decimal::from_digits(false, begun.digits, begun.scale);
  int64_t low = -kFar, high = kFar;
  const Decimal zero;
  if (piece.high) {
    if (piece.high->compare(zero) <= 0) return false;
    high = power_to_reach(value, *piece.high, !piece.high_open) - 1;
  }
  if (piece.low && piece.low->compare(zero) > 0) low = power_to_reach(value, *piece.low, piece.low_open);
  if (!piece.step.is_zero() && piece.step.digits().size() <= kStepDigits) {
    // Once a multiple, always a multiple; that is settled after as many zeros as a divisor has twos and fives.
    int64_t power = piece.step.exponent() - value.exponent();
    const int64_t last = power + 4 * static_cast<int64_t>(piece.step.digits().size());
    while (power <= last && !value.times_power_of_ten(power).is_multiple_of(piece.step)) ++power;
    if (power > last) return false;
    low = std::max(low, power);
  }
  const auto meets = [&](int64_t from, int64_t to) { return std::max(from, low) <= std::min(to, high); };
  constexpr int64_t kAll = 999'999'999;
  static_assert(kExponentDigitsMax == 9);
  if (begun.exponent_sign == 0) return meets(-kAll, kAll);
  if (begun.exponent.empty()) return begun.exponent_sign > 0 ? meets(0, kAll) : meets(-kAll, 0);
  int64_t from = static_cast<int64_t>(to_uint64(begun.exponent)), width = 1;
  for (size_t size = begun.exponent.size(); size <= kExponentDigitsMax; ++size, from *= 10, width *= 10) {
    if (begun.exponent_sign > 0 ? meets(from, from + width - 1) : meets(-(from + width - 1), -from)) return true;
  }
  return false;
}

// No digit but zeros yet: zero, and unless it has to be spelt plainly or an exponent has begun everything else.
bool reaches_from_zero(const NumberPiece& piece, const Begun& begun) {
  const Decimal zero;
  if (is_above_low(piece, zero) && is_below_high(piece, zero)) return true;
  if (begun.in_exponent || (piece.plain && begun.whole_is_zero)) return false;
  if (piece.high && piece.high->compare(zero) <= 0) return false;
  NumberPiece above = piece;
  if (!piece.low || piece.low->compare(zero) < 0) above.low = zero;
  above.low_open |= above.low->is_zero();
  return holds_any(above);
}

bool reaches(const NumberPiece& piece, const Begun& begun) {
  if (piece.plain && !begun.is_plain) return false;
  if (begun.zeros_alone) return reaches_from_zero(piece, begun);
  return begun.in_exponent ? reaches_by_exponent(piece, begun) : reaches_by_digits(piece, begun);
}

}  // namespace

bool number_can_reach(const std::vector<NumberPiece>& wanted, std::string_view text) {
  const Begun begun = split(text);
  return std::any_of(wanted.begin(), wanted.end(), [&](const NumberPiece& piece) {
    return begun.negative ? reaches(mirrored(piece), begun) : reaches(piece, begun);
  });
}

Decimal common_step(const Decimal& a, const Decimal& b) {
  if (a.is_zero()) return b;
  if (b.is_zero()) return a;
  const Decimal& greater = a.compare(b) < 0 ? b : a;
  const int64_t unit = std::min(a.exponent(), b.exponent());
  const auto of_a = in_units(a, unit), of_b = in_units(b, unit);
  constexpr Wide kMax = 1'000'000'000'000'000'000;
  if (!of_a || !of_b || of_a->whole >= kMax || of_b->whole >= kMax) return greater;
  const auto x = static_cast<uint64_t>(of_a->whole), y = static_cast<uint64_t>(of_b->whole);
  const Wide common = static_cast<Wide>(x / std::gcd(x, y)) * y;
  if (common >= kMax) return greater;
  return Decimal::from_digits(false, std::to_string(static_cast<uint64_t>(common)), unit);
}

}  // namespace cadre::contract
