// From a rule's expression to an automaton: the front half of compile_grammar (contract/grammar_network.h).
// Thread safety: one object belongs to one thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <tuple>
#include <vector>

#include "base/result.h"
#include "contract/grammar.h"
#include "contract/grammar_automaton.h"
#include "contract/grammar_network.h"

namespace cadre::contract {

// What a call symbol means: a body (a rule's, or the expression of a counted repetition), so many times.
struct CallLabel {
  uint32_t body = 0;  // number given by body_of()
  uint32_t low = 1, high = 1;
};

class ExpressionBuilder {
 public:
  // REQUIRES check() to have passed for the rest to be called.
  ExpressionBuilder(const Grammar& grammar, const GrammarLimits& limits);
  // Undefined rules, rules that derive nothing, limits.
  Result<void> check();

  uint32_t body_of_rule(RuleId rule) { return body_of(grammar_.rules()[rule].body); }
  size_t bodies() const { return bodies_.size(); }
  GrammarNodeId expression(uint32_t body) const { return bodies_[body]; }
  // Calls it makes appear as new bodies.
  Result<RuleAutomaton> build(uint32_t body);

  bool nullable(GrammarNodeId node) const { return nullable_[node]; }
  const std::array<uint8_t, 256>& class_of() const { return class_of_; }
  uint32_t classes() const { return classes_; }
  CallLabel label(uint32_t symbol) const { return labels_[symbol - classes_]; }
  uint32_t symbol_of(CallLabel label);

 private:
  uint32_t body_of(GrammarNodeId node);
  void find_reachable();
  void find_nullable_and_productive();
  void find_recursive();
  void find_costs();
  void find_classes();
  uint32_t cost_of(const GrammarNode& node) const;
  bool is_inlined(RuleId rule) const;
  bool is_unrolled(const GrammarNode& node) const;
  uint32_t effective_low(const GrammarNode& node) const;

  // Adds an automaton from `from` to a new state, which is returned.
  uint32_t append(EmptyEdgeNfa& nfa, GrammarNodeId node, uint32_t from);
  uint32_t append_repeat(EmptyEdgeNfa& nfa, const GrammarNode& node, uint32_t from);
  uint32_t append_call(EmptyEdgeNfa& nfa, GrammarNodeId body, uint32_t low, uint32_t high, uint32_t from);
  uint32_t append_star(EmptyEdgeNfa& nfa, GrammarNodeId node, uint32_t from);
  void add_bytes(EmptyEdgeNfa& nfa, const ByteSet& set, uint32_t from, uint32_t to);
  void add_range(EmptyEdgeNfa& nfa, uint8_t low, uint8_t high, uint32_t from, uint32_t to);

  const Grammar& grammar_;
  GrammarLimits limits_;
  std::vector<char> reachable_;   // per rule
  std::vector<char> recursive_;   // per rule
  std::vector<RuleId> finished_;  // reachable rules, callees before callers except where they recurse
  std::vector<char> nullable_;    // per node
  std::vector<char> productive_;  // per node
  std::vector<uint32_t> cost_;    // per node, saturated
  std::array<uint8_t, 256> class_of_{};
  uint32_t classes_ = 0;
  std::vector<GrammarNodeId> bodies_;
  std::map<GrammarNodeId, uint32_t> body_ids_;
  std::vector<CallLabel> labels_;
  std::map<std::tuple<uint32_t, uint32_t, uint32_t>, uint32_t> label_ids_;
};

}  // namespace cadre::contract
