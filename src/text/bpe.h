// A byte-level byte-pair-encoding tokenizer, trained by us on the words of a task.
//
// Input is one word at a time: text::lower of what text::split_words found. All 256 bytes are tokens, so nothing is
// unknown and decode(encode(x)) == x for any bytes. An ASCII digit never merges with anything: "2019" is four tokens,
// and numbers of any size are spelled alike. Special tokens ([PAD], [CLS], ...) have the first ids, never come out of
// encoding and decode to nothing. It is stored as two lists of strings, the GGUF keys tokenizer.ggml.tokens and
// tokenizer.ggml.merges, in the spelling of byte_spelling.h; lists from outside are checked and refused with an Error
// that names the entry. Does not: normalise, split text, or mark where words begin (the caller knows which word a token
// came from). Cost: under a microsecond for usual words, no allocation besides the output. Thread safety: immutable;
// use from any thread. Idea: Sennrich et al. 2016 (arXiv:1508.07909); bytes as the base alphabet: Radford et al. 2019;
// single digits: Touvron et al. 2023.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"

namespace cadre::text {

using TokenId = uint32_t;

inline constexpr size_t kBpeWordSizeBytesMax = 64;  // longer words are encoded in pieces of so many bytes
inline constexpr size_t kBpeTokensMax = 1u << 20;

struct WordCount {
  std::string word;
  uint64_t count = 0;
};

struct BpeTrainOptions {
  size_t vocab_size = 4096;  // with special tokens and the 256 bytes; fewer come out when no pair is left
  std::vector<std::string> special_tokens;
  uint64_t pair_count_min = 2;  // a pair seen less often is not merged
};

class BpeTokenizer {
 public:
  // The same words and options give the same tokenizer, in whatever order the words come: of two pairs that are seen
  // equally often the one with the lower left id, then the lower right id, is merged first. Words over
  // kBpeWordSizeBytesMax are left out.
  static Result<BpeTokenizer> train(std::span<const WordCount> words, const BpeTrainOptions& options);

  // From stored lists: the first `special_count` tokens are special; each other token is a byte or what a merge makes;
  // a merge is "left right".
  static Result<BpeTokenizer> from_lists(std::vector<std::string> tokens, std::vector<std::string> merges,
                                         size_t special_count);

  const std::vector<std::string>& tokens() const { return tokens_; }  // as stored
  const std::vector<std::string>& merges() const { return merges_; }
  size_t vocab_size() const { return tokens_.size(); }
  size_t special_count() const { return special_count_; }

  std::vector<TokenId> encode_word(std::string_view word) const;
  void append_word(std::string_view word, std::vector<TokenId>& out) const;

  // The bytes of the tokens. REQUIRES ids < vocab_size().
  std::string decode(std::span<const TokenId> ids) const;

  // "[CLS]" -> its id.
  Result<TokenId> special_id(std::string_view name) const;

 private:
  BpeTokenizer() = default;

  // Open addressing over pairs of tokens, at most half full.
  struct MergeSlot {
    uint64_t pair = kEmptySlot;  // left id << 32 | right id
    uint32_t rank = 0;
    TokenId merged = 0;
  };
  static constexpr uint64_t kEmptySlot = ~uint64_t{0};

  struct StringHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  using IdsByBytes = std::unordered_map<std::string, TokenId, StringHash, std::equal_to<>>;

  Result<void> read_tokens(IdsByBytes& ids);
  Result<void> read_merges(const IdsByBytes& ids);
  bool add_merge(uint64_t pair, uint32_t rank, TokenId merged);
  const MergeSlot* find_merge(TokenId left, TokenId right) const;
  void merge_piece(std::string_view piece, std::vector<TokenId>& out) const;

  std::vector<std::string> tokens_;
  std::vector<std::string> merges_;
  size_t special_count_ = 0;
  std::vector<std::string> bytes_;  // [vocab_size] what each token decodes to
  std::array<TokenId, 256> id_of_byte_{};
  std::vector<MergeSlot> slots_;  // size is a power of two
  IdsByBytes whole_words_;        // tokens that encode to themselves: most words end here
};

}  // namespace cadre::text
