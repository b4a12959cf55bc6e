// What Unicode says about a character: the one file that knows the library with the tables (utf8proc).
//
// Thread safety: pure functions. Cost: linear in the input, also on hostile text: combining marks are put into
// canonical order by an insertion that looks back over at most 30 of them (the bound of UAX #15's stream-safe format),
// so text with longer runs of marks than any language has may come out in another order than NFKC asks for.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cadre::text {

// What a character is to a reader of words.
enum class CharClass : uint8_t {
  kSpace,        // white space and control characters
  kLetter,       // letters, and what NFKC spells with a letter first: ligatures, Roman numerals, (TM), square kg
  kMark,         // combining marks and invisible format characters (soft hyphen, joiners)
  kDigit,        // decimal digits of any script
  kOtherNumber,  // superscripts, fractions, circled digits
  kPunctuation,  // punctuation, symbols and unassigned code points
};

CharClass char_class(char32_t code);

// The general category of a code point by its two letters ("Lu", "Nd", "Cn"). Surrogates are "Cs".
const char* general_category(char32_t code);

// The simple lower-case and upper-case letters of a code point: one code point each, itself where there is none.
char32_t simple_lower(char32_t code);
char32_t simple_upper(char32_t code);

// Appends NFKC of `text` in lower case (in NFKC again, so that doing it twice changes nothing). An invalid byte becomes
// U+FFFD.
void append_lower(std::string_view text, std::string& out);

// The same, without what is neither letter, mark nor number.
void append_norm(std::string_view text, std::string& out);

}  // namespace cadre::text
