// SPDX-License-Identifier: Apache-2.0
#include "train/synthetic_questions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <string_view>

#include "text/words.h"
#include "train/column_words.h"
#include "train/synthetic_phrases.h"

namespace cadre::train {

using contract::Aggregate;
using contract::ColumnType;
using contract::CompareOp;
using contract::Condition;

namespace {

std::string_view pick_of(Phrases phrases, base::Random& random) { return phrases[random.below(phrases.size())]; }

constexpr double kFramedShare = 0.25;         // questions built around one cell instead of select and conditions
constexpr double kCountedShare = 0.5;         // of the questions over tables that have a counted column
constexpr size_t kFramedCellSizeMax = 40;
constexpr size_t kPluralCellSizeMax = 12;

// One lower- or upper-case word of letters: "gas" may be said "gases", "Democratic" stands before its noun.
bool is_one_word(const std::string& cell) {
  return cell.size() >= 3 && cell.size() <= kPluralCellSizeMax &&
         std::all_of(cell.begin(), cell.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
}

std::string plural_of_cell(const std::string& cell) {
  if (cell.ends_with("s")) return cell + "es";
  return plural(cell);
}

class Maker {
 public:
  Maker(const contract::Table& table, const std::vector<std::vector<std::string>>& rows, base::Random& random)
      : table_(table), columns_(table.schema().columns), rows_(rows), random_(random) {
    for (const auto& column : columns_) names_.push_back(spoken_name(column.name, random_));
    for (size_t c = 0; c < columns_.size(); ++c) words_.push_back(column_words(columns_[c], c, rows_));
    verb_ = kVerbs[random_.below(kVerbs.size())];
    const std::string first = columns_.empty() ? "" : names_[0];
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
    std::string question = about_counted_column();
    if (question.empty() && random_.chance(kFramedShare)) question = framed(random_.below(columns_.size()));
    if (question.empty()) question = select();
    used_.push_back(out_.gold.select_column);
    const size_t wanted = random_.below(10) < 2 ? 0 : 1 + random_.below(3) / 2 + random_.below(5) / 4;
    std::string conditions;
    for (size_t tries = 0; tries < 6 && out_.gold.conditions.size() < wanted; ++tries) {
      const std::string phrase = is_open_ && conditions.empty() && random_.chance(0.5) ? open_condition() : condition();
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

  // Fills the marks of a phrase: `column` is the one it names, `value` its value, `condition_column` the other one of a frame.
  std::string fill(std::string_view phrase, size_t column, const std::string& value, size_t condition_column = 0) {
    std::string out;
    for (size_t i = 0; i < phrase.size(); ++i) {
      if (phrase[i] != '$') {
        out += phrase[i];
        continue;
      }
      switch (const char mark = phrase[++i]) {
        case 'W': out += "$W"; break;
        case 'A': out += names_[column]; break;
        case 'S': out += plural(names_[column]); break;
        case 'C': out += names_[condition_column]; break;
        case 'P': out += is_one_word(value) ? plural_of_cell(value) : value; break;
        case 'T': out += noun(); break;
        case 'E': out += plural(names_[entity_]); break;
        case 'v': out += verb_.base; break;
        case 'd': out += verb_.past; break;
        default: out += mark == 'V' || mark == 'N' ? value : ""; break;
      }
    }
    return out;
  }

  std::string noun() { return id_noun_.empty() ? std::string(pick(kNouns)) : plural(id_noun_); }

  // Fills every mark of a phrase, with other columns where it asks for them.
  std::string fill_any(std::string_view phrase, size_t column) {
    std::string out;
    for (size_t i = 0; i < phrase.size(); ++i) {
      if (phrase[i] != '$') {
        out += phrase[i];
        continue;
      }
      const std::string& name = names_[column];
      switch (phrase[++i]) {
        case 'A': out += name; break;
        case 'S': out += plural(name); break;
        case 'B': out += names_[(column + 1) % columns_.size()]; break;
        case 'C': out += names_[(column + 2) % columns_.size()]; break;
        case 'R': out += names_[measure_or(column)]; break;
        case 'T': out += noun(); break;
        case 'N': out += std::to_string(2 + random_.below(9)); break;
        case 'd': out += verb_.past; break;
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
    if (draw < 0.27) return plain(column);
    if (draw < 0.48) return count(column);
    for (size_t tries = 0; tries < 4 && !is_measure(column); ++tries) column = random_.below(columns_.size());
    if (!is_measure(column)) return count(column);
    return measure(column);
  }

  std::string plain(size_t column) {
    out_.gold.select_column = static_cast<uint32_t>(column);
    if (words_[column].is_person && random_.chance(0.3)) {
      is_open_ = true;
      return "who";
    }
    const std::string_view phrase = pick(kPlain);
    is_open_ = phrase == "which $S";
    return fill(phrase, column, "") + (is_open_ || phrase.ends_with("have") ? "" : of_all(column));
  }

  struct Choice {
    Aggregate aggregate;
    Phrases phrases;
  };

  std::string measure(size_t column) {
    out_.gold.select_column = static_cast<uint32_t>(column);
    const ColumnWords& words = words_[column];
    Choice choice{Aggregate::kSum, words.is_counted && random_.chance(0.5) ? Phrases(kSumCounted) : Phrases(kSum)};
    if (!words.is_additive || random_.chance(0.65)) {
      const std::array<Choice, 3> others = {
          Choice{Aggregate::kMax, words.is_year ? Phrases(kLatest) : words.is_counted && random_.chance(0.3) ? Phrases(kMostOf) : Phrases(kMax)},
          Choice{Aggregate::kMin, words.is_year ? Phrases(kEarliest) : words.is_counted && random_.chance(0.3) ? Phrases(kFewest) : Phrases(kMin)},
          Choice{Aggregate::kAvg, kAverage}};
      choice = others[random_.below(words.is_year ? 2 : others.size())];
    }
    out_.gold.aggregate = choice.aggregate;
    std::string phrase(pick(choice.phrases));
    const size_t mark = phrase.find("$A");
    if (mark != std::string::npos && !id_noun_.empty() && random_.chance(0.25)) phrase.insert(mark, id_noun_ + " ");  // "the largest order amount"
    return fill(phrase, column, "") + of_all(column);
  }

  std::string of_all(size_t column) {
    if (!random_.chance(0.3)) return {};
    entity_ = entity_column(column);
    return fill(pick(kOfAll), column, "");
  }

  // Few columns are counted nouns ("goals") and people ask about those first, so they are asked about more often than chance has it.
  std::string about_counted_column() {
    std::vector<size_t> counted;
    for (size_t c = 0; c < columns_.size(); ++c)
      if (words_[c].is_counted) counted.push_back(c);
    if (counted.empty() || !random_.chance(kCountedShare)) return {};
    const size_t column = counted[random_.below(counted.size())];
    return random_.chance(0.35) ? measure(column) : framed(column, 6);
  }

  // A question around one cell of a text column: "how many goals did Ada Brandt score". Empty where the draw does not fit the table.
  std::string framed(size_t column, size_t tries_for_repeated = 0) {
    size_t at = random_.below(columns_.size());
    for (; tries_for_repeated > 0 && (is_real(at) || !is_repeated(at)); --tries_for_repeated) {
      at = random_.below(columns_.size());
      row_ = random_.below(rows_.size());
    }
    const std::string& cell = rows_[row_][at];
    if (is_real(at) || cell.size() < 2 || cell.size() > kFramedCellSizeMax) return {};
    if (column == at) return {};
    const auto [aggregate, phrases] = framed_choice(column, at);
    std::string_view phrase = pick(phrases);
    if (phrase == "which $P" || phrase.find("$E") != std::string_view::npos) {
      entity_ = entity_column(at);
      if (entity_ == at) return {};
      if (phrase == "which $P") column = entity_;
    }
    if (phrase.find("$P") != std::string_view::npos || phrase.find("$V $S") != std::string_view::npos) out_.needs_cells = true;
    is_open_ = phrase == "which $P" || phrase == "how many $P";
    const bool is_excluded = phrases.data() == kCountNotFrames.data();
    if (phrase.find("$P") != std::string_view::npos && !is_one_word(cell)) return {};
    if (phrase.find("$V $S") != std::string_view::npos && !is_one_word(cell)) return {};
    out_.gold.select_column = static_cast<uint32_t>(column);
    out_.gold.aggregate = aggregate;
    add(at, is_excluded ? CompareOp::kNotEqual : CompareOp::kEqual, cell);
    used_.push_back(at);
    return fill(phrase, column, cell, at);
  }

  // What a row is about: the first text column, mostly.
  size_t entity_column(size_t not_this) const {
    for (size_t c = 0; c < columns_.size(); ++c)
      if (c != not_this && !is_real(c)) return c;
    return not_this;
  }

  // Does another row say the same? Then "how many goals did X score" adds up; in a table with one row for X it is that row's cell.
  bool is_repeated(size_t column) const {
    size_t rows = 0;
    for (const auto& row : rows_) rows += row[column] == rows_[row_][column];
    return rows > 1;
  }

  Choice framed_choice(size_t column, size_t at) {
    const ColumnWords& words = words_[column];
    if (words.is_year && random_.chance(0.6)) return {Aggregate::kNone, kYearFrames};
    if (is_measure(column) && words.is_additive && random_.chance(0.7)) {
      switch (random_.below(words.is_counted ? 8 : 3)) {
        case 0: return {Aggregate::kAvg, words.is_counted ? Phrases(kAverageFrames) : Phrases(kAverageFrames).first(4)};
        case 1: return {Aggregate::kSum, kAdditiveFrames};
        case 2:
          return random_.chance(0.6) ? Choice{Aggregate::kMax, words.is_counted ? Phrases(kMostFrames) : Phrases(kMostFrames).subspan(1, 1)}
                                     : Choice{Aggregate::kMin, words.is_counted ? Phrases(kFewestFrames) : Phrases(kFewestFrames).subspan(1, 1)};
        default: return {is_repeated(at) ? Aggregate::kSum : Aggregate::kNone, kSumFrames};
      }
    }
    if (is_real(column) || random_.chance(0.6)) return {Aggregate::kNone, kPlainFrames};
    return {Aggregate::kCount, random_.chance(0.15) ? Phrases(kCountNotFrames) : Phrases(kCountFrames)};
  }

  std::string count(size_t column) {
    out_.gold.aggregate = Aggregate::kCount;
    if (!id_noun_.empty() && random_.chance(0.6)) {  // "how many orders", where the id stands for the order
      out_.gold.select_column = 0;
      std::string phrase(pick(kCount));
      phrase.replace(phrase.find("$S"), 2, plural(id_noun_));
      return phrase;
    }
    for (size_t tries = 0; tries < 6 && is_real(column); ++tries) column = random_.below(columns_.size());
    if (is_real(column) || random_.chance(0.25)) {  // counting rows: the first column stands for the row
      out_.gold.select_column = 0;
      std::string phrase(pick(kCount));
      phrase.replace(phrase.find("$S"), 2, random_.chance(0.4) ? pick(kRowNouns) : pick(kNouns));
      is_open_ = phrase.starts_with("how many") && phrase.find(" are ") == std::string::npos && !phrase.ends_with("have") && !phrase.ends_with("been");
      return phrase;
    }
    out_.gold.select_column = static_cast<uint32_t>(column);
    const std::string_view phrase = pick(kCount);
    is_open_ = phrase == "how many $S";
    return fill(phrase, column, "");
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

  // After "which players" or "how many players": "are from X", "have more than 2 goals".
  std::string open_condition() {
    const size_t column = random_.below(columns_.size());
    const std::string& cell = rows_[row_][column];
    if (std::find(used_.begin(), used_.end(), column) != used_.end() || cell.empty() || cell.size() > 60) return {};
    if (is_real(column)) return condition();
    used_.push_back(column);
    const bool excluded = random_.chance(0.15);
    add(column, excluded ? CompareOp::kNotEqual : CompareOp::kEqual, cell);
    if (!excluded && words_[column].is_opponent) return fill("$d against $V", column, cell);
    return fill(pick(excluded ? Phrases(kAreNot) : Phrases(kAreIs)), column, cell);
  }

  std::string text_condition(size_t column, const std::string& cell) {
    const bool excluded = random_.chance(0.12);
    add(column, excluded ? CompareOp::kNotEqual : CompareOp::kEqual, cell);
    if (excluded) return fill(pick(kIsNot), column, cell);
    if (words_[column].is_opponent && random_.chance(0.6)) return fill(pick(kAgainst), column, cell);
    if (words_[column].is_time && random_.chance(0.5)) return fill(pick(kOn), column, cell);
    const std::string_view phrase = pick(kIs);
    if (phrase == "$V" || phrase == "of all $P") out_.needs_cells = true;
    return fill(phrase, column, cell);
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
    const ColumnWords& words = words_[column];
    const double draw = is_measure(column) ? random_.uniform() : 0;  // an id is equal or not
    if (draw < 0.35) {
      add(column, CompareOp::kEqual, cell);
      if (words.is_year && random_.chance(0.7)) return fill(pick(kYearIs), column, cell);
      return fill(words.is_ordinal && random_.chance(0.6) ? pick(kOrdinalIs) : pick(kNumberIs), column, cell);
    }
    if (draw < 0.45) return between(column);
    if (names_[column] == "age" && random_.chance(0.6)) {
      const bool older = random_.chance(0.5);
      add(column, older ? CompareOp::kGreater : CompareOp::kLess, cell);
      return (is_open_ ? "are " : random_.chance(0.5) ? "who are " : "") + fill(older ? pick(kOlder) : pick(kYounger), column, cell);
    }
    if (words.is_ordinal && random_.chance(0.5)) return ordinal_bound(column, cell);
    return bound(column, *number);
  }

  // "before 1990", "after round 3".
  std::string ordinal_bound(size_t column, const std::string& cell) {
    const bool before = random_.chance(0.5);
    add(column, before ? CompareOp::kLess : CompareOp::kGreater, cell);
    const std::string value = words_[column].is_year && random_.chance(0.8) ? cell : names_[column] + " " + cell;
    const bool says_past = words_[column].is_year && names_[column].find("ed") != std::string::npos;  // "discovered before 1800"
    const std::string first_word = names_[column].substr(0, names_[column].find(' '));
    const std::string lead = says_past && first_word.ends_with("ed") ? first_word + " " : random_.chance(0.2) ? std::string(verb_.past) + " " : "";
    return lead + fill(before ? pick(kBefore) : pick(kAfter), column, value);
  }

  std::string bound(size_t column, double number) {
    const std::string value = bound_value(column, number);
    struct Bound {
      CompareOp op;
      Phrases phrases;
    };
    const std::array<Bound, 4> bounds = {Bound{CompareOp::kGreater, kGreater}, Bound{CompareOp::kLess, kLess},
                                         Bound{CompareOp::kGreaterEqual, kAtLeast}, Bound{CompareOp::kLessEqual, kAtMost}};
    const auto& choice = bounds[random_.below(bounds.size())];
    add(column, choice.op, value);
    const std::string phrase(pick(choice.phrases));
    if (words_[column].is_counted && !phrase.starts_with("of ") && random_.chance(0.5)) {
      const std::string start = is_open_ && random_.chance(0.5) ? std::string(verb_.past) + " " : std::string(pick(kHaving));
      return fill(start + phrase + " $S", column, value);
    }
    const bool unnamed = names_itself(column, text::parse_number(value).value_or(number)) && random_.chance(0.6);
    return fill(std::string(pick(unnamed ? Phrases(kUnnamedStart) : Phrases(kNamedStart))) + phrase, column, value);
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
  std::vector<std::string> names_;  // of the columns, as people say them
  std::vector<ColumnWords> words_;
  Verb verb_;
  size_t entity_ = 0;  // the column that $E names
  bool is_open_ = false;  // the question so far is "which players", "how many players" or "who": a verb may follow
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
  std::string noun(pick_of(kThingNouns, random));
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
