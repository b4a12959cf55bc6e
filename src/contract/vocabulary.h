// The tokens of a model as bytes, sorted, in a trie whose every subtree is one interval of ranks.
//
// rank = position in byte order; `id_of(rank)` and `rank_of(id)` translate. A mask is a list of rank intervals, so a subtree that is
// allowed as a whole costs one interval. Beside the nodes stand summaries of what lies below each: the set of bytes, the greatest
// number of characters, and whether it is all well-formed UTF-8 from there (complete or cut off at the end).
// Special tokens (end of sequence, control) carry no text and have no place in the trie, nor have tokens whose text is empty: a model
// could write those for ever. Several ids with the same bytes share a trie leaf. Refused: a vocabulary without any text, more than
// kTokensMax tokens, a token over kTokenSizeBytesMax bytes, special ids that do not exist.
// Idea: the flattened trie of llguidance's TokTrie; rank order, summaries and cuts are ours.
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
#include "contract/language.h"

namespace cadre::contract {

inline constexpr size_t kTokensMax = 1 << 20;
inline constexpr size_t kTokenSizeBytesMax = 1024;
inline constexpr uint32_t kNoToken = UINT32_MAX;

struct VocabularyNode {
  uint32_t end = 0;       // index of the node after this subtree (nodes are in depth-first order)
  uint32_t rank_low = 0;  // ranks of the tokens in this subtree, this node's own first: [rank_low, rank_high)
  uint32_t rank_high = 0;
  uint16_t depth = 0;      // bytes from the root
  uint8_t byte = 0;        // the last of them
  uint8_t own_tokens = 0;  // how many tokens end exactly here (255: that many or more; see own_end)
};

// What lies below a node (the node's own last byte excluded).
struct VocabularyBelow {
  uint32_t byte_set = 0;   // index into byte_sets()
  uint16_t chars_max = 0;  // characters (UTF-8 lead bytes) in the longest continuation
  bool utf8 = false;  // read from the start of a character, every continuation is well-formed UTF-8, perhaps cut off
};

struct RankInterval {
  uint32_t low = 0, high = 0;  // [low, high)
  friend bool operator==(const RankInterval&, const RankInterval&) = default;
};

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
  bool utf8 = false;                 // bytes from 0x80 on count only as part of well-formed UTF-8
  std::vector<RankInterval> inside;  // sorted, disjoint, not adjacent
  std::vector<Step> steps;           // the nodes above exits, and the exits, in order
  std::vector<Step> exits;           // the exits alone
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

  std::span<const VocabularyNode> nodes() const { return nodes_; }  // nodes()[0] is the root
  std::span<const VocabularyBelow> below() const { return below_; }
  std::span<const ByteSet> byte_sets() const { return byte_sets_; }
  // The end of the ranks of the tokens that end exactly at this node; they begin at its rank_low.
  uint32_t own_end(uint32_t node) const {
    const VocabularyNode& n = nodes_[node];
    if (n.own_tokens < 255) return n.rank_low + n.own_tokens;
    return node + 1 < n.end ? nodes_[node + 1].rank_low : n.rank_high;
  }

  // The cut along a set, or null: it is made (a millisecond at 128 k tokens) when the set has been asked for several times, for the
  // first kCutsMax sets. It lives as long as the vocabulary.
  const VocabularyCut* cut(const ByteSet& bytes, bool utf8) const;
  // The same, made at once; null past kCutsMax.
  const VocabularyCut* make_cut(const ByteSet& bytes, bool utf8) const;
  static constexpr size_t kCutsMax = 64;

  size_t token_size_max() const;  // of the longest token, in bytes
  size_t size_bytes() const;

 private:
  struct Parts;
  Vocabulary();
  void summarise();
  void fill(std::unique_ptr<const VocabularyCut>& cut, const ByteSet& bytes, bool utf8) const;

  std::unique_ptr<Parts> parts_;
  std::vector<VocabularyNode> nodes_;
  std::vector<VocabularyBelow> below_;
  std::vector<ByteSet> byte_sets_;
};

}  // namespace cadre::contract
