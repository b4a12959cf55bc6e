// Phone numbers.
// SPDX-License-Identifier: Apache-2.0
#include "contract/mention_readers.h"

namespace cadre::contract {
namespace {

constexpr size_t kDigitsMin = 7, kDigitsMax = 15;  // E.164 has 15 at most
constexpr size_t kSignsMax = 2;                    // between two groups: ") "

bool is_sign(char c) {
  return c == ' ' || c == '-' || c == '.' || c == '/' || c == '(' || c == ')';
}

// "+" and all digits; empty if the number cannot be completed.
std::string normal_form(std::string_view digits, bool international, const std::string& calling_code) {
  std::string normal(digits);
  if (!international && normal.starts_with("00")) {
    international = true;
    normal.erase(0, 2);
  }
  if (!international) {
    if (calling_code.empty()) return {};
    const bool has_code = calling_code == "1" && normal.size() == 11 && normal[0] == '1';
    if (!has_code) normal = calling_code + (normal[0] == '0' ? normal.substr(1) : normal);
  }
  if (normal.size() < kDigitsMin || normal.size() > kDigitsMax || normal[0] == '0') return {};
  return "+" + normal;
}

// Does the number go on from digits before it?
bool is_inside(const MentionText& text, size_t begin) {
  if (begin == 0) return false;
  const char before = text.at(begin - 1);
  if (before == '+' || text.has_digit(begin - 1)) return true;
  return text.at(begin) != '+' && is_sign(before) && begin > 1 &&
         (text.has_digit(begin - 2) || text.at(begin - 2) == ')');
}

}  // namespace

// The longest reading that is a number.
void read_phone(const MentionText& text, size_t at, const BindingOptions& options, std::vector<Mention>& mentions) {
  const size_t begin = text.word(at).begin;
  const char first = text.at(begin);
  const bool starts = first == '+' || first == '(' || text.has_digit(begin);
  if (!starts || is_inside(text, begin) || (begin > 0 && text.at(begin - 1) == '(')) return;
  std::optional<Mention> longest;
  std::string digits;
  size_t position = begin + (first == '+' ? 1 : 0);
  size_t signs = 0;
  while (position < text.text().size() && digits.size() <= kDigitsMax) {
    const char c = text.at(position);
    if (text.has_digit(position)) {
      // "+49 (0)30": the zero is for calls from inside the country.
      const bool inner_zero =
          first == '+' && !digits.empty() && c == '0' && text.at(position - 1) == '(' && text.at(position + 1) == ')';
      if (!inner_zero) digits.push_back(c);
      signs = 0;
      ++position;
      if (text.has_digit(position) || !text.is_end(position) || digits.size() < kDigitsMin) continue;
      const std::string normal = normal_form(digits, first == '+', options.calling_code);
      if (!normal.empty()) longest = {normal, begin, position};
      continue;
    }
    if (!is_sign(c) || ++signs > kSignsMax) break;
    ++position;
  }
  if (longest) mentions.push_back(std::move(*longest));
}

}  // namespace cadre::contract
