// SPDX-License-Identifier: Apache-2.0
#include "train/synthetic_questions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <string_view>

#include "text/words.h"

namespace cadre::train {

using contract::Aggregate;
using contract::ColumnType;
using contract::CompareOp;
using contract::Condition;

namespace {

using Phrases = std::span<const std::string_view>;

// $A: the column's name, $S: its plural, $V: the value, $N: a number.
constexpr std::array<std::string_view, 12> kPlain = {"what is the $A", "which $A", "what $A", "show the $A", "list the $S", "give me the $A",
                                                     "name the $A", "tell me the $A", "what are the $S", "which $S", "list all $S", "find the $A"};
constexpr std::array<std::string_view, 8> kCount = {"how many $S", "how many $S are there", "count the $S", "what is the number of $S",
                                                    "number of $S", "how many $S do we have", "what is the count of $S", "how many $S have there been"};
constexpr std::array<std::string_view, 7> kMax = {"what is the highest $A", "what is the largest $A", "what is the maximum $A", "what is the biggest $A",
                                                  "highest $A", "what was the top $A", "what is the greatest $A"};
constexpr std::array<std::string_view, 6> kMin = {"what is the lowest $A", "what is the smallest $A", "what is the minimum $A", "what is the least $A",
                                                  "lowest $A", "minimum $A"};
constexpr std::array<std::string_view, 6> kAverage = {"what is the average $A", "what is the mean $A", "average $A", "what is the $A on average",
                                                      "how high is the average $A", "what is the typical $A"};
constexpr std::array<std::string_view, 8> kSum = {"what is the total $A", "what is the sum of $A", "what is the combined $A", "total $A",
                                                  "how much $A in total", "add up the $A", "what is the overall $A", "sum the $A"};

constexpr std::array<std::string_view, 14> kIs = {"where $A is $V", "with $A $V", "whose $A is $V", "for $V", "from $V", "in $V", "of $V", "by $V",
                                                  "that are $V", "with $V", "for $A $V", "where the $A was $V", "at $V", "came from $V"};
constexpr std::array<std::string_view, 6> kIsNot = {"where $A is not $V", "not from $V", "other than $V", "excluding $V", "that are not $V", "not in $V"};
constexpr std::array<std::string_view, 4> kNumberIs = {"where $A is $N", "with $A $N", "with a $A of $N", "whose $A is $N"};
constexpr std::array<std::string_view, 4> kYearIs = {"in $N", "during $N", "for $N", "from $N"};
constexpr std::array<std::string_view, 6> kNamedStart = {"where $A is ", "with $A ", "with a $A ", "whose $A is ", "where the $A was ", "with $A of "};
constexpr std::array<std::string_view, 4> kUnnamedStart = {"", "of ", "with ", "worth "};
constexpr std::array<std::string_view, 6> kGreater = {"over $N", "above $N", "more than $N", "greater than $N", "higher than $N", "exceeding $N"};
constexpr std::array<std::string_view, 5> kLess = {"under $N", "below $N", "less than $N", "smaller than $N", "lower than $N"};
constexpr std::array<std::string_view, 5> kAtLeast = {"at least $N", "$N or more", "no less than $N", "not less than $N", "of $N or higher"};
constexpr std::array<std::string_view, 5> kAtMost = {"at most $N", "$N or less", "no more than $N", "up to $N", "not more than $N"};
constexpr std::array<std::string_view, 6> kRowNouns = {"rows", "entries", "records", "items", "results", "cases"};

std::string lower_name(const std::string& name) {
  std::string out = text::lower(name);
  std::replace(out.begin(), out.end(), '_', ' ');
  return out;
}

std::string plural(const std::string& name) {
  if (name.empty() || name.back() == 's') return name;
  if (name.back() == 'y' && name.size() > 2 && std::string_view("aeiou").find(name[name.size() - 2]) == std::string_view::npos)
    return name.substr(0, name.size() - 1) + "ies";
  return name + "s";
}

class Maker {
 public:
  Maker(const contract::Table& table, const std::vector<std::vector<std::string>>& rows, base::Random& random)
      : table_(table), columns_(table.schema().columns), rows_(rows), random_(random) {}

