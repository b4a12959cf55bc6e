// SPDX-License-Identifier: Apache-2.0
#include "contract/origin_check.h"

#include <algorithm>

#include "base/utf8.h"
#include "text/unicode.h"
#include "text/words.h"

namespace cadre::contract {
namespace {

bool is_space_point(char32_t code) {
  return text::char_class(code) == text::CharClass::kSpace;
}

bool same_letter(char32_t source, char32_t value) {
  return value == text::simple_lower(source) || value == text::simple_upper(source);
}

}  // namespace

const OriginCheck::Units& OriginCheck::units_of(const std::string& source, CopyUnit unit) {
  const auto [entry, is_new] = units_.try_emplace({source, unit});
  Units& units = entry->second;
  if (!is_new) return units;
  const std::string& text = *bindings_.source(source);
  units.begins.resize(text.size() + 1);
  units.ends.resize(text.size() + 1);
  const auto add = [&](size_t begin, size_t end) {
    if (begin == end) return;
    units.begins[begin] = true;
    units.ends[end] = true;
  };
  for (const text::Word& word : text::split_words(text)) {
    if (unit == CopyUnit::kWord) add(word.begin, word.end);
    if (word.kind != text::WordKind::kPunctuation) units.word_begins.push_back(word.begin);
  }
  size_t token = 0, line = 0;  // where the one under way began
  for (size_t i = 0; i < text.size();) {
    const base::Utf8Char character = base::decode_utf8(text, i);
    const size_t next = i + character.size_bytes;
    if (unit == CopyUnit::kChar) add(i, next);
    if (is_space_point(character.code)) {
      if (unit == CopyUnit::kToken) add(token, i);
      token = next;
    }
    if (character.code == '\n') {
      if (unit == CopyUnit::kLine) add(line, i > line && text[i - 1] == '\r' ? i - 1 : i);
      line = next;
    }
    i = next;
  }
  if (unit == CopyUnit::kToken) add(token, text.size());
  if (unit == CopyUnit::kLine) {
    const bool has_return = text.size() > line && text.back() == '\r';
    add(line, text.size() - (has_return ? 1 : 0));
  }
  return units;
}

// The end of the span that begins at `begin` and is written as `value`, if there is one that ends with a unit.
std::optional<size_t> OriginCheck::end_of_copy(const CopyRule& rule, std::string_view source, const Units& units,
                                               size_t begin, std::string_view value) const {
  size_t at = begin;
  for (size_t i = 0; i < value.size();) {
    if (at >= source.size()) return std::nullopt;
    const base::Utf8Char here = base::decode_utf8(source, at);
    const base::Utf8Char written = base::decode_utf8(value, i);
    if (rule.fold_space && is_space_point(here.code)) {
      if (written.code != ' ') return std::nullopt;
      i += 1;
      do {
        at += base::decode_utf8(source, at).size_bytes;
        if (i == value.size() && units.ends[at]) return at;  // the span may end inside the run
      } while (at < source.size() && is_space_point(base::decode_utf8(source, at).code));
      continue;
    }
    if (here.code != written.code && !(rule.fold_case && same_letter(here.code, written.code))) return std::nullopt;
    at += here.size_bytes;
    i += written.size_bytes;
  }
  return units.ends[at] && at > begin ? std::optional(at) : std::nullopt;
}

std::optional<Provenance> OriginCheck::find_copy(const CopyRule& rule, const std::string& value) {
  std::optional<Provenance> found;
  for (const std::string& name : rule.from) {
    const std::string& source = *bindings_.source(name);
    const Units& units = units_of(name, rule.unit);
    for (size_t begin = 0; begin < source.size(); ++begin) {
      if (!units.begins[begin]) continue;
      const auto end = end_of_copy(rule, source, units, begin, value);
      if (!end) continue;
      const auto words = std::count_if(units.word_begins.begin(), units.word_begins.end(),
                                       [&](size_t word) { return word >= begin && word < *end; });
      if (words < rule.words_min || words > rule.words_max) continue;
      if (!found) {
        found.emplace();
        found->kind = Provenance::Kind::kCopy;
        found->source = name;
        found->begin = begin;
        found->end = *end;
      }
      ++found->occurrences;
    }
  }
  return found;
}

Result<std::optional<Provenance>> OriginCheck::find_normal(const NormalRule& rule, const JsonValue& value) {
  std::optional<Provenance> found;
  const bool is_number = value.kind == JsonKind::kNumber;
  if (is_number && rule.kind != NormalKind::kNumber) return found;
  const std::string normal = is_number ? value.number.text() : value.text;
  for (const std::string& name : rule.from) {
    const auto [entry, is_new] = mentions_.try_emplace({name, rule.kind});
    if (is_new) {
      auto mentions = find_mentions(rule.kind, *bindings_.source(name), bindings_.options());
      if (!mentions.ok()) return std::move(mentions).error().with_context("source \"" + name + "\"");
      entry->second = std::move(*mentions);
    }
    for (const Mention& mention : entry->second) {
      if (mention.normal != normal) continue;
      if (!found) {
        found.emplace();
        found->kind = Provenance::Kind::kNormal;
        found->source = name;
        found->begin = mention.begin;
        found->end = mention.end;
      }
      ++found->occurrences;
    }
  }
  return found;
}

std::optional<Provenance> OriginCheck::find_in_set(const std::string& set, const JsonValue& value) const {
  const ValueSet& values = *bindings_.set(set);
  const auto index = value.kind == JsonKind::kNumber ? values.index_of(value.number) : values.index_of(value.text);
  if (!index) return std::nullopt;
  Provenance found;
  found.kind = Provenance::Kind::kSet;
  found.source = set;
  found.occurrences = 1;
  found.index = *index;
  return found;
}

}  // namespace cadre::contract
