// SPDX-License-Identifier: Apache-2.0
#include "contract/token_trie.h"

#include <algorithm>
#include <span>
#include <unordered_map>

#include "base/utf8.h"
#include "contract/vocabulary_utf8.h"

namespace cadre::contract {

namespace {

// Calls visit(node, child) for all nodes, children before their parents.
template <class Visit>
void for_each_child_upwards(std::span<const VocabularyNode> nodes, size_t depth_max, const Visit& visit) {
  // Backwards in depth-first order a node comes after all its subtree; its parent is the last node seen one level up. Walking
  // forwards finds the parents first.
  std::vector<uint32_t> parent(nodes.size()), at_depth(depth_max + 1);
  for (uint32_t i = 1; i < nodes.size(); ++i) {
    parent[i] = at_depth[nodes[i].depth - 1u];
    at_depth[nodes[i].depth] = i;
  }
  for (auto i = static_cast<uint32_t>(nodes.size()); i-- > 1;) visit(parent[i], i);
}

}  // namespace

size_t TokenTrie::size_bytes() const {
  return nodes.capacity() * sizeof(VocabularyNode) + below.capacity() * sizeof(VocabularyBelow) +
         byte_sets.capacity() * sizeof(ByteSet) + utf8_from.size();
}

TokenTrieBuilder::TokenTrieBuilder() {
  trie_.nodes.emplace_back();
  path_.push_back(0);
}

void TokenTrieBuilder::add(std::string_view text) {
  std::vector<VocabularyNode>& nodes = trie_.nodes;
  const auto [end, same] = std::mismatch(text.begin(), text.end(), last_.begin(), last_.end());
  const auto common = static_cast<size_t>(end - text.begin());
  close(common);
  for (size_t i = common; i < text.size(); ++i) {
    path_.push_back(static_cast<uint32_t>(nodes.size()));
    nodes.push_back({.rank_low = ranks_, .depth = static_cast<uint16_t>(i + 1), .byte = static_cast<uint8_t>(text[i])});
  }
  uint8_t& own = nodes[path_.back()].own_tokens;
  own = static_cast<uint8_t>(std::min(own + 1, 255));
  last_ = text;
  depth_max_ = std::max(depth_max_, text.size());
  ++ranks_;
}

// Ends the nodes deeper than `depth`.
void TokenTrieBuilder::close(size_t depth) {
  for (; path_.size() > depth + 1; path_.pop_back()) {
    trie_.nodes[path_.back()].end = static_cast<uint32_t>(trie_.nodes.size());
    trie_.nodes[path_.back()].rank_high = ranks_;
  }
}

TokenTrie TokenTrieBuilder::finish() {
  close(0);
  trie_.nodes[0].end = static_cast<uint32_t>(trie_.nodes.size());
  trie_.nodes[0].rank_high = ranks_;
  summarise();
  return std::move(trie_);
}

void TokenTrieBuilder::summarise() {
  const size_t count = trie_.nodes.size();
  std::vector<ByteSet> sets(count);
  std::vector<uint8_t>& utf8_from = trie_.utf8_from;
  std::vector<VocabularyBelow>& below = trie_.below;
  std::vector<uint8_t> whole_from(count,
                                  0xFF);  // a bit per decoder state from which all strings below end with a character
  utf8_from.assign(count, 0xFF);
  below.resize(count);
  for_each_child_upwards(trie_.nodes, depth_max_, [&](uint32_t parent, uint32_t child) {
    const uint8_t byte = trie_.nodes[child].byte;
    sets[parent] |= sets[child];
    sets[parent].set(byte);
    utf8_from[parent] &= utf8_states_before(byte, utf8_from[child]);
    const uint8_t ends = trie_.nodes[child].own_tokens > 0 ? 1u << kUtf8Boundary : 0xFF;
    whole_from[parent] &= utf8_states_before(byte, whole_from[child] & ends);
    const auto chars = static_cast<uint16_t>(below[child].chars_max + !base::is_continuation(byte));
    below[parent].chars_max = std::max(below[parent].chars_max, chars);
  });
  std::unordered_map<ByteSet, uint32_t> index = {{ByteSet(), 0}};
  trie_.byte_sets.emplace_back();
  for (size_t i = 0; i < count; ++i) {
    below[i].utf8 = utf8_from[i] & 1u << kUtf8Boundary;
    below[i].whole = whole_from[i] & 1u << kUtf8Boundary;
    if (sets[i].none()) continue;
    const auto [entry, is_new] = index.emplace(sets[i], static_cast<uint32_t>(trie_.byte_sets.size()));
    if (is_new) trie_.byte_sets.push_back(sets[i]);
    below[i].byte_set = entry->second;
  }
}

}  // namespace cadre::contract