  std::optional<SyntheticQuestion> make() {
    if (rows_.size() < 2 || columns_.size() < 2) return std::nullopt;
    row_ = random_.below(rows_.size());
    std::string question = select();
    used_.push_back(out_.gold.select_column);
    const size_t wanted = random_.below(10) < 2 ? 0 : 1 + random_.below(3) / 2 + random_.below(5) / 4;
    std::string conditions;
    for (size_t tries = 0; tries < 6 && out_.gold.conditions.size() < wanted; ++tries) {
      const std::string phrase = condition();
      if (!phrase.empty()) conditions += (conditions.empty() ? "" : random_.chance(0.6) ? " and " : " ") + phrase;
    }
    if (out_.gold.conditions.empty() && out_.gold.aggregate == Aggregate::kNone) return std::nullopt;
    if (!conditions.empty()) question = random_.chance(0.12) ? conditions + ", " + question : question + " " + conditions;
    if (random_.chance(0.6)) question += "?";
    if (random_.chance(0.3)) question[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(question[0])));
    out_.question = std::move(question);
    return std::move(out_);
  }

 private:
  std::string_view pick(Phrases phrases) { return phrases[random_.below(phrases.size())]; }
  bool is_real(size_t column) const { return columns_[column].type == ColumnType::kReal; }

  std::string fill(std::string_view phrase, size_t column, const std::string& value) {
    const std::string name = lower_name(columns_[column].name);
    std::string out;
    for (size_t i = 0; i < phrase.size(); ++i) {
      if (phrase[i] != '$') {
        out += phrase[i];
        continue;
      }
      const char mark = phrase[++i];
      out += mark == 'A' ? name : mark == 'S' ? plural(name) : value;
    }
    return out;
  }

  std::string select() {
    size_t column = random_.below(columns_.size());
    const double draw = random_.uniform();
    if (draw < 0.25) {
      out_.gold.select_column = static_cast<uint32_t>(column);
      return fill(pick(kPlain), column, "");
    }
    if (draw < 0.5) return count(column);
    for (size_t tries = 0; tries < 4 && !is_real(column); ++tries) column = random_.below(columns_.size());
    if (!is_real(column)) return count(column);
    out_.gold.select_column = static_cast<uint32_t>(column);
    struct Choice {
      Aggregate aggregate;
      Phrases phrases;
    };
    const std::array<Choice, 4> choices = {Choice{Aggregate::kMax, kMax}, Choice{Aggregate::kMin, kMin}, Choice{Aggregate::kAvg, kAverage},
                                           Choice{Aggregate::kSum, kSum}};
    const auto& choice = choices[random_.below(choices.size())];
    out_.gold.aggregate = choice.aggregate;
    return fill(pick(choice.phrases), column, "");
  }

  std::string count(size_t column) {
    out_.gold.aggregate = Aggregate::kCount;
    if (random_.chance(0.3)) {  // counting rows: the first column stands for the row
      out_.gold.select_column = 0;
      std::string phrase(pick(kCount));
      phrase.replace(phrase.find("$S"), 2, pick(kRowNouns));
      return phrase;
    }
    out_.gold.select_column = static_cast<uint32_t>(column);
    return fill(pick(kCount), column, "");
  }

  std::string condition() {
    const size_t column = random_.below(columns_.size());
    if (std::find(used_.begin(), used_.end(), column) != used_.end()) return {};
    const std::string& cell = rows_[row_][column];
    if (cell.empty() || cell.size() > 60) return {};
    std::string phrase = is_real(column) ? number_condition(column, cell) : text_condition(column, cell);
    if (!phrase.empty()) used_.push_back(column);
    return phrase;
  }

