// Exact decimal numbers: what a JSON number means, without rounding.
//
// A value is sign x digits x 10^exponent, kept in one canonical form (no leading or trailing zero in `digits`; zero has
// empty digits, exponent 0 and no sign), so that equal values compare equal member by member: 1, 1.0, 10e-1 and 0.1e1 are
// one Decimal. No operation rounds. Digits have no limit but the text's; an exponent of more than
// kExponentDigitsMax (contract/json_scan.h) digits, leading zeros aside, is an Error of code kLimit. Thread safety: values.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cadre::contract {

class Decimal {
 public:
  Decimal() = default;
  static Decimal from_int(int64_t value);
  // digits x 10^exponent; zeros at either end of `digits` are allowed, none at all is zero.
  static Decimal from_digits(bool negative, std::string_view digits, int64_t exponent);
  // Of a JSON number token (RFC 8259: optional minus, integer part without leading zeros, fraction, exponent).
  static Result<Decimal> parse(std::string_view json_number);

  bool negative() const { return negative_; }
  bool is_zero() const { return digits_.empty(); }
  bool is_integer() const { return exponent_ >= 0; }
  // Significant digits, most significant first, '0'..'9'; the value is digits x 10^exponent.
  const std::string& digits() const { return digits_; }
  int64_t exponent() const { return exponent_; }
  // The value is less than 10^magnitude and at least a tenth of that, signs aside. Zero has none.
  int64_t magnitude() const { return static_cast<int64_t>(digits_.size()) + exponent_; }
  Decimal negated() const { return from_digits(!negative_, digits_, exponent_); }
  Decimal times_power_of_ten(int64_t power) const { return from_digits(negative_, digits_, exponent_ + power); }

  // -1, 0 or 1.
  int compare(const Decimal& other) const;
  // Is this = k x divisor for an integer k? False for a zero divisor. Exact; O(digits x digits of the divisor), and exponents
  // far apart cost no more than exponents four times the divisor's digits apart.
  bool is_multiple_of(const Decimal& divisor) const;
  // The value as an int64 if it is an integer in range.
  bool to_int64(int64_t* out) const;
  // Shortest plain text: "-12.5", "1e400"; parses back to the same value.
  std::string text() const;

  friend bool operator==(const Decimal&, const Decimal&) = default;

 private:
  bool negative_ = false;
  std::string digits_;
  int64_t exponent_ = 0;
};

}  // namespace cadre::contract
