// Sets of code points as expressions over the bytes of UTF-8.
//
// A set is cut along the tree of byte sequences: for every first byte the language of what may follow it, first bytes with the same
// continuation together. A subtree that is wholly inside is one expression for all who have it, so that the set of all but a quote
// has a dozen nodes and the letters of all scripts a few hundred.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "contract/language_parts.h"

namespace cadre::contract {
namespace {

using Range = CodePointRange;
using Ranges = std::span<const Range>;

// The ranges that meet [low, high].
Ranges meeting(Ranges ranges, char32_t low, char32_t high) {
  const auto first =
      std::lower_bound(ranges.begin(), ranges.end(), low, [](const Range& r, char32_t c) { return r.high < c; });
  auto last = first;
  while (last != ranges.end() && last->low <= high) ++last;
  return {first, last};
}

class Builder {
 public:
  Builder(LanguageTable::Parts& parts, Ranges ranges) : parts_(parts), ranges_(ranges) {}

  // The language, and the bytes that are free in it (see LanguageTable::Parts::classes_free).
  std::pair<Language, ByteSet> build() {
    ByteSet ascii, free;
    for (const Range& r : meeting(ranges_, 0, 0x7F)) {
      for (char32_t c = r.low; c <= std::min<char32_t>(r.high, 0x7F); ++c) ascii.set(c);
    }
    free = ascii;
    std::vector<Language> alternatives;
    if (ascii.any()) alternatives.push_back(parts_.bytes(ascii));
    if (!ranges_.empty() && ranges_.back().high >= 0x80) {
      Groups groups;
      for (uint32_t lead = 0xC2; lead <= 0xF4; ++lead) add_lead(lead, groups, free);
      for (const auto& [rest, bytes] : groups) alternatives.push_back(parts_.concat(parts_.bytes(bytes), rest));
    }
    if ((free >> 0xC0).any()) {
      for (int byte = 0x80; byte < 0xC0; ++byte) free.set(static_cast<size_t>(byte));
    }
    return {parts_.alternate(std::move(alternatives)), free};
  }

 private:
  using Groups = std::vector<std::pair<Language, ByteSet>>;  // continuation -> first bytes

  static void add(Groups& groups, Language rest, uint32_t byte) {
    if (rest == LanguageTable::kNothing) return;
    auto group = std::find_if(groups.begin(), groups.end(), [&](const auto& g) { return g.first == rest; });
    if (group == groups.end()) group = groups.insert(groups.end(), {rest, {}});
    group->second.set(byte);
  }

  void add_lead(uint32_t lead, Groups& groups, ByteSet& free) {
    const int more = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
    const uint32_t payload = lead & (0x3Fu >> more);
    const char32_t low = payload << (6 * more), high = low | ((1u << (6 * more)) - 1);
    // What UTF-8 leaves out: overlong forms, surrogates, and what is past the last code point.
    char32_t first = std::max<char32_t>(low, more == 2 ? 0x800 : more == 3 ? 0x10000 : 0x80);
    char32_t last = std::min<char32_t>(high, 0x10FFFF);
    if (lead == 0xED) last = 0xD7FF;
    const Ranges inside = meeting(ranges_, first, last);
    if (inside.size() == 1 && inside[0].low <= first && inside[0].high >= last) free.set(lead);
    add(groups, rest(inside, low, more, first, last), lead);
  }

  // What follows: `more` bytes that spell the members of `ranges` within [first, last], a part of the block that begins at `low`.
  Language rest(Ranges ranges, char32_t low, int more, char32_t first, char32_t last) {
    if (more == 0) return ranges.empty() ? LanguageTable::kNothing : LanguageTable::kEmptyString;
    if (ranges.empty()) return LanguageTable::kNothing;
    const uint32_t step = 1u << (6 * (more - 1));
    const bool whole = first == low && last == low + step * 64 - 1 && ranges[0].low <= first && ranges[0].high >= last;
    if (whole && whole_[more] != LanguageTable::kNothing) return whole_[more];
    Groups groups;
    for (uint32_t byte = 0; byte < 64; ++byte) {
      const char32_t sub_low = low + byte * step;
      const char32_t sub_first = std::max(sub_low, first), sub_last = std::min<char32_t>(sub_low + step - 1, last);
      if (sub_first > sub_last) continue;
      add(groups, rest(meeting(ranges, sub_first, sub_last), sub_low, more - 1, sub_first, sub_last), 0x80 + byte);
    }
    std::vector<Language> alternatives;
    for (const auto& [after, bytes] : groups) alternatives.push_back(parts_.concat(parts_.bytes(bytes), after));
    const Language language = parts_.alternate(std::move(alternatives));
    if (whole) whole_[more] = language;
    return language;
  }

  LanguageTable::Parts& parts_;
  Ranges ranges_;
  std::array<Language, 4> whole_{};  // kNothing: not built yet
};

}  // namespace

Language LanguageTable::Parts::code_points(const CodePointSet& set) {
  if (set.empty()) return kNothing;
  if (set.back().high < 0x80) {
    ByteSet ascii;
    for (const auto& [low, high] : set) {
      for (char32_t c = low; c <= high; ++c) ascii.set(c);
    }
    return bytes(ascii);
  }
  std::vector<uint64_t> key;
  for (const auto& [low, high] : set) key.push_back(uint64_t{low} << 32 | high);
  const auto known = code_point_memo.find(key);
  if (known != code_point_memo.end()) return known->second;
  // Ranges that contain the surrogates are cut around them: nothing spells those.
  CodePointSet whole;
  for (auto [low, high] : set) {
    if (low < 0xD800 && high >= 0xD800) {
      whole.push_back({low, 0xD7FF});
      if (high > 0xDFFF) whole.push_back({0xE000, high});
    } else if (low < 0xD800 || high > 0xDFFF) {
      whole.push_back({low >= 0xD800 ? std::max<char32_t>(low, 0xE000) : low, high});
    }
  }
  auto [language, free] = Builder(*this, whole).build();
  if (whole.size() == 2 && whole[0] == Range{0, 0xD7FF} && whole[1] == Range{0xE000, 0x10FFFF} &&
      nodes[kAnyCharacter].kind == Kind::kOr) {
    language = kAnyCharacter;
  }
  if (full || language == kNothing) return language;
  nodes[language].is_class = true;
  classes_free[language] = free;
  code_point_memo.emplace(std::move(key), language);
  return language;
}

}  // namespace cadre::contract
