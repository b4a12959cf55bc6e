// The public face of a table of languages: what is built or asked in its parts may move the rows that the header reads.
// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "contract/language.h"
#include "contract/language_parts.h"

namespace cadre::contract {

LanguageTable::LanguageTable() : LanguageTable(Limits()) {}
LanguageTable::LanguageTable(Limits limits) : parts_(std::make_unique<Parts>(limits)), rows_(parts_->rows.data()) {}
LanguageTable::~LanguageTable() = default;
LanguageTable::LanguageTable(LanguageTable&&) noexcept = default;
LanguageTable& LanguageTable::operator=(LanguageTable&&) noexcept = default;

void LanguageTable::renew_rows() {
  rows_ = parts_->rows.data();
}

Language LanguageTable::bytes(const ByteSet& set) {
  return renew(parts_->bytes(set));
}
Language LanguageTable::literal(std::string_view text) {
  return renew(parts_->literals({std::string(text)}));
}
Language LanguageTable::code_points(const CodePointSet& set) {
  return renew(parts_->code_points(set));
}
Language LanguageTable::concat(Language a, Language b) {
  return renew(parts_->concat(a, b));
}
Language LanguageTable::alternate(std::vector<Language> parts) {
  return renew(parts_->alternate(std::move(parts)));
}
Language LanguageTable::intersect(std::vector<Language> parts) {
  return renew(parts_->intersect(std::move(parts)));
}
Language LanguageTable::complement(Language a) {
  return renew(parts_->complement(a));
}
Language LanguageTable::repeat(Language a, uint32_t low, uint32_t high) {
  return renew(parts_->repeat(a, low, high == kUnbounded ? kAnyLength : high));
}
Language LanguageTable::literals(std::vector<std::string> texts) {
  return renew(parts_->literals(std::move(texts)));
}
Language LanguageTable::bound_literals(std::shared_ptr<const SortedTexts> texts) {
  return renew(parts_->bound_literals(std::move(texts)));
}
Language LanguageTable::copies(std::shared_ptr<const CopyAutomaton> automaton) {
  return renew(parts_->copies(std::move(automaton)));
}
bool LanguageTable::is_bound(Language a) const {
  return parts_->nodes[a].bound;
}
LanguageTable::Copies LanguageTable::copies_in(Language a) const {
  const LanguageNode& n = parts_->nodes[a];
  if (!n.bound) return Copies::kNone;
  if (n.kind == LanguageKind::kCopy) return Copies::kAll;
  bool any = false, all = true;
  const auto note = [&](Language part) {
    const Copies copies = copies_in(part);
    any |= copies != Copies::kNone;
    all &= copies == Copies::kAll;
    return copies;
  };
  switch (n.kind) {
    case LanguageKind::kAnd:
      for (const Language part : parts_->children_of(n)) {
        if (note(part) == Copies::kAll) return Copies::kAll;
      }
      return any ? Copies::kSome : Copies::kNone;
    case LanguageKind::kOr:
      for (const Language part : parts_->children_of(n)) note(part);
      return !any ? Copies::kNone : all ? Copies::kAll : Copies::kSome;
    case LanguageKind::kConcat:
      note(n.a);
      note(n.b);
      return any ? Copies::kSome : Copies::kNone;
    case LanguageKind::kRepeat:
    case LanguageKind::kNot:
      note(n.a);
      return any ? Copies::kSome : Copies::kNone;
    default:
      return Copies::kNone;
  }
}
std::optional<uint32_t> LanguageTable::cheapest_size(Language a) {
  return renew(parts_->cheapest_size(a));
}
std::optional<LanguageTable::Unlimited> LanguageTable::unlimited(Language a) {
  return renew(parts_->unlimited(a));
}
Language LanguageTable::length(uint64_t low, uint64_t high) {
  return renew(parts_->length(low, high));
}
bool LanguageTable::nullable(Language a) const {
  return parts_->nullable(a);
}
Language LanguageTable::derive(Language a, uint8_t byte) {
  return renew(parts_->next(a, byte));
}
const ByteSet& LanguageTable::bytes_alike(Language a, uint8_t byte) {
  const ByteClasses& classes = parts_->partitions[parts_->classes(a)];
  return classes.members[classes.class_of[byte]];
}
std::optional<bool> LanguageTable::nonempty(Language a, size_t steps_max) {
  return renew(parts_->nonempty(a, steps_max));
}
std::optional<std::string> LanguageTable::shortest(Language a, size_t steps_max) {
  return renew(parts_->shortest(a, steps_max));
}
const ByteSet& LanguageTable::self_loop(Language a) {
  const ByteSet& set = parts_->self_loop(a);
  renew_rows();
  return set;
}
ByteSet LanguageTable::looping_characters(Language a) {
  if (a == kNothing || a == kEverything) return ByteSet().set();
  return renew(parts_->free_characters(a));
}
const FreeText& LanguageTable::free_text(Language a) {
  const FreeText& text = parts_->free_text(a);
  renew_rows();
  return text;
}
bool LanguageTable::full() const {
  return parts_->full;
}
size_t LanguageTable::size() const {
  return parts_->nodes.size();
}

size_t LanguageTable::size_bytes() const {
  const Parts& p = *parts_;
  size_t total = p.nodes.capacity() * (sizeof(LanguageNode) + sizeof(Row) + 4 + 8 + 1) + p.table.size() * 4;
  total += p.children.capacity() * 4 + p.byte_sets.size() * 2 * sizeof(ByteSet) + p.row_bytes;
  total += p.partitions.size() * (2 * sizeof(ByteClasses) + 64 + 8 * sizeof(ByteSet));
  total += p.places.capacity() * sizeof(CopyAutomaton::Place) + p.place_lists.size() * 32;
  for (size_t i = 0; i < p.texts.size(); ++i) {
    if (p.texts_bound[i]) continue;
    for (const std::string& text : p.texts[i]->all()) total += sizeof(std::string) + 2 * text.size() + 8;
  }
  return total + p.free_texts.size() * 64 + p.universes.size() * 64 + p.self_loops.size() * 48;
}

}  // namespace cadre::contract
