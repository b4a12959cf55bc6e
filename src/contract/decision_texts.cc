// SPDX-License-Identifier: Apache-2.0
#include "contract/decision_texts.h"

#include <algorithm>
#include <numeric>
#include <unordered_set>

#include "contract/schema_programs.h"
#include "text/words.h"

namespace cadre::contract {

namespace {

constexpr size_t kTextSizeBytesMax = 4096;
constexpr size_t kDigitsMax = 40;
constexpr int kPlacesMax = 15;
constexpr size_t kBoundsMax = 1'000;  // a verdict costs the length of the formula
constexpr size_t kProbesMax = 64;     // multiples looked at where all of a kind behave alike

struct LanguageAutomaton {
  static constexpr size_t kStepsMax = 200'000;  // states visited, about 0.1 s
  LanguageTable& table;

  std::optional<bool> is_alive(Language language) { return table.nonempty(language); }
  bool is_end(Language language) { return table.nullable(language); }
  Language next(Language language, uint8_t byte) { return table.derivative(language, byte); }
  bool is_dead(Language language) { return language == LanguageTable::kNothing; }
};

struct NameAutomaton {
  static constexpr size_t kStepsMax = 4'000;
  SchemaPrograms& programs;
  uint32_t frame;

  std::optional<bool> is_alive(uint32_t) { return true; }
  bool is_end(uint32_t key) { return programs.key_step(frame, key) != kNone; }
  uint32_t next(uint32_t key, uint8_t byte) { return programs.key_next(frame, key, byte); }
  bool is_dead(uint32_t key) { return key == kNone; }
};

// Depth first. A state that comes back on its own path, and from which there is an end, means infinitely many texts.
template <class Automaton>
class TextSearch {
 public:
  TextSearch(Automaton automaton, size_t count_max) : automaton_(automaton), count_max_(count_max) {}

  std::optional<std::vector<std::string>> run(uint32_t start) {
    if (automaton_.is_alive(start) != true || !enter(start)) return std::nullopt;
    while (!path_.empty()) {
      if (path_.back().byte == 256) {
        leave();
        continue;
      }
      const auto byte = static_cast<uint8_t>(path_.back().byte++);
      const uint32_t next = automaton_.next(path_.back().state, byte);
      if (automaton_.is_dead(next)) continue;
      const std::optional<bool> alive = automaton_.is_alive(next);
      if (!alive) return std::nullopt;
      if (!*alive) continue;
      text_.push_back(static_cast<char>(byte));
      if (!enter(next)) return std::nullopt;
    }
    return std::move(texts_);
  }

 private:
  struct Level {
    uint32_t state;
    uint32_t byte;  // to be tried next
  };

  // False: too many, or too much work.
  bool enter(uint32_t state) {
    if (++steps_ > Automaton::kStepsMax || text_.size() > kTextSizeBytesMax || !on_path_.insert(state).second)
      return false;
    path_.push_back({state, 0});
    if (!automaton_.is_end(state) || !text::is_valid_utf8(text_)) return true;
    texts_.push_back(text_);
    return texts_.size() <= count_max_;
  }

  void leave() {
    on_path_.erase(path_.back().state);
    path_.pop_back();
    if (!text_.empty()) text_.pop_back();
  }

  Automaton automaton_;
  size_t count_max_;
  size_t steps_ = 0;
  std::vector<Level> path_;
  std::unordered_set<uint32_t> on_path_;
  std::string text_;
  std::vector<std::string> texts_;
};

// ---- numbers ----------------------------------------------------------------------------------------------------------------

using Scaled = __int128;

std::optional<Scaled> scaled(const Decimal& value, int places) {  // value x 10^places
  const int64_t exponent = value.exponent() + places;
  if (exponent < 0 || exponent > 30 || value.digits().size() + static_cast<size_t>(exponent) > 30) return std::nullopt;
  Scaled result = 0;
  for (const char digit : value.digits()) result = result * 10 + (digit - '0');
  for (int64_t i = 0; i < exponent; ++i) result *= 10;
  return value.negative() ? -result : result;
}

std::string plain_text(bool negative, std::string digits, size_t places) {  // digits x 10^-places
  while (digits.size() <= places) digits.insert(digits.begin(), '0');
  const size_t zeros = digits.find_first_not_of('0');
  digits.erase(0, std::min(zeros, digits.size() - places - 1));
  if (places > 0) {
    digits.insert(digits.size() - places, 1, '.');
    while (digits.back() == '0') digits.pop_back();
    if (digits.back() == '.') digits.pop_back();
  }
  return negative && digits != "0" ? "-" + digits : digits;
}

std::string plain_text(Scaled value, int places) {
  const bool negative = value < 0;
  if (negative) value = -value;
  std::string digits;
  do {
    digits.push_back(static_cast<char>('0' + static_cast<int>(value % 10)));
    value /= 10;
  } while (value != 0);
  std::reverse(digits.begin(), digits.end());
  return plain_text(negative, std::move(digits), static_cast<size_t>(places));
}

Scaled floor_to(Scaled value, Scaled step) {
  const Scaled rest = value % step;
  return value - (rest < 0 ? rest + step : rest);
}

// Between two neighbouring bounds only divisibility tells numbers apart: one number that nothing divides stands for all of them, and the
// others are multiples.
class NumberSearch {
 public:
  NumberSearch(SchemaPrograms& programs, uint32_t program, size_t count_max)
      : programs_(programs), program_(program), count_max_(count_max) {}

