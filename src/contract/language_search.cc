// Questions about a language: is there a string in it, which is the shortest, and what may be written without a care.
//
// Most expressions show that they hold a string: concatenations and alternations of parts that do. Only intersections, complements and
// loops are searched, over their derivatives, and what is found out is remembered for every state on the way.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <unordered_set>

#include "contract/language_parts.h"

namespace cadre::contract {
namespace {

using Kind = LanguageKind;

constexpr size_t kSearchChainMax = 64;          // concatenated parts that free_text looks along
constexpr size_t kFreeSearchMax = 1'000;  // states

uint64_t saturating_add(uint64_t a, uint64_t b) {
  return a > kAnyLength - b ? kAnyLength : a + b;
}

uint64_t saturating_multiply(uint64_t a, uint64_t b) {
  uint64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? kAnyLength : product;
}

ByteSet well_formed_bytes() {
  ByteSet set;
  for (size_t byte = 0; byte <= 0xF4; ++byte) set.set(byte);
  return set.reset(0xC0).reset(0xC1);
}

// Continuation bytes alone spell no character.
bool has_character(const ByteSet& bytes) {
  static const ByteSet kLeads = ~(ByteSet(UINT64_MAX) << 0x80);
  return (bytes & kLeads).any();
}

bool is_known(const Universe& u) {
  return u.low <= u.high && (u.high == 0 || has_character(u.bytes));
}

uint64_t score(const ByteSet& bytes, uint64_t chars_max) {
  return std::min<uint64_t>(chars_max, 32) * bytes.count();
}

const Universe& better(const Universe& a, const Universe& b) {
  if (!is_known(a)) return b;
  if (!is_known(b)) return a;
  return score(a.bytes, a.high) >= score(b.bytes, b.high) ? a : b;
}

Universe in_a_row(const Universe& a, const Universe& b) {
  if (!is_known(a) || !is_known(b)) return {};
  return {a.bytes & b.bytes, saturating_add(a.low, b.low), saturating_add(a.high, b.high)};
}

Universe repeated(const Universe& u, uint64_t low, uint64_t high) {
  if (!is_known(u)) return {};
  // Parts of at most or at least one character leave no gap between the lengths of n and n + 1 of them.
  if (u.low <= 1 && u.high >= 1) return {u.bytes, saturating_multiply(u.low, low), saturating_multiply(u.high, high)};
  const uint64_t times = high == kAnyLength ? std::max<uint64_t>(low, 1) : high;
  return {u.bytes, saturating_multiply(u.low, times), saturating_multiply(u.high, times)};
}

}  // namespace

// What the expression itself shows; kUnknown: it takes a search.
Alive LanguageTable::Parts::alive_by_form(Language a) {
  const Node& n = nodes[a];
  if (n.nullable) return Alive::kYes;
  if (alive[a] != Alive::kUnknown) return alive[a];
  switch (n.kind) {
    case Kind::kNothing:
      return Alive::kNo;
    case Kind::kRepeat:
      return alive_by_form(n.a);
    case Kind::kOr: {
      bool all_no = true;
      for (const Language part : children_of(n)) {
        const Alive found = alive_by_form(part);
        if (found == Alive::kYes) return alive[a] = Alive::kYes;
        all_no &= found == Alive::kNo;
      }
      return all_no ? Alive::kNo : Alive::kUnknown;
    }
    case Kind::kConcat: {
      Alive result = Alive::kYes;
      for (Language rest = a;; rest = nodes[rest].b) {
        const Alive found = alive_by_form(head_of(rest));
        if (found == Alive::kNo) return alive[a] = Alive::kNo;
        if (found == Alive::kUnknown) result = Alive::kUnknown;
        if (nodes[rest].kind != Kind::kConcat) break;
        if (alive[nodes[rest].b] == Alive::kYes) break;  // the rest is known
      }
      return alive[a] = result;
    }
    case Kind::kAnd:
      if (n.bound) {
        const auto cost = copy_cost_within_length(n, false);
        return alive[a] = !cost ? Alive::kUnknown : *cost != kNotWritable ? Alive::kYes : Alive::kNo;
      }
      return is_known(universe(a)) ? alive[a] = Alive::kYes : Alive::kUnknown;
    case Kind::kNot:
    case Kind::kLoop:
      return Alive::kUnknown;
    default:
      return Alive::kYes;
  }
}

// Like alive_by_form, but with a search where that does not know.
std::optional<bool> LanguageTable::Parts::nonempty(Language a, size_t steps_max) {
  const Alive form = alive_by_form(a);
  if (form != Alive::kUnknown) return form == Alive::kYes;
  const Node n = nodes[a];
  std::optional<bool> result;
  if (n.kind == Kind::kRepeat) {
    result = nonempty(n.a, steps_max);
  } else if (n.kind == Kind::kConcat) {
    result = true;
    for (Language rest = a; rest != kEmptyString && result != false; rest = tail_of(rest)) {
      const auto found = nonempty(head_of(rest), steps_max);
      if (found != true) result = found;
    }
  } else if (n.kind == Kind::kOr) {
    result = false;
    for (uint64_t i = 0; i < n.y && result != true; ++i) {
      const auto found = nonempty(children[n.x + i], steps_max);
      if (found != false) result = found;
    }
  } else {
    return n.bound ? search_bound(a, steps_max, false) : search(a, steps_max, nullptr);
  }
  if (result) alive[a] = *result ? Alive::kYes : Alive::kNo;
  return result;
}

// Breadth first over the derivatives of `a`. With `text`, up to a final state, which it then spells; without, up to any state that is
// known to be alive.
std::optional<bool> LanguageTable::Parts::search(Language a, size_t steps_max, std::string* text) {
  struct Seen {
    Language state;
    uint32_t parent;
    uint8_t byte;
  };
  std::vector<Seen> seen = {{a, 0, 0}};
  std::unordered_set<Language> known = {a};
  for (uint32_t i = 0; i < seen.size(); ++i) {
    const Language state = seen[i].state;
    if (text != nullptr ? nullable(state) : alive_by_form(state) == Alive::kYes) {
      for (uint32_t at = i; at != 0; at = seen[at].parent) {
        alive[seen[at].state] = Alive::kYes;
        if (text != nullptr) text->push_back(static_cast<char>(seen[at].byte));
      }
      alive[a] = Alive::kYes;
      if (text != nullptr) std::reverse(text->begin(), text->end());
      return true;
    }
    if (i >= steps_max) return std::nullopt;
    for (const uint8_t byte : partitions[classes(state)].samples) {
      const Language after = next(state, byte);
      if (after == kNothing || alive[after] == Alive::kNo || !known.insert(after).second) continue;
      seen.push_back({after, i, byte});
    }
  }
  if (full) return std::nullopt;
  for (const Seen& s : seen) alive[s.state] = Alive::kNo;
  return false;
}

std::optional<std::string> LanguageTable::Parts::shortest(Language a, size_t steps_max) {
  if (a == kNothing) return std::nullopt;
  const auto known = shortests.find(a);
  if (known != shortests.end()) return known->second;
  std::string text;
  if (search(a, steps_max, &text) != true) return std::nullopt;
  shortests.emplace(a, text);
  return text;
}

const ByteSet& LanguageTable::Parts::self_loop(Language a) {
  const auto [entry, is_new] = self_loops.try_emplace(a);
  if (!is_new) return entry->second;
  ByteSet set;
  const ByteClasses& found = partitions[classes(a)];
  for (const uint8_t sample : found.samples) {
    if (next(a, sample) != a) continue;
    for (size_t byte = 0; byte < 256; ++byte) {
      if (found.class_of[byte] == found.class_of[sample]) set.set(byte);
    }
  }
  return entry->second = set;
}

// Do all sequences of `more` continuation bytes, the first from [low, high], lead from `from` back to `home`?
bool LanguageTable::Parts::always_returns(Language from, Language home, uint8_t low, uint8_t high, int more) {
  if (from == kNothing) return false;
  Language checked = kNoIndex;
  for (uint32_t byte = low; byte <= high; ++byte) {
    const Language after = next(from, static_cast<uint8_t>(byte));
    if (after == checked) continue;
    if (more == 1 ? after != home : !always_returns(after, home, 0x80, 0xBF, more - 1)) return false;
    checked = after;
  }
  return true;
}

// The bytes of whole characters that lead from `a` back to it; see FreeText.
ByteSet LanguageTable::Parts::free_characters(Language a) {
  ByteSet set = self_loop(a) & (ByteSet().set() >> 128);
  struct Lead {
    uint8_t first, last, low, high;
    int more;
  };
  constexpr Lead kLeads[] = {{0xC2, 0xDF, 0x80, 0xBF, 1}, {0xE0, 0xE0, 0xA0, 0xBF, 2}, {0xE1, 0xEC, 0x80, 0xBF, 2},
                             {0xED, 0xED, 0x80, 0x9F, 2}, {0xEE, 0xEF, 0x80, 0xBF, 2}, {0xF0, 0xF0, 0x90, 0xBF, 3},
                             {0xF1, 0xF3, 0x80, 0xBF, 3}, {0xF4, 0xF4, 0x80, 0x8F, 3}};
  bool any = false;
  for (const Lead& lead : kLeads) {
    Language checked = kNothing;
    bool is_free = false;
    for (uint32_t byte = lead.first; byte <= lead.last; ++byte) {
      const Language after = next(a, static_cast<uint8_t>(byte));
      if (after != checked) is_free = always_returns(after, a, lead.low, lead.high, lead.more);
      checked = after;
      if (is_free && after != kNothing) set.set(byte);
      any |= is_free && after != kNothing;
    }
  }
  for (uint32_t byte = 0x80; any && byte < 0xC0; ++byte) set.set(byte);
  return set;
}

Universe LanguageTable::Parts::universe_of(const Node& n) {
  switch (n.kind) {
    case Kind::kEverything:
      return {well_formed_bytes(), 0, kAnyLength};
    case Kind::kEmptyString:
      return {well_formed_bytes(), 0, 0};
    case Kind::kLength:
      return {well_formed_bytes(), n.x, n.y};
    case Kind::kRepeat:
      return repeated(universe(n.a), n.x, n.y);
    case Kind::kOr: {
      Universe best;
      for (const Language part : children_of(n)) best = better(best, universe(part));
      return best;
    }
    case Kind::kAnd: {
      Universe common = {well_formed_bytes(), 0, kAnyLength};
      for (const Language part : children_of(n)) {
        const Universe& u = universe(part);
        if (!is_known(u)) return {};
        common = {common.bytes & u.bytes, std::max(common.low, u.low), std::min(common.high, u.high)};
      }
      return common;
    }
    default:
      return {};
  }
}

const Universe& LanguageTable::Parts::universe(Language a) {
  const auto known = universes.find(a);
  if (known != universes.end()) return known->second;
  Universe result;
  const Node& n = nodes[a];
  if (n.is_class) {
    result = {classes_free.at(a), 1, 1};
  } else if (n.kind == Kind::kConcat) {
    std::vector<Language> chain;
    for (Language rest = a; rest != kEmptyString && chain.size() <= kSearchChainMax; rest = tail_of(rest))
      chain.push_back(head_of(rest));
    if (chain.size() <= kSearchChainMax) {
      result = universe(chain.back());
      bool rest_nullable = nullable(chain.back());
      for (size_t i = chain.size() - 1; i-- > 0;) {
        const Universe& head = universe(chain[i]);
        Universe both = in_a_row(head, result);
        if (nullable(chain[i])) both = better(both, result);
        if (rest_nullable) both = better(both, head);
        rest_nullable &= nullable(chain[i]);
        result = both;
      }
    }
  } else {
    result = universe_of(n);
  }
  if (!is_known(result)) result = {};
  if (!is_known(result) && n.nullable) result = {well_formed_bytes(), 0, 0};
  return universes[a] = result;
}

// An intersection of a length and something that may stay where it is: as long as there is room for what that still needs.
FreeText LanguageTable::Parts::free_within_length(Language a) {
  const Node n = nodes[a];
  std::vector<Language> others;
  std::optional<Node> bounds;
  for (const Language part : children_of(n)) {
    if (nodes[part].kind == Kind::kLength) {
      bounds = nodes[part];
    } else {
      others.push_back(part);
    }
  }
  if (!bounds) return {};
  const Language rest = intersect(std::move(others));
  const ByteSet bytes = free_characters(rest);
  if (!has_character(bytes)) return {};
  const auto text = shortest(rest, kFreeSearchMax);
  if (!text) return {};
  const auto needed = static_cast<uint64_t>(std::ranges::count_if(*text, [](char c) { return (c & 0xC0) != 0x80; }));
  if (needed >= bounds->y) return {};
  return {bytes, bounds->y == kAnyLength ? kAnyLength : bounds->y - needed, false};
}

const FreeText& LanguageTable::Parts::free_text(Language a) {
  const auto known = free_texts.find(a);
  if (known != free_texts.end()) return known->second;
  if (nodes[a].bound) return free_texts[a];  // nothing is known: few bytes lead on anyway
  FreeText best;
  const auto consider = [&](const FreeText& other) {
    if (score(other.bytes, other.chars_max) > score(best.bytes, best.chars_max)) best = other;
  };
  const auto consider_universe = [&](Language l) {
    const Universe& u = universe(l);
    if (is_known(u)) consider({u.bytes, u.high, false});
  };
  const Node n = nodes[a];
  if (nonempty(a, kFreeSearchMax) == true) {
    consider_universe(a);
    if (n.kind == Kind::kConcat) consider_universe(n.a);
    if (const ByteSet loop = free_characters(a); has_character(loop)) {
      best.stays = best.chars_max == kAnyLength && best.bytes == loop;
      consider({loop, kAnyLength, true});
    }
    if (n.kind == Kind::kAnd) consider(free_within_length(a));
    if (n.kind == Kind::kOr) {
      for (uint64_t i = 0; i < n.y; ++i) {
        const Node part = nodes[children[n.x + i]];
        if (part.kind == Kind::kConcat && nonempty(part.b, kFreeSearchMax) == true) consider_universe(part.a);
      }
    }
  }
  return free_texts[a] = best;
}

}  // namespace cadre::contract
