// The walk behind token_mask.h. A depth-first pass over a flattened trie with one state per depth: no recursion, no allocation but the mask
// and one array of states.
//
// What makes it fast where the vocabulary is large:
//   - A subtree that a state is idle on is one interval (Idle).
//   - A start that is idle on a set of bytes and has a cut of the vocabulary for it visits only the edges where tokens leave the set. Where the cut
//     knows what is left of those tokens, the walk is over the different rests alone: the thousands of tokens `...",` are one.
//   - A state that a walk from elsewhere runs into may know a state whose mask is at hand and that would be here as well after the same bytes
//     (Machine::reference): the rest of the subtree is copied from that mask.
// At 128 k tokens of Llama 3 a string body takes 3 us, one with a limit 19 us, digits 0.5 us (bench/token_mask.cc, one shared core).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "contract/token_mask.h"

namespace cadre::contract {

struct TokenWalkOptions {
  bool use_cut = true;  // off: as if the set had never been asked for, to measure
};

template <class Machine>
class TokenWalk {
 public:
  using State = typename Machine::State;

  TokenWalk(const Vocabulary& vocabulary, Machine& machine)
      : vocabulary_(vocabulary), machine_(machine), levels_(vocabulary.token_size_max() + 1) {}

  GuardedMask run(State start, const TokenWalkOptions& options) {
    if (machine_.dead(start)) return {};
    const Idle idle = machine_.idle(start);
    levels_[0] = {start, idle};
    if (covers(vocabulary_.trie(), 0, idle)) {
      add(start, 0, vocabulary_.ranks());
    } else if (const VocabularyCut* cut = options.use_cut ? cut_for(idle) : nullptr;
               cut == nullptr || (kReferences && !idle.stays && idle.chars_left == UINT32_MAX)) {
      mask_.reserve(256);
      walk(vocabulary_.trie(), 1, vocabulary_.nodes()[0].end);
    } else if (cut->rests != nullptr && long_.empty()) {
      return visit_rests(*cut);
    } else {
      mask_.reserve(cut->inside.size() + 64);
      idle.stays&& long_.empty() ? visit_exits(*cut, start) : visit_steps(*cut);
    }
    return {mask_.finish(), std::move(guarded_)};
  }

 private:
  struct Level {
    State state;
    Idle idle;
  };
  static constexpr bool kGuards = requires(Machine & machine, State state) { machine.guarded(state); };
  static constexpr bool kReferences = requires(Machine & machine, State state) {
    machine.reference(state, std::string_view(), uint32_t{0});
  };

  // Ranks whose tokens `state` has read.
  void add(State state, uint32_t low, uint32_t high) {
    if constexpr (kGuards) {
      if (machine_.guarded(state)) {
        for (uint32_t rank = low; rank < high; ++rank) guarded_.push_back(rank);
        return;
      }
    }
    mask_.add(low, high);
  }

  static bool covers(const TokenTrie& trie, uint32_t node, const Idle& idle) {
    const VocabularyBelow& below = trie.below[node];
    if (idle.bytes == nullptr || below.chars_max > idle.chars_left || (idle.utf8 && !below.utf8)) return false;
    return (trie.byte_sets[below.byte_set] & ~*idle.bytes).none();
  }

  // Tokens of more characters than the state vouches for are asked one by one; where those are many a plain walk is better.
  const VocabularyCut* cut_for(const Idle& idle) {
    if (idle.bytes == nullptr) return nullptr;
    if (idle.chars_left < vocabulary_.trie().below[0].chars_max) {
      if (idle.chars_left < Vocabulary::kLongTokenChars) return nullptr;
      long_ = vocabulary_.longer_than(idle.chars_left);
    }
    const CutKind with_rests = idle.escapes ? CutKind::kString : CutKind::kRests;
    return vocabulary_.cut(*idle.bytes, idle.utf8, idle.stays && idle.frequent ? with_rests : CutKind::kPlain);
  }

