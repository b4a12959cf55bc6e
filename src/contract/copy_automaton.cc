// SPDX-License-Identifier: Apache-2.0
#include "contract/copy_automaton.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.h"
#include "contract/sorted_texts.h"
#include "text/unicode.h"
#include "text/words.h"

namespace cadre::contract {
namespace {

constexpr char kBetweenSources = '\xFF';  // no byte of UTF-8
constexpr uint32_t kEscapedCost = 6;      // \u0001

bool is_letter_byte(uint8_t byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

bool is_lead(char byte) {
  return !base::is_continuation(static_cast<uint8_t>(byte));
}

// Bytes of the white space character at `position`, 0 if another stands there.
uint32_t space_size(std::string_view text, size_t position) {
  const auto byte = static_cast<uint8_t>(text[position]);
  if (byte < 0x80) return byte <= ' ' || byte == 0x7F ? 1 : 0;
  const base::Utf8Char character = base::decode_utf8(text, position);
  return text::char_class(character.code) == text::CharClass::kSpace ? character.size_bytes : 0;
}

struct Span {
  uint32_t begin, end;
};

std::vector<Span> characters(std::string_view text) {
  std::vector<Span> spans;
  spans.reserve(text.size());
  for (uint32_t i = 0; i < text.size(); ++i) {
    if (!is_lead(text[i])) continue;
    if (!spans.empty()) spans.back().end = i;
    spans.push_back({i, static_cast<uint32_t>(text.size())});
  }
  return spans;
}

std::vector<Span> tokens(std::string_view text) {
  std::vector<Span> spans;
  bool inside = false;
  for (uint32_t i = 0; i < text.size();) {
    const uint32_t space = space_size(text, i);
    if (space == 0 && !inside) spans.push_back({i, 0});
    inside = space == 0;
    i += space > 0 ? space : base::decode_utf8(text, i).size_bytes;
    if (inside) spans.back().end = i;
  }
  return spans;
}

std::vector<Span> lines(std::string_view text) {
  std::vector<Span> spans;
  for (size_t begin = 0; begin < text.size();) {
    const size_t feed = std::min(text.find('\n', begin), text.size());
    const size_t end = feed > begin && text[feed - 1] == '\r' ? feed - 1 : feed;
    if (end > begin) spans.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(end)});
    begin = feed + 1;
  }
  return spans;
}

}  // namespace

// Of one source: where units begin and end and where counted words begin, in bytes of it.
struct CopyAutomaton::Marks {
  std::vector<Span> units;
  std::vector<uint32_t> words;
};

Result<std::shared_ptr<const CopyAutomaton>> CopyAutomaton::make(std::span<const std::string_view> sources,
                                                                 const CopyRule& rule) {
  std::shared_ptr<CopyAutomaton> made(new CopyAutomaton(rule));
  if (rule.words_max != kAnyWords) {
    made->words_cap_ = std::max(rule.words_max, 1u);
  } else {
    made->words_cap_ = rule.words_min;
  }
  for (const std::string_view source : sources) made->add_source(source, rule);
  made->is_end_.assign(made->text_.size() + 1, false);
  for (const uint32_t end : made->ends_) made->is_end_[end] = true;
  made->measure();
  if (rule.fold_case) made->add_letter_cases();
  const uint64_t nodes = made->text_.size() + made->detours_.size() + 1;
  if (nodes * (made->words_cap_ + 1ull) > UINT32_MAX)
    return Error{ErrorCode::kLimit, fmt::format("x-copy of {} bytes with up to {} words counted: shorten the source or "
                                                "lower minWords and maxWords",
                                                made->text_.size(), made->words_cap_)};
  made->find_first_steps();
  return std::shared_ptr<const CopyAutomaton>(std::move(made));
}

void CopyAutomaton::add_source(std::string_view source, const CopyRule& rule) {
  Marks marks;
  if (rule.unit == CopyUnit::kWord || counts_words()) {
    for (const text::WordPlace& word : text::find_words(source)) {
      if (rule.unit == CopyUnit::kWord) marks.units.push_back({word.begin, word.end});
      if (counts_words() && word.kind != text::WordKind::kPunctuation) marks.words.push_back(word.begin);
    }
  }
  if (rule.unit == CopyUnit::kChar) marks.units = characters(source);
  if (rule.unit == CopyUnit::kToken) marks.units = tokens(source);
  if (rule.unit == CopyUnit::kLine) marks.units = lines(source);
  add_text(source, rule.fold_space, marks);
}

