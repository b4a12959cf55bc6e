// A language without its high limits, for places that are far from them.
//
// A counter of thousands makes as many states, and each has a mask of its own although no token can tell them apart. Without the limit
// there are few states; where what a token and a way to the end behind it need is less than what is left, both languages say the same.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <queue>

#include "contract/language_parts.h"

namespace cadre::contract {
namespace {

using Kind = LanguageKind;

constexpr uint64_t kHighLimit = 64;  // lower limits are left as they are
constexpr size_t kStatesMax = 300;   // of a language without limits; more take longer to look through than they save
constexpr uint32_t kNoCost = UINT32_MAX;

// Of one byte of the set as canonical JSON writes it between quotes; kNoCost: there is none but by number.
uint32_t cheapest_byte(const ByteSet& set) {
  uint32_t cost = kNoCost;
  for (size_t byte = 0; byte < 256 && cost > 1; ++byte) {
    if (!set[byte]) continue;
    const bool is_short =
        byte == '"' || byte == '\\' || byte == '\b' || byte == '\f' || byte == '\n' || byte == '\r' || byte == '\t';
    if (is_short) {
      cost = std::min(cost, 2u);
    } else if (byte >= 0x20) {
      cost = 1;
    }
  }
  return cost;
}

}  // namespace

LanguageTable::Parts::Widened LanguageTable::Parts::widen(Language a) {
  if (const auto known = widened.find(a); known != widened.end()) return known->second;
  const Node n = nodes[a];
  Widened result{a, kAnyLength, true};
  const auto part = [&](Language of) {
    const Widened wide = widen(of);
    result.agrees_chars = std::min(result.agrees_chars, wide.agrees_chars);
    result.is_wider &= wide.is_wider;
    return wide.language;
  };
  switch (n.kind) {
    case Kind::kLength:
      if (n.y != kAnyLength && n.y >= kHighLimit) result = {length(n.x, kAnyLength), n.y, true};
      break;
    case Kind::kRepeat: {
      const Language inner = part(n.a);
      const bool is_high = n.y != kAnyLength && n.y >= kHighLimit;
      if (is_high) result.agrees_chars = std::min(result.agrees_chars, n.y);
      if (is_high || inner != n.a) result.language = repeat(inner, n.x, is_high ? kAnyLength : n.y);
      break;
    }
    case Kind::kConcat: {
      const Language head = part(n.a), tail = part(n.b);
      if (head != n.a || tail != n.b) result.language = concat(head, tail);
      break;
    }
    case Kind::kOr:
    case Kind::kAnd: {
      const auto span = children_of(n);
      const std::vector<Language> before(span.begin(), span.end());
      std::vector<Language> after;
      for (const Language child : before) after.push_back(part(child));
      if (after != before) result.language = n.kind == Kind::kOr ? alternate(after) : intersect(after);
      break;
    }
    case Kind::kNot:
      if (part(n.a) != n.a) result.is_wider = false;  // taking a limit away there would leave less
      break;
    default:
      break;
  }
  return widened[a] = result;
}

std::optional<LanguageTable::Unlimited> LanguageTable::Parts::unlimited(Language a) {
  if (nodes[a].bound) return std::nullopt;
  const Widened wide = widen(a);
  if (!wide.is_wider || wide.agrees_chars == kAnyLength || full) return std::nullopt;
  const auto bytes = completion_max(wide.language);
  if (!bytes || *bytes > wide.agrees_chars) return std::nullopt;
  return Unlimited{wide.language, wide.agrees_chars - *bytes, wide.agrees_chars};
}

// Looks through all states behind `a`, and then from the ends back.
std::optional<uint32_t> LanguageTable::Parts::completion_max(Language a) {
  if (const auto known = completions_max.find(a); known != completions_max.end()) return known->second;
  struct Edge {
    uint32_t from, cost;
  };
  std::vector<Language> states = {a};
  std::unordered_map<Language, uint32_t> index = {{a, 0}};
  std::vector<std::vector<Edge>> into(1);
  for (uint32_t i = 0; i < states.size() && states.size() <= kStatesMax; ++i) {
    const uint32_t partition = classes(states[i]);
    for (size_t c = 0; c < partitions[partition].samples.size(); ++c) {
      const Language after = next(states[i], partitions[partition].samples[c]);
      if (after == kNothing) continue;
      const auto [entry, is_new] = index.try_emplace(after, static_cast<uint32_t>(states.size()));
      if (is_new) {
        states.push_back(after);
        into.emplace_back();
      }
      into[entry->second].push_back({i, cheapest_byte(partitions[partition].members[c])});
    }
  }
  std::optional<uint32_t> result;
  if (states.size() <= kStatesMax && !full) {
    // Ways of all bytes say what is alive, and ways of those that can be written what it costs.
    std::vector<uint32_t> costs(states.size(), kNoCost);
    std::vector<bool> lives(states.size());
    using Entry = std::pair<uint32_t, uint32_t>;  // cost, state
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue;
    std::vector<uint32_t> alive_states;
    for (uint32_t i = 0; i < states.size(); ++i) {
      if (!nullable(states[i])) continue;
      costs[i] = 0;
      queue.emplace(0, i);
      lives[i] = true;
      alive_states.push_back(i);
    }
    for (size_t i = 0; i < alive_states.size(); ++i) {
      for (const Edge& edge : into[alive_states[i]]) {
        if (!lives[edge.from]) alive_states.push_back(edge.from);
        lives[edge.from] = true;
      }
    }
    while (!queue.empty()) {
      const auto [cost, state] = queue.top();
      queue.pop();
      if (cost > costs[state]) continue;
      for (const Edge& edge : into[state]) {
        if (edge.cost == kNoCost || cost + edge.cost >= costs[edge.from]) continue;
        costs[edge.from] = cost + edge.cost;
        queue.emplace(costs[edge.from], edge.from);
      }
    }
    result = 0;
    for (uint32_t i = 0; i < states.size(); ++i) {
      alive[states[i]] = lives[i] ? Alive::kYes : Alive::kNo;
      if (!lives[i] || !result) continue;
      result = costs[i] == kNoCost ? std::nullopt : std::optional(std::max(*result, costs[i]));
    }
  }
  // All that stands behind `a` needs no more than that.
  for (const Language state : states) completions_max.try_emplace(state, result);
  return result;
}

}  // namespace cadre::contract
