// SPDX-License-Identifier: Apache-2.0
#include "contract/grammar_network.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/check.h"
#include "contract/grammar_expressions.h"

namespace cadre::contract {
namespace {

// The bytes from 0x80 that occur in well-formed UTF-8.
void add_utf8_bytes(ByteSet& set) {
  for (size_t byte = 0x80; byte <= 0xF4; ++byte) set.set(byte, byte != 0xC0 && byte != 0xC1);
}

class NetworkBuilder {
 public:
  NetworkBuilder(const Grammar& grammar, const GrammarLimits& limits)
      : grammar_(grammar), limits_(limits), expressions_(grammar, limits) {}

  Result<std::shared_ptr<const Network>> build() {
    TRY(expressions_.check());
    const uint32_t root = expressions_.body_of_rule(grammar_.root());
    for (uint32_t body = 0; body < expressions_.bodies(); ++body) {  // building one may ask for more
      automata_.push_back(TRY(expressions_.build(body)));
      TRY(count(automata_.back()));
    }
    TRY(remove_left_recursion());
    lay_out();
    find_distances();
    trim();
    mark_tails();
    order_rules();
    find_idle();
    network_.root = root;
    network_.root_is_empty = network_.rules[root].distance == kFar;
    network_.accepts_empty = expressions_.nullable(grammar_.rules()[grammar_.root()].body);
    return std::make_shared<const Network>(std::move(network_));
  }

 private:
  bool is_call(uint32_t symbol) const { return symbol >= expressions_.classes(); }

  Result<void> count(const RuleAutomaton& automaton) {
    states_ += automaton.states.size();
    if (states_ <= limits_.states_max) return {};
    return Error{ErrorCode::kLimit, fmt::format("the grammar needs more than {} states", limits_.states_max)};
  }

  std::vector<uint32_t> left_calls(uint32_t body) const {
    std::vector<uint32_t> out;
    for (const auto& [symbol, target] : automata_[body].states[0].edges) {
      if (is_call(symbol)) out.push_back(expressions_.label(symbol).body);
    }
    return out;
  }

  Result<void> remove_left_recursion();
  std::vector<std::vector<uint32_t>> left_components(std::vector<uint32_t>& finished) const;
  RuleAutomaton left_corner(uint32_t goal, const std::vector<uint32_t>& members);
  void lay_out();
  void find_distances();
  void trim();
  void mark_tails();
  void order_rules();
  void find_idle();
  void find_idle_of(uint32_t state, std::map<std::string, uint32_t>& ids);
  uint32_t byte_set_id(const ByteSet& set, std::map<std::string, uint32_t>& ids);
  bool loops(uint32_t at, uint32_t home, std::span<const std::pair<int, int>> ranges) const;

