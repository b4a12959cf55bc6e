// A compiled grammar: the automata of all rules in one table, without left recursion and without dead ends.
//
// Promises: every state lies on a path to the end of its rule and every called rule derives something, so each
// configuration of the machine that runs it (contract/grammar_machine.h) has a completion. Left recursion of every
// kind (direct, through other rules, behind nullable parts) is turned into iteration; the language is kept exactly.
// Bounded repetitions are calls with a counter unless unrolling is small. Rules that do not recurse are inlined while
// that is small.
// Refused with the rule's name: undefined rules, rules that derive nothing at all, and grammars over the limits.
// A rule that only the root cannot reach is checked for undefined names and otherwise left out.
// Source: left-corner transform (Rosenkrantz and Lewis 1970) on automata: after a rule ends, go on behind each
// left-most call of it.
// Thread safety: immutable after compile.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "contract/grammar.h"

namespace cadre::contract {

inline constexpr uint32_t kFar = UINT32_MAX;  // no way to the end

// Of distances: what lies behind no way to the end stays there.
inline uint32_t plus_distance(uint32_t a, uint64_t b) {
  return a == kFar || b >= kFar ? kFar : static_cast<uint32_t>(std::min<uint64_t>(a + b, kFar - 1));
}

struct NetworkCall {
  uint32_t rule = 0;           // index into Network::rules
  uint32_t low = 1, high = 1;  // so many times; low >= 1, high may be kUnbounded
  uint32_t target = 0;         // state after the last of them
  uint32_t distance = kFar;    // of the target
  bool tail = false;  // nothing can follow in this rule: low == high == 1 and the target is final without edges
};

struct NetworkState {
  uint32_t moves_begin = 0, moves_end = 0;  // into Network::moves
  uint32_t calls_begin = 0, calls_end = 0;  // into Network::calls
  uint32_t distance = kFar;                 // bytes to the end of the rule, at least
  bool final = false;
  // Any text of these bytes leads back here; with `idle_utf8`, bytes >= 0x80 as well-formed characters do too.
  uint32_t idle = UINT32_MAX;  // into Network::byte_sets
  bool idle_utf8 = false;
};

struct NetworkMove {
  uint32_t byte_class = 0;
  uint32_t target = 0;
};

struct NetworkRule {
  uint32_t start = 0;
  uint32_t distance = kFar;
  uint32_t order = 0;  // a rule called at the very start of another one has the greater order
  // The rule is one character out of a set: its ASCII part as an index into byte_sets, and whether all others are in.
  uint32_t one_character = UINT32_MAX;
  bool one_character_utf8 = false;
};

struct Network {
  std::array<uint8_t, 256> class_of{};
  uint32_t classes = 0;
  std::vector<NetworkState> states;
  std::vector<NetworkMove> moves;  // per state sorted by class
  std::vector<NetworkCall> calls;
  std::vector<NetworkRule> rules;
  std::vector<ByteSet> byte_sets;
  uint32_t root = 0;
  bool root_is_empty = false;  // nothing but the empty string: `root` does not count
  bool accepts_empty = false;

  size_t size_bytes() const;
};

struct GrammarLimits {
  size_t states_max = 1'000'000;
  uint32_t inline_states_max = 200;  // of a rule; 0 inlines nothing
  uint32_t unroll_states_max = 48;   // of a bounded repetition; 0 counts them all
};

Result<std::shared_ptr<const Network>> compile_grammar(const Grammar& grammar, const GrammarLimits& limits = {});

}  // namespace cadre::contract
