// SPDX-License-Identifier: Apache-2.0
#include "contract/grammar_automaton.h"

#include <algorithm>
#include <map>
#include <optional>

namespace cadre::contract {
namespace {

using Subset = std::vector<uint32_t>;

// Sorted and without repeats.
template <class T>
void normalise(std::vector<T>& items) {
  std::sort(items.begin(), items.end());
  items.erase(std::unique(items.begin(), items.end()), items.end());
}

class Closure {
 public:
  explicit Closure(const EmptyEdgeNfa& nfa) : nfa_(nfa), seen_(nfa.states.size(), 0) {}

  // All states that empty edges reach from `seeds`, kept only if they do something.
  Subset of(const Subset& seeds) {
    ++round_;
    std::vector<uint32_t> open;
    Subset out;
    const auto visit = [&](uint32_t state) {
      if (seen_[state] == round_) return;
      seen_[state] = round_;
      open.push_back(state);
    };
    for (const uint32_t seed : seeds) visit(seed);
    while (!open.empty()) {
      const uint32_t state = open.back();
      open.pop_back();
      const auto& node = nfa_.states[state];
      if (node.final || !node.edges.empty()) out.push_back(state);
      for (const uint32_t next : node.empty) visit(next);
    }
    std::sort(out.begin(), out.end());
    return out;
  }

 private:
  const EmptyEdgeNfa& nfa_;
  std::vector<uint32_t> seen_;
  uint32_t round_ = 0;
};

bool any_final(const EmptyEdgeNfa& nfa, const Subset& subset) {
  return std::any_of(subset.begin(), subset.end(), [&](uint32_t state) { return nfa.states[state].final; });
}

std::vector<SymbolEdge> edges_of(const EmptyEdgeNfa& nfa, const Subset& subset) {
  std::vector<SymbolEdge> edges;
  for (const uint32_t state : subset) {
    edges.insert(edges.end(), nfa.states[state].edges.begin(), nfa.states[state].edges.end());
  }
  normalise(edges);
  return edges;
}

// Subset construction; nullopt past `states_max`.
std::optional<RuleAutomaton> determinised(const EmptyEdgeNfa& nfa, uint32_t start, size_t states_max) {
  Closure closure(nfa);
  std::map<Subset, uint32_t> ids;
  RuleAutomaton out;
  std::vector<Subset> open;  // subset of state i; the start's is never found again through `ids`
  open.push_back(closure.of({start}));
  out.states.emplace_back();
  for (size_t at = 0; at < open.size(); ++at) {
    const std::vector<SymbolEdge> edges = edges_of(nfa, open[at]);
    for (size_t i = 0; i < edges.size();) {
      const uint32_t symbol = edges[i].first;
      Subset targets;
      for (; i < edges.size() && edges[i].first == symbol; ++i) targets.push_back(edges[i].second);
      Subset next = closure.of(targets);
      if (next.empty()) continue;
      const auto [slot, fresh] = ids.emplace(std::move(next), static_cast<uint32_t>(out.states.size()));
      if (fresh) {
        if (out.states.size() >= states_max) return std::nullopt;
        out.states.emplace_back();
        out.states.back().final = any_final(nfa, slot->first);
        open.push_back(slot->first);
      }
      out.states[at].edges.emplace_back(symbol, slot->second);
    }
  }
  return out;
}

// Without empty edges, still with several targets per symbol.
RuleAutomaton without_empty_edges(const EmptyEdgeNfa& nfa, uint32_t start) {
  Closure closure(nfa);
  constexpr uint32_t kUnknown = UINT32_MAX;
  std::vector<uint32_t> id(nfa.states.size(), kUnknown);
  std::vector<uint32_t> open = {start};
  RuleAutomaton out;
  out.states.emplace_back();
  for (size_t at = 0; at < open.size(); ++at) {
    const Subset subset = closure.of({open[at]});
    if (at != 0) out.states[at].final = any_final(nfa, subset);
    std::vector<SymbolEdge> edges = edges_of(nfa, subset);
    for (auto& [symbol, target] : edges) {
      if (id[target] == kUnknown) {
        id[target] = static_cast<uint32_t>(out.states.size());
        out.states.emplace_back();
        open.push_back(target);
      }
      target = id[target];
    }
    out.states[at].edges = std::move(edges);
  }
  return out;
}

// Moore: states stay together while their finality and the classes of their targets agree. The start stays alone.
RuleAutomaton minimised(RuleAutomaton automaton) {
  const size_t count = automaton.states.size();
  std::vector<uint32_t> block(count);
  for (size_t i = 0; i < count; ++i) block[i] = i == 0 ? 0 : automaton.states[i].final ? 1 : 2;
  size_t blocks = 0;
  for (;;) {
    std::map<std::pair<uint32_t, std::vector<SymbolEdge>>, uint32_t> ids;
    std::vector<uint32_t> next(count);
    for (size_t i = 0; i < count; ++i) {
      std::vector<SymbolEdge> signature = automaton.states[i].edges;
      for (auto& edge : signature) edge.second = block[edge.second];
      normalise(signature);
      next[i] = ids.emplace(std::pair(block[i], std::move(signature)), static_cast<uint32_t>(ids.size())).first->second;
    }
    block = std::move(next);
    if (ids.size() == blocks) break;
    blocks = ids.size();
  }
  RuleAutomaton out;
  out.states.resize(blocks);
  for (size_t i = 0; i < count; ++i) {
    auto& state = out.states[block[i]];
    if (!state.edges.empty() || state.final) continue;
    state = std::move(automaton.states[i]);
    for (auto& edge : state.edges) edge.second = block[edge.second];
    normalise(state.edges);
  }
  return out;
}

}  // namespace

RuleAutomaton to_automaton(const EmptyEdgeNfa& nfa, uint32_t start) {
  constexpr size_t kMinimiseStatesMax = 20'000;
  auto automaton = determinised(nfa, start, 4 * nfa.states.size() + 256);
  if (!automaton) automaton = without_empty_edges(nfa, start);
  return automaton->states.size() <= kMinimiseStatesMax ? minimised(std::move(*automaton)) : std::move(*automaton);
}

}  // namespace cadre::contract