// With `fold_space` a run of white space becomes one space. A span that begins inside a run begins with that space, one that ends inside of it
// ends behind it.
void CopyAutomaton::add_text(std::string_view source, bool fold_space, Marks& marks) {
  const auto base = static_cast<uint32_t>(text_.size());
  if (!fold_space) {
    for (const Span& unit : marks.units) {
      starts_.push_back(base + unit.begin);
      ends_.push_back(base + unit.end);
    }
    for (const uint32_t word : marks.words) word_starts_.push_back(base + word);
    text_.append(source);
  } else {
    std::vector<uint32_t> as_start(source.size() + 1), as_end(source.size() + 1);
    bool in_run = false;
    for (size_t i = 0; i < source.size();) {
      const uint32_t space = space_size(source, i);
      const uint32_t size = space > 0 ? space : base::decode_utf8(source, i).size_bytes;
      const auto at = static_cast<uint32_t>(text_.size());
      as_start[i] = in_run && space > 0 ? at - 1 : at;
      as_end[i] = at;
      if (space == 0) text_.append(source, i, size);
      if (space > 0 && !in_run) text_.push_back(' ');
      in_run = space > 0;
      i += size;
    }
    as_start[source.size()] = as_end[source.size()] = static_cast<uint32_t>(text_.size());
    for (const Span& unit : marks.units) {
      starts_.push_back(as_start[unit.begin]);
      ends_.push_back(as_end[unit.end]);
    }
    for (const uint32_t word : marks.words) word_starts_.push_back(as_start[word]);
    for (auto* list : {&starts_, &ends_}) list->erase(std::unique(list->begin(), list->end()), list->end());
  }
  source_ends_.push_back(static_cast<uint32_t>(text_.size()));
  last_ends_.push_back(ends_.empty() ? 0 : ends_.back());
  text_.push_back(kBetweenSources);
}

void CopyAutomaton::measure() {
  const size_t size = text_.size();
  chars_before_.resize(size + 1);
  cost_before_.resize(size + 1);
  uint32_t chars = 0, cost = 0;
  for (uint32_t i = 0; i < size; ++i) {
    chars_before_[i] = chars;
    cost_before_[i] = cost;
    const auto byte = static_cast<uint8_t>(text_[i]);
    chars += base::is_continuation(byte) ? 0 : 1;
    if (byte >= 0x20 && byte != '"' && byte != '\\') {
      ++cost;
      continue;
    }
    const uint32_t written = canonical_size_bytes(std::string_view(text_).substr(i, 1));
    if (written == kNotWritable) unwritable_.push_back(i);
    cost += written == kNotWritable ? kEscapedCost : written;
  }
  chars_before_[size] = chars;
  cost_before_[size] = cost;
  if (!counts_words()) return;
  words_before_.resize(size + 1);
  size_t words = 0;
  for (uint32_t i = 0; i <= size; ++i) {
    words_before_[i] = static_cast<uint32_t>(words);
    if (words < word_starts_.size() && word_starts_[words] == i) ++words;
  }
}

// Letters of ASCII change case where they are read; the others get nodes for the bytes of their other case.
void CopyAutomaton::add_letter_cases() {
  for (uint32_t i = 0; i < text_.size(); ++i) {
    const auto byte = static_cast<uint8_t>(text_[i]);
    if (byte < 0xC2 || text_[i] == kBetweenSources) continue;
    const base::Utf8Char here = base::decode_utf8(text_, i);
    std::vector<char32_t> known = {here.code};
    for (const char32_t other : {text::simple_lower(here.code), text::simple_upper(here.code)}) {
      if (std::find(known.begin(), known.end(), other) != known.end()) continue;
      known.push_back(other);
      std::string bytes;
      base::append_utf8(other, bytes);
      uint32_t next = i + here.size_bytes;
      for (size_t k = bytes.size() - 1; k > 0; --k) {
        detours_.push_back({static_cast<uint8_t>(bytes[k]), next});
        next = static_cast<uint32_t>(text_.size() + detours_.size() - 1);
      }
      branches_.push_back({i, {static_cast<uint8_t>(bytes[0]), next}});
    }
  }
}

std::span<const CopyAutomaton::Branch> CopyAutomaton::branches_at(uint32_t node) const {
  if (branches_.empty()) return {};
  const auto less = [](const Branch& branch, uint32_t at) { return branch.node < at; };
  const auto low = std::lower_bound(branches_.begin(), branches_.end(), node, less);
  auto high = low;
  while (high != branches_.end() && high->node == node) ++high;
  return {low, high};
}

// Tells `take(byte, next node)` every way on from a node.
template <class Take>
void CopyAutomaton::steps_of(uint32_t node, const Take& take) const {
  if (node >= text_.size()) {
    const Detour& detour = detours_[node - text_.size()];
    take(detour.byte, detour.next);
    return;
  }
  if (text_[node] == kBetweenSources) return;
  const auto byte = static_cast<uint8_t>(text_[node]);
  take(byte, node + 1);
  if (!fold_case_) return;
  if (is_letter_byte(byte)) take(static_cast<uint8_t>(byte ^ 0x20), node + 1);
  for (const Branch& branch : branches_at(node)) take(branch.first.byte, branch.first.next);
}

