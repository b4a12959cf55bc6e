// SPDX-License-Identifier: Apache-2.0
#include "contract/decimal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/ascii.h"
#include "contract/json_scan.h"

namespace cadre::contract {

using base::is_digit;
namespace {

constexpr uint64_t kSmallDivisorDigits = 17;  // residue x 10 + 9 stays below 2^64
constexpr uint32_t kLimb = 1'000'000'000;

// The parts of a JSON number token.
struct Token {
  bool negative = false;
  std::string_view whole, fraction;
  int64_t exponent = 0;
  bool is_exponent_too_long = false;
};

size_t digits_at(std::string_view text, size_t at) {
  size_t end = at;
  while (end < text.size() && is_digit(text[end])) ++end;
  return end;
}

int64_t exponent_value(std::string_view digits) {
  int64_t value = 0;
  for (const char digit : digits.substr(0, kExponentDigitsMax)) value = value * 10 + (digit - '0');
  return value;
}

bool split_token(std::string_view text, Token& out) {
  size_t at = 0;
  if (at < text.size() && text[at] == '-') out.negative = true, ++at;
  size_t end = digits_at(text, at);
  if (end == at || (text[at] == '0' && end > at + 1)) return false;
  out.whole = text.substr(at, end - at);
  at = end;
  if (at < text.size() && text[at] == '.') {
    end = digits_at(text, at + 1);
    if (end == at + 1) return false;
    out.fraction = text.substr(at + 1, end - at - 1);
    at = end;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    const bool negative = at < text.size() && text[at] == '-';
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    end = digits_at(text, at);
    if (end == at) return false;
    while (at + 1 < end && text[at] == '0') ++at;
    out.exponent = exponent_value(text.substr(at, end - at)) * (negative ? -1 : 1);
    out.is_exponent_too_long = end - at > kExponentDigitsMax;
    at = end;
  }
  return at == text.size();
}

uint64_t to_uint64(std::string_view digits) {
  uint64_t value = 0;
  for (const char digit : digits) value = value * 10 + static_cast<uint64_t>(digit - '0');
  return value;
}

bool divides_small(std::string_view digits, uint64_t zeros, uint64_t divisor) {
  uint64_t residue = 0;
  for (const char digit : digits) residue = (residue * 10 + static_cast<uint64_t>(digit - '0')) % divisor;
  for (uint64_t i = 0; i < zeros && residue != 0; ++i) residue = residue * 10 % divisor;
  return residue == 0;
}

// Residue of a long division, digit by digit, on limbs of nine digits (least significant first).
class LongResidue {
 public:
  explicit LongResidue(std::string_view divisor) {
    for (size_t end = divisor.size(); end > 0;) {
      const size_t begin = end > 9 ? end - 9 : 0;
      divisor_.push_back(static_cast<uint32_t>(to_uint64(divisor.substr(begin, end - begin))));
      end = begin;
    }
    divisor_.push_back(0);  // room for residue x 10
    residue_.assign(divisor_.size(), 0);
  }

  void push(uint32_t digit) {
    uint64_t carry = digit;
    for (auto& limb : residue_) {
      carry += uint64_t{limb} * 10;
      limb = static_cast<uint32_t>(carry % kLimb);
      carry /= kLimb;
    }
    while (!is_less()) subtract();  // at most nine times
  }

  bool is_zero() const {
    return std::all_of(residue_.begin(), residue_.end(), [](uint32_t limb) { return limb == 0; });
  }

 private:
  bool is_less() const {
    return std::lexicographical_compare(residue_.rbegin(), residue_.rend(), divisor_.rbegin(), divisor_.rend());
  }
  void subtract() {
    int64_t borrow = 0;
    for (size_t i = 0; i < residue_.size(); ++i) {
      int64_t limb = int64_t{residue_[i]} - divisor_[i] - borrow;
      borrow = limb < 0;
      residue_[i] = static_cast<uint32_t>(limb + borrow * kLimb);
    }
  }

