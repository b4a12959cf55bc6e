// parse_number: the plain numbers that people write in questions and cells.
// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <cmath>

#include "base/ascii.h"
#include "text/words.h"

namespace cadre::text {

using base::is_digit;
namespace {

constexpr size_t kNumberSizeBytesMax = 400;  // a double has at most 309 digits before its point

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

std::string_view without_spaces(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

size_t digit_count(std::string_view text) {
  size_t count = 0;
  while (count < text.size() && is_digit(text[count])) ++count;
  return count;
}

void take_digits(std::string_view& text, size_t count, std::string& out) {
  out.append(text.substr(0, count));
  text.remove_prefix(count);
}

// Digits, in groups of three when there are commas; false if a comma stands anywhere else.
bool take_whole_part(std::string_view& text, std::string& out) {
  const size_t first = digit_count(text);
  take_digits(text, first, out);
  while (!text.empty() && text.front() == ',') {
    text.remove_prefix(1);
    if (first == 0 || first > 3 || digit_count(text) != 3) return false;
    take_digits(text, 3, out);
  }
  return true;
}

bool take_sign(std::string_view& text, std::string& out) {
  constexpr std::string_view kMinusSign = "\u2212";
  if (text.starts_with(kMinusSign)) {
    text.remove_prefix(kMinusSign.size());
    out.push_back('-');
    return true;
  }
  if (text.empty() || (text.front() != '-' && text.front() != '+')) return false;
  if (text.front() == '-') out.push_back('-');
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::optional<double> parse_number(std::string_view text) {
  text = without_spaces(text);
  if (text.empty() || text.size() > kNumberSizeBytesMax) return std::nullopt;
  std::string plain;  // what std::from_chars reads: no plus sign, no commas
  take_sign(text, plain);
  const size_t sign_size = plain.size();
  if (!take_whole_part(text, plain)) return std::nullopt;
  const bool has_whole_part = plain.size() > sign_size;
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    const size_t count = digit_count(text);
    if (count == 0) return std::nullopt;
    plain += has_whole_part ? "." : "0.";
    take_digits(text, count, plain);
  } else if (!has_whole_part) {
    return std::nullopt;
  }
  if (!text.empty() && (text.front() == 'e' || text.front() == 'E')) {
    plain.push_back('e');
    text.remove_prefix(1);
    take_sign(text, plain);
    const size_t count = digit_count(text);
    if (count == 0) return std::nullopt;
    take_digits(text, count, plain);
  }
  if (!text.empty()) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(plain.data(), plain.data() + plain.size(), value);
  if (error != std::errc() || end != plain.data() + plain.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

}  // namespace cadre::text
