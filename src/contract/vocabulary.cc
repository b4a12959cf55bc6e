// Building the trie: sort, one pass down for the nodes, one pass up for the summaries.
//
// Texts are sorted by their first eight bytes as a number, which decides nearly always. Which continuations are well-formed UTF-8 is
// asked for all positions within a character at once: a mask of eight decoder states, pulled up through each byte.
// SPDX-License-Identifier: Apache-2.0
#include "contract/vocabulary.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <unordered_map>

#include "contract/vocabulary_utf8.h"

namespace cadre::contract {
namespace {

constexpr uint32_t kAskedOftenEnough = 4;  // times a set is asked for before its cut is made

struct SortKey {
  uint64_t prefix;
  uint32_t id;
};

uint64_t prefix_of(const std::string& text) {
  uint64_t prefix = 0;
  for (size_t i = 0; i < 8; ++i) prefix = prefix << 8 | (i < text.size() ? static_cast<uint8_t>(text[i]) : 0);
  return prefix;
}

bool is_continuation(uint8_t byte) {
  return (byte & 0xC0) == 0x80;
}

struct CutKey {
  ByteSet bytes;
  bool utf8;
  friend bool operator==(const CutKey&, const CutKey&) = default;
};
struct CutKeyHash {
  size_t operator()(const CutKey& key) const { return std::hash<ByteSet>{}(key.bytes) + key.utf8; }
};
struct CutEntry {
  uint32_t asked = 0;
  std::unique_ptr<const VocabularyCut> cut;
};

}  // namespace

struct Vocabulary::Parts {
  std::vector<uint32_t> id_of_rank, rank_of_id;
  std::string text;                // of all ranks, one after the other
  std::vector<uint32_t> text_end;  // [ranks]
  uint32_t end_of_sequence = kNoToken;
  bool spells_every_byte = false;
  size_t token_size_max = 0;
  std::vector<uint8_t> utf8_from;  // [nodes] decoder states from which all continuations are well-formed

  std::mutex mutex;  // guards what follows
  std::unordered_map<CutKey, CutEntry, CutKeyHash> cuts;
  size_t cuts_made = 0;
};

namespace {

Result<void> check_tokens(std::span<const std::string> tokens, uint32_t end_of_sequence,
                          std::span<const uint32_t> specials) {
  if (tokens.size() > kTokensMax) {
    return Error{ErrorCode::kLimit, fmt::format("vocabulary of {} tokens; at most {}", tokens.size(), kTokensMax)};
  }
  for (size_t id = 0; id < tokens.size(); ++id) {
    if (tokens[id].size() <= kTokenSizeBytesMax) continue;
    return Error{ErrorCode::kLimit, fmt::format("vocabulary: token {} has {} bytes; at most {}", id, tokens[id].size(),
                                                kTokenSizeBytesMax)};
  }
  const auto check_id = [&](uint32_t id) -> Result<void> {
    if (id < tokens.size()) return {};
    return Error{ErrorCode::kInvalid, fmt::format("vocabulary: special token {} of {} tokens", id, tokens.size())};
  };
  for (const uint32_t id : specials) {
    TRY(check_id(id));
  }
  return end_of_sequence == kNoToken ? Result<void>() : check_id(end_of_sequence);
}

std::vector<uint32_t> sorted_ids(std::span<const std::string> tokens, const std::vector<bool>& is_special) {
  std::vector<SortKey> keys;
  keys.reserve(tokens.size());
  for (uint32_t id = 0; id < tokens.size(); ++id) {
    if (!is_special[id] && !tokens[id].empty()) keys.push_back({prefix_of(tokens[id]), id});
  }
  std::sort(keys.begin(), keys.end(), [&](const SortKey& a, const SortKey& b) {
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    const int order = tokens[a.id].compare(tokens[b.id]);
    return order != 0 ? order < 0 : a.id < b.id;
  });
  std::vector<uint32_t> ids;
  ids.reserve(keys.size());
  for (const SortKey& key : keys) ids.push_back(key.id);
  return ids;
}

// The trie of sorted texts, in depth-first order.
class TrieBuilder {
 public:
  explicit TrieBuilder(std::vector<VocabularyNode>& nodes) : nodes_(nodes) {
    nodes_.emplace_back();
    path_.push_back(0);
  }

  void add(std::string_view text, uint32_t rank) {
    const auto [end, same] = std::mismatch(text.begin(), text.end(), last_.begin(), last_.end());
    const auto common = static_cast<size_t>(end - text.begin());
    close(common, rank);
    for (size_t i = common; i < text.size(); ++i) {
      path_.push_back(static_cast<uint32_t>(nodes_.size()));
      nodes_.push_back(
          {.rank_low = rank, .depth = static_cast<uint16_t>(i + 1), .byte = static_cast<uint8_t>(text[i])});
    }
    uint8_t& own = nodes_[path_.back()].own_tokens;
    own = static_cast<uint8_t>(std::min(own + 1, 255));
    last_ = text;
  }