  std::optional<std::vector<std::string>> run() {
    if (programs_.is_plain(program_) || !prepare()) return std::nullopt;
    if (bounds_.empty() || accepts_beyond(bounds_.front(), -1) || accepts_beyond(bounds_.back(), 1))
      return std::nullopt;
    for (size_t i = 0; i < bounds_.size(); ++i) {
      if (accepts(bounds_[i])) found_.push_back(bounds_[i]);
      if (i + 1 < bounds_.size() && !search_between(bounds_[i], bounds_[i + 1])) return std::nullopt;
    }
    std::sort(found_.begin(), found_.end());
    found_.erase(std::unique(found_.begin(), found_.end()), found_.end());
    if (found_.size() > count_max_) return std::nullopt;
    std::vector<std::string> texts;
    for (const Scaled value : found_) texts.push_back(plain_text(value, places_));
    return texts;
  }

 private:
  // Everything in units of 10^-places_, in which no bound and no divisor has a last digit: what has one is a multiple of nothing.
  bool prepare() {
    const SchemaPrograms::NumberMarks marks = programs_.number_marks(program_);
    int64_t places = 0;
    for (const auto* list : {&marks.bounds, &marks.divisors}) {
      for (const Decimal& value : *list) places = std::max(places, -value.exponent());
    }
    if (places >= kPlacesMax) return false;
    places_ = static_cast<int>(places) + 1;
    Scaled unit = 1;
    for (int i = 0; i < places_; ++i) unit *= 10;
    steps_.push_back(unit);
    for (const Decimal& divisor : marks.divisors) {
      const auto step = scaled(divisor, places_);
      if (!step || *step <= 0) return false;
      steps_.push_back(*step);
    }
    for (const Decimal& bound : marks.bounds) {
      const auto value = scaled(bound, places_);
      if (!value) return false;
      bounds_.push_back(*value);
    }
    if (bounds_.size() > kBoundsMax) return false;
    std::sort(bounds_.begin(), bounds_.end());
    bounds_.erase(std::unique(bounds_.begin(), bounds_.end()), bounds_.end());
    return true;
  }

  bool accepts(Scaled value) { return programs_.number_verdict(program_, plain_text(value, places_)) != kNone; }

  bool accepts_beyond(Scaled bound, int direction) {
    if (accepts(bound + direction)) return true;  // has a last digit
    for (const Scaled step : steps_) {
      Scaled value = floor_to(bound, step);
      for (size_t i = 0; i < kProbesMax; ++i, value += direction * step) {
        if ((value - bound) * direction > 0 && accepts(value)) return true;
      }
    }
    return false;
  }

  bool search_between(Scaled low, Scaled high) {
    if (high - low > 1 && accepts(low + 1)) return false;  // and so every number that nothing divides
    for (const Scaled step : steps_) {
      const Scaled first = floor_to(low, step) + step;
      bool any = false;
      size_t tried = 0;
      for (Scaled value = first; value < high; value += step) {
        if (!any && tried == (steps_.size() == 1 ? 1 : kProbesMax)) break;
        ++tried;
        if (!accepts(value)) continue;
        any = true;
        found_.push_back(value);
        if (tried > 4 * count_max_) return false;
      }
    }
    return true;
  }

  SchemaPrograms& programs_;
  uint32_t program_;
  size_t count_max_;
  int places_ = 1;
  std::vector<Scaled> steps_, bounds_, found_;
};

}  // namespace

std::optional<std::vector<std::string>> finite_texts(LanguageTable& table, Language language, size_t count_max) {
  auto texts = TextSearch(LanguageAutomaton{table}, count_max).run(language);
  return table.full() ? std::nullopt : std::move(texts);
}

std::optional<std::vector<std::string>> finite_names(SchemaPrograms& programs, uint32_t frame, size_t count_max) {
  const uint32_t start = programs.key_start(frame);
  return start == kNone ? std::nullopt : TextSearch(NameAutomaton{programs, frame}, count_max).run(start);
}

std::optional<std::vector<std::string>> finite_numbers(SchemaPrograms& programs, uint32_t program, size_t count_max) {
  return NumberSearch(programs, program, count_max).run();
}

std::optional<std::string> canonical_number(std::string_view json_number) {
  const Result<Decimal> number = Decimal::parse(json_number);
  if (!number.ok()) return std::nullopt;
  const int64_t exponent = number->exponent();
  if (number->digits().size() + static_cast<size_t>(std::abs(exponent)) > kDigitsMax) return std::nullopt;
  if (number->is_zero()) return "0";
  if (exponent >= 0) {
    return plain_text(number->negative(), number->digits() + std::string(static_cast<size_t>(exponent), '0'), 0);
  }
  return plain_text(number->negative(), number->digits(), static_cast<size_t>(-exponent));
}

std::optional<std::string> canonical_string(std::string_view text) {
  constexpr std::string_view kControls = "\b\f\n\r\t", kNames = "bfnrt";
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted.push_back('\\');
      quoted.push_back(c);
    } else if (static_cast<uint8_t>(c) >= 0x20) {
      quoted.push_back(c);
    } else if (const size_t index = kControls.find(c); index != std::string_view::npos) {
      quoted.push_back('\\');
      quoted.push_back(kNames[index]);
    } else {
      return std::nullopt;
    }
  }
  quoted.push_back('"');
  return quoted;
}

}  // namespace cadre::contract
