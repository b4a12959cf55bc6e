// Building expressions: every function brings its result into a normal form, so that languages that are equal for simple reasons are
// one node. What is not recognised as equal only costs states.
//
// Taken out of alternations: nested ones, doubles, sets of bytes (united), counted repeats of the same body and length bounds (merged
// when their ranges touch), common heads, common tails. Everything that could recurse along a long chain of concatenations is a loop.
// SPDX-License-Identifier: Apache-2.0
#include "contract/language.h"

#include <algorithm>
#include <tuple>

#include "contract/language_parts.h"

namespace cadre::contract {
namespace {

using Kind = LanguageKind;

constexpr int kFactorDepthMax =
    32;  // common heads of so many bytes are taken out at once; longer ones as they are read

uint64_t saturating_add(uint64_t a, uint64_t b) {
  return a > kAnyLength - b ? kAnyLength : a + b;
}

uint64_t hash_of(const LanguageNode& n) {
  uint64_t h = static_cast<uint64_t>(n.kind) * 0x9E3779B97F4A7C15u;
  for (const uint64_t part : {uint64_t{n.a} << 32 | n.b, n.x, n.y}) {
    h = (h ^ part) * 0xD6E8FEB86659FD93u;
    h ^= h >> 32;
  }
  return h;
}

void sort_and_drop_doubles(std::vector<Language>& list) {
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

}  // namespace

LanguageTable::Parts::Parts(Limits limits_in) : limits(limits_in) {
  nodes.reserve(64);
  rows.reserve(64);
  table.assign(128, kNoIndex);
  for (const Kind kind : {Kind::kNothing, Kind::kEmptyString, Kind::kEverything}) {
    Node n;
    n.kind = kind;
    n.nullable = kind != Kind::kNothing;
    intern(n);
  }
  // kWellFormed repeats kAnyCharacter and has the lower number: both are put in place, then the second is built.
  Node well_formed;
  well_formed.kind = Kind::kRepeat;
  well_formed.nullable = true;
  well_formed.depth = 8;
  well_formed.a = kAnyCharacter;
  well_formed.y = kAnyLength;
  intern(well_formed);
  nodes.emplace_back();  // kAnyCharacter, in a moment
  rows.push_back(rows.back());
  classes_memo.push_back(kNoIndex);
  derive_memo.emplace_back(0, 0);
  alive.push_back(Alive::kUnknown);
  const Language any = code_points({{0, 0xD7FF}, {0xE000, 0x10FFFF}});
  // The alternation moves to its reserved place; the place it was built at becomes a double that nobody finds.
  const uint64_t mask = table.size() - 1;
  for (uint64_t slot = hash_of(nodes[any]) & mask;; slot = (slot + 1) & mask) {
    if (table[slot] != any) continue;
    table[slot] = kAnyCharacter;
    break;
  }
  nodes[kAnyCharacter] = nodes[any];
  classes_free[kAnyCharacter] = classes_free.at(any);
  for (auto& [key, value] : lists) {
    if (value == any) value = kAnyCharacter;
  }
  for (auto& [key, value] : code_point_memo) {
    if (value == any) value = kAnyCharacter;
  }
}

Language LanguageTable::Parts::intern(Node n) {
  const uint64_t mask = table.size() - 1;
  uint64_t slot = hash_of(n) & mask;
  for (; table[slot] != kNoIndex; slot = (slot + 1) & mask) {
    if (nodes[table[slot]] == n) return table[slot];
  }
  if (nodes.size() >= limits.nodes_max || n.depth > kDepthMax) {
    full = true;
    return kNothing;
  }
  const auto id = static_cast<Language>(nodes.size());
  n.bound = holds_bound(n);
  table[slot] = id;
  nodes.push_back(n);
  rows.push_back({unknown_class.data(), unknown_next.data()});
  classes_memo.push_back(kNoIndex);
  derive_memo.emplace_back(0, 0);
  alive.push_back(Alive::kUnknown);
  if (nodes.size() * 2 <= table.size()) return id;
  table.assign(table.size() * 2, kNoIndex);
  const uint64_t new_mask = table.size() - 1;
  for (Language i = 0; i < nodes.size(); ++i) {
    uint64_t place = hash_of(nodes[i]) & new_mask;
    while (table[place] != kNoIndex && !(nodes[table[place]] == nodes[i])) place = (place + 1) & new_mask;
    if (table[place] == kNoIndex) table[place] = i;
  }
  return id;
}

// Lists are compared by content: a list that is not new gives its place in `children` back.
Language LanguageTable::Parts::intern_list(Kind kind, std::span<const Language> list, bool nullable) {
  uint64_t h = static_cast<uint64_t>(kind) + 0x51ED2701;
  uint16_t depth = 0;
  for (const Language part : list) {
    h = (h ^ part) * 0x9E3779B97F4A7C15u;
    h ^= h >> 29;
    depth = std::max(depth, nodes[part].depth);
  }
  for (auto [entry, end] = lists.equal_range(h); entry != end; ++entry) {
    const Node& n = nodes[entry->second];
    if (n.kind == kind && std::ranges::equal(children_of(n), list)) return entry->second;
  }
  if (children.size() + list.size() > limits.nodes_max * 8) {
    full = true;
    return kNothing;
  }
  Node n;
  n.kind = kind;
  n.nullable = nullable;
  n.depth = static_cast<uint16_t>(depth + 1);
  n.x = children.size();
  n.y = list.size();
  children.insert(children.end(), list.begin(), list.end());
  const Language id = intern(n);
  if (id != kNothing) lists.emplace(h, id);
  return id;
}

Language LanguageTable::Parts::bytes(const ByteSet& set) {
  if (set.none()) return kNothing;
  const auto [entry, is_new] = byte_set_index.emplace(set, static_cast<uint32_t>(byte_sets.size()));
  if (is_new) byte_sets.push_back(set);
  Node n;
  n.kind = Kind::kBytes;
  n.a = entry->second;
  const Language id = intern(n);
  if (is_new && id != kNothing && (set >> 128).none()) {
    nodes[id].is_class = true;
    classes_free[id] = set;
  }
  return id;
}

Language LanguageTable::Parts::concat(Language a, Language b) {
  if (a == kNothing || b == kNothing) return kNothing;
  if (b == kEmptyString) return a;
  std::vector<Language> heads;  // of a chain on the left, put in front of `b` one after the other
  while (nodes[a].kind == Kind::kConcat) {
    heads.push_back(nodes[a].a);
    a = nodes[a].b;
  }
  heads.push_back(a);
  for (size_t i = heads.size(); i-- > 0 && b != kNothing;) b = concat_head(heads[i], b);
  return b;
}

// REQUIRES that `head` is no concatenation.
Language LanguageTable::Parts::concat_head(Language head, Language b) {
  if (head == kEmptyString) return b;
  if (b == kEmptyString) return head;
  const Language next_head = head_of(b);
  const Node& h = nodes[head];
  const Node& n = nodes[next_head];
  if (head == kEverything && (nullable(b) || next_head == kEverything)) return nullable(b) ? kEverything : b;
  if (b == kEverything && h.nullable) return kEverything;
  const bool lengths = (h.kind == Kind::kLength && (n.kind == Kind::kLength || next_head == kEverything)) ||
                       (head == kEverything && n.kind == Kind::kLength);
  if (lengths) {
    const auto low = [&](const Node& node) { return node.kind == Kind::kLength ? node.x : 0; };
    const auto high = [&](const Node& node) { return node.kind == Kind::kLength ? node.y : kAnyLength; };
    return concat(length(saturating_add(low(h), low(n)), saturating_add(high(h), high(n))), tail_of(b));
  }
  if (h.kind == Kind::kRepeat && n.kind == Kind::kRepeat && h.a == n.a) {
    return concat(repeat(h.a, saturating_add(h.x, n.x), saturating_add(h.y, n.y)), tail_of(b));
  }
  Node joined;
  joined.kind = Kind::kConcat;
  joined.nullable = h.nullable && nullable(b);
  joined.depth = static_cast<uint16_t>(std::max<int>(h.depth + 1, nodes[b].depth));
  joined.a = head;
  joined.b = b;
  return intern(joined);
}

// Ranges of repeats of one body, or of lengths, that touch become one. Sorted by body first.
bool LanguageTable::Parts::merge_ranges(std::vector<Language>& parts) {
  struct Range {
    Kind kind;
    Language body;
    uint64_t low, high;
  };
  std::vector<Range> ranges;
  std::vector<Language> rest;
  for (const Language part : parts) {
    const Node& n = nodes[part];
    if (n.kind == Kind::kRepeat || n.kind == Kind::kLength)
      ranges.push_back({n.kind, n.kind == Kind::kRepeat ? n.a : 0, n.x, n.y});
  }
  if (ranges.empty()) return false;
  const size_t before = parts.size();
  for (const Language part : parts) {
    const Kind kind = nodes[part].kind;
    if (kind == Kind::kRepeat || kind == Kind::kLength) continue;
    if (part == kEmptyString) {
      // The empty string is every repeat, no times: it joins one that begins at once.
      const auto one = std::find_if(ranges.begin(), ranges.end(), [](const Range& r) { return r.low == 1; });
      if (one != ranges.end()) {
        one->low = 0;
        continue;
      }
    }
    const auto same = std::find_if(ranges.begin(), ranges.end(), [&](const Range& r) {
      return r.kind == Kind::kRepeat && r.body == part && r.low <= 2 && r.high >= 1;
    });
    if (same != ranges.end()) {
      same->low = std::min<uint64_t>(same->low, 1);
      continue;
    }
    rest.push_back(part);
  }
  std::sort(ranges.begin(), ranges.end(), [](const Range& l, const Range& r) {
    return std::tie(l.kind, l.body, l.low, l.high) < std::tie(r.kind, r.body, r.low, r.high);
  });
  for (size_t i = 0; i < ranges.size();) {
    Range joined = ranges[i++];
    for (; i < ranges.size() && ranges[i].kind == joined.kind && ranges[i].body == joined.body &&
           ranges[i].low <= saturating_add(joined.high, 1);
         ++i) {
      joined.high = std::max(joined.high, ranges[i].high);
    }
    rest.push_back(joined.kind == Kind::kLength ? length(joined.low, joined.high)
                                                : repeat(joined.body, joined.low, joined.high));
  }
  const bool changed = rest.size() != before;
  parts = std::move(rest);
  return changed;
}

// h a | h b  ->  h (a | b), and then a t | b t  ->  (a | b) t.
bool LanguageTable::Parts::take_out_common(std::vector<Language>& parts, int factor_depth) {
  bool changed = false;
  for (const bool by_head : {true, false}) {
    const auto key = [&](Language l) { return by_head ? head_of(l) : nodes[l].kind == Kind::kConcat ? nodes[l].b : l; };
    std::vector<std::pair<Language, Language>> keyed;  // (key, part)
    for (const Language part : parts) keyed.emplace_back(key(part), part);
    std::sort(keyed.begin(), keyed.end());
    const bool is_any = std::ranges::adjacent_find(keyed, [&](const auto& l, const auto& r) {
                          return l.first == r.first && (by_head || mergeable_tails(l.second, r.second));
                        }) != keyed.end();
    if (!is_any) continue;
    changed = true;
    std::vector<Language> out;
    for (size_t i = 0; i < keyed.size();) {
      std::vector<Language> others;
      const size_t first = i;
      for (; i < keyed.size() && keyed[i].first == keyed[first].first; ++i) {
        if (!by_head && nodes[keyed[i].second].kind != Kind::kConcat) {
          out.push_back(keyed[i].second);  // the tail itself, alone
          continue;
        }
        others.push_back(by_head ? tail_of(keyed[i].second) : nodes[keyed[i].second].a);
      }
      if (others.empty()) continue;
      const Language joined = alternate(others, factor_depth + 1);
      out.push_back(by_head ? concat(keyed[first].first, joined) : concat(joined, keyed[first].first));
    }
    parts = std::move(out);
  }
  return changed;
}

bool LanguageTable::Parts::mergeable_tails(Language a, Language b) const {
  return nodes[a].kind == Kind::kConcat && nodes[b].kind == Kind::kConcat;
}

Language LanguageTable::Parts::alternate(std::vector<Language> parts, int factor_depth) {
  if (parts.size() == 1) return parts[0];
  std::vector<Language> flat;
  ByteSet set;
  size_t sets = 0;
  Language only_set = kNothing;
  for (const Language part : parts) {
    const auto inner = nodes[part].kind == Kind::kOr ? children_of(nodes[part]) : std::span<const Language>(&part, 1);
    for (const Language l : inner) {
      if (l == kEverything) return kEverything;
      if (l == kNothing) continue;
      if (nodes[l].kind != Kind::kBytes) {
        flat.push_back(l);
        continue;
      }
      set |= byte_sets[nodes[l].a];
      only_set = l;
      ++sets;
    }
  }
  if (sets > 0) flat.push_back(sets == 1 ? only_set : bytes(set));
  sort_and_drop_doubles(flat);
  bool changed = merge_ranges(flat);
  if (flat.size() > 1 && factor_depth < kFactorDepthMax) changed |= take_out_common(flat, factor_depth);
  if (changed && factor_depth < kFactorDepthMax) return alternate(std::move(flat), factor_depth + 1);
  sort_and_drop_doubles(flat);
  std::erase(flat, kNothing);
  const auto is_nullable = [&](Language l) { return l != kEmptyString && nullable(l); };
  if (std::ranges::any_of(flat, is_nullable)) std::erase(flat, kEmptyString);
  if (flat.empty()) return kNothing;
  if (flat.size() == 1) return flat[0];
  return intern_list(Kind::kOr, flat, std::ranges::any_of(flat, [&](Language l) { return nullable(l); }));
}

Language LanguageTable::Parts::intersect(std::vector<Language> parts) {
  std::vector<Language> flat;
  ByteSet set;
  bool has_set = false, has_length = false;
  uint64_t low = 0, high = kAnyLength;
  for (const Language part : parts) {
    const auto inner = nodes[part].kind == Kind::kAnd ? children_of(nodes[part]) : std::span<const Language>(&part, 1);
    for (const Language l : inner) {
      const Node& n = nodes[l];
      if (n.kind == Kind::kNothing) return kNothing;
      if (n.kind == Kind::kEverything) continue;
      if (n.kind == Kind::kLength) {
        low = std::max(low, n.x);
        high = std::min(high, n.y);
        has_length = true;
      } else if (n.kind == Kind::kBytes) {
        set = has_set ? set & byte_sets[n.a] : byte_sets[n.a];
        has_set = true;
      } else {
        flat.push_back(l);
      }
    }
  }
  if (has_set) flat.push_back(bytes(set));
  if (has_length) flat.push_back(length(low, high));
  sort_and_drop_doubles(flat);
  std::erase(flat, kEverything);
  if (flat.empty()) return kEverything;
  if (flat[0] == kNothing) return kNothing;
  if (flat.size() == 1) return flat[0];
  const bool all_nullable = std::ranges::all_of(flat, [&](Language l) { return nullable(l); });
  if (flat[0] == kEmptyString) return all_nullable ? kEmptyString : kNothing;
  for (const Language l : flat) {
    if (nodes[l].kind == Kind::kNot && std::ranges::binary_search(flat, nodes[l].a)) return kNothing;
  }
  return intern_list(Kind::kAnd, flat, all_nullable);
}

// All byte strings outside `a`.
Language LanguageTable::Parts::outside(Language a) {
  if (a == kNothing) return kEverything;
  if (a == kEverything) return kNothing;
  if (nodes[a].kind == Kind::kNot) return nodes[a].a;
  Node n;
  n.kind = Kind::kNot;
  n.nullable = !nullable(a);
  n.depth = static_cast<uint16_t>(nodes[a].depth + 1);
  n.a = a;
  return intern(n);
}

Language LanguageTable::Parts::complement(Language a) {
  const Node n = nodes[a];
  if (a == kNothing || a == kEverything) return outside(a);
  if (a == kWellFormed) return kNothing;
  if (n.kind == Kind::kLength) {
    std::vector<Language> parts;
    if (n.x > 0) parts.push_back(length(0, n.x - 1));
    if (n.y != kAnyLength) parts.push_back(length(n.y + 1, kAnyLength));
    return alternate(std::move(parts));
  }
  if (n.kind == Kind::kAnd && n.y == 2) {
    const Language first = children[n.x], second = children[n.x + 1];
    if (first == kWellFormed && nodes[second].kind == Kind::kNot) return nodes[second].a;
  }
  return intersect({outside(a), kWellFormed});
}

Language LanguageTable::Parts::repeat(Language a, uint64_t low, uint64_t high) {
  if (low > high) return kNothing;
  if (high == 0 || a == kEmptyString) return kEmptyString;
  if (a == kNothing) return low == 0 ? kEmptyString : kNothing;
  if (a == kEverything) return kEverything;
  if (low == 1 && high == 1) return a;
  if (a == kAnyCharacter) return length(low, high);
  if (nullable(a)) low = 0;
  const Node inner = nodes[a];
  const bool inner_any_times = inner.kind == Kind::kRepeat && inner.x <= 1 && inner.y == kAnyLength;
  const bool inner_optional = inner.kind == Kind::kRepeat && inner.x == 0 && inner.y == 1 && high == kAnyLength;
  if ((inner_any_times && low <= 1) || inner_optional) return repeat(inner.a, std::min(low, inner.x), kAnyLength);
  Node n;
  n.kind = Kind::kRepeat;
  n.nullable = low == 0;
  n.depth = static_cast<uint16_t>(inner.depth + 1);
  n.a = a;
  n.x = low;
  n.y = high;
  return intern(n);
}

Language LanguageTable::Parts::length(uint64_t low, uint64_t high) {
  if (low > high) return kNothing;
  if (low == 0 && high == kAnyLength) return kEverything;
  Node n;
  n.kind = Kind::kLength;
  n.nullable = low == 0;
  n.x = low;
  n.y = high;
  return intern(n);
}

Language LanguageTable::Parts::literals(std::vector<std::string> list) {
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
  if (list.empty()) return kNothing;
  std::string key;
  for (const std::string& text : list) {
    const uint64_t size = text.size();
    key.append(reinterpret_cast<const char*>(&size), sizeof size).append(text);
  }
  const auto [entry, is_new] = text_index.emplace(std::move(key), static_cast<uint32_t>(texts.size()));
  if (is_new) {
    texts.push_back(std::make_shared<const SortedTexts>(std::move(list)));
    texts_bound.push_back(false);
  }
  return literals_at(entry->second, 0, static_cast<uint32_t>(texts[entry->second]->all().size()), 0);
}

Language LanguageTable::Parts::literals_at(uint32_t index, uint32_t low, uint32_t high, uint64_t read) {
  if (low == high) return kNothing;
  const bool nullable = texts[index]->all()[low].size() == read;
  if (nullable && high - low == 1) return kEmptyString;
  Node n;
  n.kind = Kind::kLiterals;
  n.nullable = nullable;
  n.a = index;
  n.x = uint64_t{low} << 32 | high;
  n.y = read;
  return intern(n);
}

Language LanguageTable::Parts::new_loop(bool nullable) {
  Node n;
  n.kind = Kind::kLoop;
  n.nullable = nullable;
  n.a = kNoIndex;
  n.x = ++loops;  // each is its own: never equal to another
  return intern(n);
}

void LanguageTable::Parts::set_loop(Language loop, Language meaning) {
  if (full) return;
  CADRE_CHECK(nodes[loop].kind == Kind::kLoop, "only loops are set");
  CADRE_CHECK(nodes[meaning].nullable == nodes[loop].nullable, "what is repeated reads something");
  // What was built with the loop inside did not know its depth; together they stay below the bound.
  nodes[loop].depth = static_cast<uint16_t>(nodes[meaning].depth + 1);
  loop_depths += nodes[loop].depth;
  if (loop_depths > kDepthMax) full = true;
  loop_meanings[loop] = meaning;
}

}  // namespace cadre::contract
