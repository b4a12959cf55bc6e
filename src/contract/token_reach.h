// How far from the end each token leads: one walk of the vocabulary, from which the mask of every budget can be cut. And the tokens
// below one node.
//
// Neighbours in rank that lead equally far are one entry, so a string body costs a few. A Machine is one of contract/token_mask.h with
//     Reach reach(State);   // how far a token leads that ends here; comparable
// A subtree along which the state stays the same is taken whole if none of its tokens ends within a character. Thread safety: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>
#include <vector>

#include "contract/token_mask.h"

namespace cadre::contract {

template <class Reach>
struct TokenReach {
  Reach reach;
  RankInterval ranks;
};

// Does every token below the node lead back to a state that is idle like this?
inline bool stays_below(const TokenTrie& trie, uint32_t node, const Idle& idle) {
  if (!idle.stays || idle.bytes == nullptr) return false;
  const VocabularyBelow& below = trie.below[node];
  return (!idle.utf8 || (below.utf8 && below.whole)) && (trie.byte_sets[below.byte_set] & ~*idle.bytes).none();
}

// Of the tokens that `machine` takes from `start`. The machine's next() may also refuse what the caller does not want to hear about.
template <class Machine>
auto token_reach(const Vocabulary& vocabulary, Machine& machine, typename Machine::State start) {
  using Reach = decltype(machine.reach(start));
  const TokenTrie& trie = vocabulary.trie();
  std::vector<TokenReach<Reach>> result;
  std::vector<typename Machine::State> states(vocabulary.token_size_max() + 1);
  states[0] = start;
  for (uint32_t i = 1; i < trie.nodes.size();) {
    const VocabularyNode& node = trie.nodes[i];
    const typename Machine::State state = machine.next(states[node.depth - 1u], node.byte);
    if (machine.dead(state)) {
      i = node.end;
      continue;
    }
    states[node.depth] = state;
    const bool whole = node.end > i + 1 && stays_below(trie, i, machine.idle(state));
    const RankInterval ranks{node.rank_low, whole ? node.rank_high : trie.own_end(i)};
    i = whole ? node.end : i + 1;
    if (ranks.low == ranks.high) continue;
    Reach reach = machine.reach(state);
    if (!result.empty() && result.back().reach == reach && result.back().ranks.high == ranks.low) {
      result.back().ranks.high = ranks.high;
    } else {
      result.push_back({std::move(reach), ranks});
    }
  }
  return result;
}

// The first ranks of the sub-tree below `node` that the machine takes, if it is in `start` there.
template <class Machine>
std::vector<uint32_t> first_ranks_below(const Vocabulary& vocabulary, Machine& machine, uint32_t node,
                                        typename Machine::State start, size_t count_max) {
  std::vector<uint32_t> ranks;
  const auto nodes = vocabulary.nodes();
  std::vector<typename Machine::State> states(vocabulary.token_size_max() + 1);
  states[nodes[node].depth] = start;
  for (uint32_t i = node + 1; i < nodes[node].end && ranks.size() < count_max;) {
    const typename Machine::State state = machine.next(states[nodes[i].depth - 1u], nodes[i].byte);
    if (machine.dead(state)) {
      i = nodes[i].end;
      continue;
    }
    if (nodes[i].own_tokens > 0) ranks.push_back(nodes[i].rank_low);
    states[nodes[i].depth] = state;
    ++i;
  }
  return ranks;
}

inline TokenMask mask_within(const std::vector<TokenReach<uint32_t>>& reach, uint32_t distance_max) {
  TokenMaskBuilder mask;
  for (const auto& [distance, ranks] : reach) {
    if (distance <= distance_max) mask.add(ranks.low, ranks.high);
  }
  return mask.finish();
}

}  // namespace cadre::contract
