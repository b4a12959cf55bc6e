// Vocabularies for tests, and a mask by trying every token.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "contract/test_languages.h"
#include "contract/token_mask.h"
#include "contract/vocabulary_utf8.h"

namespace cadre::contract::test {

// Tokens over few characters and quotes, so that many share prefixes: doubles, halves of characters, bytes that are never UTF-8,
// empty ones. The last id is the end of sequence.
inline std::shared_ptr<const Vocabulary> random_vocabulary(base::Random& random, size_t size) {
  std::vector<std::string> tokens;
  if (random.below(2) == 0) {
    for (int byte = 0; byte < 256; ++byte) tokens.emplace_back(1, static_cast<char>(byte));
  }
  while (tokens.size() < size) {
    std::u32string text;
    for (uint64_t i = random.below(random.below(8) == 0 ? 24 : 6); i > 0; --i) {
      text.push_back(random.below(4) == 0 ? U"\"\\,}\n "[random.below(6)]
                                          : kAlphabet[random.below(std::size(kAlphabet))]);
    }
    std::string bytes = utf8(text);
    if (random.below(6) == 0 && !bytes.empty()) bytes = bytes.substr(random.below(bytes.size()));
    if (random.below(6) == 0 && !bytes.empty()) bytes.resize(random.below(bytes.size()) + 1);
    if (random.below(40) == 0) bytes.push_back(static_cast<char>(0x80 + random.below(128)));
    tokens.push_back(bytes);
  }
  tokens.emplace_back("<end>");
  tokens.emplace_back("a");  // one more with text, in case all were empty
  return Vocabulary::build(tokens, static_cast<uint32_t>(tokens.size() - 2)).value();
}

template <class Machine>
TokenMask mask_by_trying(const Vocabulary& vocabulary, Machine& machine, typename Machine::State start) {
  TokenMaskBuilder mask;
  for (uint32_t rank = 0; rank < vocabulary.ranks(); ++rank) {
    auto state = start;
    bool alive = !machine.dead(state);
    for (const char c : vocabulary.text_of_rank(rank)) {
      if (!alive) break;
      state = machine.next(state, static_cast<uint8_t>(c));
      alive = !machine.dead(state);
    }
    if (alive) mask.add(rank, rank + 1);
  }
  return mask.finish();
}

// The inside of a JSON string, up to a quote and what may come then; `chars_max` characters at most. Knows UTF-8.
class StringMachine {
 public:
  enum class Place : uint8_t { kText, kEscape, kAfter, kDead };
  struct State {
    Place place = Place::kText;
    uint8_t utf8 = kUtf8Boundary;
    uint32_t chars_left = 0;
    friend bool operator==(const State&, const State&) = default;
  };
  static constexpr uint32_t kNoLimit = UINT32_MAX;

  explicit StringMachine(bool ascii_only = false, bool frequent = false)
      : ascii_only_(ascii_only), frequent_(frequent) {
    for (size_t byte = 0x20; byte <= (ascii_only ? 0x7Fu : 0xF4u); ++byte) plain_.set(byte);
    plain_.reset('"').reset('\\').reset(0xC0).reset(0xC1);
  }
  State start(uint32_t chars_max = kNoLimit) const { return {Place::kText, kUtf8Boundary, chars_max}; }
  const ByteSet& plain() const { return plain_; }

  State next(State s, uint8_t byte) const {
    constexpr State kDeadState = {Place::kDead, 0, 0};
    switch (s.place) {
      case Place::kText: {
        const bool is_character = s.utf8 == kUtf8Boundary;
        if (byte == '"' && is_character) return {Place::kAfter, 0, 0};
        if (byte == '\\' && is_character && s.chars_left > 0) return {Place::kEscape, 0, counted(s.chars_left)};
        const uint8_t utf8 = next_utf8_state(s.utf8, byte);
        if (!plain_[byte] || utf8 == kUtf8Bad || (is_character && s.chars_left == 0)) return kDeadState;
        return {Place::kText, utf8, is_character ? counted(s.chars_left) : s.chars_left};
      }
      case Place::kEscape:
        return byte == 'n' || byte == '"' || byte == '\\' ? State{Place::kText, kUtf8Boundary, s.chars_left}
                                                          : kDeadState;
      case Place::kAfter:
        return byte == ',' || byte == '}' || byte == ' ' ? s : kDeadState;
      default:
        return kDeadState;
    }
  }
  bool dead(const State& s) const { return s.place == Place::kDead; }
  Idle idle(const State& s) const {
    if (s.place != Place::kText || s.utf8 != kUtf8Boundary) return {};
    const bool stays = s.chars_left == kNoLimit;
    return {&plain_, !ascii_only_, s.chars_left, stays, stays && frequent_};
  }

 private:
  static uint32_t counted(uint32_t left) { return left == kNoLimit ? left : left - 1; }
  bool ascii_only_, frequent_;
  ByteSet plain_;
};

}  // namespace cadre::contract::test