void CopyAutomaton::find_first_steps() {
  std::array<uint32_t, 256> counts{};
  for (const uint32_t start : starts_) {
    steps_of(start, [&](uint8_t byte, uint32_t) { ++counts[byte]; });
  }
  std::array<std::vector<Place>, 256> places;
  for (const uint32_t start : starts_) {
    steps_of(start, [&](uint8_t byte, uint32_t next) {
      if (places[byte].empty()) places[byte].reserve(counts[byte]);
      step(start, 0, next, places[byte]);
    });
  }
  for (size_t byte = 0; byte < 256; ++byte) {
    auto& list = places[byte];
    if (!std::is_sorted(list.begin(), list.end())) std::sort(list.begin(), list.end());
    first_begins_[byte] = static_cast<uint32_t>(first_places_.size());
    first_places_.insert(first_places_.end(), list.begin(), list.end());
  }
  first_begins_[256] = static_cast<uint32_t>(first_places_.size());
}

size_t CopyAutomaton::source_at(uint32_t position) const {
  if (source_ends_.size() == 1) return 0;
  return static_cast<size_t>(std::lower_bound(source_ends_.begin(), source_ends_.end(), position) -
                             source_ends_.begin());
}

// The position in the text where a detour ends, and its bytes up to there; the node itself on the text.
uint32_t CopyAutomaton::text_position(uint32_t node, uint32_t* bytes) const {
  for (*bytes = 0; node >= text_.size(); ++*bytes) node = detours_[node - text_.size()].next;
  return node;
}

// The nearest end from a position with `words` counted so far; with `beyond` not at the position itself.
std::optional<uint32_t> CopyAutomaton::end_from(uint32_t position, uint32_t words, const Bounds& bounds,
                                                bool beyond) const {
  auto end = std::lower_bound(ends_.begin(), ends_.end(), position + (beyond ? 1 : 0));
  const auto move_to = [&](const std::vector<uint32_t>& before, uint64_t least) {
    end = std::partition_point(end, ends_.end(), [&](uint32_t e) { return before[e] - before[position] < least; });
  };
  if (words < words_min_) move_to(words_before_, words_min_ - words);
  if (bounds.chars_low > 0) move_to(chars_before_, bounds.chars_low);
  if (end == ends_.end() || *end > source_ends_[source_at(position)]) return std::nullopt;
  if (words_max_ != kAnyWords && words + (words_before_[*end] - words_before_[position]) > words_max_)
    return std::nullopt;
  if (chars_before_[*end] - chars_before_[position] > bounds.chars_high) return std::nullopt;
  if (bounds.only_writable) {
    const auto bad = std::lower_bound(unwritable_.begin(), unwritable_.end(), position);
    if (bad != unwritable_.end() && *bad < *end) return std::nullopt;
  }
  return *end;
}

void CopyAutomaton::step(uint32_t node, uint32_t words, uint32_t next, std::vector<Place>& places) const {
  if (counts_words() && node < text_.size() && words_before_[node + 1] != words_before_[node]) {
    if (words == words_cap_ && words_max_ != kAnyWords) return;
    words = std::min(words + 1, words_cap_);
    if (words > words_max_) return;
  }
  uint32_t bytes = 0;
  const uint32_t position = text_position(next, &bytes);
  if (counts_words()) {
    if (!end_from(position, words, {}, false)) return;
  } else if (last_ends_[source_at(position)] < position) {
    return;
  }
  places.push_back(place_of(next, words));
}

void CopyAutomaton::next(Place place, uint8_t byte, std::vector<Place>& places) const {
  const uint32_t counts = words_cap_ + 1;
  const uint32_t node = place / counts, words = place % counts;
  steps_of(node, [&](uint8_t way, uint32_t next) {
    if (way == byte) step(node, words, next, places);
  });
}

void CopyAutomaton::add_bytes(Place place, std::bitset<256>& bytes) const {
  steps_of(place / (words_cap_ + 1), [&](uint8_t way, uint32_t) { bytes.set(way); });
}

bool CopyAutomaton::accepts(Place place) const {
  const uint32_t counts = words_cap_ + 1;
  const uint32_t node = place / counts;
  return node < text_.size() && is_end_[node] && place % counts >= words_min_;
}

std::optional<uint32_t> CopyAutomaton::cost_to_end(Place place, const Bounds& bounds) const {
  const uint32_t counts = words_cap_ + 1;
  uint32_t bytes = 0;
  const uint32_t position = text_position(place / counts, &bytes);
  const auto end = end_from(position, place % counts, bounds, false);
  if (!end) return std::nullopt;
  return bytes + cost_before_[*end] - cost_before_[position];
}

std::optional<uint32_t> CopyAutomaton::cost_from_start(const Bounds& bounds) const {
  std::optional<uint32_t> best;
  for (const uint32_t start : starts_) {
    const auto end = end_from(start, 0, bounds, true);
    if (end && (!best || cost_before_[*end] - cost_before_[start] < *best))
      best = cost_before_[*end] - cost_before_[start];
  }
  return best;
}

}  // namespace cadre::contract