  // Ends the nodes deeper than `depth`.
  void close(size_t depth, uint32_t rank) {
    for (; path_.size() > depth + 1; path_.pop_back()) end(path_.back(), rank);
  }
  void finish(uint32_t ranks) {
    close(0, ranks);
    end(0, ranks);
  }

 private:
  void end(uint32_t node, uint32_t rank) {
    nodes_[node].end = static_cast<uint32_t>(nodes_.size());
    nodes_[node].rank_high = rank;
  }

  std::vector<VocabularyNode>& nodes_;
  std::vector<uint32_t> path_;
  std::string_view last_;
};

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

Vocabulary::Vocabulary() : parts_(std::make_unique<Parts>()) {}
Vocabulary::~Vocabulary() = default;

Result<std::shared_ptr<const Vocabulary>> Vocabulary::build(std::span<const std::string> tokens,
                                                            uint32_t end_of_sequence,
                                                            std::span<const uint32_t> specials) {
  TRY(check_tokens(tokens, end_of_sequence, specials));
  std::vector<bool> is_special(tokens.size());
  for (const uint32_t id : specials) is_special[id] = true;
  if (end_of_sequence != kNoToken) is_special[end_of_sequence] = true;

  std::shared_ptr<Vocabulary> made(new Vocabulary());
  Parts& parts = *made->parts_;
  parts.end_of_sequence = end_of_sequence;
  parts.id_of_rank = sorted_ids(tokens, is_special);
  parts.rank_of_id.assign(tokens.size(), kNoToken);
  const auto ranks = static_cast<uint32_t>(parts.id_of_rank.size());
  if (ranks == 0) return Error{ErrorCode::kInvalid, "vocabulary: no token has any text"};

  TrieBuilder trie(made->nodes_);
  made->nodes_.reserve(ranks * 2);
  std::array<bool, 256> spelled{};
  for (uint32_t rank = 0; rank < ranks; ++rank) {
    const uint32_t id = parts.id_of_rank[rank];
    const std::string& text = tokens[id];
    parts.rank_of_id[id] = rank;
    parts.text += text;
    parts.text_end.push_back(static_cast<uint32_t>(parts.text.size()));
    parts.token_size_max = std::max(parts.token_size_max, text.size());
    if (text.size() == 1) spelled[static_cast<uint8_t>(text[0])] = true;
    trie.add(text, rank);
  }
  trie.finish(ranks);
  parts.spells_every_byte = std::ranges::all_of(spelled, [](bool is_spelled) { return is_spelled; });
  made->summarise();
  return std::shared_ptr<const Vocabulary>(std::move(made));
}

void Vocabulary::summarise() {
  const size_t count = nodes_.size();
  std::vector<ByteSet> sets(count);
  std::vector<uint8_t>& utf8_from = parts_->utf8_from;
  utf8_from.assign(count, 0xFF);
  below_.resize(count);
  for_each_child_upwards(nodes_, parts_->token_size_max, [&](uint32_t parent, uint32_t child) {
    const uint8_t byte = nodes_[child].byte;
    sets[parent] |= sets[child];
    sets[parent].set(byte);
    utf8_from[parent] &= utf8_states_before(byte, utf8_from[child]);
    const auto chars = static_cast<uint16_t>(below_[child].chars_max + !is_continuation(byte));
    below_[parent].chars_max = std::max(below_[parent].chars_max, chars);
  });
  std::unordered_map<ByteSet, uint32_t> index = {{ByteSet(), 0}};
  byte_sets_.emplace_back();
  for (size_t i = 0; i < count; ++i) {
    below_[i].utf8 = utf8_from[i] & 1u << kUtf8Boundary;
    if (sets[i].none()) continue;
    const auto [entry, is_new] = index.emplace(sets[i], static_cast<uint32_t>(byte_sets_.size()));
    if (is_new) byte_sets_.push_back(sets[i]);
    below_[i].byte_set = entry->second;
  }
}

const VocabularyCut* Vocabulary::cut(const ByteSet& bytes, bool utf8) const {
  const std::lock_guard lock(parts_->mutex);
  const auto known = parts_->cuts.find({bytes, utf8});
  if (known != parts_->cuts.end()) {
    CutEntry& entry = known->second;
    if (entry.cut == nullptr && ++entry.asked >= kAskedOftenEnough) fill(entry.cut, bytes, utf8);
    return entry.cut.get();
  }
  if (parts_->cuts.size() < kCutsMax * 16) parts_->cuts[{bytes, utf8}].asked = 1;
  return nullptr;
}

const VocabularyCut* Vocabulary::make_cut(const ByteSet& bytes, bool utf8) const {
  const std::lock_guard lock(parts_->mutex);
  CutEntry& entry = parts_->cuts[{bytes, utf8}];
  if (entry.cut == nullptr) fill(entry.cut, bytes, utf8);
  return entry.cut.get();
}

void Vocabulary::fill(std::unique_ptr<const VocabularyCut>& cut, const ByteSet& bytes, bool utf8) const {
  if (parts_->cuts_made == kCutsMax) return;
  ++parts_->cuts_made;
  auto made = std::make_unique<VocabularyCut>();
  made->bytes = bytes;
  made->utf8 = utf8;
  std::vector<bool> is_inside(byte_sets_.size());
  for (size_t i = 0; i < byte_sets_.size(); ++i) is_inside[i] = (byte_sets_[i] & ~bytes).none();
  struct Level {
    uint8_t state = kUtf8Boundary;
    uint16_t whole = 0;  // bytes of the path that make whole characters
  };
  std::vector<Level> levels(parts_->token_size_max + 1);
  std::vector<uint32_t> above(parts_->token_size_max + 1);  // the path; what of it is in `steps` already
  size_t above_written = 0;
  const auto add_inside = [&](uint32_t low, uint32_t high) {
    if (low == high) return;
    if (!made->inside.empty() && made->inside.back().high == low) {
      made->inside.back().high = high;
    } else {
      made->inside.push_back({low, high});
    }
  };
  for (uint32_t i = 1; i < nodes_.size();) {
    const VocabularyNode& n = nodes_[i];
    const Level& before = levels[n.depth - 1u];
    const uint8_t state = utf8 ? next_utf8_state(before.state, n.byte) : uint8_t{kUtf8Boundary};
    above_written = std::min<size_t>(above_written, n.depth - 1u);
    if (!bytes[n.byte] || state == kUtf8Bad) {
      // Nodes on the way here are visited by states that do not stay the same.
      const auto inside_before = static_cast<uint32_t>(made->inside.size());
      for (size_t depth = above_written + 1; depth < n.depth; ++depth) {
        made->steps.push_back({above[depth], inside_before, static_cast<uint16_t>(depth), 0, false});
      }
      above_written = n.depth - 1u;
      made->steps.push_back({i, inside_before, n.depth, before.whole, true});
      made->exits.push_back(made->steps.back());
      i = n.end;
      continue;
    }
    if (is_inside[below_[i].byte_set] && (!utf8 || parts_->utf8_from[i] >> state & 1)) {
      add_inside(n.rank_low, n.rank_high);
      i = n.end;
      continue;
    }
    add_inside(n.rank_low, own_end(i));
    levels[n.depth] = {state, state == kUtf8Boundary ? n.depth : before.whole};
    above[n.depth] = i++;
  }
  cut = std::move(made);
}

size_t Vocabulary::size() const {
  return parts_->rank_of_id.size();
}
uint32_t Vocabulary::end_of_sequence() const {
  return parts_->end_of_sequence;
}
uint32_t Vocabulary::ranks() const {
  return static_cast<uint32_t>(parts_->id_of_rank.size());
}
uint32_t Vocabulary::id_of(uint32_t rank) const {
  return parts_->id_of_rank[rank];
}
uint32_t Vocabulary::rank_of(uint32_t id) const {
  return parts_->rank_of_id[id];
}
std::string_view Vocabulary::text_of_rank(uint32_t rank) const {
  const uint32_t begin = rank == 0 ? 0 : parts_->text_end[rank - 1];
  return std::string_view(parts_->text).substr(begin, parts_->text_end[rank] - begin);
}
std::string_view Vocabulary::text(uint32_t id) const {
  const uint32_t rank = rank_of(id);
  return rank == kNoToken ? std::string_view() : text_of_rank(rank);
}
bool Vocabulary::spells_every_byte() const {
  return parts_->spells_every_byte;
}
size_t Vocabulary::token_size_max() const {
  return parts_->token_size_max;
}

size_t Vocabulary::size_bytes() const {
  size_t total = nodes_.capacity() * sizeof(VocabularyNode) + below_.capacity() * sizeof(VocabularyBelow);
  total += byte_sets_.capacity() * sizeof(ByteSet) + parts_->utf8_from.size() + parts_->text.capacity();
  total += (parts_->id_of_rank.size() + parts_->rank_of_id.size() + parts_->text_end.capacity()) * 4;
  const std::lock_guard lock(parts_->mutex);
  for (const auto& [key, entry] : parts_->cuts) {
    total += sizeof(CutKey) + sizeof(CutEntry) + 16;
    if (entry.cut == nullptr) continue;
    total += entry.cut->inside.capacity() * sizeof(RankInterval);
    total += (entry.cut->steps.capacity() + entry.cut->exits.capacity()) * sizeof(VocabularyCut::Step);
  }
  return total;
}

}  // namespace cadre::contract
