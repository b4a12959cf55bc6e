// SPDX-License-Identifier: Apache-2.0
#include "contract/question_numbers.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace cadre::contract {
namespace {

constexpr std::string_view kMinusSign = "\xE2\x88\x92";  // U+2212

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

// Cardinals up to twelve and the tens. Longer ones ("twenty-five") are rare in questions and left out. "one" counts: "more
// than one goal" is far more common than the pronoun in questions to a table that mention it at all.
std::optional<int> cardinal(std::string_view norm) {
  constexpr std::array<std::pair<std::string_view, int>, 20> kCardinals = {{
      {"zero", 0},    {"one", 1},     {"two", 2},    {"three", 3},  {"four", 4},   {"five", 5},   {"six", 6},
      {"seven", 7},   {"eight", 8},   {"nine", 9},   {"ten", 10},   {"eleven", 11}, {"twelve", 12}, {"twenty", 20},
      {"thirty", 30}, {"forty", 40},  {"fifty", 50}, {"sixty", 60}, {"hundred", 100}, {"thousand", 1000},
  }};
  const auto* found = std::find_if(kCardinals.begin(), kCardinals.end(), [&](const auto& entry) { return entry.first == norm; });
  if (found == kCardinals.end()) return std::nullopt;
  return found->second;
}

struct WordReader {
  std::string_view question;
  std::span<const text::Word> words;

  std::string_view text(size_t index) const {
    return question.substr(words[index].begin, words[index].end - words[index].begin);
  }
  // Is word `index` one of `marks`, glued to the word after it and free on its left ("a -5", not "3-5")?
  bool is_prefix(size_t index, std::initializer_list<std::string_view> marks) const {
    if (index + 1 >= words.size() || words[index].end != words[index + 1].begin) return false;
    if (std::find(marks.begin(), marks.end(), text(index)) == marks.end()) return false;
    if (index == 0 || words[index - 1].end < words[index].begin) return true;
    return words[index - 1].kind == text::WordKind::kPunctuation;
  }
};

void add_digits(const WordReader& reader, uint32_t index, std::vector<QuestionNumber>& out) {
  std::string digits = without_commas(reader.text(index));
  uint32_t begin = index;
  // ".500" is a fraction; the 500 alone would be another number.
  if (index > 0 && reader.is_prefix(index - 1, {"."}) && digits.find('.') == std::string::npos) {
    digits.insert(0, "0.");
    begin = index - 1;
  }
  const std::optional<double> value = finite_number(digits);
  if (!value) return;
  if (begin > 0 && reader.is_prefix(begin - 1, {"-", kMinusSign})) {
    out.push_back({{begin - 1, index + 1}, -*value, "-" + digits});
  }
  out.push_back({{begin, index + 1}, *value, std::move(digits)});
}

}  // namespace

std::optional<double> cell_number(std::string_view cell) {
  cell = trim(cell);
  if (cell.empty() || cell.size() > 64) return std::nullopt;
  bool is_negative = false;
  if (cell.starts_with(kMinusSign) || cell.front() == '-') {
    is_negative = true;
    cell = trim(cell.substr(cell.front() == '-' ? 1 : kMinusSign.size()));
    if (cell.starts_with('-') || cell.starts_with('+')) return std::nullopt;
  }
  const std::optional<double> number = finite_number(cell);
  return number && is_negative ? -*number : number;
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
  constexpr std::array<std::string_view, 11> kMarkers = {"",     "-", "--", "\xE2\x80\x93", "\xE2\x80\x94", "n/a", "na",
                                                         "null", "none", "?", "nil"};
  return std::find(kMarkers.begin(), kMarkers.end(), folded) != kMarkers.end();
}

}  // namespace cadre::contract
