// Any bytes as a question or cell: the promises of text/words.h.
// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "text/words.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cadre::text;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto words = split_words(text);
  std::string norms;
  uint32_t last_end = 0;
  for (const Word& word : words) {
    CADRE_CHECK(word.begin >= last_end && word.end > word.begin && word.end <= size,
                "words are in order, disjoint, not empty");
    CADRE_CHECK(is_valid_utf8(word.norm), "norms are valid UTF-8");
    CADRE_CHECK(word.kind != WordKind::kPunctuation || word.norm.empty(), "punctuation has no norm");
    CADRE_CHECK(normalize(text.substr(word.begin, word.end - word.begin)) == word.norm,
                "a word's norm is that of its text");
    (void)stem(word.norm);
    last_end = word.end;
    norms += word.norm;
  }
  CADRE_CHECK(normalize(text) == norms, "norms of words spell the norm of the text");
  if (words.size() > 2) {  // a span in the middle
    const size_t first = words.size() / 3, last = words.size() * 2 / 3;
    std::string inner;
    for (size_t i = first; i <= last; ++i) inner += words[i].norm;
    CADRE_CHECK(normalize(text.substr(words[first].begin, words[last].end - words[first].begin)) == inner,
                "so do those of a span");
  }
  const std::string lowered = lower(text);
  CADRE_CHECK(is_valid_utf8(lowered), "lower case is valid UTF-8");
  if (const auto number = parse_number(text)) CADRE_CHECK(*number == *number, "a number is a number");
  return 0;
}
