// Words of a text with their places, and the normal form in which words and table cells are compared.
//
// A word is a maximal run of letters and marks; a number (digits with inner groups: "28,500", "3.5", "12.05.2003"; but
// "1,2,3" is a list of three); or one character of punctuation or symbol. White space, control characters and marks
// that follow no letter separate. Digits and letters are split ("2nd" is "2" and "nd"). normal form (norm): Unicode
// NFKC, lower case, only letters, marks and numbers kept. Symbols go with punctuation, because people write "$5" and
// "5" for the same cell; a cell of symbols alone ("-") has an empty norm and must be compared as it stands. The norms
// of a run of words, one after another, are normalize() of the text from the first word's begin to the last one's end.
// Thread safety: pure functions. Cost: linear.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cadre::text {

enum class WordKind : uint8_t { kLetters, kNumber, kPunctuation };

struct Word {
  uint32_t begin = 0;  // byte offsets into the text
  uint32_t end = 0;
  WordKind kind = WordKind::kLetters;
  std::string norm;  // normal form; empty for punctuation
};

// A word without its normal form.
struct WordPlace {
  uint32_t begin = 0;
  uint32_t end = 0;
  WordKind kind = WordKind::kLetters;
};

bool is_valid_utf8(std::string_view text);
std::vector<WordPlace> find_words(std::string_view text);  // the places of split_words(text), at a fraction of its cost
std::vector<Word> split_words(std::string_view text);      // invalid bytes are treated as punctuation
std::string normalize(std::string_view text);
std::string lower(
    std::string_view text);  // NFKC and lower case only; what the tokenizer sees; invalid bytes become U+FFFD
// A light English stem for lexical links: plural and -ed/-ing/-ly endings ("medals" -> "medal"); norm in, stem out.
std::string stem(std::string_view norm);
// "1,234.5" -> 1234.5; "-3", "+3", "5 %" -> no: only a plain number, with optional sign, thousands commas, fraction,
// exponent.
std::optional<double> parse_number(std::string_view text);

}  // namespace cadre::text
