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

#include "base/utf8.h"
#include "contract/json_scan.h"
#include "contract/token_mask.h"
#include "contract/vocabulary_utf8.h"

namespace cadre::contract {
namespace {

struct SortKey {
  uint64_t prefix;
  uint32_t id;
};

uint64_t prefix_of(std::string_view text) {
  uint64_t prefix = 0;
  for (size_t i = 0; i < 8; ++i) prefix = prefix << 8 | (i < text.size() ? static_cast<uint8_t>(text[i]) : 0);
  return prefix;
}

struct CutKey {
  ByteSet bytes;
  bool utf8;
  CutKind kind;
  friend bool operator==(const CutKey&, const CutKey&) = default;
};
struct CutKeyHash {
  size_t operator()(const CutKey& key) const {
    return std::hash<ByteSet>{}(key.bytes) + key.utf8 * 4u + static_cast<size_t>(key.kind);
  }
};
}  // namespace

struct Vocabulary::Parts {
  std::vector<uint32_t> id_of_rank, rank_of_id;
  std::string text;                // of all ranks, one after the other
  std::vector<uint32_t> text_end;  // [ranks]
  uint32_t end_of_sequence = kNoToken;
  bool spells_every_byte = false;
  size_t token_size_max = 0;
  std::vector<std::vector<uint32_t>> longer;  // [i] ranks of tokens with more than kLongTokenChars + i characters

  std::mutex mutex;  // guards what follows
  std::unordered_map<CutKey, std::unique_ptr<const VocabularyCut>, CutKeyHash> cuts;
  size_t cuts_size_bytes = 0;
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

