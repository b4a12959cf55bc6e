// SPDX-License-Identifier: Apache-2.0
#include "text/bpe.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <limits>

#include "base/ascii.h"
#include "base/check.h"
#include "base/random.h"
#include "text/byte_spelling.h"

namespace cadre::text {

using base::is_digit;
namespace {

constexpr uint32_t kNoMerge = std::numeric_limits<uint32_t>::max();
constexpr size_t kProbesMax = 256;  // honest lists of any size need far fewer at half load; crafted ones are refused

bool has_digit(std::string_view text) {
  return std::any_of(text.begin(), text.end(), is_digit);
}
uint64_t pair_of(TokenId left, TokenId right) {
  return uint64_t{left} << 32 | right;
}

Error invalid(std::string message) {
  return Error{ErrorCode::kInvalid, "tokenizer: " + std::move(message)};
}

}  // namespace

Result<BpeTokenizer> BpeTokenizer::from_lists(std::vector<std::string> tokens, std::vector<std::string> merges,
                                              size_t special_count) {
  if (tokens.size() > kBpeTokensMax || merges.size() > kBpeTokensMax) {
    return Error{ErrorCode::kLimit, fmt::format("tokenizer: {} tokens and {} merges; the limit is {} each",
                                                tokens.size(), merges.size(), kBpeTokensMax)};
  }
  if (special_count > tokens.size())
    return invalid(fmt::format("{} special tokens among {} tokens", special_count, tokens.size()));
  BpeTokenizer tokenizer;
  tokenizer.tokens_ = std::move(tokens);
  tokenizer.merges_ = std::move(merges);
  tokenizer.special_count_ = special_count;
  IdsByBytes ids;
  TRY(tokenizer.read_tokens(ids));
  TRY(tokenizer.read_merges(ids));
  for (auto& [bytes, id] : ids) {
    std::vector<TokenId> encoded;
    tokenizer.merge_piece(bytes, encoded);
    if (encoded.size() == 1) tokenizer.whole_words_.emplace(bytes, id);
  }
  return tokenizer;
}

Result<void> BpeTokenizer::read_tokens(IdsByBytes& ids) {
  std::unordered_map<std::string_view, size_t> seen;
  bytes_.resize(tokens_.size());
  for (size_t id = 0; id < tokens_.size(); ++id) {
    const auto [earlier, is_new] = seen.emplace(tokens_[id], id);
    if (!is_new) return invalid(fmt::format("token {} repeats token {}", id, earlier->second));
    if (tokens_[id].empty()) return invalid(fmt::format("token {} is empty", id));
    if (id < special_count_) continue;
    auto bytes = unspell_bytes(tokens_[id]);
    if (!bytes.has_value()) return invalid(fmt::format("token {} is not in the byte-level spelling", id));
    if (bytes->size() > kBpeWordSizeBytesMax) {
      return invalid(fmt::format("token {} has {} bytes; the limit is {}", id, bytes->size(), kBpeWordSizeBytesMax));
    }
    ids.emplace(*bytes, static_cast<TokenId>(id));
    bytes_[id] = std::move(*bytes);
  }
  for (int byte = 0; byte < 256; ++byte) {
    const auto found = ids.find(std::string(1, static_cast<char>(byte)));
    if (found == ids.end()) return invalid(fmt::format("no token for byte 0x{:02x}; all 256 are needed", byte));
    id_of_byte_[static_cast<size_t>(byte)] = found->second;
  }
  return {};
}

Result<void> BpeTokenizer::read_merges(const IdsByBytes& ids) {
  slots_.assign(std::bit_ceil(std::max<size_t>(2 * merges_.size(), 2)), MergeSlot{});
  std::vector<bool> is_reachable(tokens_.size(), false);
  for (size_t rank = 0; rank < merges_.size(); ++rank) {
    const std::string_view merge = merges_[rank];
    const size_t space = merge.find(' ');
    if (space == std::string_view::npos) return invalid(fmt::format("merge {} is not \"left right\"", rank));
    const auto left = unspell_bytes(merge.substr(0, space));
    const auto right = unspell_bytes(merge.substr(space + 1));
    if (!left || !right) return invalid(fmt::format("merge {} is not in the byte-level spelling", rank));
    const auto left_id = ids.find(*left), right_id = ids.find(*right), merged_id = ids.find(*left + *right);
    if (left_id == ids.end() || right_id == ids.end() || merged_id == ids.end()) {
      return invalid(fmt::format("merge {} names or makes a token that is not in the list", rank));
    }
    if (has_digit(merged_id->first)) return invalid(fmt::format("merge {} joins a digit; digits stand alone", rank));
    if (!add_merge(pair_of(left_id->second, right_id->second), static_cast<uint32_t>(rank), merged_id->second)) {
      return invalid(fmt::format("merge {} repeats an earlier one, or the list was made to collide", rank));
    }
    is_reachable[merged_id->second] = true;
  }
  for (size_t id = special_count_; id < tokens_.size(); ++id) {
    if (bytes_[id].size() > 1 && !is_reachable[id]) return invalid(fmt::format("token {} is made by no merge", id));
  }
  return {};
}

bool BpeTokenizer::add_merge(uint64_t pair, uint32_t rank, TokenId merged) {
  size_t slot = base::mix64(pair) & (slots_.size() - 1);
  for (size_t probes = 0; probes < kProbesMax; ++probes, slot = (slot + 1) & (slots_.size() - 1)) {
    if (slots_[slot].pair == pair) return false;
    if (slots_[slot].pair == kEmptySlot) {
      slots_[slot] = {pair, rank, merged};
      return true;
    }
  }
  return false;
}

const BpeTokenizer::MergeSlot* BpeTokenizer::find_merge(TokenId left, TokenId right) const {
  const uint64_t pair = pair_of(left, right);
  size_t slot = base::mix64(pair) & (slots_.size() - 1);
  for (size_t probes = 0; probes < kProbesMax; ++probes, slot = (slot + 1) & (slots_.size() - 1)) {
    if (slots_[slot].pair == pair) return &slots_[slot];
    if (slots_[slot].pair == kEmptySlot) return nullptr;
  }
  return nullptr;
}

std::vector<TokenId> BpeTokenizer::encode_word(std::string_view word) const {
  std::vector<TokenId> ids;
  append_word(word, ids);
  return ids;
}

void BpeTokenizer::append_word(std::string_view word, std::vector<TokenId>& out) const {
  if (const auto found = whole_words_.find(word); found != whole_words_.end()) {
    out.push_back(found->second);
    return;
  }
  for (; word.size() > kBpeWordSizeBytesMax; word.remove_prefix(kBpeWordSizeBytesMax)) {
    merge_piece(word.substr(0, kBpeWordSizeBytesMax), out);
  }
  merge_piece(word, out);
}

// Merges the adjacent pair of the lowest rank, the leftmost of equals, until no pair has a merge. Quadratic in at most
// 64 bytes: for usual words a scan of a few ranks costs less than keeping a queue.
void BpeTokenizer::merge_piece(std::string_view piece, std::vector<TokenId>& out) const {
  std::array<TokenId, kBpeWordSizeBytesMax> ids;
  std::array<uint32_t, kBpeWordSizeBytesMax> ranks;  // of the merge of ids[i] and ids[i + 1]
  std::array<TokenId, kBpeWordSizeBytesMax> merged;  // what that merge makes
  size_t count = piece.size();
  const auto look_up = [&](size_t i) {
    const MergeSlot* slot = i + 1 < count ? find_merge(ids[i], ids[i + 1]) : nullptr;
    ranks[i] = slot != nullptr ? slot->rank : kNoMerge;
    merged[i] = slot != nullptr ? slot->merged : 0;
  };
  for (size_t i = 0; i < count; ++i) ids[i] = id_of_byte_[static_cast<uint8_t>(piece[i])];
  for (size_t i = 0; i < count; ++i) look_up(i);
  while (count > 1) {
    const size_t best = static_cast<size_t>(std::min_element(ranks.begin(), ranks.begin() + count) - ranks.begin());
    if (ranks[best] == kNoMerge) break;
    ids[best] = merged[best];
    --count;
    for (size_t i = best + 1; i < count; ++i) {
      ids[i] = ids[i + 1];
      ranks[i] = ranks[i + 1];
      merged[i] = merged[i + 1];
    }
    look_up(best);
    if (best > 0) look_up(best - 1);
  }
  out.insert(out.end(), ids.begin(), ids.begin() + count);
}

std::string BpeTokenizer::decode(std::span<const TokenId> ids) const {
  std::string bytes;
  for (const TokenId id : ids) {
    CADRE_CHECK(id < bytes_.size(), "token ids come from this tokenizer's vocabulary");
    bytes += bytes_[id];
  }
  return bytes;
}

Result<TokenId> BpeTokenizer::special_id(std::string_view name) const {
  for (size_t id = 0; id < special_count_; ++id) {
    if (tokens_[id] == name) return static_cast<TokenId>(id);
  }
  return Error{ErrorCode::kNotFound, fmt::format("tokenizer: no special token \"{}\"", name)};
}

}  // namespace cadre::text
