// Numbers in figures and in words.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "contract/decimal.h"
#include "contract/mention_readers.h"

namespace cadre::contract {
namespace {

constexpr size_t kFiguresMax = 100;  // digits; longer ones are names

enum class Spoken : uint8_t { kUnit, kTens, kHundred, kScale, kDozen };
struct SpokenWord {
  std::string_view name;
  Spoken kind;
  int64_t value;
  bool ordinal = false;
};
constexpr std::array kSpokenWords = {
    SpokenWord{"zero", Spoken::kUnit, 0},
    SpokenWord{"one", Spoken::kUnit, 1},
    SpokenWord{"two", Spoken::kUnit, 2},
    SpokenWord{"three", Spoken::kUnit, 3},
    SpokenWord{"four", Spoken::kUnit, 4},
    SpokenWord{"five", Spoken::kUnit, 5},
    SpokenWord{"six", Spoken::kUnit, 6},
    SpokenWord{"seven", Spoken::kUnit, 7},
    SpokenWord{"eight", Spoken::kUnit, 8},
    SpokenWord{"nine", Spoken::kUnit, 9},
    SpokenWord{"ten", Spoken::kUnit, 10},
    SpokenWord{"eleven", Spoken::kUnit, 11},
    SpokenWord{"twelve", Spoken::kUnit, 12},
    SpokenWord{"thirteen", Spoken::kUnit, 13},
    SpokenWord{"fourteen", Spoken::kUnit, 14},
    SpokenWord{"fifteen", Spoken::kUnit, 15},
    SpokenWord{"sixteen", Spoken::kUnit, 16},
    SpokenWord{"seventeen", Spoken::kUnit, 17},
    SpokenWord{"eighteen", Spoken::kUnit, 18},
    SpokenWord{"nineteen", Spoken::kUnit, 19},
    SpokenWord{"twenty", Spoken::kTens, 20},
    SpokenWord{"thirty", Spoken::kTens, 30},
    SpokenWord{"forty", Spoken::kTens, 40},
    SpokenWord{"fifty", Spoken::kTens, 50},
    SpokenWord{"sixty", Spoken::kTens, 60},
    SpokenWord{"seventy", Spoken::kTens, 70},
    SpokenWord{"eighty", Spoken::kTens, 80},
    SpokenWord{"ninety", Spoken::kTens, 90},
    SpokenWord{"hundred", Spoken::kHundred, 100},
    SpokenWord{"thousand", Spoken::kScale, 1'000},
    SpokenWord{"million", Spoken::kScale, 1'000'000},
    SpokenWord{"billion", Spoken::kScale, 1'000'000'000},
    SpokenWord{"trillion", Spoken::kScale, 1'000'000'000'000},
    SpokenWord{"dozen", Spoken::kDozen, 12},
    SpokenWord{"first", Spoken::kUnit, 1, true},
    SpokenWord{"second", Spoken::kUnit, 2, true},
    SpokenWord{"third", Spoken::kUnit, 3, true},
    SpokenWord{"fourth", Spoken::kUnit, 4, true},
    SpokenWord{"fifth", Spoken::kUnit, 5, true},
    SpokenWord{"sixth", Spoken::kUnit, 6, true},
    SpokenWord{"seventh", Spoken::kUnit, 7, true},
    SpokenWord{"eighth", Spoken::kUnit, 8, true},
    SpokenWord{"ninth", Spoken::kUnit, 9, true},
    SpokenWord{"tenth", Spoken::kUnit, 10, true},
    SpokenWord{"eleventh", Spoken::kUnit, 11, true},
    SpokenWord{"twelfth", Spoken::kUnit, 12, true},
    SpokenWord{"thirteenth", Spoken::kUnit, 13, true},
    SpokenWord{"fourteenth", Spoken::kUnit, 14, true},
    SpokenWord{"fifteenth", Spoken::kUnit, 15, true},
    SpokenWord{"sixteenth", Spoken::kUnit, 16, true},
    SpokenWord{"seventeenth", Spoken::kUnit, 17, true},
    SpokenWord{"eighteenth", Spoken::kUnit, 18, true},
    SpokenWord{"nineteenth", Spoken::kUnit, 19, true},
    SpokenWord{"twentieth", Spoken::kTens, 20, true},
    SpokenWord{"thirtieth", Spoken::kTens, 30, true},
    SpokenWord{"fortieth", Spoken::kTens, 40, true},
    SpokenWord{"fiftieth", Spoken::kTens, 50, true},
    SpokenWord{"sixtieth", Spoken::kTens, 60, true},
    SpokenWord{"seventieth", Spoken::kTens, 70, true},
    SpokenWord{"eightieth", Spoken::kTens, 80, true},
    SpokenWord{"ninetieth", Spoken::kTens, 90, true},
    SpokenWord{"hundredth", Spoken::kHundred, 100, true},
};

struct Multiplier {
  std::string_view name;
  int64_t value;
  bool attached;  // only right behind the figures: "5 m" are metres
};
constexpr std::array kMultipliers = {
    Multiplier{"k", 1'000, true},
    Multiplier{"m", 1'000'000, true},
    Multiplier{"mn", 1'000'000, true},
    Multiplier{"b", 1'000'000'000, true},
    Multiplier{"bn", 1'000'000'000, true},
    Multiplier{"dozen", 12, false},
    Multiplier{"hundred", 100, false},
    Multiplier{"thousand", 1'000, false},
    Multiplier{"million", 1'000'000, false},
    Multiplier{"billion", 1'000'000'000, false},
    Multiplier{"trillion", 1'000'000'000'000, false},
};

const SpokenWord* spoken_word(std::string_view name) {
  for (const SpokenWord& word : kSpokenWords) {
    if (word.name == name) return &word;
  }
  return nullptr;
}

// A number in words, read word by word: what is complete, the hundreds under way, the smallest scale so far.
class SpokenReader {
 public:
  // False: the word does not go on with the number.
  bool take(const SpokenWord& word) {
    if (closed_) return false;
    switch (word.kind) {
      case Spoken::kUnit: {
        const bool after_tens = tens_open_ && word.value >= 1 && word.value <= 9;
        if (!after_tens && !free_for_units()) return false;
        if (word.value == 0 && begun_) return false;
        current_ += word.value;
        tens_open_ = false;
        units_done_ = true;
        closed_ = word.value == 0;
        break;
      }
      case Spoken::kTens:
        if (!free_for_units()) return false;
        current_ += word.value;
        tens_open_ = true;
        break;
      case Spoken::kHundred:
        if (current_ < 1 || current_ > 99) return false;
        current_ *= 100;
        units_done_ = tens_open_ = false;
        break;
      case Spoken::kScale:
        if (current_ == 0 || word.value >= scale_) return false;
        total_ += current_ * word.value;
        scale_ = word.value;
        current_ = 0;
        units_done_ = tens_open_ = false;
        break;
      case Spoken::kDozen:
        if (current_ == 0 || total_ > 0) return false;
        current_ *= 12;
        closed_ = true;
        break;
    }
    begun_ = true;
    closed_ |= word.ordinal;
    return true;
  }
  void begin_with_one() { current_ = 1; }  // "a hundred"
  bool takes_hyphen() const { return tens_open_; }
  bool takes_and() const { return begun_ && !closed_ && current_ % 100 == 0 && (current_ > 0 || total_ > 0); }
  int64_t value() const { return total_ + current_; }

 private:
  bool free_for_units() const { return current_ % 100 == 0 && !units_done_ && !tens_open_; }

  int64_t total_ = 0, current_ = 0, scale_ = INT64_MAX;
  bool begun_ = false, closed_ = false, tens_open_ = false, units_done_ = false;
};

bool counts(std::string_view norm) {
  const SpokenWord* word = spoken_word(norm);
  return word != nullptr && (word->kind == Spoken::kUnit || word->kind == Spoken::kTens);
}

// Digits with their marks, from `begin` on: the decimal as JSON writes it, and its end. nullopt: they end inside of a word.
struct Figures {
  std::string decimal;
  size_t end = 0;
};

std::optional<Figures> read_figures(const MentionText& text, size_t begin, char thousands, char point) {
  const auto digits_end = [&](size_t position) {
    while (text.has_digit(position)) ++position;
    return position;
  };
  size_t end = digits_end(begin);
  std::string whole(text.text().substr(begin, end - begin));
  if (end - begin <= 3) {
    while (text.at(end) == thousands && digits_end(end + 1) == end + 4) {
      whole.append(text.text().substr(end + 1, 3));
      end += 4;
    }
  }
  std::string fraction;
  if (text.at(end) == point && text.has_digit(end + 1)) {
    const size_t after = digits_end(end + 1);
    fraction = text.text().substr(end + 1, after - end - 1);
    end = after;
  }
  if (!text.is_end(end) || whole.size() + fraction.size() > kFiguresMax) return std::nullopt;
  whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size() - 1));
  return Figures{fraction.empty() ? whole : whole + "." + fraction, end};
}

std::string times(const std::string& decimal, int64_t factor) {
  // The factors are powers of ten, or 12 for whole numbers.
  const auto number = Decimal::parse(decimal);
  if (!number.ok()) return {};
  if (factor != 12) {
    const auto scaled = Decimal::parse(decimal + "e" + std::to_string(std::to_string(factor).size() - 1));
    return scaled.ok() ? scaled->text() : std::string();
  }
  int64_t value = 0;
  return number->to_int64(&value) && value < INT64_MAX / 12 ? std::to_string(value * 12) : std::string();
}

void add_number(const std::string& decimal, size_t begin, size_t end, std::vector<Mention>& mentions) {
  const auto number = Decimal::parse(decimal);
  if (number.ok()) mentions.push_back({number->text(), begin, end});
}

// A minus sign right in front, which no word stands before.
bool has_minus(const MentionText& text, size_t at, size_t* begin) {
  if (!text.is_adjacent(at)) return false;
  const std::string_view sign = text.norm(at - 1);
  if (sign != "-" && sign != "\u2212") return false;
  const bool touches = text.is_adjacent(at - 1) && text.word(at - 2).kind != text::WordKind::kPunctuation;
  *begin = text.word(at - 1).begin;
  return !touches;
}

void read_figures_at(const MentionText& text, size_t at, const BindingOptions& options,
                     std::vector<Mention>& mentions) {
  size_t begin = text.word(at).begin;
  if (!text.has_digit(begin)) return;
  const char point = options.decimal_comma ? ',' : '.', thousands = options.decimal_comma ? '.' : ',';
  // Already read as the fraction of the number before.
  const bool is_fraction = begin > 1 && text.at(begin - 1) == point && text.has_digit(begin - 2);
  const bool is_group = begin > 1 && text.at(begin - 1) == thousands && text.has_digit(begin - 2);
  if (is_fraction || (is_group && !mentions.empty() && mentions.back().end > begin)) return;
  auto figures = read_figures(text, begin, thousands, point);
  if (!figures && options.decimal_comma) figures = read_figures(text, begin, ',', '.');
  if (!figures) return;
  if (begin > 0 && text.at(begin - 1) == point && !(begin > 1 && text.is_end(begin - 1))) {
    figures->decimal = "0." + std::string(text.text().substr(begin, figures->end - begin));  // ".5"
    if (figures->decimal.find_first_not_of("0123456789.", 0) != std::string::npos) return;
    --begin;
  }
  size_t signed_begin = begin;
  const size_t sign_word = begin == text.word(at).begin ? at : at - 1;
  const bool minus = sign_word < text.size() && has_minus(text, sign_word, &signed_begin);
  const auto add = [&](const std::string& decimal, size_t end) {
    add_number(decimal, begin, end, mentions);
    if (minus) add_number("-" + decimal, signed_begin, end, mentions);
  };
  add(figures->decimal, figures->end);
  size_t next = at + 1;
  while (next < text.size() && text.word(next).begin < figures->end) ++next;
  const bool attached = next < text.size() && text.word(next).begin == figures->end;
  for (const Multiplier& multiplier : kMultipliers) {
    if (text.norm(next) != multiplier.name || (multiplier.attached && !attached)) continue;
    const std::string product = times(figures->decimal, multiplier.value);
    if (!product.empty()) add(product, text.word(next).end);
  }
}

}  // namespace

bool MentionText::is_end(size_t position) const {
  const auto word = std::lower_bound(words_.begin(), words_.end(), position,
                                     [](const text::Word& w, size_t at) { return w.end < at; });
  return word != words_.end() && word->end == position;
}

std::optional<SpokenNumber> read_spoken(const MentionText& text, size_t at) {
  SpokenReader reader;
  SpokenNumber number;
  size_t next = at;
  const std::string_view first = text.norm(at);
  if (first == "a" || first == "an") {
    const SpokenWord* scale = spoken_word(text.norm(at + 1));
    if (scale == nullptr || scale->kind == Spoken::kUnit || scale->kind == Spoken::kTens) return std::nullopt;
    reader.begin_with_one();
    ++next;
  }
  while (true) {
    size_t skipped = 0;
    if (next > at && text.norm(next) == "-" && reader.takes_hyphen()) skipped = 1;
    if (next > at && text.norm(next) == "and" && reader.takes_and() && counts(text.norm(next + 1))) skipped = 1;
    const SpokenWord* word = spoken_word(text.norm(next + skipped));
    if (word == nullptr || !reader.take(*word)) break;
    next += skipped + 1;
    number.ordinal = word->ordinal;
    number.words = next - at;
  }
  if (number.words == 0) return std::nullopt;
  number.value = reader.value();
  return number;
}

void read_number(const MentionText& text, size_t at, const BindingOptions& options, std::vector<Mention>& mentions) {
  if (text.word(at).kind == text::WordKind::kNumber) {
    read_figures_at(text, at, options, mentions);
    return;
  }
  const size_t begin = text.word(at).begin;
  if (!mentions.empty() && mentions.back().end > begin) return;  // inside of the number before
  const auto number = read_spoken(text, at);
  if (number) add_number(std::to_string(number->value), begin, text.word(at + number->words - 1).end, mentions);
}

}  // namespace cadre::contract
