// The automaton of one grammar rule: edges read a class of bytes or call a rule. Made deterministic and minimal where
// that stays small.
//
// An automaton here never derives the empty string: its start state 0 has no incoming edge and is not final; whoever
// calls a rule that may be empty adds an empty edge beside the call. Thread safety: values.
// Idea: recursive transition networks (Woods 1970); subset construction with calls as symbols; Moore's partition
// refinement.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "base/result.h"

namespace cadre::contract {

// (symbol, target). Symbols below the number of byte classes read a byte, the others are calls.
using SymbolEdge = std::pair<uint32_t, uint32_t>;

struct RuleAutomaton {
  struct State {
    std::vector<SymbolEdge> edges;  // sorted; more than one target per symbol only where determinising was given up
    bool final = false;
  };
  std::vector<State> states;
};

// With empty edges, as built from expressions.
struct EmptyEdgeNfa {
  struct State {
    std::vector<uint32_t> empty;
    std::vector<SymbolEdge> edges;
    bool final = false;
  };
  std::vector<State> states;

  uint32_t add() {
    states.emplace_back();
    return static_cast<uint32_t>(states.size() - 1);
  }
};

// The same language less the empty string. Only states that `start` reaches are kept.
RuleAutomaton to_automaton(const EmptyEdgeNfa& nfa, uint32_t start);

}  // namespace cadre::contract
