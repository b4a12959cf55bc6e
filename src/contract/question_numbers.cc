// SPDX-License-Identifier: Apache-2.0
#include "contract/question_numbers.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace cadre::contract {
namespace {

constexpr ptrdiff_t kExactDigitsMax = 18;  // of an integer that fits 64 bits

// What people type for a minus: hyphen-minus, minus sign U+2212, en dash U+2013, non-breaking hyphen U+2011.
constexpr std::array<std::string_view, 4> kMinusSigns = {"-", "\u2212", "\u2013", "\u2011"};

// Bytes of the minus sign that `text` begins with; 0 if there is none.
size_t minus_sign_size(std::string_view text) {
  for (const std::string_view sign : kMinusSigns) {
    if (text.starts_with(sign)) return sign.size();
  }
  return 0;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\v\f";
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

// parse_number without what only a programmer would call a number.
std::optional<double> finite_number(std::string_view text) {
  const bool has_digit = std::any_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!has_digit) return std::nullopt;
  const std::optional<double> number = text::parse_number(text);
  return number && std::isfinite(*number) ? number : std::nullopt;
}

std::string without_commas(std::string_view text) {
  std::string out(text);
  std::erase(out, ',');
  return out;
}

// Cardinals up to twelve and the tens. Longer ones ("twenty-five") are rare in questions and left out. "one" counts:
// "more than one goal" is far more common than the pronoun in questions to a table that mention it at all.
std::optional<int> cardinal(std::string_view norm) {
  constexpr std::array<std::pair<std::string_view, int>, 20> kCardinals = {{
      {"zero", 0},    {"one", 1},    {"two", 2},    {"three", 3},  {"four", 4},      {"five", 5},        {"six", 6},
      {"seven", 7},   {"eight", 8},  {"nine", 9},   {"ten", 10},   {"eleven", 11},   {"twelve", 12},     {"twenty", 20},
      {"thirty", 30}, {"forty", 40}, {"fifty", 50}, {"sixty", 60}, {"hundred", 100}, {"thousand", 1000},
  }};
  const auto* found =
      std::find_if(kCardinals.begin(), kCardinals.end(), [&](const auto& entry) { return entry.first == norm; });
  if (found == kCardinals.end()) return std::nullopt;
  return found->second;
}

struct WordReader {
  std::string_view question;
  std::span<const text::Word> words;

  std::string_view text(size_t index) const {
    return question.substr(words[index].begin, words[index].end - words[index].begin);
  }
  // Does the point of ".5" stand before word `index`, and no word before it?
  bool has_leading_point(size_t index) const {
    if (index == 0 || text(index - 1) != "." || words[index - 1].end != words[index].begin) return false;
    return index == 1 || words[index - 2].end < words[index - 1].begin;
  }
  // Is word `index - 1` a sign: "of -5", "of - 5", "(-5", but not "3-5", "3 - 5", "m-5"?
  bool has_minus_sign(size_t index) const {
    if (index == 0 || minus_sign_size(text(index - 1)) != text(index - 1).size()) return false;
    if (index == 1) return true;
    const text::Word& before = words[index - 2];
    const bool is_glued_left = before.end == words[index - 1].begin;
    return is_glued_left ? before.kind == text::WordKind::kPunctuation : before.kind != text::WordKind::kNumber;
  }
};

void add_digits(const WordReader& reader, uint32_t index, std::vector<QuestionNumber>& out) {
  std::string digits = without_commas(reader.text(index));
  uint32_t begin = index;
  // ".500" is a fraction; the 500 alone would be another number.
  if (reader.has_leading_point(index) && digits.find('.') == std::string::npos) {
    digits.insert(0, "0.");
    begin = index - 1;
  }
  const std::optional<double> value = finite_number(digits);
  if (!value) return;
  if (reader.has_minus_sign(begin)) out.push_back({{begin - 1, index + 1}, -*value, "-" + digits});
  out.push_back({{begin, index + 1}, *value, std::move(digits)});
}

}  // namespace

std::optional<double> cell_number(std::string_view cell) {
  cell = trim(cell);
  if (cell.empty() || cell.size() > 64) return std::nullopt;
  const size_t sign_size = minus_sign_size(cell);
  if (sign_size > 0) cell = trim(cell.substr(sign_size));
  if (sign_size > 0 && !cell.empty() && (minus_sign_size(cell) > 0 || cell.front() == '+')) return std::nullopt;
  const std::optional<double> number = finite_number(cell);
  return number && sign_size > 0 ? -*number : number;
}

bool is_quantity(std::string_view cell) {
  if (!cell_number(cell)) return false;
  const size_t first_digit = cell.find_first_of("0123456789");
  const bool has_leading_zero = cell[first_digit] == '0' && first_digit + 1 < cell.size() &&
                                cell[first_digit + 1] >= '0' && cell[first_digit + 1] <= '9' &&
                                (first_digit == 0 || cell[first_digit - 1] != '.');
  const bool is_whole = cell.find_first_of(".eE") == std::string_view::npos;
  const auto digit_count = std::count_if(cell.begin(), cell.end(), [](char c) { return c >= '0' && c <= '9'; });
  return !has_leading_zero && !(is_whole && digit_count > kExactDigitsMax);
}

std::vector<QuestionNumber> question_numbers(std::string_view question, std::span<const text::Word> words) {
  const WordReader reader{question, words};
  std::vector<QuestionNumber> numbers;
  for (uint32_t i = 0; i < words.size(); ++i) {
    if (words[i].kind == text::WordKind::kNumber) {
      add_digits(reader, i, numbers);
    } else if (words[i].kind == text::WordKind::kLetters) {
      if (const auto value = cardinal(words[i].norm)) {
        numbers.push_back({{i, i + 1}, static_cast<double>(*value), std::to_string(*value)});
      }
    }
  }
  return numbers;
}

bool is_missing_marker(std::string_view cell) {
  cell = trim(cell);
  if (cell.size() > 8) return false;
  std::string folded;
  for (const char c : cell) {
    if (c != ' ') folded += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  constexpr std::array<std::string_view, 11> kMarkers = {
      "", "-", "--", "\xE2\x80\x93", "\xE2\x80\x94", "n/a", "na", "null", "none", "?", "nil"};
  return std::find(kMarkers.begin(), kMarkers.end(), folded) != kMarkers.end();
}

}  // namespace cadre::contract