  TokenTrieBuilder trie;
  trie.reserve(ranks * 2);
  std::array<bool, 256> spelled{};
  for (uint32_t rank = 0; rank < ranks; ++rank) {
    const uint32_t id = parts.id_of_rank[rank];
    const std::string& text = tokens[id];
    parts.rank_of_id[id] = rank;
    parts.text += text;
    parts.text_end.push_back(static_cast<uint32_t>(parts.text.size()));
    parts.token_size_max = std::max(parts.token_size_max, text.size());
    if (text.size() == 1) spelled[static_cast<uint8_t>(text[0])] = true;
    trie.add(text);
    if (text.size() <= kLongTokenChars) continue;
    const auto chars = static_cast<size_t>(
        std::ranges::count_if(text, [](char c) { return !base::is_continuation(static_cast<uint8_t>(c)); }));
    for (size_t i = 0; i + kLongTokenChars < chars; ++i) {
      if (i == parts.longer.size()) parts.longer.emplace_back();
      parts.longer[i].push_back(rank);
    }
  }
  made->trie_ = trie.finish();
  parts.spells_every_byte = std::ranges::all_of(spelled, [](bool is_spelled) { return is_spelled; });
  return std::shared_ptr<const Vocabulary>(std::move(made));
}

const VocabularyCut* Vocabulary::cut(const ByteSet& bytes, bool utf8, CutKind kind) const {
  const CutKey key{bytes, utf8, kind};
  const std::lock_guard lock(parts_->mutex);
  const auto known = parts_->cuts.find(key);
  if (known != parts_->cuts.end()) return known->second.get();
  if (parts_->cuts_size_bytes > kCutsSizeBytesMax) return nullptr;
  auto made = kind == CutKind::kString ? make_string_cut(bytes) : make_cut(bytes, utf8);
  if (kind != CutKind::kPlain) made->rests = make_rests(*made);
  parts_->cuts_size_bytes += 64 + made->size_bytes();
  return (parts_->cuts[key] = std::move(made)).get();
}

// Along the inside of JSON strings: what is left of a token begins with the quote that closes.
std::unique_ptr<VocabularyCut> Vocabulary::make_string_cut(const ByteSet& bytes) const {
  auto made = std::make_unique<VocabularyCut>();
  made->bytes = bytes;
  made->utf8 = true;
  std::vector<ByteSet> beyond;
  for (const ByteSet& set : trie_.byte_sets) beyond.push_back(set & ~bytes);
  std::vector<uint32_t> scans(parts_->token_size_max + 1, kPlainText);
  TokenMaskBuilder inside;
  for (uint32_t i = 1; i < trie_.nodes.size();) {
    const VocabularyNode& n = trie_.nodes[i];
    const StringScan scan = scan_string(scans[n.depth - 1u], n.byte);
    if (scan.kind == StringScan::Kind::kClosed)
      made->exits.push_back({i, 0, n.depth, static_cast<uint16_t>(n.depth - 1u), true});
    if (scan.kind != StringScan::Kind::kInside) {
      i = n.end;
      continue;
    }
    if (scan.state == kPlainText && trie_.below[i].utf8 && beyond[trie_.below[i].byte_set].none()) {
      inside.add(n.rank_low, n.rank_high);
      i = n.end;
      continue;
    }
    inside.add(n.rank_low, trie_.own_end(i));
    scans[n.depth] = scan.state;
    ++i;
  }
  made->inside = inside.finish().intervals;
  return made;
}

size_t VocabularyCut::size_bytes() const {
  const size_t own = sizeof(VocabularyCut) + inside.capacity() * sizeof(RankInterval) +
                     (steps.capacity() + exits.capacity()) * sizeof(Step);
  return own + (rests ? rests->trie.size_bytes() + (rests->tokens.size() + rests->tokens_end.size()) * 4 : 0);
}

std::unique_ptr<const VocabularyRests> Vocabulary::make_rests(const VocabularyCut& cut) const {
  struct Rest {
    uint64_t prefix;
    std::string_view text;
    uint32_t token;
  };
  std::vector<Rest> rests;
  for (const VocabularyCut::Step& exit : cut.exits) {
    const VocabularyNode& n = trie_.nodes[exit.node];
    for (uint32_t token = n.rank_low; token < n.rank_high; ++token) {
      const std::string_view text = text_of_rank(token).substr(exit.from);
      rests.push_back({prefix_of(text), text, token});
    }
  }
  std::sort(rests.begin(), rests.end(), [](const Rest& a, const Rest& b) {
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    const int order = a.text.compare(b.text);
    return order != 0 ? order < 0 : a.token < b.token;
  });
  auto made = std::make_unique<VocabularyRests>();
  TokenTrieBuilder trie;
  trie.reserve(rests.size() * 2);
  made->tokens.reserve(rests.size());
  for (size_t i = 0; i < rests.size(); ++i) {
    if (i == 0 || rests[i].text != rests[i - 1].text) {
      trie.add(rests[i].text);
      if (i > 0) made->tokens_end.push_back(static_cast<uint32_t>(i));
    }
    made->tokens.push_back(rests[i].token);
  }
  if (!rests.empty()) made->tokens_end.push_back(static_cast<uint32_t>(rests.size()));
  made->trie = trie.finish();
  return made;
}

std::span<const uint32_t> Vocabulary::longer_than(uint32_t chars) const {
  const size_t i = chars - kLongTokenChars;
  return i < parts_->longer.size() ? std::span<const uint32_t>(parts_->longer[i]) : std::span<const uint32_t>();
}

std::unique_ptr<VocabularyCut> Vocabulary::make_cut(const ByteSet& bytes, bool utf8) const {
  auto made = std::make_unique<VocabularyCut>();
  made->bytes = bytes;
  made->utf8 = utf8;
  const std::vector<ByteSet>& byte_sets = trie_.byte_sets;
  std::vector<bool> is_inside(byte_sets.size());
  for (size_t i = 0; i < byte_sets.size(); ++i) is_inside[i] = (byte_sets[i] & ~bytes).none();
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
  for (uint32_t i = 1; i < trie_.nodes.size();) {
    const VocabularyNode& n = trie_.nodes[i];
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
    if (is_inside[trie_.below[i].byte_set] && (!utf8 || trie_.utf8_from[i] >> state & 1)) {
      add_inside(n.rank_low, n.rank_high);
      i = n.end;
      continue;
    }
    add_inside(n.rank_low, trie_.own_end(i));
    levels[n.depth] = {state, state == kUtf8Boundary ? n.depth : before.whole};
    above[n.depth] = i++;
  }
  return made;
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
  size_t total = 0;
  for (const auto& ranks_of : parts_->longer) total += ranks_of.capacity() * 4 + 24;
  total += trie_.size_bytes() + parts_->text.capacity();
  total += (parts_->id_of_rank.size() + parts_->rank_of_id.size() + parts_->text_end.capacity()) * 4;
  const std::lock_guard lock(parts_->mutex);
  return total + parts_->cuts_size_bytes;
}

}  // namespace cadre::contract
