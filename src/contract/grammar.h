// A context-free grammar over bytes as a tree of expressions, one per rule: what front ends (contract/gbnf.h) build
// and contract/grammar_network.h compiles.
//
// Building never fails: it only collects. Undefined rules, rules that derive nothing and limits are found by
// compile_grammar, which names them. Rules may be recursive in any way: left, right, in the middle, hidden behind
// nullable parts. Thread safety: a Grammar belongs to one thread while it is built.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "contract/language.h"

namespace cadre::contract {

inline constexpr size_t kGrammarRulesMax = 50'000;
inline constexpr size_t kGrammarNodesMax = 1'000'000;
inline constexpr uint32_t kGrammarDepthMax = 1'000;        // nesting of one rule's expression
inline constexpr uint32_t kGrammarRepeatMax = 10'000'000;  // bounds of a repetition; they are counted, not unrolled

using RuleId = uint32_t;
using GrammarNodeId = uint32_t;
inline constexpr uint32_t kNoGrammarNode = UINT32_MAX;

enum class GrammarKind : uint8_t {
  kEmpty,       // the empty string
  kBytes,       // one byte out of `bytes`
  kCodePoints,  // one code point out of `set`, as UTF-8
  kLiteral,     // `text`
  kConcat,      // children in order
  kAlternate,   // one of the children; without children: nothing at all
  kRepeat,      // children[0], `low` to `high` times
  kRule         // what rule `rule` derives
};

struct GrammarNode {
  GrammarKind kind = GrammarKind::kEmpty;
  ByteSet bytes;
  CodePointSet set;
  std::string text;
  std::vector<GrammarNodeId> children;  // smaller than this node's own id
  uint32_t low = 0, high = 0;
  RuleId rule = 0;
  uint32_t depth = 1;
};

struct GrammarRule {
  std::string name;
  GrammarNodeId body = kNoGrammarNode;  // kNoGrammarNode: used but not defined
};

class Grammar {
 public:
  // The rule of that name; declares it on first use.
  RuleId rule(std::string_view name);
  // False when the rule has a body already.
  bool define(RuleId rule, GrammarNodeId body);

  GrammarNodeId empty();
  GrammarNodeId bytes(const ByteSet& set);
  GrammarNodeId code_points(CodePointSet set);
  GrammarNodeId literal(std::string text);
  GrammarNodeId concat(std::vector<GrammarNodeId> parts);
  GrammarNodeId alternate(std::vector<GrammarNodeId> parts);
  GrammarNodeId repeat(GrammarNodeId part, uint32_t low, uint32_t high);  // high may be kUnbounded
  GrammarNodeId call(RuleId rule);

  void set_root(RuleId rule) { root_ = rule; }
  RuleId root() const { return root_; }
  const std::vector<GrammarRule>& rules() const { return rules_; }
  const std::vector<GrammarNode>& nodes() const { return nodes_; }

 private:
  GrammarNodeId add(GrammarNode node);

  std::vector<GrammarRule> rules_;
  std::vector<GrammarNode> nodes_;
  std::map<std::string, RuleId, std::less<>> ids_;
  RuleId root_ = 0;
};

}  // namespace cadre::contract
