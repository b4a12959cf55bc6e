// SPDX-License-Identifier: Apache-2.0
#include "contract/grammar_machine.h"

#include <algorithm>
#include <functional>

#include "base/check.h"
#include "base/random.h"

namespace cadre::contract {
namespace {

constexpr uint32_t kNone = UINT32_MAX;
constexpr uint32_t kEndOfText = UINT32_MAX;  // the call that nobody made: behind it the text ends
constexpr uint32_t kDeadId = 0;

uint64_t mixed(uint64_t hash, uint64_t a, uint64_t b) {
  return base::mix64(hash ^ (a << 32 | b));
}

}  // namespace

template <class Equal, class HashOf>
uint32_t* GrammarMachine::IdTable::find(uint64_t hash, const Equal& equal, const HashOf& hash_of) {
  if (2 * (used + 1) > slots.size()) {
    std::vector<uint32_t> old(std::max<size_t>(64, slots.size() * 2), kNone);
    std::swap(old, slots);
    for (const uint32_t id : old) {
      if (id == kNone) continue;
      size_t at = hash_of(id) & (slots.size() - 1);
      while (slots[at] != kNone) at = (at + 1) & (slots.size() - 1);
      slots[at] = id;
    }
  }
  size_t at = hash & (slots.size() - 1);
  while (slots[at] != kNone && !equal(slots[at])) at = (at + 1) & (slots.size() - 1);
  return &slots[at];
}

void GrammarMachine::RoundSet::begin() {
  ++round;
  used = 0;
}

void GrammarMachine::RoundSet::place(uint64_t key) {
  size_t at = base::mix64(key) & (slots.size() - 1);
  while (slots[at].second == round) at = (at + 1) & (slots.size() - 1);
  slots[at] = {key, round};
}

bool GrammarMachine::RoundSet::insert(uint64_t key) {
  if (2 * (used + 1) > slots.size()) {
    std::vector<std::pair<uint64_t, uint32_t>> old(std::max<size_t>(64, slots.size() * 2), {0, 0});
    std::swap(old, slots);
    for (const auto& [k, r] : old) {
      if (r == round) place(k);
    }
  }
  size_t at = base::mix64(key) & (slots.size() - 1);
  for (; slots[at].second == round; at = (at + 1) & (slots.size() - 1)) {
    if (slots[at].first == key) return false;
  }
  slots[at] = {key, round};
  ++used;
  return true;
}

GrammarMachine::GrammarMachine(std::shared_ptr<const Network> network) : GrammarMachine(std::move(network), Limits{}) {}

GrammarMachine::GrammarMachine(std::shared_ptr<const Network> network, const Limits& limits)
    : network_(std::move(network)), limits_(limits), pending_(network_->rules.size()) {
  clear();
  open_.clear();
  kept_.clear();
  seen_items_.begin();
  seen_nodes_.begin();
  complete_ = network_->accepts_empty;
  if (!network_->root_is_empty) {
    add_caller(network_->root, {kEndOfText, 1, 0});
    enter_rules();
  }
  start_ = {intern_configuration()};
}

void GrammarMachine::clear() {
  callers_.clear();
  nodes_.clear();
  items_.clear();
  memo_.clear();
  configurations_.assign(1, {});  // the dead state
  node_ids_ = {};
  configuration_ids_ = {};
}

GrammarMachine::State GrammarMachine::next(State state, uint8_t byte) {
  if (state.id == kDeadId) return state;
  const uint32_t byte_class = network_->class_of[byte];
  Configuration& configuration = configurations_[state.id];
  if (configuration.memo == kNone) {
    configuration.memo = static_cast<uint32_t>(memo_.size());
    memo_.resize(memo_.size() + network_->classes, kNone);
  }
  const uint32_t slot = configuration.memo + byte_class;
  if (memo_[slot] == kNone) {
    const uint32_t next = step(state.id, byte_class);
    if (overflowed_) return {kDeadId};
    memo_[slot] = next;
  }
  return {memo_[slot]};
}

uint32_t GrammarMachine::step(uint32_t configuration, uint32_t byte_class) {
  if (size_bytes() > limits_.size_bytes_max) {
    overflowed_ = true;
    return kDeadId;
  }
  open_.clear();
  kept_.clear();
  complete_ = false;
  seen_items_.begin();
  seen_nodes_.begin();
  const Configuration from = configurations_[configuration];
  for (uint32_t i = 0; i < from.size; ++i) {
    const Item item = items_[from.begin + i];
    const NetworkState& state = network_->states[item.state];
    const NetworkMove* end = network_->moves.data() + state.moves_end;
    const NetworkMove* move =
        std::lower_bound(network_->moves.data() + state.moves_begin, end, byte_class,
                         [](const NetworkMove& m, uint32_t wanted) { return m.byte_class < wanted; });
    for (; move != end && move->byte_class == byte_class; ++move) reach(move->target, item.node);
  }
  while (!open_.empty()) {
    const Item item = open_.back();
    open_.pop_back();
    const NetworkState& state = network_->states[item.state];
    if (state.moves_begin != state.moves_end) kept_.push_back(item);
    if (state.final) finish_rule(item.node);
    for (uint32_t c = state.calls_begin; c < state.calls_end; ++c) call(network_->calls[c], c, item.node);
  }
  enter_rules();
  if (kept_.empty() && !complete_) return kDeadId;
  if (kept_.size() > limits_.items_max) {
    overflowed_ = true;
    return kDeadId;
  }
  return intern_configuration();
}

void GrammarMachine::reach(uint32_t state, uint32_t node) {
  if (seen_items_.insert(uint64_t{state} << 32 | node)) open_.push_back({state, node});
}

// A rule has ended: go on behind every call of it, or call again where it repeats.
void GrammarMachine::finish_rule(uint32_t node) {
  if (!seen_nodes_.insert(node)) return;
  const Node callers = nodes_[node];
  for (uint32_t i = 0; i < callers.size; ++i) {
    const Caller caller = callers_[callers.begin + i];
    if (caller.call == kEndOfText) {
      complete_ = true;
      continue;
    }
    const NetworkCall& made = network_->calls[caller.call];
    if (caller.count >= made.low) reach(made.target, caller.parent);
    if (caller.count < made.high) {  // of an unbounded one, counts past `low` are all alike
      const uint32_t count = made.high == kUnbounded ? std::min(caller.count + 1, made.low) : caller.count + 1;
      add_caller(made.rule, {caller.call, count, caller.parent});
    }
  }
}

void GrammarMachine::call(const NetworkCall& made, uint32_t index, uint32_t node) {
  if (!made.tail) return add_caller(made.rule, {index, 1, node});
  const Node callers = nodes_[node];  // the caller would only end itself: return to its callers directly
  for (uint32_t i = 0; i < callers.size; ++i) add_caller(made.rule, callers_[callers.begin + i]);
}

void GrammarMachine::add_caller(uint32_t rule, const Caller& caller) {
  if (pending_[rule].empty()) {
    pending_rules_.emplace_back(network_->rules[rule].order, rule);
    std::push_heap(pending_rules_.begin(), pending_rules_.end(), std::greater<>());
  }
  pending_[rule].push_back(caller);
}

// Callers before callees, so that every rule is entered once with all its callers known.
void GrammarMachine::enter_rules() {
  std::vector<Caller> callers;
  while (!pending_rules_.empty()) {
    std::pop_heap(pending_rules_.begin(), pending_rules_.end(), std::greater<>());
    const uint32_t rule = pending_rules_.back().second;
    pending_rules_.pop_back();
    callers.swap(pending_[rule]);
    std::sort(callers.begin(), callers.end());
    callers.erase(std::unique(callers.begin(), callers.end()), callers.end());
    drop_dominated(callers);
    const uint32_t node = intern_node(callers);
    callers.clear();
    const uint32_t start = network_->rules[rule].start;
    const NetworkState& state = network_->states[start];
    if (state.moves_begin != state.moves_end) kept_.push_back({start, node});
    for (uint32_t c = state.calls_begin; c < state.calls_end; ++c) call(network_->calls[c], c, node);
  }
}

// Of several counts for one call and one stack, one may allow all that the others do: the least while none are owed,
// the greatest when there is no upper bound. Sorted by (call, count, parent) on entry and exit.
void GrammarMachine::drop_dominated(std::vector<Caller>& callers) const {
  if (callers.size() < 2) return;
  const auto by_parent = [](const Caller& a, const Caller& b) {
    return std::tie(a.call, a.parent, a.count) < std::tie(b.call, b.parent, b.count);
  };
  std::sort(callers.begin(), callers.end(), by_parent);
  size_t out = 0;
  for (size_t i = 0; i < callers.size(); ++i) {
    const Caller& caller = callers[i];
    const bool again = out > 0 && callers[out - 1].call == caller.call && callers[out - 1].parent == caller.parent;
    if (again && network_->calls[caller.call].high == kUnbounded) {
      callers[out - 1] = caller;
    } else if (!again || network_->calls[caller.call].low > callers[out - 1].count) {
      callers[out++] = caller;
    }
  }
  callers.resize(out);
  std::sort(callers.begin(), callers.end());
}

uint32_t GrammarMachine::distance_of(const Caller& caller) const {
  if (caller.call == kEndOfText) return 0;
  const NetworkCall& made = network_->calls[caller.call];
  const uint32_t left = made.low > caller.count ? made.low - caller.count : 0;
  const uint32_t repeats = plus_distance(made.distance, uint64_t{left} * network_->rules[made.rule].distance);
  return plus_distance(repeats, nodes_[caller.parent].distance);
}

uint64_t GrammarMachine::hash_node(uint32_t id) const {
  uint64_t hash = 1;
  for (uint32_t i = 0; i < nodes_[id].size; ++i) {
    const Caller& caller = callers_[nodes_[id].begin + i];
    hash = mixed(mixed(hash, caller.call, caller.count), 0, caller.parent);
  }
  return hash;
}

uint32_t GrammarMachine::intern_node(const std::vector<Caller>& callers) {
  Node node{static_cast<uint32_t>(callers_.size()), static_cast<uint32_t>(callers.size()), kFar};
  const auto id = static_cast<uint32_t>(nodes_.size());
  callers_.insert(callers_.end(), callers.begin(), callers.end());
  nodes_.push_back(node);
  const auto equal = [&](uint32_t other) {
    return nodes_[other].size == node.size &&
           std::equal(callers.begin(), callers.end(), callers_.begin() + nodes_[other].begin);
  };
  uint32_t* slot = node_ids_.find(hash_node(id), equal, [&](uint32_t other) { return hash_node(other); });
  if (*slot != kNone) {
    callers_.resize(node.begin);
    nodes_.pop_back();
    return *slot;
  }
  for (const Caller& caller : callers) nodes_[id].distance = std::min(nodes_[id].distance, distance_of(caller));
  *slot = id;
  ++node_ids_.used;
  return id;
}

uint64_t GrammarMachine::hash_configuration(uint32_t id) const {
  const Configuration& configuration = configurations_[id];
  uint64_t hash = configuration.complete ? 3 : 2;
  for (uint32_t i = 0; i < configuration.size; ++i) {
    hash = mixed(hash, items_[configuration.begin + i].state, items_[configuration.begin + i].node);
  }
  return hash;
}

// What kept_ and complete_ hold.
uint32_t GrammarMachine::intern_configuration() {
  std::sort(kept_.begin(), kept_.end());
  Configuration made{static_cast<uint32_t>(items_.size()), static_cast<uint32_t>(kept_.size()), kNone, kFar, complete_};
  if (complete_) made.distance = 0;
  for (const Item& item : kept_) {
    made.distance =
        std::min(made.distance, plus_distance(network_->states[item.state].distance, nodes_[item.node].distance));
  }
  const auto id = static_cast<uint32_t>(configurations_.size());
  items_.insert(items_.end(), kept_.begin(), kept_.end());
  configurations_.push_back(made);
  const auto equal = [&](uint32_t other) {
    return configurations_[other].size == made.size && configurations_[other].complete == made.complete &&
           std::equal(kept_.begin(), kept_.end(), items_.begin() + configurations_[other].begin);
  };
  uint32_t* slot =
      configuration_ids_.find(hash_configuration(id), equal, [&](uint32_t other) { return hash_configuration(other); });
  if (*slot != kNone) {
    items_.resize(made.begin);
    configurations_.pop_back();
    return *slot;
  }
  *slot = id;
  ++configuration_ids_.used;
  return id;
}

// The item whose idling covers most. A counted repetition of one character idles as long as its count allows.
Idle GrammarMachine::idle(State state) {
  Idle best;
  size_t best_bytes = 0;
  const auto offer = [&](uint32_t set, bool utf8, uint32_t chars) {
    const size_t bytes = network_->byte_sets[set].count();
    if (bytes < best_bytes || (bytes == best_bytes && chars <= best.chars_left)) return;
    best = {&network_->byte_sets[set], utf8, chars, false};
    best_bytes = bytes;
  };
  const Configuration configuration = configurations_[state.id];
  for (uint32_t i = 0; i < configuration.size; ++i) {
    const Item item = items_[configuration.begin + i];
    const NetworkState& place = network_->states[item.state];
    if (place.idle != kNone) offer(place.idle, place.idle_utf8, UINT32_MAX);
    const Node& node = nodes_[item.node];
    for (uint32_t c = 0; c < node.size; ++c) {
      const Caller& caller = callers_[node.begin + c];
      if (caller.call == kEndOfText) continue;
      const NetworkCall& made = network_->calls[caller.call];
      const NetworkRule& rule = network_->rules[made.rule];
      if (rule.one_character == kNone || rule.start != item.state || made.high == 1) continue;
      const uint32_t left = made.high == kUnbounded ? UINT32_MAX : made.high - caller.count + 1;
      offer(rule.one_character, rule.one_character_utf8, left);
    }
  }
  if (best.bytes == nullptr || configuration.size != 1 || best.chars_left != UINT32_MAX) return best;
  for (unsigned byte = 0; byte < 0x80 && !best.stays;
       ++byte) {  // one stands for all: they lead to the same place and stack
    if (!(*best.bytes)[byte]) continue;
    best.stays = next(state, static_cast<uint8_t>(byte)) == state;
    break;
  }
  return best;
}

void GrammarMachine::forget(std::span<State*> keep) {
  std::vector<char> node_used(nodes_.size(), 0);
  std::vector<uint32_t> configurations;
  for (State* state : keep) configurations.push_back(state->id);
  configurations.push_back(start_.id);
  std::sort(configurations.begin(), configurations.end());
  configurations.erase(std::unique(configurations.begin(), configurations.end()), configurations.end());
  for (const uint32_t id : configurations) {
    for (uint32_t i = 0; i < configurations_[id].size; ++i) node_used[items_[configurations_[id].begin + i].node] = 1;
  }
  for (size_t id = nodes_.size(); id-- > 0;) {  // parents have smaller ids
    if (!node_used[id]) continue;
    for (uint32_t i = 0; i < nodes_[id].size; ++i) {
      const Caller& caller = callers_[nodes_[id].begin + i];
      if (caller.call != kEndOfText) node_used[caller.parent] = 1;
    }
  }
  const auto old_callers = callers_;
  const auto old_nodes = nodes_;
  const auto old_items = items_;
  const auto old_configurations = configurations_;
  clear();
  overflowed_ = false;
  std::vector<uint32_t> new_node(old_nodes.size(), 0);
  for (size_t id = 0; id < old_nodes.size(); ++id) {
    if (!node_used[id]) continue;
    std::vector<Caller> callers(old_callers.begin() + old_nodes[id].begin,
                                old_callers.begin() + old_nodes[id].begin + old_nodes[id].size);
    for (Caller& caller : callers) {
      if (caller.call != kEndOfText) caller.parent = new_node[caller.parent];
    }
    std::sort(callers.begin(), callers.end());
    new_node[id] = intern_node(callers);
  }
  std::vector<std::pair<uint32_t, uint32_t>> renamed = {{kDeadId, kDeadId}};
  for (const uint32_t id : configurations) {
    if (id == kDeadId) continue;
    const Configuration& old = old_configurations[id];
    kept_.assign(old_items.begin() + old.begin, old_items.begin() + old.begin + old.size);
    for (Item& item : kept_) item.node = new_node[item.node];
    complete_ = old.complete;
    renamed.emplace_back(id, intern_configuration());
  }
  const auto rename = [&](State& state) {
    const auto found = std::lower_bound(renamed.begin(), renamed.end(), std::pair(state.id, uint32_t{0}));
    state.id = found->second;
  };
  for (State* state : keep) rename(*state);
  rename(start_);
}

size_t GrammarMachine::size_bytes() const {
  return callers_.size() * sizeof(Caller) + nodes_.size() * sizeof(Node) + items_.size() * sizeof(Item) +
         configurations_.size() * sizeof(Configuration) +
         (memo_.size() + node_ids_.slots.size() + configuration_ids_.slots.size()) * sizeof(uint32_t);
}

}  // namespace cadre::contract
