// Which tokens may come next: the walk of a vocabulary's trie along a machine that reads bytes.
//
// A Machine is anything with
//     struct State;                                // cheap to copy, compares equal when it behaves equally
//     State next(State, uint8_t byte);             // may memoise inside; dead when the byte is refused
//     bool dead(State) const;
//     Idle idle(State);                            // what keeps this state alive, see below
// The walk is exact: a token is allowed iff feeding its bytes never meets a dead state. `Idle` makes it fast: a state may say
// "every text made of these bytes, of at most that many characters, keeps me alive" and whole subtrees are taken as one interval.
// Masks are intervals of ranks; the end-of-sequence token is not in them (a machine that is complete allows it besides).
// Thread safety: as the machine's.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "contract/vocabulary.h"

namespace cadre::contract {

struct Idle {
  const ByteSet* bytes = nullptr;   // null: nothing is known, walk
  bool utf8 = false;                // bytes >= 0x80 in `bytes` count only as part of well-formed UTF-8
  uint32_t chars_left = UINT32_MAX;  // and only this many characters
};

struct RankInterval {
  uint32_t low = 0, high = 0;  // [low, high)
  friend bool operator==(const RankInterval&, const RankInterval&) = default;
};

struct TokenMask {
  std::vector<RankInterval> intervals;  // sorted, disjoint, not adjacent
  uint32_t count = 0;                   // tokens in them
  bool allows(uint32_t rank) const;
  // Bit (rank) set for each allowed token; `bits` has at least (ranks + 63) / 64 words and is overwritten.
  void fill_bits(std::span<uint64_t> bits) const;
};

}  // namespace cadre::contract

#include "contract/token_walk.h"  // template <class Machine> TokenMask token_mask(const Vocabulary&, Machine&, Machine::State)