  std::vector<uint32_t> divisor_, residue_;
};

}  // namespace

Decimal Decimal::from_int(int64_t value) {
  return Decimal::parse(std::to_string(value)).value();
}

Decimal Decimal::from_digits(bool negative, std::string_view digits, int64_t exponent) {
  while (!digits.empty() && digits.front() == '0') digits.remove_prefix(1);
  while (!digits.empty() && digits.back() == '0') digits.remove_suffix(1), ++exponent;
  Decimal out;
  if (digits.empty()) return out;
  out.negative_ = negative;
  out.digits_ = digits;
  out.exponent_ = exponent;
  return out;
}

Result<Decimal> Decimal::parse(std::string_view json_number) {
  Token token;
  if (!split_token(json_number, token))
    return Error{ErrorCode::kInvalid, fmt::format("not a number: {}", json_number.substr(0, 40))};
  if (token.is_exponent_too_long)
    return Error{ErrorCode::kLimit, fmt::format("number {}...: its exponent has more than {} digits",
                                                json_number.substr(0, 40), kExponentDigitsMax)};
  auto whole = token.whole;
  auto fraction = token.fraction;
  if (whole == "0") whole = {};
  while (!fraction.empty() && fraction.back() == '0') fraction.remove_suffix(1);
  int64_t exponent = token.exponent - static_cast<int64_t>(fraction.size());
  if (whole.empty()) {
    while (!fraction.empty() && fraction.front() == '0') fraction.remove_prefix(1);
  }
  if (fraction.empty()) {
    while (!whole.empty() && whole.back() == '0') whole.remove_suffix(1), ++exponent;
  }
  Decimal out;
  if (whole.empty() && fraction.empty()) return out;
  out.negative_ = token.negative;
  out.digits_.reserve(whole.size() + fraction.size());
  out.digits_.append(whole).append(fraction);
  out.exponent_ = exponent;
  return out;
}

int Decimal::compare(const Decimal& other) const {
  const int sign = is_zero() ? 0 : negative_ ? -1 : 1;
  const int other_sign = other.is_zero() ? 0 : other.negative_ ? -1 : 1;
  if (sign != other_sign) return sign < other_sign ? -1 : 1;
  if (sign == 0) return 0;
  if (magnitude() != other.magnitude()) return magnitude() < other.magnitude() ? -sign : sign;
  // Without trailing zeros the order of the digit strings is the order of the fractions they stand for.
  const int order = digits_.compare(other.digits_);
  return order < 0 ? -sign : order > 0 ? sign : 0;
}

bool Decimal::is_multiple_of(const Decimal& divisor) const {
  if (divisor.is_zero()) return false;
  if (is_zero()) return true;
  // a x 10^zeros over b. The last digit of a is not zero, so no multiple of ten divides it.
  if (exponent_ < divisor.exponent_) return false;
  // 2^i divides b < 10^n for i <= 3.33 n only; more zeros than that change nothing.
  const auto zeros =
      std::min<uint64_t>(static_cast<uint64_t>(exponent_ - divisor.exponent_), 4 * divisor.digits_.size());
  if (divisor.digits_.size() <= kSmallDivisorDigits) return divides_small(digits_, zeros, to_uint64(divisor.digits_));
  LongResidue residue(divisor.digits_);
  for (const char digit : digits_) residue.push(static_cast<uint32_t>(digit - '0'));
  for (uint64_t i = 0; i < zeros; ++i) residue.push(0);
  return residue.is_zero();
}

bool Decimal::to_int64(int64_t* out) const {
  constexpr int64_t kDigits = 19;
  if (exponent_ < 0 || exponent_ > kDigits || static_cast<int64_t>(digits_.size()) + exponent_ > kDigits) return false;
  uint64_t value = to_uint64(digits_);
  for (int64_t i = 0; i < exponent_; ++i) value *= 10;
  constexpr uint64_t kMax = INT64_MAX;
  if (value > kMax + (negative_ ? 1 : 0)) return false;
  *out = static_cast<int64_t>(negative_ ? ~value + 1 : value);
  return true;
}

std::string Decimal::text() const {
  constexpr int64_t kPlainDigits = 21;
  if (is_zero()) return "0";
  std::string out = negative_ ? "-" : "";
  const auto size = static_cast<int64_t>(digits_.size());
  const int64_t point = size + exponent_;  // digits before the decimal point
  if (exponent_ >= 0 && point <= kPlainDigits) return out.append(digits_).append(static_cast<size_t>(exponent_), '0');
  if (exponent_ < 0 && point > 0)
    return out.append(digits_, 0, static_cast<size_t>(point)).append(".").append(digits_, static_cast<size_t>(point));
  if (exponent_ < 0 && point > -6) return out.append("0.").append(static_cast<size_t>(-point), '0').append(digits_);
  return out.append(digits_).append(fmt::format("e{}", exponent_));
}

}  // namespace cadre::contract
