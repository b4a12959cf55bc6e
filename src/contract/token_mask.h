// Which tokens may come next: the walk of a vocabulary's trie along a machine that reads bytes.
//
// A Machine is anything with
//     struct State;                                // cheap to copy, compares equal only when it behaves equally
//     State next(State, uint8_t byte);             // may memoise inside; dead when the byte is refused
//     bool dead(State) const;
//     Idle idle(State);                            // what keeps this state alive, see below; cheap
// and may also have
//     bool guarded(State) const;                   // alive, but somebody else has the last word on tokens that lead here and beyond
//     const GuardedMask* reference(State, std::string_view path, uint32_t nodes);
//                                                  // the mask of a state that `path` leads to this State as well, unguarded; null: none at hand,
//                                                  // or not worth finding for a subtree of so many nodes. Must live until the walk ends
// The walk is exact: a token is allowed iff feeding its bytes never meets a dead state. `Idle` makes it fast: a state may say
// "every text made of these bytes, of at most that many characters, keeps me alive" and whole subtrees are taken as one interval.
// Masks are intervals of ranks; the end-of-sequence token is not in them (a machine that is complete allows it besides).
// Thread safety: as the machine's.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "contract/vocabulary.h"

namespace cadre::contract {

struct Idle {
  const ByteSet* bytes = nullptr;    // null: nothing is known, walk. Must live until the walk ends
  bool utf8 = false;                 // bytes >= 0x80 in `bytes` count only as part of well-formed UTF-8, from here on
  uint32_t chars_left = UINT32_MAX;  // and only this many characters
  bool stays = false;                // each of these bytes (with utf8: whole characters) leads back to this very state
  bool frequent = false;             // many states are idle on this very set, so an index of what follows it pays
  bool escapes = false;              // the bytes are those of a JSON string, and its escapes lead back as well
};

struct TokenMask {
  std::vector<RankInterval> intervals;  // sorted, disjoint, not adjacent
  uint32_t count = 0;                   // tokens in them

  bool allows(uint32_t rank) const;
  // The only token, if there is exactly one.
  std::optional<uint32_t> single() const;
  // Bit (rank) set for each allowed token; `bits` has at least (ranks + 63) / 64 words and is overwritten.
  void fill_bits(std::span<uint64_t> bits) const;
  friend bool operator==(const TokenMask&, const TokenMask&) = default;
};

// What a walk finds: the tokens that are allowed, and those that somebody else has to confirm.
struct GuardedMask {
  TokenMask certain;
  std::vector<uint32_t> guarded;  // ranks, in order
};

TokenMask unite(const TokenMask& a, const TokenMask& b);
// The same of sorted intervals and of bits, one per rank, that have nothing in common.
TokenMask unite(std::span<const RankInterval> intervals, std::span<const uint64_t> bits);

// Builds a mask from intervals that come in order: joins those that touch.
class TokenMaskBuilder {
 public:
  void add(uint32_t low, uint32_t high) {
    if (low == high) return;
    if (!mask_.intervals.empty() && mask_.intervals.back().high == low) {
      mask_.intervals.back().high = high;
    } else {
      mask_.intervals.push_back({low, high});
    }
  }
  // Many that do not touch each other.
  void add_all(std::span<const RankInterval> intervals) {
    if (intervals.empty()) return;
    add(intervals[0].low, intervals[0].high);
    mask_.intervals.insert(mask_.intervals.end(), intervals.begin() + 1, intervals.end());
  }
  void reserve(size_t intervals) { mask_.intervals.reserve(intervals); }
  TokenMask finish() {
    for (const RankInterval& i : mask_.intervals) mask_.count += i.high - i.low;
    return std::move(mask_);
  }

 private:
  TokenMask mask_;
};

}  // namespace cadre::contract

#include "contract/token_walk.h"  // template <class Machine> TokenMask token_mask(const Vocabulary&, Machine&, Machine::State)