  const Grammar& grammar_;
  GrammarLimits limits_;
  ExpressionBuilder expressions_;
  std::vector<RuleAutomaton> automata_;  // per body
  size_t states_ = 0;
  Network network_;
};

// Strongly connected components of "calls at its very start", by Tarjan without recursion; `finished` gets callees
// first.
std::vector<std::vector<uint32_t>> NetworkBuilder::left_components(std::vector<uint32_t>& finished) const {
  const auto count = static_cast<uint32_t>(automata_.size());
  std::vector<std::vector<uint32_t>> called(count), components;
  for (uint32_t i = 0; i < count; ++i) called[i] = left_calls(i);
  std::vector<uint32_t> index(count, 0), low(count, 0), stack;
  std::vector<char> on_stack(count, 0);
  std::vector<std::pair<uint32_t, size_t>> frames;
  uint32_t next_index = 1;
  const auto enter = [&](uint32_t body) {
    index[body] = low[body] = next_index++;
    stack.push_back(body);
    on_stack[body] = 1;
    frames.emplace_back(body, 0);
  };
  for (uint32_t from = 0; from < count; ++from) {
    if (index[from] != 0) continue;
    enter(from);
    while (!frames.empty()) {
      const uint32_t body = frames.back().first;
      if (frames.back().second < called[body].size()) {
        const uint32_t next = called[body][frames.back().second++];
        if (index[next] == 0) {
          enter(next);
        } else if (on_stack[next]) {
          low[body] = std::min(low[body], index[next]);
        }
        continue;
      }
      frames.pop_back();
      finished.push_back(body);
      if (!frames.empty()) low[frames.back().first] = std::min(low[frames.back().first], low[body]);
      if (low[body] != index[body]) continue;
      std::vector<uint32_t> component;
      do {
        component.push_back(stack.back());
        on_stack[stack.back()] = 0;
        stack.pop_back();
      } while (component.back() != body);
      const bool cyclic = component.size() > 1 || std::count(called[body].begin(), called[body].end(), body) > 0;
      if (cyclic) components.push_back(std::move(component));
    }
  }
  return components;
}

Result<void> NetworkBuilder::remove_left_recursion() {
  std::vector<uint32_t> finished;
  for (const std::vector<uint32_t>& members : left_components(finished)) {
    std::vector<std::pair<uint32_t, RuleAutomaton>> goals;
    for (const uint32_t goal : members) {
      goals.emplace_back(goal, left_corner(goal, members));
      TRY(count(goals.back().second));
    }
    for (auto& [goal, automaton] : goals) automata_[goal] = std::move(automaton);
  }
  return {};
}

// What `goal` derives, read from its left corner up: begin with any member's beginning that is not itself left
// recursion; when a member is complete, go on behind each left-most call of it; the goal may end when the member just
// completed is the goal.
RuleAutomaton NetworkBuilder::left_corner(uint32_t goal, const std::vector<uint32_t>& members) {
  EmptyEdgeNfa nfa;
  nfa.add();
  std::map<uint32_t, uint32_t> base;  // member -> number of its state 0 (which is left out: only others are entered)
  std::map<uint32_t, uint32_t> completed;  // member -> state "this member has just ended"
  for (const uint32_t member : members) {
    base[member] = static_cast<uint32_t>(nfa.states.size());
    nfa.states.resize(nfa.states.size() + automata_[member].states.size());
    completed[member] = nfa.add();
  }
  nfa.states[completed[goal]].final = true;
  for (const uint32_t member : members) {
    const RuleAutomaton& automaton = automata_[member];
    for (uint32_t i = 1; i < automaton.states.size(); ++i) {
      auto& copy = nfa.states[base[member] + i];
      copy.edges = automaton.states[i].edges;
      for (auto& edge : copy.edges) edge.second += base[member];
      if (automaton.states[i].final) copy.empty.push_back(completed[member]);
    }
    for (const auto& [symbol, target] : automaton.states[0].edges) {
      const uint32_t to = base[member] + target;
      const bool inside = is_call(symbol) && base.contains(expressions_.label(symbol).body);
      if (!inside) {
        nfa.states[0].edges.emplace_back(symbol, to);
        continue;
      }
      const CallLabel label = expressions_.label(symbol);
      if (label.low <= 1) nfa.states[completed[label.body]].empty.push_back(to);
      if (label.high > 1) {
        const uint32_t high = label.high == kUnbounded ? kUnbounded : label.high - 1;
        const uint32_t rest = expressions_.symbol_of({label.body, std::max(label.low, 2u) - 1, high});
        nfa.states[completed[label.body]].edges.emplace_back(rest, to);
      }
    }
  }
  return to_automaton(nfa, 0);
}

void NetworkBuilder::lay_out() {
  network_.class_of = expressions_.class_of();
  network_.classes = expressions_.classes();
  uint32_t base = 0;
  for (const RuleAutomaton& automaton : automata_) {
    network_.rules.push_back({base});
    for (const auto& state : automaton.states) {
      NetworkState laid;
      laid.final = state.final;
      laid.moves_begin = static_cast<uint32_t>(network_.moves.size());
      laid.calls_begin = static_cast<uint32_t>(network_.calls.size());
      for (const auto& [symbol, target] : state.edges) {
        if (!is_call(symbol)) {
          network_.moves.push_back({symbol, base + target});
          continue;
        }
        const CallLabel label = expressions_.label(symbol);
        network_.calls.push_back({label.body, label.low, label.high, base + target});
      }
      laid.moves_end = static_cast<uint32_t>(network_.moves.size());
      laid.calls_end = static_cast<uint32_t>(network_.calls.size());
      network_.states.push_back(laid);
    }
    base += static_cast<uint32_t>(automaton.states.size());
  }
  automata_.clear();
}

// Shortest completions of all states at once: relaxation over reversed edges; a rule's own distance is its start's.
void NetworkBuilder::find_distances() {
  auto& states = network_.states;
  std::vector<std::vector<uint32_t>> into(states.size()), callers(network_.rules.size());
  std::vector<uint32_t> rule_of_start(states.size(), UINT32_MAX);
  for (uint32_t i = 0; i < network_.rules.size(); ++i) rule_of_start[network_.rules[i].start] = i;
  std::vector<uint32_t> open;
  for (uint32_t i = 0; i < states.size(); ++i) {
    for (uint32_t m = states[i].moves_begin; m < states[i].moves_end; ++m) into[network_.moves[m].target].push_back(i);
    for (uint32_t c = states[i].calls_begin; c < states[i].calls_end; ++c) {
      into[network_.calls[c].target].push_back(i);
      callers[network_.calls[c].rule].push_back(i);
    }
    if (!states[i].final) continue;
    states[i].distance = 0;
    open.push_back(i);
  }
  const auto best = [&](const NetworkState& state) {
    uint32_t distance = state.final ? 0 : kFar;
    for (uint32_t m = state.moves_begin; m < state.moves_end; ++m) {
      distance = std::min(distance, plus_distance(states[network_.moves[m].target].distance, 1));
    }
    for (uint32_t c = state.calls_begin; c < state.calls_end; ++c) {
      const NetworkCall& call = network_.calls[c];
      const uint32_t once = network_.rules[call.rule].distance;
      if (once == kFar) continue;
      distance = std::min(distance, plus_distance(states[call.target].distance, uint64_t{once} * call.low));
    }
    return distance;
  };
  std::vector<uint32_t> next;
  std::vector<char> queued(states.size(), 0);
  while (!open.empty()) {  // in rounds: nearly breadth first, which keeps repeats few
    next.clear();
    const auto look_again = [&](uint32_t state) {
      if (queued[state]) return;
      queued[state] = 1;
      next.push_back(state);
    };
    for (const uint32_t changed : open) {
      for (const uint32_t state : into[changed]) look_again(state);
      const uint32_t rule = rule_of_start[changed];
      if (rule == UINT32_MAX) continue;
      network_.rules[rule].distance = states[changed].distance;
      for (const uint32_t state : callers[rule]) look_again(state);
    }
    open.clear();
    for (const uint32_t state : next) {
      queued[state] = 0;
      const uint32_t distance = best(states[state]);
      if (distance >= states[state].distance) continue;
      states[state].distance = distance;
      open.push_back(state);
    }
  }
}

// Edges that lead nowhere go.
void NetworkBuilder::trim() {
  std::vector<NetworkMove> moves;
  std::vector<NetworkCall> calls;
  for (NetworkState& state : network_.states) {
    const auto moves_begin = static_cast<uint32_t>(moves.size());
    const auto calls_begin = static_cast<uint32_t>(calls.size());
    for (uint32_t m = state.moves_begin; m < state.moves_end; ++m) {
      if (network_.states[network_.moves[m].target].distance != kFar) moves.push_back(network_.moves[m]);
    }
    for (uint32_t c = state.calls_begin; c < state.calls_end; ++c) {
      NetworkCall call = network_.calls[c];
      call.distance = network_.states[call.target].distance;
      if (call.distance != kFar && network_.rules[call.rule].distance != kFar) calls.push_back(call);
    }
    state.moves_begin = moves_begin;
    state.calls_begin = calls_begin;
    state.moves_end = static_cast<uint32_t>(moves.size());
    state.calls_end = static_cast<uint32_t>(calls.size());
  }
  network_.moves = std::move(moves);
  network_.calls = std::move(calls);
}

void NetworkBuilder::mark_tails() {
  for (NetworkCall& call : network_.calls) {
    const NetworkState& target = network_.states[call.target];
    call.tail = call.low == 1 && call.high == 1 && target.final && target.moves_begin == target.moves_end &&
                target.calls_begin == target.calls_end;
  }
}

void NetworkBuilder::order_rules() {
  const auto count = static_cast<uint32_t>(network_.rules.size());
  std::vector<uint8_t> mark(count, 0);  // 1 entered, 2 left
  std::vector<std::pair<uint32_t, uint32_t>> frames;
  uint32_t next_order = count;
  for (uint32_t from = 0; from < count; ++from) {
    if (mark[from] != 0) continue;
    mark[from] = 1;
    frames.emplace_back(from, network_.states[network_.rules[from].start].calls_begin);
    while (!frames.empty()) {
      auto& [rule, call] = frames.back();
      if (call < network_.states[network_.rules[rule].start].calls_end) {
        const uint32_t next = network_.calls[call++].rule;
        CADRE_CHECK(mark[next] != 1, "left recursion has been removed");
        if (mark[next] != 0) continue;
        mark[next] = 1;
        frames.emplace_back(next, network_.states[network_.rules[next].start].calls_begin);
        continue;
      }
      mark[rule] = 2;
      network_.rules[rule].order = --next_order;  // callees have left before: theirs are greater
      frames.pop_back();
    }
  }
}

uint32_t NetworkBuilder::byte_set_id(const ByteSet& set, std::map<std::string, uint32_t>& ids) {
  const auto [slot, fresh] = ids.emplace(set.to_string(), static_cast<uint32_t>(network_.byte_sets.size()));
  if (fresh) network_.byte_sets.push_back(set);
  return slot->second;
}

// Does every way through bytes in `ranges` (one after the other) lead from `at` to `home`?
bool NetworkBuilder::loops(uint32_t at, uint32_t home, std::span<const std::pair<int, int>> ranges) const {
  if (ranges.empty()) return at == home;
  const NetworkState& state = network_.states[at];
  int last_class = -1;
  for (int byte = ranges[0].first; byte <= ranges[0].second; ++byte) {
    const uint32_t wanted = network_.class_of[static_cast<size_t>(byte)];
    if (static_cast<int>(wanted) == last_class) continue;
    last_class = static_cast<int>(wanted);
    bool found = false;
    for (uint32_t m = state.moves_begin; m < state.moves_end && !found; ++m) {
      const NetworkMove& move = network_.moves[m];
      found = move.byte_class == wanted && loops(move.target, home, ranges.subspan(1));
    }
    if (!found) return false;
  }
  return true;
}

void NetworkBuilder::find_idle_of(uint32_t at, std::map<std::string, uint32_t>& ids) {
  using Ranges = std::vector<std::pair<int, int>>;
  static const std::array<Ranges, 8> kWellFormed = {
      Ranges{{0xC2, 0xDF}, {0x80, 0xBF}},
      Ranges{{0xE0, 0xE0}, {0xA0, 0xBF}, {0x80, 0xBF}},
      Ranges{{0xE1, 0xEC}, {0x80, 0xBF}, {0x80, 0xBF}},
      Ranges{{0xED, 0xED}, {0x80, 0x9F}, {0x80, 0xBF}},
      Ranges{{0xEE, 0xEF}, {0x80, 0xBF}, {0x80, 0xBF}},
      Ranges{{0xF0, 0xF0}, {0x90, 0xBF}, {0x80, 0xBF}, {0x80, 0xBF}},
      Ranges{{0xF1, 0xF3}, {0x80, 0xBF}, {0x80, 0xBF}, {0x80, 0xBF}},
      Ranges{{0xF4, 0xF4}, {0x80, 0x8F}, {0x80, 0xBF}, {0x80, 0xBF}},
  };
  NetworkState& state = network_.states[at];
  std::vector<char> stays(network_.classes, 0);
  for (uint32_t m = state.moves_begin; m < state.moves_end; ++m) {
    if (network_.moves[m].target == at) stays[network_.moves[m].byte_class] = 1;
  }
  ByteSet bytes;
  for (size_t byte = 0; byte < 256; ++byte) bytes.set(byte, stays[network_.class_of[byte]] != 0);
  state.idle_utf8 =
      std::all_of(kWellFormed.begin(), kWellFormed.end(), [&](const Ranges& ranges) { return loops(at, at, ranges); });
  if (state.idle_utf8) {
    add_utf8_bytes(bytes);
  }
  if (bytes.any()) state.idle = byte_set_id(bytes, ids);
}

void NetworkBuilder::find_idle() {
  std::map<std::string, uint32_t> ids;
  for (uint32_t i = 0; i < network_.states.size(); ++i) find_idle_of(i, ids);
  for (uint32_t body = 0; body < network_.rules.size(); ++body) {
    const GrammarNode& node = grammar_.nodes()[expressions_.expression(body)];
    ByteSet ascii;
    bool is_set = false, others = false;
    if (node.kind == GrammarKind::kBytes) {
      is_set = true;
      for (size_t byte = 0; byte < 128; ++byte) ascii.set(byte, node.bytes[byte]);
    }
    if (node.kind == GrammarKind::kCodePoints) {
      is_set = true;
      for (const CodePointRange& range : node.set) {
        for (char32_t code = range.low; code <= range.high && code < 128; ++code) ascii.set(code);
      }
      const auto covers = [&](char32_t low, char32_t high) {
        return std::any_of(node.set.begin(), node.set.end(),
                           [&](const CodePointRange& range) { return range.low <= low && range.high >= high; });
      };
      others = covers(0x80, 0xD7FF) && covers(0xE000, 0x10FFFF);
    }
    if (!is_set) continue;
    if (others) {
      add_utf8_bytes(ascii);
    }
    network_.rules[body].one_character = byte_set_id(ascii, ids);
    network_.rules[body].one_character_utf8 = others;
  }
}

}  // namespace

size_t Network::size_bytes() const {
  return sizeof(Network) + states.size() * sizeof(NetworkState) + moves.size() * sizeof(NetworkMove) +
         calls.size() * sizeof(NetworkCall) + rules.size() * sizeof(NetworkRule) + byte_sets.size() * sizeof(ByteSet);
}

Result<std::shared_ptr<const Network>> compile_grammar(const Grammar& grammar, const GrammarLimits& limits) {
  return NetworkBuilder(grammar, limits).build();
}

}  // namespace cadre::contract