  void add(size_t column, CompareOp op, const std::string& value) {
    Condition condition;
    condition.column = static_cast<uint32_t>(column);
    condition.op = op;
    condition.value = value;
    out_.gold.conditions.push_back(std::move(condition));
  }

  std::string text_condition(size_t column, const std::string& cell) {
    const bool excluded = random_.chance(0.12);
    add(column, excluded ? CompareOp::kNotEqual : CompareOp::kEqual, cell);
    return fill(pick(excluded ? Phrases(kIsNot) : Phrases(kIs)), column, cell);
  }

  // Is `number` inside the range of this column alone?
  bool names_itself(size_t column, double number) const {
    for (uint32_t c = 0; c < columns_.size(); ++c) {
      if (!is_real(c)) continue;
      const auto range = table_.range(c);
      const bool inside = !range.empty && number >= range.low && number <= range.high;
      if (inside != (c == column)) return false;
    }
    return true;
  }

  std::string bound_value(size_t column, double number) {
    const auto range = table_.range(static_cast<uint32_t>(column));
    if (random_.chance(0.5) || range.high - range.low < 2) return fmt::format("{}", number);
    // A round number near it, as people say.
    const double scale = std::pow(10.0, std::floor(std::log10(std::max(1.0, std::abs(number)))) - (random_.chance(0.5) ? 0 : 1));
    const double rounded = std::round(number / scale) * scale;
    return fmt::format("{}", rounded >= range.low && rounded <= range.high ? rounded : number);
  }

  std::string number_condition(size_t column, const std::string& cell) {
    const auto number = text::parse_number(cell);
    if (!number || std::abs(*number) > 1e12) return {};
    const std::string name = lower_name(columns_[column].name);
    const double draw = random_.uniform();
    if (draw < 0.35) {
      add(column, CompareOp::kEqual, cell);
      const bool is_year = *number >= 1850 && *number <= 2050 && (name.find("year") != std::string::npos || name.find("season") != std::string::npos);
      return fill(is_year && random_.chance(0.7) ? pick(kYearIs) : pick(kNumberIs), column, cell);
    }
    if (draw < 0.45) return between(column);
    const std::string value = bound_value(column, *number);
    struct Choice {
      CompareOp op;
      Phrases phrases;
    };
    const std::array<Choice, 4> choices = {Choice{CompareOp::kGreater, kGreater}, Choice{CompareOp::kLess, kLess},
                                           Choice{CompareOp::kGreaterEqual, kAtLeast}, Choice{CompareOp::kLessEqual, kAtMost}};
    const auto& choice = choices[random_.below(choices.size())];
    add(column, choice.op, value);
    const bool unnamed = names_itself(column, text::parse_number(value).value_or(*number)) && random_.chance(0.6);
    return fill(std::string(pick(unnamed ? Phrases(kUnnamedStart) : Phrases(kNamedStart))) + std::string(pick(choice.phrases)), column, value);
  }

  std::string between(size_t column) {
    const auto a = text::parse_number(rows_[random_.below(rows_.size())][column]), b = text::parse_number(rows_[random_.below(rows_.size())][column]);
    if (!a || !b || *a == *b) return {};
    const std::string low = fmt::format("{}", std::min(*a, *b)), high = fmt::format("{}", std::max(*a, *b));
    add(column, CompareOp::kGreaterEqual, low);
    add(column, CompareOp::kLessEqual, high);
    return fill(pick(kNamedStart), column, "") + "between " + low + " and " + high;
  }

  const contract::Table& table_;
  const std::vector<contract::Column>& columns_;
  const std::vector<std::vector<std::string>>& rows_;
  base::Random& random_;
  size_t row_ = 0;
  std::vector<size_t> used_;
  SyntheticQuestion out_;
};

}  // namespace

std::optional<SyntheticQuestion> make_synthetic_question(const contract::Table& table, const std::vector<std::vector<std::string>>& rows,
                                                         base::Random& random) {
  return Maker(table, rows, random).make();
}

}  // namespace cadre::train
