// The tokens of a model as bytes, sorted, in a trie whose every subtree is one interval of ranks.
//
// rank = position in byte order; `id_of(rank)` and `rank_of(id)` translate. A mask is a list of rank intervals, so a subtree that is
// allowed as a whole costs one interval (contract/token_trie.h).
// Special tokens (end of sequence, control) carry no text and have no place in the trie, nor have tokens whose text is empty: a model
// could write those for ever. Several ids with the same bytes share a trie leaf. Refused: a vocabulary without any text, more than
// kTokensMax tokens, a token over kTokenSizeBytesMax bytes, special ids that do not exist.
// Thread safety: immutable after build, but for a memo of cuts behind a lock.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "contract/token_trie.h"

namespace cadre::contract {

inline constexpr size_t kTokensMax = 1 << 20;
inline constexpr size_t kTokenSizeBytesMax = 1024;
inline constexpr uint32_t kNoToken = UINT32_MAX;

struct RankInterval {
  uint32_t low = 0, high = 0;  // [low, high)
  friend bool operator==(const RankInterval&, const RankInterval&) = default;
};

// What is left of the tokens after the bytes of a set: tokens that go on alike after it, `",` say, are one string here.
struct VocabularyRests {
  TokenTrie trie;                    // of the different rests
  std::vector<uint32_t> tokens;      // ranks of tokens, rest by rest
  std::vector<uint32_t> tokens_end;  // [rests] where in `tokens` those of a rest end

  // Of the rests [low, high).
  std::span<const uint32_t> tokens_between(uint32_t low, uint32_t high) const {
    const uint32_t begin = low == 0 ? 0 : tokens_end[low - 1];
    return std::span(tokens).subspan(begin, tokens_end[high - 1] - begin);
  }
};

// kRests: with the rests of tokens that leave the set. kString: the set is that of characters in a JSON string, and tokens stay inside with escapes
// as well; with rests, and without steps.
enum class CutKind : uint8_t { kPlain, kRests, kString };

// The trie cut along a set of bytes: which tokens consist of them, and where the others leave them. For states that stay alive
// on those bytes, a mask is `inside` and what comes of the exits.
struct VocabularyCut {
  struct Step {
    uint32_t node = 0;
    uint32_t inside_before = 0;  // how many of `inside` have lower ranks
    uint16_t depth = 0;
    uint16_t from = 0;  // an exit: the bytes of the path before this one, whole characters, are of the set
    bool is_exit = false;
  };
  ByteSet bytes;
  bool utf8 = false;                             // bytes from 0x80 on count only as part of well-formed UTF-8
  std::vector<RankInterval> inside;              // sorted, disjoint, not adjacent
  std::vector<Step> steps;                       // the nodes above exits, and the exits, in order
  std::vector<Step> exits;                       // the exits alone
  std::unique_ptr<const VocabularyRests> rests;  // of the tokens below exits; only where asked for

  size_t size_bytes() const;
};

class Vocabulary {
 public:
  // tokens[id] is the text of a token; ids in `specials` (end of sequence among them) have none.
  static Result<std::shared_ptr<const Vocabulary>> build(std::span<const std::string> tokens, uint32_t end_of_sequence,
                                                         std::span<const uint32_t> specials = {});
  ~Vocabulary();
  Vocabulary(const Vocabulary&) = delete;
  Vocabulary& operator=(const Vocabulary&) = delete;

  size_t size() const;               // tokens, specials included
  uint32_t end_of_sequence() const;  // id, or kNoToken
  uint32_t ranks() const;            // tokens with text
  uint32_t id_of(uint32_t rank) const;
  uint32_t rank_of(uint32_t id) const;  // kNoToken for specials
  std::string_view text(uint32_t id) const;
  std::string_view text_of_rank(uint32_t rank) const;
  bool spells_every_byte() const;  // all 256 bytes are tokens of their own, so that every byte string can be written

  const TokenTrie& trie() const { return trie_; }
  std::span<const VocabularyNode> nodes() const { return trie_.nodes; }
  // The cut along a set, made when first asked for: that takes about as long as a walk that finds the same out. Null when the cuts
  // together are over kCutsSizeBytesMax. They live as long as the vocabulary. Rests are for the few sets that most states are idle on: at 128 k
  // tokens they take up to 60 ms to find.
  const VocabularyCut* cut(const ByteSet& bytes, bool utf8, CutKind kind = CutKind::kPlain) const;
  static constexpr size_t kCutsSizeBytesMax = 64u << 20;

  // The ranks of the tokens with more than `chars` characters, in order. REQUIRES chars >= kLongTokenChars: there are few of those.
  std::span<const uint32_t> longer_than(uint32_t chars) const;
  static constexpr uint32_t kLongTokenChars = 16;

  size_t token_size_max() const;  // of the longest token, in bytes
  size_t size_bytes() const;

 private:
  struct Parts;
  Vocabulary();
  std::unique_ptr<VocabularyCut> make_cut(const ByteSet& bytes, bool utf8) const;
  std::unique_ptr<VocabularyCut> make_string_cut(const ByteSet& bytes) const;
  std::unique_ptr<const VocabularyRests> make_rests(const VocabularyCut& cut) const;

  std::unique_ptr<Parts> parts_;
  TokenTrie trie_;
};

}  // namespace cadre::contract
