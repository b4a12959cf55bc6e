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

// Beyond one SELECT of our form. $B, $C: further columns; $W: a word.
constexpr std::array<std::string_view, 9> kSeveralColumns = {"what are the $A and $B", "show the $A and the $B", "list the $A, $B and $C",
                                                             "what is the $A and $B", "find the $A and $B", "give the $A, $B, and $C",
                                                             "what $A and $B", "show me $A and $B", "return the $B and $A"};
constexpr std::array<std::string_view, 10> kExtremeRow = {"which $A has the highest $R", "what is the $A with the lowest $R", "find the $A of the one with the most $R",
                                                          "what are the three $S with the largest $R", "list the top 5 $S by $R", "show the $A with the smallest $R",
                                                          "which $S have a $R above the average", "what is the $A of the youngest", "list the $S in order of $R",
                                                          "return the $S sorted by $R in descending order"};
constexpr std::array<std::string_view, 10> kGrouped = {"how many $T are there for each $A", "which $S have more than $N $T", "find the $S with at least $N $T",
                                                       "what is the average $R of each $A", "show the number of $T for different $S", "which $A has the most $T",
                                                       "list the $S that have $N or more $T", "what is the most common $A", "how many different $S are there",
                                                       "what are the distinct $S"};
constexpr std::array<std::string_view, 5> kContains = {"whose $A contains the word $W", "with $A starting with $W", "whose $A has the substring $W",
                                                       "where $A includes \"$W\"", "with $A ending in $W"};
constexpr std::array<std::string_view, 10> kThings = {"orders", "customers", "people", "students", "products", "employees", "flights", "rows", "entries", "records"};

std::string lower_name(const std::string& name) {
  std::string out = text::lower(name);
  std::replace(out.begin(), out.end(), '_', ' ');
  return out;
}

std::string_view pick_of(Phrases phrases, base::Random& random) { return phrases[random.below(phrases.size())]; }

std::string plural(const std::string& name) {
  if (name.empty() || name.back() == 's') return name;
  if (name.back() == 'y' && name.size() > 2 && std::string_view("aeiou").find(name[name.size() - 2]) == std::string_view::npos)
    return name.substr(0, name.size() - 1) + "ies";
  return name + "s";
}

class Maker {
 public:
  Maker(const contract::Table& table, const std::vector<std::vector<std::string>>& rows, base::Random& random)
      : table_(table), columns_(table.schema().columns), rows_(rows), random_(random) {
    const std::string first = lower_name(columns_.empty() ? "" : columns_[0].name);
    has_id_ = first == "id" || first.ends_with(" id");
    if (has_id_ && first.size() > 3) id_noun_ = first.substr(0, first.size() - 3);
  }

