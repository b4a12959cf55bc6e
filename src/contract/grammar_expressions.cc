// SPDX-License-Identifier: Apache-2.0
#include "contract/grammar_expressions.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "contract/utf8_ranges.h"

namespace cadre::contract {
namespace {

constexpr uint32_t kCostMax = 1 << 20;

uint32_t saturated(uint64_t cost) {
  return static_cast<uint32_t>(std::min<uint64_t>(cost, kCostMax));
}

}  // namespace

ExpressionBuilder::ExpressionBuilder(const Grammar& grammar, const GrammarLimits& limits)
    : grammar_(grammar), limits_(limits) {}

Result<void> ExpressionBuilder::check() {
  const auto& rules = grammar_.rules();
  const auto& nodes = grammar_.nodes();
  if (rules.empty()) return Error{ErrorCode::kInvalid, "the grammar has no rule"};
  if (rules.size() > kGrammarRulesMax || nodes.size() > kGrammarNodesMax) {
    return Error{ErrorCode::kLimit,
                 fmt::format("the grammar has {} rules and {} expressions; at most {} and {} are read", rules.size(),
                             nodes.size(), kGrammarRulesMax, kGrammarNodesMax)};
  }
  for (const GrammarRule& rule : rules) {
    if (rule.body == kNoGrammarNode) {
      return Error{ErrorCode::kInvalid, fmt::format("rule '{}' is used but not defined", rule.name)};
    }
    if (nodes[rule.body].depth > kGrammarDepthMax) {
      return Error{ErrorCode::kLimit, fmt::format("rule '{}' is nested deeper than {}", rule.name, kGrammarDepthMax)};
    }
  }
  for (const GrammarNode& node : nodes) {
    const uint32_t bound = node.high == kUnbounded ? node.low : node.high;
    if (node.kind == GrammarKind::kRepeat && bound > kGrammarRepeatMax) {
      return Error{ErrorCode::kLimit,
                   fmt::format("a repetition of {} times is over the limit of {}", bound, kGrammarRepeatMax)};
    }
  }
  find_reachable();
  find_nullable_and_productive();
  for (size_t rule = 0; rule < rules.size(); ++rule) {
    if (reachable_[rule] && !productive_[rules[rule].body]) {
      return Error{ErrorCode::kInvalid,
                   fmt::format("rule '{}' derives nothing: every way through it calls itself again or is empty of "
                               "characters; give it an alternative that ends",
                               rules[rule].name)};
    }
  }
  find_recursive();
  find_costs();
  find_classes();
  return {};
}

void ExpressionBuilder::find_reachable() {
  const auto& rules = grammar_.rules();
  const auto& nodes = grammar_.nodes();
  reachable_.assign(rules.size(), 0);
  std::vector<char> seen(nodes.size(), 0);
  std::vector<GrammarNodeId> open;
  const auto visit_rule = [&](RuleId rule) {
    if (reachable_[rule]) return;
    reachable_[rule] = 1;
    open.push_back(rules[rule].body);
  };
  visit_rule(grammar_.root());
  while (!open.empty()) {
    const GrammarNodeId at = open.back();
    open.pop_back();
    if (seen[at]) continue;
    seen[at] = 1;
    if (nodes[at].kind == GrammarKind::kRule) visit_rule(nodes[at].rule);
    open.insert(open.end(), nodes[at].children.begin(), nodes[at].children.end());
  }
}

// Both are least fixpoints: a node is looked at again when one that it is made of has changed.
void ExpressionBuilder::find_nullable_and_productive() {
  const auto& rules = grammar_.rules();
  const auto& nodes = grammar_.nodes();
  std::vector<std::vector<GrammarNodeId>> users(nodes.size());
  for (GrammarNodeId i = 0; i < nodes.size(); ++i) {
    for (const GrammarNodeId child : nodes[i].children) users[child].push_back(i);
    if (nodes[i].kind == GrammarKind::kRule) users[rules[nodes[i].rule].body].push_back(i);
  }
  const auto holds_at = [&](const GrammarNode& node, const std::vector<char>& of, bool productive) -> bool {
    const auto holds = [&](GrammarNodeId child) { return of[child] != 0; };
    switch (node.kind) {
      case GrammarKind::kEmpty:
        return true;
      case GrammarKind::kBytes:
        return productive && node.bytes.any();
      case GrammarKind::kCodePoints:
        return productive && !node.set.empty();
      case GrammarKind::kLiteral:
        return productive;
      case GrammarKind::kConcat:
        return std::all_of(node.children.begin(), node.children.end(), holds);
      case GrammarKind::kAlternate:
        return std::any_of(node.children.begin(), node.children.end(), holds);
      case GrammarKind::kRepeat:
        return node.low == 0 || holds(node.children[0]);
      case GrammarKind::kRule:
        return holds(rules[node.rule].body);
    }
    return false;
  };
  for (const bool productive : {false, true}) {
    std::vector<char>& of = productive ? productive_ : nullable_;
    of.assign(nodes.size(), 0);
    std::vector<GrammarNodeId> open(nodes.size());
    for (GrammarNodeId i = 0; i < nodes.size(); ++i) open[nodes.size() - 1 - i] = i;
    while (!open.empty()) {
      const GrammarNodeId at = open.back();
      open.pop_back();
      if (of[at] || !holds_at(nodes[at], of, productive)) continue;
      of[at] = 1;
      open.insert(open.end(), users[at].begin(), users[at].end());
    }
  }
}

// A rule that reaches itself, found by Tarjan's components without recursion; callees are finished first.
void ExpressionBuilder::find_recursive() {
  const auto& rules = grammar_.rules();
  const auto& nodes = grammar_.nodes();
  std::vector<std::vector<RuleId>> called(rules.size());
  for (size_t rule = 0; rule < rules.size(); ++rule) {
    if (!reachable_[rule]) continue;
    std::vector<GrammarNodeId> open = {rules[rule].body};
    std::unordered_set<GrammarNodeId> seen;
    while (!open.empty()) {
      const GrammarNodeId at = open.back();
      open.pop_back();
      if (!seen.insert(at).second) continue;
      if (nodes[at].kind == GrammarKind::kRule) called[rule].push_back(nodes[at].rule);
      open.insert(open.end(), nodes[at].children.begin(), nodes[at].children.end());
    }
  }
  recursive_.assign(rules.size(), 0);
  std::vector<uint32_t> index(rules.size(), 0), low(rules.size(), 0);
  std::vector<char> on_stack(rules.size(), 0);
  std::vector<RuleId> stack;
  std::vector<std::pair<RuleId, size_t>> frames;
  uint32_t next_index = 1;
  const auto enter = [&](RuleId rule) {
    index[rule] = low[rule] = next_index++;
    stack.push_back(rule);
    on_stack[rule] = 1;
    frames.emplace_back(rule, 0);
  };
  enter(grammar_.root());
  while (!frames.empty()) {
    const RuleId rule = frames.back().first;
    if (frames.back().second < called[rule].size()) {
      const RuleId next = called[rule][frames.back().second++];
      if (next == rule) recursive_[rule] = 1;
      if (index[next] == 0) {
        enter(next);
      } else if (on_stack[next]) {
        low[rule] = std::min(low[rule], index[next]);
      }
      continue;
    }
    frames.pop_back();
    if (!frames.empty()) low[frames.back().first] = std::min(low[frames.back().first], low[rule]);
    finished_.push_back(rule);
    if (low[rule] != index[rule]) continue;
    const bool alone = stack.back() == rule;
    for (bool done = false; !done;) {
      const RuleId member = stack.back();
      stack.pop_back();
      on_stack[member] = 0;
      if (!alone) recursive_[member] = 1;
      done = member == rule;
    }
  }
}

uint32_t ExpressionBuilder::effective_low(const GrammarNode& node) const {
  return nullable_[node.children[0]] ? 0 : node.low;
}

bool ExpressionBuilder::is_unrolled(const GrammarNode& node) const {
  const uint64_t times = node.high == kUnbounded ? effective_low(node) : node.high;
  if (node.high == kUnbounded && times <= 1) return true;  // a loop
  return times <= 1 || times * cost_[node.children[0]] <= limits_.unroll_states_max;
}

uint32_t ExpressionBuilder::cost_of(const GrammarNode& node) const {
  uint64_t sum = 2;
  switch (node.kind) {
    case GrammarKind::kEmpty:
      return 1;
    case GrammarKind::kBytes:
      return 1;
    case GrammarKind::kCodePoints:
      return saturated(2 + node.set.size());
    case GrammarKind::kLiteral:
      return saturated(node.text.size());
    case GrammarKind::kConcat:
    case GrammarKind::kAlternate:
      for (const GrammarNodeId child : node.children) sum += cost_[child];
      return saturated(sum);
    case GrammarKind::kRepeat: {
      if (!is_unrolled(node)) return 4;
      const uint64_t times = node.high == kUnbounded ? effective_low(node) + 1 : node.high;
      return saturated(2 + times * cost_[node.children[0]]);
    }
    case GrammarKind::kRule:
      return is_inlined(node.rule) ? cost_[grammar_.rules()[node.rule].body] + 2 : 4;
  }
  return 1;
}

// Callees first, so that the cost of what may be inlined is known.
void ExpressionBuilder::find_costs() {
  const auto& nodes = grammar_.nodes();
  cost_.assign(nodes.size(), 0);
  for (const RuleId rule : finished_) {
    std::vector<GrammarNodeId> open = {grammar_.rules()[rule].body}, below;
    while (!open.empty()) {
      const GrammarNodeId at = open.back();
      open.pop_back();
      if (cost_[at] != 0) continue;
      cost_[at] = 1;
      below.push_back(at);
      open.insert(open.end(), nodes[at].children.begin(), nodes[at].children.end());
    }
    std::sort(below.begin(), below.end());
    for (const GrammarNodeId at : below) cost_[at] = cost_of(nodes[at]);
  }
}

bool ExpressionBuilder::is_inlined(RuleId rule) const {
  return !recursive_[rule] && cost_[grammar_.rules()[rule].body] <= limits_.inline_states_max;
}

// Bytes that no expression tells apart share a class.
void ExpressionBuilder::find_classes() {
  std::vector<ByteSet> sets;
  std::map<std::string, bool> seen;
  const auto note = [&](const ByteSet& set) {
    if (set.any() && seen.emplace(set.to_string(), true).second) sets.push_back(set);
  };
  const auto note_range = [&](uint8_t low, uint8_t high) {
    ByteSet set;
    for (unsigned byte = low; byte <= high; ++byte) set.set(byte);
    note(set);
  };
  for (const GrammarNode& node : grammar_.nodes()) {
    if (node.kind == GrammarKind::kBytes) note(node.bytes);
    if (node.kind == GrammarKind::kLiteral) {
      for (const char letter : node.text) note_range(static_cast<uint8_t>(letter), static_cast<uint8_t>(letter));
    }
    if (node.kind == GrammarKind::kCodePoints) {
      std::vector<Utf8Sequence> sequences;
      for (const CodePointRange& range : node.set) append_utf8_sequences(range.low, range.high, sequences);
      ByteSet ascii;  // one class for all of it, so that [a-zA-Z] does not cut twice
      for (const Utf8Sequence& sequence : sequences) {
        if (sequence.size == 1) {
          for (unsigned byte = sequence.ranges[0].low; byte <= sequence.ranges[0].high; ++byte) ascii.set(byte);
          continue;
        }
        for (uint32_t i = 0; i < sequence.size; ++i) note_range(sequence.ranges[i].low, sequence.ranges[i].high);
      }
      note(ascii);
    }
  }
  std::array<uint32_t, 256> block{};
  uint32_t blocks = 1;
  for (const ByteSet& set : sets) {
    if (blocks == 256) break;
    std::map<std::pair<uint32_t, bool>, uint32_t> next;
    for (unsigned byte = 0; byte < 256; ++byte) {
      block[byte] = next.emplace(std::pair(block[byte], set[byte]), static_cast<uint32_t>(next.size())).first->second;
    }
    blocks = static_cast<uint32_t>(next.size());
  }
  for (unsigned byte = 0; byte < 256; ++byte) class_of_[byte] = static_cast<uint8_t>(block[byte]);
  classes_ = blocks;
}

uint32_t ExpressionBuilder::body_of(GrammarNodeId node) {
  const auto [slot, fresh] = body_ids_.emplace(node, static_cast<uint32_t>(bodies_.size()));
  if (fresh) bodies_.push_back(node);
  return slot->second;
}

uint32_t ExpressionBuilder::symbol_of(CallLabel label) {
  const auto key = std::tuple(label.body, label.low, label.high);
  const auto [slot, fresh] = label_ids_.emplace(key, static_cast<uint32_t>(labels_.size()));
  if (fresh) labels_.push_back(label);
  return classes_ + slot->second;
}

Result<RuleAutomaton> ExpressionBuilder::build(uint32_t body) {
  EmptyEdgeNfa nfa;
  const uint32_t start = nfa.add();
  nfa.states[append(nfa, bodies_[body], start)].final = true;
  if (nfa.states.size() > limits_.states_max) {
    return Error{ErrorCode::kLimit, fmt::format("the grammar needs more than {} states", limits_.states_max)};
  }
  return to_automaton(nfa, start);
}

void ExpressionBuilder::add_bytes(EmptyEdgeNfa& nfa, const ByteSet& set, uint32_t from, uint32_t to) {
  std::array<bool, 256> done{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    if (!set[byte] || done[class_of_[byte]]) continue;
    done[class_of_[byte]] = true;
    nfa.states[from].edges.emplace_back(class_of_[byte], to);
  }
}

void ExpressionBuilder::add_range(EmptyEdgeNfa& nfa, uint8_t low, uint8_t high, uint32_t from, uint32_t to) {
  ByteSet set;
  for (unsigned byte = low; byte <= high; ++byte) set.set(byte);
  add_bytes(nfa, set, from, to);
}

uint32_t ExpressionBuilder::append(EmptyEdgeNfa& nfa, GrammarNodeId id, uint32_t from) {
  const GrammarNode& node = grammar_.nodes()[id];
  if (nfa.states.size() > limits_.states_max) return from;  // build() reports it
  switch (node.kind) {
    case GrammarKind::kEmpty:
      return from;
    case GrammarKind::kBytes: {
      const uint32_t to = nfa.add();
      add_bytes(nfa, node.bytes, from, to);
      return to;
    }
    case GrammarKind::kCodePoints: {
      const uint32_t to = nfa.add();
      std::vector<Utf8Sequence> sequences;
      for (const CodePointRange& range : node.set) append_utf8_sequences(range.low, range.high, sequences);
      for (const Utf8Sequence& sequence : sequences) {
        uint32_t at = from;
        for (uint32_t i = 0; i < sequence.size; ++i) {
          const uint32_t next = i + 1 == sequence.size ? to : nfa.add();
          add_range(nfa, sequence.ranges[i].low, sequence.ranges[i].high, at, next);
          at = next;
        }
      }
      return to;
    }
    case GrammarKind::kLiteral: {
      uint32_t at = from;
      for (const char letter : node.text) {
        const uint32_t next = nfa.add();
        nfa.states[at].edges.emplace_back(class_of_[static_cast<uint8_t>(letter)], next);
        at = next;
      }
      return at;
    }
    case GrammarKind::kConcat: {
      uint32_t at = from;
      for (const GrammarNodeId child : node.children) at = append(nfa, child, at);
      return at;
    }
    case GrammarKind::kAlternate: {
      const uint32_t to = nfa.add();
      for (const GrammarNodeId child : node.children) {
        const uint32_t begin = nfa.add();
        nfa.states[from].empty.push_back(begin);
        const uint32_t end = append(nfa, child, begin);
        nfa.states[end].empty.push_back(to);
      }
      return to;
    }
    case GrammarKind::kRepeat:
      return append_repeat(nfa, node, from);
    case GrammarKind::kRule: {
      const GrammarNodeId body = grammar_.rules()[node.rule].body;
      if (is_inlined(node.rule)) return append(nfa, body, from);
      return append_call(nfa, body, 1, 1, from);
    }
  }
  return from;
}

uint32_t ExpressionBuilder::append_call(EmptyEdgeNfa& nfa, GrammarNodeId body, uint32_t low, uint32_t high,
                                        uint32_t from) {
  const uint32_t symbol = symbol_of({body_of(body), low, high});
  const uint32_t to = nfa.add();
  nfa.states[from].edges.emplace_back(symbol, to);
  if (nullable_[body]) nfa.states[from].empty.push_back(to);
  return to;
}

uint32_t ExpressionBuilder::append_star(EmptyEdgeNfa& nfa, GrammarNodeId node, uint32_t from) {
  const uint32_t loop = nfa.add();
  nfa.states[from].empty.push_back(loop);
  const uint32_t end = append(nfa, node, loop);
  if (end != loop) nfa.states[end].empty.push_back(loop);
  const uint32_t to = nfa.add();
  nfa.states[loop].empty.push_back(to);
  return to;
}

uint32_t ExpressionBuilder::append_repeat(EmptyEdgeNfa& nfa, const GrammarNode& node, uint32_t from) {
  const GrammarNodeId child = node.children[0];
  const uint32_t low = effective_low(node);
  if (node.high == 0) return from;
  if (!is_unrolled(node)) {
    const uint32_t to = append_call(nfa, child, std::max(low, 1u), node.high, from);
    if (low == 0 && !nullable_[child]) nfa.states[from].empty.push_back(to);
    return to;
  }
  uint32_t at = from;
  for (uint32_t i = 0; i < low; ++i) at = append(nfa, child, at);
  if (node.high == kUnbounded) return append_star(nfa, child, at);
  const uint32_t to = nfa.add();
  nfa.states[at].empty.push_back(to);
  for (uint32_t i = low; i < node.high; ++i) {
    at = append(nfa, child, at);
    nfa.states[at].empty.push_back(to);
  }
  return to;
}

}  // namespace cadre::contract
