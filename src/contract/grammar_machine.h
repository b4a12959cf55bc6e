// Reads bytes along a compiled grammar and knows at each of them what may follow: a Machine for token_mask().
//
// A state is the id of a configuration: the set of (place in a rule, stack of callers) that the bytes so far allow.
// Stacks are hash-consed nodes that share their tails, so equal configurations have equal ids whatever way led to
// them; a fork or a rollback is a copy of an id. A node is the set of callers of one rule at one place of the text,
// as in Earley's parser, so that an ambiguous grammar costs a set and not a stack per derivation. next() is memoised
// per (configuration, class of bytes).
// Promises: a state that is not dead has a completion, and `distance` is the length of a shortest one in bytes,
// exactly.
// Memory grows with the number of different configurations met. `forget` keeps only the states it is given; past the
// limits below without it, next() gives the dead state and overflowed() is true.
// Idea: graph-structured stacks (Tomita 1985), Earley 1970; right recursion by tail calls.
// Thread safety: none; one machine per thread over a shared Network.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "contract/grammar_network.h"
#include "contract/token_mask.h"

namespace cadre::contract {

class GrammarMachine {
 public:
  struct Limits {
    size_t size_bytes_max = size_t{1} << 30;
    size_t items_max = 100'000;  // in one configuration
  };
  struct State {
    uint32_t id = 0;
    friend bool operator==(State, State) = default;
  };

  explicit GrammarMachine(std::shared_ptr<const Network> network);
  GrammarMachine(std::shared_ptr<const Network> network, const Limits& limits);

  State start() const { return start_; }
  State next(State state, uint8_t byte);
  bool dead(State state) const { return state.id == 0; }
  bool complete(State state) const { return configurations_[state.id].complete; }
  Idle idle(State state);
  // Bytes of a shortest completion; kFar for the dead state.
  uint32_t distance(State state) const { return configurations_[state.id].distance; }

  // Drops everything except what these states need and renumbers them. All other states become invalid.
  void forget(std::span<State*> keep);
  bool overflowed() const { return overflowed_; }
  size_t size_bytes() const;
  const Network& network() const { return *network_; }

 private:
  // Who called: the call, which of its repetitions this is, and the stack below.
  struct Caller {
    uint32_t call = 0;
    uint32_t count = 1;
    uint32_t parent = 0;
    friend bool operator==(const Caller&, const Caller&) = default;
    friend auto operator<=>(const Caller&, const Caller&) = default;
  };
  struct Node {
    uint32_t begin = 0, size = 0;  // into callers_
    uint32_t distance = kFar;      // from the end of the called rule to the end of the text
  };
  struct Item {
    uint32_t state = 0;
    uint32_t node = 0;
    friend bool operator==(const Item&, const Item&) = default;
    friend auto operator<=>(const Item&, const Item&) = default;
  };
  struct Configuration {
    uint32_t begin = 0, size = 0;  // into items_
    uint32_t memo = UINT32_MAX;    // into memo_, a block of one entry per class
    uint32_t distance = kFar;
    bool complete = false;
  };
  // Ids by hash of what they stand for; open addressing, a power of two slots.
  struct IdTable {
    std::vector<uint32_t> slots;
    size_t used = 0;
    template <class Equal, class HashOf>
    uint32_t* find(uint64_t hash, const Equal& equal, const HashOf& hash_of);
  };
  // Remembers which keys were seen in this round.
  struct RoundSet {
    std::vector<std::pair<uint64_t, uint32_t>> slots;
    uint32_t round = 0;
    size_t used = 0;
    void begin();
    bool insert(uint64_t key);
    void place(uint64_t key);
  };

  uint32_t step(uint32_t configuration, uint32_t byte_class);
  void reach(uint32_t state, uint32_t node);
  void finish_rule(uint32_t node);
  void call(const NetworkCall& call, uint32_t index, uint32_t node);
  void add_caller(uint32_t rule, const Caller& caller);
  void enter_rules();
  void drop_dominated(std::vector<Caller>& callers) const;
  uint32_t distance_of(const Caller& caller) const;
  uint32_t intern_node(const std::vector<Caller>& callers);
  uint32_t intern_configuration();
  uint64_t hash_node(uint32_t id) const;
  uint64_t hash_configuration(uint32_t id) const;
  void clear();

  std::shared_ptr<const Network> network_;
  Limits limits_;
  State start_;
  bool overflowed_ = false;

  std::vector<Caller> callers_;
  std::vector<Node> nodes_;
  std::vector<Item> items_;
  std::vector<Configuration> configurations_;
  std::vector<uint32_t> memo_;
  IdTable node_ids_, configuration_ids_;

  // One step's working space.
  RoundSet seen_items_, seen_nodes_;
  std::vector<Item> open_, kept_;
  bool complete_ = false;
  std::vector<std::vector<Caller>> pending_;                  // per rule: who calls it at this place
  std::vector<std::pair<uint32_t, uint32_t>> pending_rules_;  // heap of (order, rule)
};

}  // namespace cadre::contract
