// Sorted byte strings in a trie whose every subtree is one interval of ranks.
//
// A string's rank is its position among the strings. Nodes stand in depth-first order in one array; beside them stand summaries of what lies
// below each: the set of bytes, the greatest number of characters, and whether it is all well-formed UTF-8 from there (complete or cut
// off at the end). Equal strings share a node.
// Idea: the flattened trie of llguidance's TokTrie; rank order and summaries are ours.
// Thread safety: immutable once built.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "contract/language.h"

namespace cadre::contract {

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
  uint32_t byte_set = 0;   // index into byte_sets
  uint16_t chars_max = 0;  // characters (UTF-8 lead bytes) in the longest continuation
  bool utf8 = false;   // read from the start of a character, every continuation is well-formed UTF-8, perhaps cut off
  bool whole = false;  // and none of the strings is cut off
};

struct TokenTrie {
  std::vector<VocabularyNode> nodes;  // [0] is the root
  std::vector<VocabularyBelow> below;
  std::vector<ByteSet> byte_sets;
  std::vector<uint8_t> utf8_from;  // [nodes] a bit per decoder state from which all continuations are well-formed

  // The end of the ranks of the strings that end exactly at this node; they begin at its rank_low.
  uint32_t own_end(uint32_t node) const {
    const VocabularyNode& n = nodes[node];
    if (n.own_tokens < 255) return n.rank_low + n.own_tokens;
    return node + 1 < n.end ? nodes[node + 1].rank_low : n.rank_high;
  }
  size_t size_bytes() const;
};

// Strings come in order; the last one that was added must stay in memory until the next.
class TokenTrieBuilder {
 public:
  TokenTrieBuilder();
  void reserve(size_t nodes) { trie_.nodes.reserve(nodes); }
  void add(std::string_view text);
  TokenTrie finish();

 private:
  void close(size_t depth);
  void summarise();

  TokenTrie trie_;
  std::vector<uint32_t> path_;
  std::string_view last_;
  uint32_t ranks_ = 0;
  size_t depth_max_ = 0;
};

}  // namespace cadre::contract