  // The nodes [i, end), which are whole subtrees; the states above them are in levels_.
  void walk(const TokenTrie& trie, uint32_t i, uint32_t end) {
    const VocabularyNode* nodes = trie.nodes.data();
    while (i < end) {
      const VocabularyNode& n = nodes[i];
      const Level& above = levels_[n.depth - 1u];
      const State state = machine_.next(above.state, n.byte);
      if (machine_.dead(state)) {
        i = n.end;
        continue;
      }
      if (n.end == i + 1) {  // a leaf: most nodes are
        add(state, n.rank_low, n.rank_high);
        ++i;
        continue;
      }
      const Idle idle = state == above.state ? above.idle : machine_.idle(state);
      if (covers(trie, i, idle)) {
        add(state, n.rank_low, n.rank_high);
        i = n.end;
        continue;
      }
      if (copies(trie, n, i, state)) {
        i = n.end;
        continue;
      }
      add(state, n.rank_low, trie.own_end(i));
      levels_[n.depth] = {state, idle};
      ++i;
    }
  }

  // Takes the subtree from a mask that is known to say the same of it, if there is one.
  bool copies([[maybe_unused]] const TokenTrie& trie, [[maybe_unused]] const VocabularyNode& n,
              [[maybe_unused]] uint32_t node, [[maybe_unused]] State state) {
    if constexpr (kReferences) {
      if (&trie != &vocabulary_.trie() || n.end - node < kReferenceNodesMin) return false;
      const auto path = vocabulary_.text_of_rank(n.rank_low).substr(0, n.depth);
      const auto same = machine_.reference(state, path, n.end - node);
      if (same == nullptr) return false;
      const std::vector<RankInterval>& intervals = same->certain.intervals;
      auto at = std::ranges::upper_bound(intervals, n.rank_low, {}, &RankInterval::high);
      for (; at != intervals.end() && at->low < n.rank_high; ++at)
        mask_.add(std::max(at->low, n.rank_low), std::min(at->high, n.rank_high));
      auto guarded = std::ranges::lower_bound(same->guarded, n.rank_low);
      for (; guarded != same->guarded.end() && *guarded < n.rank_high; ++guarded) guarded_.push_back(*guarded);
      return true;
    }
    return false;
  }

  // The subtree of a node that `state` has read.
  void take(uint32_t node, State state) {
    const TokenTrie& trie = vocabulary_.trie();
    const VocabularyNode& n = trie.nodes[node];
    if (n.end > node + 1) {
      const Idle idle = machine_.idle(state);
      if (covers(trie, node, idle)) return add(state, n.rank_low, n.rank_high);
      if (copies(trie, n, node, state)) return;
      levels_[n.depth] = {state, idle};
    }
    add(state, n.rank_low, trie.own_end(node));
    walk(trie, node + 1, n.end);
  }

  // Adds the intervals of the cut up to `upto`, but for long tokens that the machine refuses.
  void add_inside(const VocabularyCut& cut, uint32_t upto) {
    if (upto <= inside_) return;
    const auto intervals = std::span(cut.inside).subspan(inside_, upto - inside_);
    inside_ = upto;
    skip_long(intervals.front().low);
    if (next_long_ == long_.size() || long_[next_long_] >= intervals.back().high) return mask_.add_all(intervals);
    for (const auto& [low, high] : intervals) {
      uint32_t from = low;
      for (skip_long(low); next_long_ < long_.size() && long_[next_long_] < high; ++next_long_) {
        if (is_allowed(long_[next_long_])) continue;
        mask_.add(from, long_[next_long_]);
        from = long_[next_long_] + 1;
      }
      mask_.add(from, high);
    }
  }

  void skip_long(uint32_t rank) {
    while (next_long_ < long_.size() && long_[next_long_] < rank) ++next_long_;
  }

  bool is_allowed(uint32_t rank) {
    State state = levels_[0].state;
    for (const char c : vocabulary_.text_of_rank(rank)) {
      state = machine_.next(state, static_cast<uint8_t>(c));
      if (machine_.dead(state)) return false;
    }
    return true;
  }

