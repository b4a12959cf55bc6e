// The tokens of a model as bytes, sorted, in a trie whose every subtree is one interval of ranks.
//
// rank = position in byte order; `id_of(rank)` and `rank_of(id)` translate. A mask is a list of rank intervals, so a subtree that is allowed
// as a whole costs one interval. Beside the nodes stand summaries of what lies below each: the set of bytes, the greatest
// number of characters, and whether it is all well-formed UTF-8 from there (complete or cut off at the end).
// Special tokens (end of sequence, control) carry no text and have no place in the trie; several ids with the same bytes share a
// trie leaf. Refused: an empty vocabulary, more than kTokensMax tokens, a token over kTokenSizeBytesMax bytes.
// Idea: the flattened trie of llguidance's TokTrie; rank order and summaries are ours.
// Thread safety: immutable after build.
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
  uint8_t own_tokens = 0;  // how many tokens end exactly here (255: that many or more; see rank intervals)
};

// What lies below a node (the node's own last byte excluded).
struct VocabularyBelow {
  uint32_t byte_set = 0;   // index into byte_sets()
  uint16_t chars_max = 0;  // characters (UTF-8 lead bytes) in the longest continuation
  bool utf8 = false;       // the node ends at a character boundary and every continuation is well-formed UTF-8, perhaps cut off
};

class Vocabulary {
 public:
  // tokens[id] is the text of a token; ids in `specials` (end of sequence among them) have none.
  static Result<std::shared_ptr<const Vocabulary>> build(std::span<const std::string> tokens, uint32_t end_of_sequence,
                                                         std::span<const uint32_t> specials = {});

  size_t size() const;                  // tokens, specials included
  uint32_t end_of_sequence() const;     // id, or kNoToken
  uint32_t ranks() const;               // tokens with text
  uint32_t id_of(uint32_t rank) const;
  uint32_t rank_of(uint32_t id) const;  // kNoToken for specials
  std::string_view text(uint32_t id) const;
  bool spells_every_byte() const;       // all 256 bytes are tokens of their own, so that every byte string can be written

  std::span<const VocabularyNode> nodes() const;  // nodes()[0] is the root
  std::span<const VocabularyBelow> below() const;
  std::span<const ByteSet> byte_sets() const;
  // Bytes that every token together need: the longest, in bytes.
  size_t token_size_max() const;
  size_t size_bytes() const;

 private:
  struct Parts;
  explicit Vocabulary(std::shared_ptr<const Parts> parts);
  std::shared_ptr<const Parts> parts_;
};

}  // namespace cadre::contract
