// The readers of single mentions behind contract/mentions.h: each looks at one place of a text.
//
// Thread safety: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "contract/mentions.h"
#include "text/words.h"

namespace cadre::contract {

// A text and its words. The text must outlive it.
class MentionText {
 public:
  explicit MentionText(std::string_view text) : text_(text), words_(text::split_words(text)) {}

  std::string_view text() const { return text_; }
  size_t size() const { return words_.size(); }
  const text::Word& word(size_t at) const { return words_[at]; }
  // Normal form of a word, the sign itself of punctuation; empty past the end.
  std::string_view norm(size_t at) const {
    if (at >= words_.size()) return {};
    const text::Word& word = words_[at];
    return word.kind == text::WordKind::kPunctuation ? text_.substr(word.begin, word.end - word.begin)
                                                     : std::string_view(word.norm);
  }
  // Is there nothing between this word and the one before?
  bool is_adjacent(size_t at) const { return at > 0 && at < size() && words_[at - 1].end == words_[at].begin; }
  bool has_digit(size_t position) const {
    return position < text_.size() && text_[position] >= '0' && text_[position] <= '9';
  }
  char at(size_t position) const { return position < text_.size() ? text_[position] : '\0'; }
  // Does a word end here?
  bool is_end(size_t position) const;

 private:
  std::string_view text_;
  std::vector<text::Word> words_;
};

// A number in words ("twenty-first", "two hundred and five") from a word on.
struct SpokenNumber {
  int64_t value = 0;
  size_t words = 0;      // how many it takes
  bool ordinal = false;  // "third"
};
std::optional<SpokenNumber> read_spoken(const MentionText& text, size_t at);

// Append what is mentioned from word `at` on.
void read_number(const MentionText& text, size_t at, const BindingOptions& options, std::vector<Mention>& mentions);
void read_date(const MentionText& text, size_t at, const BindingOptions& options, std::vector<Mention>& mentions);
void read_phone(const MentionText& text, size_t at, const BindingOptions& options, std::vector<Mention>& mentions);

}  // namespace cadre::contract
