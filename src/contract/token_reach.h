// How far from the end each token leads: one walk of the vocabulary, from which the mask of every budget can be cut. And the tokens
// below one node.
//
// Neighbours in rank that lead equally far are one entry, so a string body costs a few. A Machine is one of contract/token_mask.h with
// `uint32_t distance(State)`. Thread safety: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "contract/token_mask.h"

namespace cadre::contract {

struct TokenReach {
  uint32_t distance = 0;
  RankInterval ranks;
};

// Of the tokens that `machine` takes from `start`. The machine's next() may also refuse what the caller does not want to hear about.
template <class Machine>
std::vector<TokenReach> token_reach(const Vocabulary& vocabulary, Machine& machine, typename Machine::State start) {
  std::vector<TokenReach> reach;
  std::vector<typename Machine::State> states(vocabulary.token_size_max() + 1);
  states[0] = start;
  for (uint32_t i = 1; i < vocabulary.nodes().size();) {
    const VocabularyNode& node = vocabulary.nodes()[i];
    const typename Machine::State state = machine.next(states[node.depth - 1u], node.byte);
    if (machine.dead(state)) {
      i = node.end;
      continue;
    }
    states[node.depth] = state;
    const RankInterval ranks{node.rank_low, vocabulary.trie().own_end(i)};
    ++i;
    if (ranks.low == ranks.high) continue;
    const uint32_t distance = machine.distance(state);
    if (!reach.empty() && reach.back().distance == distance && reach.back().ranks.high == ranks.low) {
      reach.back().ranks.high = ranks.high;
    } else {
      reach.push_back({distance, ranks});
    }
  }
  return reach;
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

inline TokenMask mask_within(const std::vector<TokenReach>& reach, uint32_t distance_max) {
  TokenMaskBuilder mask;
  for (const auto& [distance, ranks] : reach) {
    if (distance <= distance_max) mask.add(ranks.low, ranks.high);
  }
  return mask.finish();
}

}  // namespace cadre::contract
