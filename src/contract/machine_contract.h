// A contract over a machine whose state is a number that says everything: grammars, regular expressions, SQL.
//
// Locks, remembers masks per state and vocabulary, and cuts masks to budgets. A Machine is one of contract/token_mask.h whose State is
// {uint32_t id} and that has, besides,
//     State start();  bool complete(State);  uint32_t distance(State);  std::string problem();  size_t size();
//     bool bounded() const;                        // is distance() known?
// Thread safety: as Contract says.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "contract/contract.h"
#include "contract/token_reach.h"

namespace cadre::contract {

template <class Machine>
class MachineContract : public Contract {
 public:
  explicit MachineContract(Machine machine) : machine_(std::move(machine)) {}

  State start() override {
    const std::lock_guard lock(mutex_);
    return {machine_.start().id, nullptr};
  }

  bool read(State& state, std::string_view bytes) override {
    const std::lock_guard lock(mutex_);
    Inner inner = inner_of(state);
    for (const char byte : bytes) {
      inner = machine_.next(inner, static_cast<uint8_t>(byte));
      if (machine_.dead(inner)) return false;
    }
    state.id = inner.id;
    return true;
  }

  bool complete(const State& state) override {
    const std::lock_guard lock(mutex_);
    return machine_.complete(inner_of(state));
  }

  bool bounded() const override { return machine_.bounded(); }

  uint32_t distance(const State& state) override {
    const std::lock_guard lock(mutex_);
    return machine_.distance(inner_of(state));
  }

  std::shared_ptr<const TokenMask> mask(const std::shared_ptr<const Vocabulary>& vocabulary, const State& state,
                                        uint32_t distance_max) override {
    const std::lock_guard lock(mutex_);
    Masks& masks = masks_of(vocabulary);
    if (masks.size_bytes > kMaskCacheSizeBytesMax) {
      masks.exact.clear();
      masks.reach.clear();
      masks.size_bytes = 0;
    }
    if (distance_max != kNoBudget) {
      return std::make_shared<const TokenMask>(mask_within(reach(masks, state), distance_max));
    }
    auto& known = masks.exact[state.id];
    if (known == nullptr) {
      known = std::make_shared<const TokenMask>(token_mask(*vocabulary, machine_, inner_of(state)));
      masks.size_bytes += 160 + known->intervals.size() * sizeof(RankInterval);
    }
    return known;
  }

  std::string forced(const State& state, size_t size_max) override {
    const std::lock_guard lock(mutex_);
    std::string forced;
    for (Inner inner = inner_of(state); !machine_.complete(inner) && forced.size() < size_max;) {
      int ways = 0;
      Inner only{};
      for (int byte = 0; byte < 256 && ways < 2; ++byte) {
        const Inner next = machine_.next(inner, static_cast<uint8_t>(byte));
        if (machine_.dead(next)) continue;
        if (++ways == 1) forced.push_back(static_cast<char>(byte));
        only = next;
      }
      if (ways != 1) {
        if (ways > 1) forced.pop_back();
        break;
      }
      inner = only;
    }
    return forced;
  }

  std::vector<uint32_t> ranks_below(const Vocabulary& vocabulary, const State& state, uint32_t node,
                                    size_t count_max) override {
    const std::lock_guard lock(mutex_);
    return first_ranks_below(vocabulary, machine_, node, inner_of(state), count_max);
  }

  size_t size() override {
    const std::lock_guard lock(mutex_);
    return machine_.size();
  }

  std::string problem() override {
    const std::lock_guard lock(mutex_);
    return machine_.problem();
  }

 private:
  using Inner = typename Machine::State;
  struct Masks {  // of one vocabulary, per state
    std::shared_ptr<const Vocabulary> vocabulary;
    std::unordered_map<uint64_t, std::shared_ptr<const TokenMask>> exact;
    std::unordered_map<uint64_t, std::vector<TokenReach<uint32_t>>> reach;
    size_t size_bytes = 0;
  };

  static Inner inner_of(const State& state) { return Inner{static_cast<uint32_t>(state.id)}; }

  Masks& masks_of(const std::shared_ptr<const Vocabulary>& vocabulary) {
    for (Masks& masks : masks_) {
      if (masks.vocabulary == vocabulary) return masks;
    }
    masks_.emplace_back();
    masks_.back().vocabulary = vocabulary;
    return masks_.back();
  }

  struct ReachMachine {
    using State = Inner;
    Machine& machine;
    State next(State state, uint8_t byte) { return machine.next(state, byte); }
    bool dead(State state) const { return machine.dead(state); }
    Idle idle(State state) { return machine.idle(state); }
    uint32_t reach(State state) { return machine.distance(state); }
  };

  const std::vector<TokenReach<uint32_t>>& reach(Masks& masks, const State& state) {
    const auto [found, fresh] = masks.reach.try_emplace(state.id);
    if (fresh) {
      ReachMachine machine{machine_};
      found->second = token_reach(*masks.vocabulary, machine, inner_of(state));
      masks.size_bytes += 64 + found->second.size() * sizeof(TokenReach<uint32_t>);
    }
    return found->second;
  }

  std::mutex mutex_;  // guards all that follows
  Machine machine_;
  std::vector<Masks> masks_;
};

}  // namespace cadre::contract
