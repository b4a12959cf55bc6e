// Any bytes as a word for a tokenizer, and as lists of tokens and merges from outside (newline between entries, an
// empty line between the lists).
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "text/bpe.h"
#include "text/byte_spelling.h"

namespace {

using cadre::text::BpeTokenizer;

const BpeTokenizer& small_tokenizer() {
  static const auto tokenizer = [] {
    std::vector<cadre::text::WordCount> words = {{"newest", 6}, {"widest", 3},    {"low", 5},
                                                 {"lower", 4},  {"caf\u00e9", 2}, {"aaaa", 3}};
    return BpeTokenizer::train(words, {.vocab_size = 300, .special_tokens = {"[PAD]", "[CLS]"}}).value();
  }();
  return tokenizer;
}

void check_round_trip(const BpeTokenizer& tokenizer, std::string_view word) {
  const auto ids = tokenizer.encode_word(word);
  CADRE_CHECK(tokenizer.decode(ids) == word, "decoding gives back the bytes");
  for (const auto id : ids) CADRE_CHECK(id >= tokenizer.special_count(), "text never gives a special token");
}

// The 256 bytes and what the input adds.
void try_lists(std::string_view text) {
  std::vector<std::string> lists[2];
  for (int byte = 0; byte < 256; ++byte)
    lists[0].push_back(cadre::text::spell_bytes(std::string(1, static_cast<char>(byte))));
  size_t list = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    if (end == 0) {
      list = 1;
    } else {
      lists[list].emplace_back(text.substr(0, end));
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  const auto tokenizer = BpeTokenizer::from_lists(lists[0], lists[1], 0);
  if (!tokenizer.ok()) return;
  for (const auto& token : lists[0]) {
    const auto bytes = cadre::text::unspell_bytes(token);
    CADRE_CHECK(bytes.has_value(), "accepted tokens are spelled bytes");
    check_round_trip(*tokenizer, *bytes);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (text.starts_with("lists:")) {
    try_lists(text.substr(6));
  } else {
    check_round_trip(small_tokenizer(), text);
  }
  return 0;
}
