// A regular language as a machine for token masks: a state is a language, dead when nothing is left in it.
//
// For a language whose nonempty() gave up the answer is dead: a mask never promises what nobody found.
// The machine does not look at the form of UTF-8 inside kEverything and length(): tokens with half characters pass there, as
// LanguageTable says. Thread safety: none; it memoises in the table.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <deque>
#include <vector>

#include "contract/language.h"
#include "contract/token_mask.h"

namespace cadre::contract {

class LanguageMachine {
 public:
  using State = Language;

  explicit LanguageMachine(LanguageTable& table) : table_(table) {}

  State next(State state, uint8_t byte) { return table_.derivative(state, byte); }

  bool dead(State state) const {
    if (state == LanguageTable::kNothing) return true;
    if (state < known_.size() && known_[state].liveness != 0) return known_[state].liveness == 2;
    Known& known = at(state);
    known.liveness = table_.nonempty(state) == true ? 1 : 2;
    return known.liveness == 2;
  }

  Idle idle(State state) {
    Known& known = at(state);
    if (!known.has_idle) {
      const FreeText free = table_.free_text(state);
      known.has_idle = true;
      if (free.bytes.any()) {
        free_.push_back(free.bytes);
        known.idle = {&free_.back(), true, static_cast<uint32_t>(std::min<uint64_t>(free.chars_max, UINT32_MAX)),
                      free.stays};
      }
    }
    return known.idle;
  }

 private:
  struct Known {
    uint8_t liveness = 0;  // 0: not asked, 1: alive, 2: dead
    bool has_idle = false;
    Idle idle;
  };

  Known& at(State state) const {
    if (state >= known_.size()) known_.resize(std::max<size_t>(state + 1, known_.size() * 2));
    return known_[state];
  }

  LanguageTable& table_;
  mutable std::vector<Known> known_;  // [states]
  std::deque<ByteSet> free_;
};

}  // namespace cadre::contract
