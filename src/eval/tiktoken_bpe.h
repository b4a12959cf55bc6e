// Encodes text as Llama 3's tokenizer does: the text is split into words by its pattern, and bytes of a word merge in the order of ranks.
//
// What forced tokens are checked against. A word that is a token as a whole is that token; else the pair whose union has the lowest rank merges
// first. A vocabulary cut to its first n tokens is a tokenizer of its own. Special tokens are never encoded.
// Refused: a vocabulary in which some byte is no token. Text that is not UTF-8 is taken byte by byte as neither letter, digit nor space.
// Source: the pattern and the ranks as published with Llama 3; the algorithm as in openai/tiktoken.
// Thread safety: none; it remembers words.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"

namespace cadre::eval {

class TiktokenBpe {
 public:
  // tokens[rank]; an empty text is no token.
  static Result<TiktokenBpe> create(const std::vector<std::string>& tokens);
  std::vector<uint32_t> encode(std::string_view text);

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  template <class T>
  using ByText = std::unordered_map<std::string, T, Hash, std::equal_to<>>;

  const std::vector<uint32_t>& encode_word(std::string_view word);

  ByText<uint32_t> ranks_;
  ByText<std::vector<uint32_t>> words_;  // encoded before
};

// The bytes of the first word of a text that is not empty, by Llama 3's pattern.
size_t first_word_size(std::string_view text);

}  // namespace cadre::eval
