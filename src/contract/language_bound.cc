// Languages that are bound at run time: copies out of a text, values of a set; and the cheapest text of what is built of them.
//
// A state inside a copy is the list of places where it may stand, interned by content. The cheapest end of a copy, of a copy within length bounds
// and of a range of literals is looked up; of anything else that holds one it is searched best first (A*), with those look-ups as bounds from
// below. They are consistent, so the first end reached is the cheapest.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <queue>
#include <tuple>

#include "contract/language_parts.h"

namespace cadre::contract {
namespace {

using Kind = LanguageKind;
using Place = CopyAutomaton::Place;

constexpr uint32_t kReadLater = 0, kOnePlace = 1, kPlaceList = 2;  // a kCopy's b
constexpr uint32_t kEscapedCost = 6;                               // \u0001
constexpr size_t kSearchStepsMax = 20'000;                         // of cheapest_size
constexpr int kChainMax = 16;                                      // concatenated parts whose costs are added up

uint32_t add_costs(uint32_t a, uint32_t b) {
  return a > kNotWritable - 1 - std::min(b, kNotWritable - 1) ? kNotWritable : a + b;
}

uint32_t byte_cost(uint8_t byte, bool only_writable) {
  if (byte >= 0x20) return byte == '"' || byte == '\\' ? 2 : 1;
  const bool is_short = byte == '\b' || byte == '\f' || byte == '\n' || byte == '\r' || byte == '\t';
  return is_short ? 2 : only_writable ? kNotWritable : kEscapedCost;
}

uint64_t hash_places(uint32_t index, std::span<const Place> places) {
  uint64_t h = index + 0x9E3779B97F4A7C15u;
  for (const Place place : places) {
    h = (h ^ place) * 0xD6E8FEB86659FD93u;
    h ^= h >> 29;
  }
  return h;
}

// The byte of each class that costs least.
std::vector<uint8_t> cheapest_samples(const ByteClasses& classes, bool only_writable) {
  std::vector<uint8_t> samples = classes.samples;
  for (uint32_t byte = 0; byte < 0x20; ++byte) {
    uint8_t& sample = samples[classes.class_of[byte]];
    if (byte_cost(static_cast<uint8_t>(byte), only_writable) < byte_cost(sample, only_writable))
      sample = static_cast<uint8_t>(byte);
  }
  return samples;
}

}  // namespace

bool LanguageTable::Parts::holds_bound(const Node& n) const {
  switch (n.kind) {
    case Kind::kCopy:
      return true;
    case Kind::kLiterals:
      return texts_bound[n.a];
    case Kind::kConcat:
      return nodes[n.a].bound || nodes[n.b].bound;
    case Kind::kNot:
    case Kind::kRepeat:
      return n.a < nodes.size() && nodes[n.a].bound;
    case Kind::kOr:
    case Kind::kAnd:
      return std::ranges::any_of(children_of(n), [&](Language part) { return nodes[part].bound; });
    default:
      return false;
  }
}

Language LanguageTable::Parts::bound_literals(std::shared_ptr<const SortedTexts> list) {
  const auto found = std::find(texts.begin(), texts.end(), list);
  const auto index = static_cast<uint32_t>(found - texts.begin());
  const auto size = static_cast<uint32_t>(list->all().size());
  if (found == texts.end()) {
    texts.push_back(std::move(list));
    texts_bound.push_back(true);
  }
  return literals_at(index, 0, size, 0);
}

// ---- copies -----------------------------------------------------------------------------------------------------------------

Language LanguageTable::Parts::copies(std::shared_ptr<const CopyAutomaton> automaton) {
  bool any = false;
  for (uint32_t byte = 0; byte < 256 && !any; ++byte) any = !automaton->begin(static_cast<uint8_t>(byte)).empty();
  if (!any) return kNothing;
  const auto found = std::find(copy_automata.begin(), copy_automata.end(), automaton);
  Node n;
  n.kind = Kind::kCopy;
  n.a = static_cast<Language>(found - copy_automata.begin());
  n.b = kReadLater;
  if (found == copy_automata.end()) copy_automata.push_back(std::move(automaton));
  return intern(n);
}

std::span<const Place> LanguageTable::Parts::places_of(const Node& n) const {
  return std::span(places).subspan(n.x, n.y);
}

// The state with these places, in any order; `list` is used up.
Language LanguageTable::Parts::copy_at(uint32_t index, std::vector<Place>& list) {
  if (list.empty()) return kNothing;
  if (!std::is_sorted(list.begin(), list.end())) std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
  const CopyAutomaton& automaton = *copy_automata[index];
  Node n;
  n.kind = Kind::kCopy;
  n.a = index;
  n.nullable = std::ranges::any_of(list, [&](Place place) { return automaton.accepts(place); });
  if (list.size() == 1) {
    n.b = kOnePlace;
    n.x = list[0];
    return intern(n);
  }
  const uint64_t h = hash_places(index, list);
  for (auto [entry, end] = place_lists.equal_range(h); entry != end; ++entry) {
    const Node& known = nodes[entry->second];
    if (known.a == index && std::ranges::equal(places_of(known), list)) return entry->second;
  }
  if (places.size() + list.size() > limits.nodes_max * 8) {
    full = true;
    return kNothing;
  }
  n.b = kPlaceList;
  n.x = places.size();
  n.y = list.size();
  places.insert(places.end(), list.begin(), list.end());
  const Language id = intern(n);
  if (id != kNothing) place_lists.emplace(h, id);
  return id;
}

Language LanguageTable::Parts::derive_copy(const Node& n, uint8_t byte) {
  const CopyAutomaton& automaton = *copy_automata[n.a];
  std::vector<Place> list;
  if (n.b == kReadLater) {
    const auto first = automaton.begin(byte);
    list.assign(first.begin(), first.end());
  } else if (n.b == kOnePlace) {
    automaton.next(static_cast<Place>(n.x), byte, list);
  } else {
    for (const Place place : places_of(n)) automaton.next(place, byte, list);
  }
  return copy_at(n.a, list);
}

ByteSet LanguageTable::Parts::copy_bytes(const Node& n) const {
  const CopyAutomaton& automaton = *copy_automata[n.a];
  ByteSet bytes;
  if (n.b == kReadLater) {
    for (size_t byte = 0; byte < 256; ++byte) bytes[byte] = !automaton.begin(static_cast<uint8_t>(byte)).empty();
  } else if (n.b == kOnePlace) {
    automaton.add_bytes(static_cast<Place>(n.x), bytes);
  } else {
    for (const Place place : places_of(n)) automaton.add_bytes(place, bytes);
  }
  return bytes;
}

uint32_t LanguageTable::Parts::copy_cost(const Node& n, const CopyAutomaton::Bounds& bounds) const {
  const CopyAutomaton& automaton = *copy_automata[n.a];
  if (n.b == kReadLater) return automaton.cost_from_start(bounds).value_or(kNotWritable);
  if (n.b == kOnePlace) return automaton.cost_to_end(static_cast<Place>(n.x), bounds).value_or(kNotWritable);
  uint32_t best = kNotWritable;
  for (const Place place : places_of(n)) {
    best = std::min(best, automaton.cost_to_end(place, bounds).value_or(kNotWritable));
    if (best == 0) break;
  }
  return best;
}

// The cost of an intersection of one copy and a length, kNotWritable if nothing is in it; nullopt: it is something else.
std::optional<uint32_t> LanguageTable::Parts::copy_cost_within_length(const Node& n, bool only_writable) const {
  if (n.kind != Kind::kAnd || n.y != 2) return std::nullopt;
  const Node* copy = &node(children[n.x]);
  const Node* length = &node(children[n.x + 1]);
  if (copy->kind == Kind::kLength) std::swap(copy, length);
  if (copy->kind != Kind::kCopy || length->kind != Kind::kLength) return std::nullopt;
  return copy_cost(*copy, {length->x, length->y, only_writable});
}

// ---- the cheapest text ------------------------------------------------------------------------------------------------------

// No text of the language costs less. kNotWritable: there is none.
uint32_t LanguageTable::Parts::cost_low(Language a, bool only_writable) {
  const Node& n = nodes[a];
  if (n.kind == Kind::kNothing) return kNotWritable;
  if (n.nullable) return 0;
  if (n.kind == Kind::kBytes) return 1;
  auto& memo = costs_low[only_writable ? 1 : 0];
  if (const auto known = memo.find(a); known != memo.end()) return known->second;
  const uint32_t cost = cost_low_of(n, only_writable);
  memo.emplace(a, cost);
  return cost;
}

uint32_t LanguageTable::Parts::cost_low_of(const Node& n, bool only_writable) {
  switch (n.kind) {
    case Kind::kCopy:
      return copy_cost(n, {0, UINT64_MAX, only_writable});
    case Kind::kLiterals: {
      const auto low = static_cast<uint32_t>(n.x >> 32), high = static_cast<uint32_t>(n.x);
      const SortedTexts& list = *texts[n.a];
      const auto cheapest = list.cheapest(low, high);
      if (!cheapest) return only_writable ? kNotWritable : 0;
      return canonical_size_bytes(std::string_view(list.all()[*cheapest]).substr(n.y));
    }
    case Kind::kLength:
      return static_cast<uint32_t>(std::min<uint64_t>(n.x, kNotWritable - 1));
    case Kind::kAnd: {
      if (const auto exact = copy_cost_within_length(n, only_writable)) return *exact;
      uint32_t cost = 0;
      for (uint64_t i = 0; i < n.y; ++i) cost = std::max(cost, cost_low(children[n.x + i], only_writable));
      return cost;
    }
    case Kind::kOr: {
      uint32_t cost = kNotWritable;
      for (uint64_t i = 0; i < n.y; ++i) cost = std::min(cost, cost_low(children[n.x + i], only_writable));
      return cost;
    }
    case Kind::kConcat: {
      uint32_t cost = cost_low(n.a, only_writable);
      Language rest = n.b;
      for (int i = 0; i < kChainMax; ++i) {
        cost = add_costs(cost, cost_low(head_of(rest), only_writable));
        if (nodes[rest].kind != Kind::kConcat) break;
        rest = nodes[rest].b;
      }
      return cost;
    }
    default:
      return 0;
  }
}

// Best first over the derivatives of `a`. What it learns of the states on its way is remembered: cheapest_sizes with `only_writable`, alive without.
std::optional<bool> LanguageTable::Parts::search_bound(Language a, size_t steps_max, bool only_writable) {
  struct Reached {
    Language state;
    uint32_t cost, parent;
  };
  // By the least that a text through here costs; of equals the longest first, which is next to its end.
  using Open = std::tuple<uint32_t, uint32_t, uint32_t>;  // (low, -cost, index)
  std::priority_queue<Open, std::vector<Open>, std::greater<>> open;
  std::vector<Reached> reached = {{a, 0, 0}};
  std::unordered_map<Language, uint32_t> costs = {{a, 0}};
  open.emplace(cost_low(a, only_writable), 0, 0);
  size_t steps = 0;
  while (!open.empty()) {
    const auto [low, negated, index] = open.top();
    open.pop();
    const Reached here = reached[index];
    if (low == kNotWritable) break;
    if (costs[here.state] < here.cost) continue;  // reached again, cheaper
    if (nullable(here.state)) {
      for (uint32_t at = index;; at = reached[at].parent) {
        alive[reached[at].state] = Alive::kYes;
        if (only_writable) cheapest_sizes[reached[at].state] = here.cost - reached[at].cost;
        if (at == 0) return true;
      }
    }
    if (++steps > steps_max) return std::nullopt;
    for (const uint8_t byte : cheapest_samples(partitions[classes(here.state)], only_writable)) {
      const uint32_t byte_costs = byte_cost(byte, only_writable);
      const Language after = byte_costs == kNotWritable ? kNothing : next(here.state, byte);
      if (after == kNothing || alive[after] == Alive::kNo) continue;
      const uint32_t cost = here.cost + byte_costs;
      const auto [known, is_new] = costs.try_emplace(after, cost);
      if (!is_new && known->second <= cost) continue;
      known->second = cost;
      const uint32_t after_low = cost_low(after, only_writable);
      if (after_low == kNotWritable) continue;
      reached.push_back({after, cost, index});
      open.emplace(add_costs(cost, after_low), UINT32_MAX - cost, static_cast<uint32_t>(reached.size() - 1));
    }
  }
  if (full) return std::nullopt;
  for (const Reached& r : reached) {
    if (only_writable) {
      cheapest_sizes[r.state] = kNotWritable;
    } else {
      alive[r.state] = Alive::kNo;
    }
  }
  return false;
}

std::optional<uint32_t> LanguageTable::Parts::cheapest_size(Language a) {
  if (a == kNothing) return std::nullopt;
  if (nullable(a)) return 0;
  const auto known = cheapest_sizes.find(a);
  if (known != cheapest_sizes.end()) return known->second == kNotWritable ? std::nullopt : std::optional(known->second);
  const Node n = nodes[a];
  std::optional<uint32_t> size = copy_cost_within_length(n, true);
  if (!size && (n.kind == Kind::kCopy || n.kind == Kind::kLiterals)) size = cost_low(a, true);
  if (!size) {
    if (search_bound(a, kSearchStepsMax, true) == true) return cheapest_sizes.at(a);
    size = kNotWritable;
  }
  cheapest_sizes[a] = *size;
  return *size == kNotWritable ? std::nullopt : size;
}

}  // namespace cadre::contract
