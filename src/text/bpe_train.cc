// Training of the byte-pair tokenizer: merge the most frequent adjacent pair, again and again, over the distinct words.
//
// Counts are kept as changes: a merge touches only the words that hold the pair, and a queue with outdated entries that
// are skipped finds the next pair. Cost: about linear in the bytes of the distinct words, with a logarithm for the
// queue.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <queue>
#include <unordered_map>
#include <unordered_set>

#include "base/ascii.h"
#include "text/bpe.h"
#include "text/byte_spelling.h"

namespace cadre::text {

using base::is_digit;
namespace {

// A maximal run of bytes without a digit, with how often it is seen; digits stand alone and teach nothing.
struct Piece {
  std::vector<TokenId> ids;
  uint64_t count;
};

struct Candidate {
  uint64_t count;
  TokenId left, right;
  // Of equally frequent pairs the lower ids come first (std::priority_queue gives the greatest).
  bool operator<(const Candidate& other) const {
    if (count != other.count) return count < other.count;
    if (left != other.left) return left > other.left;
    return right > other.right;
  }
};

class Trainer {
 public:
  explicit Trainer(const BpeTrainOptions& options)
      : options_(options), specials_(options.special_tokens.begin(), options.special_tokens.end()) {
    tokens_ = options.special_tokens;
    bytes_.resize(tokens_.size());
    for (int byte = 0; byte < 256; ++byte) add_token(std::string(1, static_cast<char>(byte)));
  }

  void add_word(const std::string& word, uint64_t count) {
    for (size_t i = 0; i < word.size();) {
      std::vector<TokenId> ids;
      while (i < word.size() && !is_digit(word[i])) ids.push_back(ids_.at(std::string(1, word[i++])));
      if (ids.size() > 1) pieces_.push_back({std::move(ids), count});
      while (i < word.size() && is_digit(word[i])) ++i;
    }
  }

  void run() {
    for (uint32_t index = 0; index < pieces_.size(); ++index) count_pairs(index);
    for (const auto& [pair, seen] : pairs_) push(pair);
    while (tokens_.size() < options_.vocab_size && !queue_.empty()) {
      const Candidate best = queue_.top();
      queue_.pop();
      const auto found = pairs_.find(key(best.left, best.right));
      if (found == pairs_.end() || found->second.count != best.count)
        continue;  // outdated; a newer entry is in the queue
      merge(best);
    }
  }

  std::vector<std::string> take_tokens() { return std::move(tokens_); }
  std::vector<std::string> take_merges() { return std::move(merges_); }

 private:
  struct Seen {
    uint64_t count = 0;
    std::vector<uint32_t> pieces;  // indexes where it stands or stood; may repeat
  };

  static uint64_t key(TokenId left, TokenId right) { return uint64_t{left} << 32 | right; }

  TokenId add_token(const std::string& bytes) {
    const auto [entry, is_new] = ids_.emplace(bytes, static_cast<TokenId>(tokens_.size()));
    if (is_new) {
      tokens_.push_back(spell_bytes(bytes));
      bytes_.push_back(bytes);
    }
    return entry->second;
  }

  void count_pairs(uint32_t index) {
    const Piece& piece = pieces_[index];
    for (size_t i = 0; i + 1 < piece.ids.size(); ++i) {
      Seen& seen = pairs_[key(piece.ids[i], piece.ids[i + 1])];
      seen.count += piece.count;
      if (seen.pieces.empty() || seen.pieces.back() != index) seen.pieces.push_back(index);
    }
  }

  void push(uint64_t pair) {
    const uint64_t count = pairs_[pair].count;
    if (count >= std::max<uint64_t>(options_.pair_count_min, 1))
      queue_.push({count, static_cast<TokenId>(pair >> 32), static_cast<TokenId>(pair)});
  }

  void merge(const Candidate& best) {
    Seen seen = std::move(pairs_[key(best.left, best.right)]);
    pairs_.erase(key(best.left, best.right));
    const std::string bytes = bytes_[best.left] + bytes_[best.right];
    if (specials_.contains(spell_bytes(bytes))) return;  // a special token's name stays out of reach
    merges_.push_back(tokens_[best.left] + " " + tokens_[best.right]);
    const TokenId merged = add_token(bytes);
    std::sort(seen.pieces.begin(), seen.pieces.end());
    seen.pieces.erase(std::unique(seen.pieces.begin(), seen.pieces.end()), seen.pieces.end());
    std::unordered_set<uint64_t> changed;
    for (const uint32_t index : seen.pieces) merge_in_piece(index, best, merged, changed);
    for (const uint64_t pair : changed) push(pair);
  }

  // Takes the piece's pairs out of the counts, merges, and counts the new ones: pieces are short.
  void merge_in_piece(uint32_t index, const Candidate& best, TokenId merged, std::unordered_set<uint64_t>& changed) {
    Piece& piece = pieces_[index];
    const std::vector<TokenId> old_ids = piece.ids;
    size_t size = 0;
    for (size_t i = 0; i < old_ids.size(); ++i) {
      const bool here = i + 1 < old_ids.size() && old_ids[i] == best.left && old_ids[i + 1] == best.right;
      piece.ids[size++] = here ? merged : old_ids[i];
      i += here;
    }
    if (size == old_ids.size()) return;
    piece.ids.resize(size);
    for (size_t i = 0; i + 1 < old_ids.size(); ++i) {
      const uint64_t pair = key(old_ids[i], old_ids[i + 1]);
      const auto found = pairs_.find(pair);
      if (found == pairs_.end()) continue;  // the merged pair itself
      found->second.count -= piece.count;
      changed.insert(pair);
    }
    count_pairs(index);
    for (size_t i = 0; i + 1 < size; ++i) changed.insert(key(piece.ids[i], piece.ids[i + 1]));
  }

  const BpeTrainOptions& options_;
  std::unordered_set<std::string> specials_;
  std::vector<std::string> tokens_;  // spelled
  std::vector<std::string> bytes_;   // [tokens]
  std::vector<std::string> merges_;
  std::unordered_map<std::string, TokenId> ids_;  // by bytes
  std::vector<Piece> pieces_;
  std::unordered_map<uint64_t, Seen> pairs_;
  std::priority_queue<Candidate> queue_;
};

}  // namespace

Result<BpeTokenizer> BpeTokenizer::train(std::span<const WordCount> words, const BpeTrainOptions& options) {
  const size_t special_count = options.special_tokens.size();
  if (options.vocab_size < special_count + 256 || options.vocab_size > kBpeTokensMax) {
    return Error{ErrorCode::kInvalid,
                 fmt::format("train tokenizer: vocabulary of {}; it must hold {} special tokens and 256 bytes, and "
                             "at most {} tokens",
                             options.vocab_size, special_count, kBpeTokensMax)};
  }
  std::vector<WordCount> sorted(words.begin(), words.end());
  std::sort(sorted.begin(), sorted.end(), [](const WordCount& a, const WordCount& b) { return a.word < b.word; });
  Trainer trainer(options);
  for (const auto& [word, count] : sorted) {
    if (word.size() <= kBpeWordSizeBytesMax && count > 0) trainer.add_word(word, count);
  }
  trainer.run();
  return from_lists(trainer.take_tokens(), trainer.take_merges(), special_count);
}

}  // namespace cadre::text