  // A question that sounds alike and that one SELECT of our form cannot answer.
  std::optional<std::string> make_unsupported() {
    if (rows_.size() < 2 || columns_.size() < 3) return std::nullopt;
    row_ = random_.below(rows_.size());
    const size_t column = random_.below(columns_.size());
    std::string question;
    const double draw = random_.uniform();
    if (draw < 0.3) question = fill_any(pick(kSeveralColumns), column);
    else if (draw < 0.55) question = fill_any(pick(kExtremeRow), column);
    else if (draw < 0.8) question = fill_any(pick(kGrouped), column);
    else question = select();
    std::string rest;
    if (draw >= 0.8) rest = draw < 0.9 ? alternative() : contains();
    if (draw >= 0.8 && rest.empty()) return std::nullopt;
    if (rest.empty() && random_.chance(0.4)) rest = condition();
    if (!rest.empty()) question += " " + rest;
    if (random_.chance(0.6)) question += "?";
    if (random_.chance(0.4)) question[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(question[0])));
    return question;
  }

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
  std::string_view pick(Phrases phrases) { return pick_of(phrases, random_); }
  bool is_real(size_t column) const { return columns_[column].type == ColumnType::kReal; }
  bool is_measure(size_t column) const { return is_real(column) && !(has_id_ && column == 0); }

  std::string fill(std::string_view phrase, size_t column, const std::string& value) {
    const std::string name = lower_name(columns_[column].name);
    std::string out;
    for (size_t i = 0; i < phrase.size(); ++i) {
      if (phrase[i] != '$') {
        out += phrase[i];
        continue;
      }
      const char mark = phrase[++i];
      if (mark == 'W') out += "$W";
      else out += mark == 'A' ? name : mark == 'S' ? plural(name) : value;
    }
    return out;
  }

  // Fills every mark of a phrase, with other columns where it asks for them.
  std::string fill_any(std::string_view phrase, size_t column) {
    std::string out;
    for (size_t i = 0; i < phrase.size(); ++i) {
      if (phrase[i] != '$') {
        out += phrase[i];
        continue;
      }
      const std::string name = lower_name(columns_[column].name);
      switch (phrase[++i]) {
        case 'A': out += name; break;
        case 'S': out += plural(name); break;
        case 'B': out += lower_name(columns_[(column + 1) % columns_.size()].name); break;
        case 'C': out += lower_name(columns_[(column + 2) % columns_.size()].name); break;
        case 'R': out += lower_name(columns_[measure_or(column)].name); break;
        case 'T': out += id_noun_.empty() ? std::string(pick(kThings)) : plural(id_noun_); break;
        case 'N': out += std::to_string(2 + random_.below(9)); break;
        default: break;
      }
    }
    return out;
  }

  size_t measure_or(size_t column) {
    for (size_t tries = 0; tries < 4; ++tries) {
      const size_t other = random_.below(columns_.size());
      if (is_measure(other)) return other;
    }
    return column;
  }

  // "with team a or b"
  std::string alternative() {
    const size_t column = random_.below(columns_.size());
    const std::string &a = rows_[row_][column], &b = rows_[random_.below(rows_.size())][column];
    if (a.empty() || b.empty() || a == b || a.size() + b.size() > 80) return {};
    const bool both = random_.chance(0.3);
    return fill(pick(is_real(column) ? Phrases(kNumberIs) : Phrases(kIs)), column, (both ? "both " : random_.chance(0.4) ? "either " : "") + a + (both ? " and " : " or ") + b);
  }

  std::string contains() {
    const size_t column = random_.below(columns_.size());
    const auto words = text::split_words(rows_[row_][column]);
    if (is_real(column) || words.empty()) return {};
    const auto& word = words[random_.below(words.size())];
    const std::string text = rows_[row_][column].substr(word.begin, word.end - word.begin);
    std::string phrase = fill(pick(kContains), column, "");
    const size_t at = phrase.find("$W");
    return at == std::string::npos ? phrase + " " + text : phrase.replace(at, 2, text);
  }

  std::string select() {
    size_t column = random_.below(columns_.size());
    const double draw = random_.uniform();
    if (draw < 0.25) {
      out_.gold.select_column = static_cast<uint32_t>(column);
      return fill(pick(kPlain), column, "");
    }
    if (draw < 0.5) return count(column);
    for (size_t tries = 0; tries < 4 && !is_measure(column); ++tries) column = random_.below(columns_.size());
    if (!is_measure(column)) return count(column);
    out_.gold.select_column = static_cast<uint32_t>(column);
    struct Choice {
      Aggregate aggregate;
      Phrases phrases;
    };
    const std::array<Choice, 4> choices = {Choice{Aggregate::kMax, kMax}, Choice{Aggregate::kMin, kMin}, Choice{Aggregate::kAvg, kAverage},
                                           Choice{Aggregate::kSum, kSum}};
    const auto& choice = choices[random_.below(choices.size())];
    out_.gold.aggregate = choice.aggregate;
    if (choice.aggregate == Aggregate::kSum && random_.chance(0.3)) return fill("how many $S", column, "");  // "how many goals did ... score"
    std::string phrase(pick(choice.phrases));
    const size_t mark = phrase.find("$A");
    if (!id_noun_.empty() && random_.chance(0.25)) phrase.insert(mark, id_noun_ + " ");  // "the largest order amount"
    return fill(phrase, column, "");
  }

  std::string count(size_t column) {
    out_.gold.aggregate = Aggregate::kCount;
    if (!id_noun_.empty() && random_.chance(0.6)) {  // "how many orders", where the id stands for the order
      out_.gold.select_column = 0;
      std::string phrase(pick(kCount));
      phrase.replace(phrase.find("$S"), 2, plural(id_noun_));
      return phrase;
    }
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
      if (!is_measure(c)) continue;
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
    const double draw = is_measure(column) ? random_.uniform() : 0;  // an id is equal or not
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
  bool has_id_ = false;   // the first column numbers the rows
  std::string id_noun_;   // what a row is, from the id's name: "order id" -> "order"
  size_t row_ = 0;
  std::vector<size_t> used_;
  SyntheticQuestion out_;
};

}  // namespace

std::optional<SyntheticQuestion> make_synthetic_question(const contract::Table& table, const std::vector<std::vector<std::string>>& rows,
                                                         base::Random& random) {
  return Maker(table, rows, random).make();
}

std::optional<std::string> make_unsupported_synthetic(const contract::Table& table, const std::vector<std::vector<std::string>>& rows,
                                                      base::Random& random) {
  return Maker(table, rows, random).make_unsupported();
}

std::pair<contract::TableSchema, std::vector<std::vector<std::string>>> with_id_column(const contract::TableSchema& schema,
                                                                                       const std::vector<std::vector<std::string>>& rows,
                                                                                       base::Random& random) {
  contract::TableSchema out = schema;
  std::string noun(pick_of(kThings, random));
  if (noun == "people") noun = "person";
  else if (noun == "entries") noun = "entry";
  else noun.pop_back();
  const std::string name = random.chance(0.25) ? "id" : noun + (random.chance(0.5) ? "_id" : " id");
  out.columns.insert(out.columns.begin(), {name, "cadre_id", ColumnType::kReal});
  auto changed = rows;
  const uint64_t first = random.chance(0.6) ? 1 : 1 + random.below(5000);
  for (size_t r = 0; r < changed.size(); ++r) changed[r].insert(changed[r].begin(), std::to_string(first + r));
  return {std::move(out), std::move(changed)};
}

}  // namespace cadre::train
