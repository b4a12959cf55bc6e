// The walk behind token_mask.h. A depth-first pass over the flattened trie with one state per depth: no recursion, no allocation
// but the mask and one array of states.
//
// Where the start is idle on a set of bytes that the vocabulary has a cut for, only the edges are visited where tokens leave the set; for
// all others intervals lie ready. Cost at 128 k tokens: see bench/token_mask.cc.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
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

  TokenMask run(State start, const TokenWalkOptions& options) {
    if (machine_.dead(start)) return {};
    const Idle idle = machine_.idle(start);
    levels_[0] = {start, idle};
    if (idle.bytes != nullptr && idle.chars_left >= vocabulary_.below()[0].chars_max) {
      if (covers(idle, vocabulary_.below()[0])) {
        mask_.add(0, vocabulary_.ranks());
        return mask_.finish();
      }
      const VocabularyCut* cut = options.use_cut ? vocabulary_.cut(*idle.bytes, idle.utf8) : nullptr;
      if (cut != nullptr) {
        mask_.reserve(cut->inside.size() + 64);
        idle.stays ? visit_exits(*cut, start) : visit_steps(*cut);
        return mask_.finish();
      }
    }
    mask_.reserve(256);
    walk(1, vocabulary_.nodes()[0].end);
    return mask_.finish();
  }

 private:
  struct Level {
    State state;
    Idle idle;
  };

  bool covers(const Idle& idle, const VocabularyBelow& below) const {
    if (idle.bytes == nullptr || below.chars_max > idle.chars_left || (idle.utf8 && !below.utf8)) return false;
    return (vocabulary_.byte_sets()[below.byte_set] & ~*idle.bytes).none();
  }

  // The nodes [i, end), which are whole subtrees; the states above them are in levels_.
  void walk(uint32_t i, uint32_t end) {
    const VocabularyNode* nodes = vocabulary_.nodes().data();
    const VocabularyBelow* below = vocabulary_.below().data();
    while (i < end) {
      const VocabularyNode& n = nodes[i];
      const Level& above = levels_[n.depth - 1u];
      const State state = machine_.next(above.state, n.byte);
      if (machine_.dead(state)) {
        i = n.end;
        continue;
      }
      if (n.end == i + 1) {  // a leaf: most nodes are
        mask_.add(n.rank_low, n.rank_high);
        ++i;
        continue;
      }
      const Idle idle = state == above.state ? above.idle : machine_.idle(state);
      if (covers(idle, below[i])) {
        mask_.add(n.rank_low, n.rank_high);
        i = n.end;
        continue;
      }
      mask_.add(n.rank_low, vocabulary_.own_end(i));
      levels_[n.depth] = {state, idle};
      ++i;
    }
  }

  // The subtree of a node that `state` has read.
  void take(uint32_t node, State state) {
    const VocabularyNode& n = vocabulary_.nodes()[node];
    if (n.end > node + 1) {
      const Idle idle = machine_.idle(state);
      if (covers(idle, vocabulary_.below()[node])) {
        mask_.add(n.rank_low, n.rank_high);
        return;
      }
      levels_[n.depth] = {state, idle};
    }
    mask_.add(n.rank_low, vocabulary_.own_end(node));
    walk(node + 1, n.end);
  }

  void add_inside(const VocabularyCut& cut, uint32_t upto) {
    if (upto <= inside_) return;
    mask_.add_all(std::span(cut.inside).subspan(inside_, upto - inside_));
    inside_ = upto;
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
    for (const VocabularyCut::Step& step : cut.steps) {
      const State state = machine_.next(levels_[step.depth - 1u].state, nodes[step.node].byte);
      if (!step.is_exit) {
        levels_[step.depth].state = state;
      } else if (!machine_.dead(state)) {
        add_inside(cut, step.inside_before);
        take(step.node, state);
      }
    }
    add_inside(cut, static_cast<uint32_t>(cut.inside.size()));
  }

  const Vocabulary& vocabulary_;
  Machine& machine_;
  std::vector<Level> levels_;
  TokenMaskBuilder mask_;
  uint32_t inside_ = 0;  // how many intervals of the cut are in the mask
};

// The tokens whose bytes keep `state` alive. REQUIRES Machine as token_mask.h says.
template <class Machine>
TokenMask token_mask(const Vocabulary& vocabulary, Machine& machine, typename Machine::State state,
                     const TokenWalkOptions& options = {}) {
  return TokenWalk<Machine>(vocabulary, machine).run(state, options);
}

}  // namespace cadre::contract
