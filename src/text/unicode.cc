// SPDX-License-Identifier: Apache-2.0
#include "text/unicode.h"

#include <utf8proc.h>

#include <array>
#include <cstddef>
#include <vector>

#include "base/check.h"
#include "base/utf8.h"

namespace cadre::text {
namespace {

constexpr size_t kDecompositionMax = 32;   // code points; the longest NFKD of one code point is 18 (U+FDFA)
constexpr size_t kMarksReorderedMax = 30;  // UAX #15, section 13
constexpr auto kCompatibility = static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT);
constexpr auto kCompose = static_cast<utf8proc_option_t>(UTF8PROC_COMPOSE | UTF8PROC_STABLE);

using Decomposition = std::array<utf8proc_int32_t, kDecompositionMax>;

size_t decompose(char32_t code, Decomposition& out) {
  const auto count =
      utf8proc_decompose_char(static_cast<utf8proc_int32_t>(code), out.data(), out.size(), kCompatibility, nullptr);
  CADRE_CHECK(count > 0 && static_cast<size_t>(count) <= out.size(), "no code point decomposes into more than 18");
  return static_cast<size_t>(count);
}

bool is_letter_category(utf8proc_category_t category) {
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}
bool is_number_category(utf8proc_category_t category) {
  return category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO;
}
bool is_kept_in_norm(utf8proc_int32_t code) {
  const auto category = utf8proc_category(code);
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO;  // L*, M*, N*
}

// For symbols, numbers other than digits, and punctuation: what their compatibility spelling begins with decides.
CharClass class_of_spelling(char32_t code, utf8proc_category_t category) {
  Decomposition spelling;
  const size_t count = decompose(code, spelling);
  for (size_t i = 0; i < count; ++i) {
    const auto part = utf8proc_category(spelling[i]);
    if (is_letter_category(part) || part == UTF8PROC_CATEGORY_NL) return CharClass::kLetter;
    if (is_number_category(part)) return CharClass::kOtherNumber;
  }
  return is_number_category(category) ? CharClass::kOtherNumber : CharClass::kPunctuation;
}

// Puts `code` behind the code points of a lower or equal combining class, as canonical ordering asks.
void insert_ordered(utf8proc_int32_t code, std::vector<utf8proc_int32_t>& codes) {
  const auto combining_class = utf8proc_get_property(code)->combining_class;
  size_t place = codes.size();
  codes.push_back(code);
  if (combining_class == 0) return;
  const size_t lowest = place > kMarksReorderedMax ? place - kMarksReorderedMax : 0;
  while (place > lowest && utf8proc_get_property(codes[place - 1])->combining_class > combining_class) {
    codes[place] = codes[place - 1];
    codes[--place] = code;
  }
}

// NFKC after lower-casing the decomposed characters: lower-casing composed ones would leave some (H with line below,
// whose small letter has a composed form and whose capital has none) outside of NFKC.
// `is_kept` chooses among the decomposed characters: composing comes last, so that what is left out cannot keep a
// letter and its mark apart.
template <class Predicate>
std::vector<utf8proc_int32_t> lowered_codes(std::string_view text, Predicate is_kept) {
  std::vector<utf8proc_int32_t> codes;
  codes.reserve(text.size());
  Decomposition parts;
  for (size_t i = 0; i < text.size();) {
    auto [code, size_bytes] = base::decode_utf8(text, i);
    if (size_bytes == 0) code = base::kReplacementCharacter, size_bytes = 1;
    i += size_bytes;
    const size_t count = decompose(code, parts);
    for (size_t k = 0; k < count; ++k) {
      if (is_kept(parts[k])) insert_ordered(utf8proc_tolower(parts[k]), codes);
    }
  }
  const auto length = utf8proc_normalize_utf32(codes.data(), static_cast<utf8proc_ssize_t>(codes.size()), kCompose);
  CADRE_CHECK(length >= 0, "composing valid code points cannot fail");
  codes.resize(static_cast<size_t>(length));
  return codes;
}

}  // namespace

CharClass char_class(char32_t code) {
  if (code == 0x200B || code == 0xFEFF) return CharClass::kSpace;  // zero-width space, byte order mark
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(code));
  switch (category) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
      return CharClass::kLetter;
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
      return CharClass::kMark;
    case UTF8PROC_CATEGORY_ND:
      return CharClass::kDigit;
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_CC:
      return CharClass::kSpace;
    default:
      return class_of_spelling(code, category);
  }
}

const char* general_category(char32_t code) {
  return utf8proc_category_string(static_cast<utf8proc_int32_t>(code));
}

char32_t simple_lower(char32_t code) {
  return static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(code)));
}

char32_t simple_upper(char32_t code) {
  return static_cast<char32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(code)));
}

void append_lower(std::string_view text, std::string& out) {
  for (const auto code : lowered_codes(text, [](utf8proc_int32_t) { return true; }))
    base::append_utf8(static_cast<char32_t>(code), out);
}

void append_norm(std::string_view text, std::string& out) {
  for (const auto code : lowered_codes(text, is_kept_in_norm)) base::append_utf8(static_cast<char32_t>(code), out);
}

}  // namespace cadre::text
