// SPDX-License-Identifier: Apache-2.0
#include "contract/grammar.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace cadre::contract {

RuleId Grammar::rule(std::string_view name) {
  const auto found = ids_.find(name);
  if (found != ids_.end()) return found->second;
  const auto id = static_cast<RuleId>(rules_.size());
  rules_.push_back({std::string(name), kNoGrammarNode});
  ids_.emplace(std::string(name), id);
  return id;
}

bool Grammar::define(RuleId rule, GrammarNodeId body) {
  CADRE_CHECK(rule < rules_.size() && body < nodes_.size(), "rule and body come from this grammar");
  if (rules_[rule].body != kNoGrammarNode) return false;
  rules_[rule].body = body;
  return true;
}

GrammarNodeId Grammar::add(GrammarNode node) {
  for (const GrammarNodeId child : node.children) {
    CADRE_CHECK(child < nodes_.size(), "a child comes from this grammar");
    node.depth = std::max(node.depth, nodes_[child].depth + 1);
  }
  nodes_.push_back(std::move(node));
  return static_cast<GrammarNodeId>(nodes_.size() - 1);
}

GrammarNodeId Grammar::empty() {
  return add({});
}

GrammarNodeId Grammar::bytes(const ByteSet& set) {
  GrammarNode node;
  node.kind = GrammarKind::kBytes;
  node.bytes = set;
  return add(std::move(node));
}

GrammarNodeId Grammar::code_points(CodePointSet set) {
  GrammarNode node;
  node.kind = GrammarKind::kCodePoints;
  node.set = std::move(set);
  return add(std::move(node));
}

GrammarNodeId Grammar::literal(std::string text) {
  if (text.empty()) return empty();
  GrammarNode node;
  node.kind = GrammarKind::kLiteral;
  node.text = std::move(text);
  return add(std::move(node));
}

GrammarNodeId Grammar::concat(std::vector<GrammarNodeId> parts) {
  if (parts.size() == 1) return parts[0];
  GrammarNode node;
  node.kind = parts.empty() ? GrammarKind::kEmpty : GrammarKind::kConcat;
  node.children = std::move(parts);
  return add(std::move(node));
}

GrammarNodeId Grammar::alternate(std::vector<GrammarNodeId> parts) {
  if (parts.size() == 1) return parts[0];
  GrammarNode node;
  node.kind = GrammarKind::kAlternate;
  node.children = std::move(parts);
  return add(std::move(node));
}

GrammarNodeId Grammar::repeat(GrammarNodeId part, uint32_t low, uint32_t high) {
  CADRE_CHECK(low <= high, "a repetition's bounds are in order");
  GrammarNode node;
  node.kind = GrammarKind::kRepeat;
  node.children = {part};
  node.low = low;
  node.high = high;
  return add(std::move(node));
}

GrammarNodeId Grammar::call(RuleId rule) {
  CADRE_CHECK(rule < rules_.size(), "a called rule comes from this grammar");
  GrammarNode node;
  node.kind = GrammarKind::kRule;
  node.rule = rule;
  return add(std::move(node));
}

}  // namespace cadre::contract