  // The start stays the same along the set, so every exit begins there.
  void visit_exits(const VocabularyCut& cut, State start) {
    std::vector<State> after(256, start);  // by byte, once asked
    std::array<uint8_t, 256> known{};      // 0: not asked, 1: alive, 2: dead
    const VocabularyNode* nodes = vocabulary_.nodes().data();
    for (const VocabularyCut::Step& exit : cut.exits) {
      const VocabularyNode& n = nodes[exit.node];
      State state = start;
      if (exit.from + 1 == exit.depth) {
        if (known[n.byte] == 0) {
          after[n.byte] = machine_.next(start, n.byte);
          known[n.byte] = machine_.dead(after[n.byte]) ? 2 : 1;
        }
        if (known[n.byte] == 2) continue;
        state = after[n.byte];
      } else {
        const std::string_view text = vocabulary_.text_of_rank(n.rank_low);
        for (size_t at = exit.from; at < exit.depth && !machine_.dead(state); ++at) {
          state = machine_.next(state, static_cast<uint8_t>(text[at]));
        }
        if (machine_.dead(state)) continue;
      }
      add_inside(cut, exit.inside_before);
      take(exit.node, state);
    }
    add_inside(cut, static_cast<uint32_t>(cut.inside.size()));
  }

  // The start changes on the way, say because it counts: the nodes above exits are read as well.
  void visit_steps(const VocabularyCut& cut) {
    const VocabularyNode* nodes = vocabulary_.nodes().data();
    uint32_t dead_depth = UINT32_MAX;  // what is deeper lies below a dead node
    for (const VocabularyCut::Step& step : cut.steps) {
      if (step.depth > dead_depth) continue;
      dead_depth = UINT32_MAX;
      const State state = machine_.next(levels_[step.depth - 1u].state, nodes[step.node].byte);
      if (machine_.dead(state)) {
        if (!step.is_exit) dead_depth = step.depth;
      } else if (!step.is_exit) {
        levels_[step.depth].state = state;
      } else {
        add_inside(cut, step.inside_before);
        take(step.node, state);
      }
    }
    add_inside(cut, static_cast<uint32_t>(cut.inside.size()));
  }

  // The start stays the same along the set, so a token is allowed if what is left of it after the set is.
  GuardedMask visit_rests(const VocabularyCut& cut) {
    const VocabularyRests& rests = *cut.rests;
    walk(rests.trie, 1, rests.trie.nodes[0].end);
    std::vector<uint64_t> allowed((vocabulary_.ranks() + 63) / 64);  // a bit per rank
    const TokenMask certain = mask_.finish();
    for (const auto& [low, high] : certain.intervals) {
      for (const uint32_t token : rests.tokens_between(low, high)) allowed[token / 64] |= uint64_t{1} << (token % 64);
    }
    GuardedMask result;
    for (const uint32_t rest : guarded_) {
      const auto tokens = rests.tokens_between(rest, rest + 1);
      result.guarded.insert(result.guarded.end(), tokens.begin(), tokens.end());
    }
    std::ranges::sort(result.guarded);
    result.certain = unite(cut.inside, allowed);
    return result;
  }

  static constexpr uint32_t kReferenceNodesMin = 8;  // less is walked as fast as it is looked up

  const Vocabulary& vocabulary_;
  Machine& machine_;
  std::vector<Level> levels_;
  TokenMaskBuilder mask_;
  std::vector<uint32_t> guarded_;
  uint32_t inside_ = 0;  // how many intervals of the cut are in the mask
  std::span<const uint32_t> long_;
  size_t next_long_ = 0;
};

// The tokens whose bytes keep `state` alive. REQUIRES Machine as token_mask.h says.
template <class Machine>
GuardedMask guarded_token_mask(const Vocabulary& vocabulary, Machine& machine, typename Machine::State state,
                               const TokenWalkOptions& options = {}) {
  return TokenWalk<Machine>(vocabulary, machine).run(state, options);
}
template <class Machine>
TokenMask token_mask(const Vocabulary& vocabulary, Machine& machine, typename Machine::State state,
                     const TokenWalkOptions& options = {}) {
  return guarded_token_mask(vocabulary, machine, state, options).certain;
}

}  // namespace cadre::contract
