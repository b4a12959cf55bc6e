// Which strings are copies out of a text, as a nondeterministic automaton over bytes: its places are places of the text.
//
// What is written begins at the beginning of a unit of the source (value_origins.h), follows the source, and may end at the end of a unit. A set of
// places is all that is left of what was written so far, so strings with the same sets are one state: LanguageTable builds the deterministic
// automaton as it is walked, which is the suffix automaton of the source cut down to whole units. Places from which no end can be reached are
// never returned, so every set but the empty one is alive. Where an end is and what it costs to get there is looked up, not searched.
// Sources lie behind one another, with a byte between them that no text has.
// Cost: building is linear (about 8 ns per byte); the steps are O(1), the endings O(log n) per place. Memory: 17 bytes per byte of text and up.
// Limits: places x (words counted + 1) fit into 32 bits, else Error kLimit.
// Thread safety: immutable. Idea: suffix automata as in Blumer et al. 1985 (equal sets of end positions are one state).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bitset>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "contract/value_origins.h"

namespace cadre::contract {

class CopyAutomaton {
 public:
  using Place =
      uint32_t;  // node * counts + words so far; nodes from the size of the text on are inside a letter in another case

  static Result<std::shared_ptr<const CopyAutomaton>> make(std::span<const std::string_view> sources,
                                                           const CopyRule& rule);

  // Places after the first byte; in order.
  std::span<const Place> begin(uint8_t byte) const {
    return std::span(first_places_).subspan(first_begins_[byte], first_begins_[byte + 1u] - first_begins_[byte]);
  }
  // Appends where a place leads to.
  void next(Place place, uint8_t byte, std::vector<Place>& places) const;
  // Marks the bytes that may lead on.
  void add_bytes(Place place, std::bitset<256>& bytes) const;
  bool accepts(Place place) const;

  struct Bounds {
    uint64_t chars_low = 0, chars_high = UINT64_MAX;  // of what is still to be written
    bool only_writable = false;                       // no control characters without a short escape
  };
  // The bytes to the nearest end within the bounds, written as canonical JSON (a control character that needs \u: six); nullopt if
  // there is none. Letters are taken as they stand in the source.
  std::optional<uint32_t> cost_to_end(Place place, const Bounds& bounds) const;
  // The same from before the first byte.
  std::optional<uint32_t> cost_from_start(const Bounds& bounds) const;

 private:
  struct Detour {  // inside a letter in another case
    uint8_t byte = 0;
    uint32_t next = 0;  // node
  };
  struct Branch {  // off the text at a letter
    uint32_t node = 0;
    Detour first;
  };
  struct Marks;

  CopyAutomaton(const CopyRule& rule)
      : fold_case_(rule.fold_case), words_min_(rule.words_min), words_max_(rule.words_max) {}
  void add_source(std::string_view source, const CopyRule& rule);
  void add_text(std::string_view source, bool fold_space, Marks& marks);
  void add_letter_cases();
  void measure();
  void find_first_steps();
  bool counts_words() const { return words_cap_ > 0; }
  Place place_of(uint32_t node, uint32_t words) const { return node * (words_cap_ + 1) + words; }
  std::span<const Branch> branches_at(uint32_t node) const;
  // Appends the place after the byte that leads from `node` to `next`, if an end can be reached from there.
  void step(uint32_t node, uint32_t words, uint32_t next, std::vector<Place>& places) const;
  template <class Take>
  void steps_of(uint32_t node, const Take& take) const;
  std::optional<uint32_t> end_from(uint32_t position, uint32_t words, const Bounds& bounds, bool beyond) const;
  size_t source_at(uint32_t position) const;
  uint32_t text_position(uint32_t node, uint32_t* bytes) const;

  bool fold_case_;
  uint32_t words_min_, words_max_;
  uint32_t words_cap_ = 0;  // words are counted up to here
  std::string text_;
  std::vector<uint32_t> source_ends_, last_ends_;  // of each source; of the last unit in it
  std::vector<uint32_t> starts_, ends_;            // of units, in order
  std::vector<bool> is_end_;                       // [text + 1]
  std::vector<uint32_t> word_starts_;              // of counted words, where they are counted
  std::vector<uint32_t> words_before_;             // [text + 1] the same, summed up
  std::vector<uint32_t> chars_before_;             // [text + 1]
  std::vector<uint32_t> cost_before_;              // [text + 1]
  std::vector<uint32_t> unwritable_;               // positions
  std::vector<Branch> branches_;                   // by node
  std::vector<Detour> detours_;                    // [nodes past the text]
  std::vector<Place> first_places_;                // by byte
  std::array<uint32_t, 257> first_begins_{};
};

}  // namespace cadre::contract
