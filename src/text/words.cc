// SPDX-License-Identifier: Apache-2.0
#include "text/words.h"

#include <array>
#include <limits>

#include "base/check.h"
#include "base/utf8.h"
#include "text/unicode.h"

namespace cadre::text {
namespace {

constexpr CharClass ascii_class(int c) {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return CharClass::kLetter;
  if (c >= '0' && c <= '9') return CharClass::kDigit;
  return c <= ' ' || c == 0x7F ? CharClass::kSpace : CharClass::kPunctuation;
}

constexpr auto kAsciiClass = [] {
  std::array<CharClass, 128> table{};
  for (int c = 0; c < 128; ++c) table[static_cast<size_t>(c)] = ascii_class(c);
  return table;
}();

// What an ASCII byte becomes in the normal form; 0 for what the normal form leaves out and for bytes that are not
// ASCII.
constexpr auto kAsciiNorm = [] {
  std::array<char, 256> table{};
  for (int c = 0; c < 128; ++c) {
    const auto kind = ascii_class(c);
    const bool kept = kind == CharClass::kLetter || kind == CharClass::kDigit;
    table[static_cast<size_t>(c)] = static_cast<char>(!kept ? 0 : c >= 'A' && c <= 'Z' ? c + 32 : c);
  }
  return table;
}();

// A character and what it is; an invalid byte is punctuation.
struct Character {
  CharClass kind;
  uint32_t size_bytes;
};

Character character_at(std::string_view text, size_t position) {
  const auto byte = static_cast<uint8_t>(text[position]);
  if (byte < 0x80) return {kAsciiClass[byte], 1};
  const base::Utf8Char decoded = base::decode_utf8(text, position);
  if (decoded.size_bytes == 0) return {CharClass::kPunctuation, 1};
  return {char_class(decoded.code), decoded.size_bytes};
}

size_t end_of_letters(std::string_view text, size_t position) {
  while (position < text.size()) {
    const auto [kind, size_bytes] = character_at(text, position);
    if (kind != CharClass::kLetter && kind != CharClass::kMark) break;
    position += size_bytes;
  }
  return position;
}

// The end of a run of digits, and how many there are.
struct Digits {
  size_t end;
  size_t count;
};

Digits end_of_digits(std::string_view text, size_t position) {
  size_t count = 0;
  while (position < text.size()) {
    const auto [kind, size_bytes] = character_at(text, position);
    if (kind != CharClass::kDigit) break;
    position += size_bytes;
    ++count;
  }
  return {position, count};
}

// "28,500": a comma joins only between groups of three digits, so that "1,2,3" stays a list. "3.5", "12.05.2003",
// "192.168.0.1": a point joins whatever digits follow it. Looks ahead over one group of digits at a time, so the cost
// is linear.
size_t end_of_number(std::string_view text, size_t position) {
  auto [end, count] = end_of_digits(text, position);
  bool may_group = count <= 3;
  while (end + 1 < text.size()) {
    const char separator = text[end];
    if (separator != '.' && !(separator == ',' && may_group)) break;
    const Digits next = end_of_digits(text, end + 1);
    if (next.count == 0 || (separator == ',' && next.count != 3)) break;
    end = next.end;
    if (separator == '.') may_group = false;
  }
  return end;
}

struct Piece {
  size_t begin;
  size_t end;
  WordKind kind;
};

// The first word at or after `position`; begin == end == text.size() when there is none. Depends on nothing before
// `position`, and looks past the word's end only to see that it does not go on: words of a run of words are the words
// of the whole text.
Piece next_piece(std::string_view text, size_t position) {
  while (position < text.size()) {
    const auto [kind, size_bytes] = character_at(text, position);
    const size_t after = position + size_bytes;
    switch (kind) {
      case CharClass::kLetter:
        return {position, end_of_letters(text, after), WordKind::kLetters};
      case CharClass::kDigit:
        return {position, end_of_number(text, position), WordKind::kNumber};
      case CharClass::kOtherNumber:
        return {position, after, WordKind::kNumber};
      case CharClass::kPunctuation:
        return {position, after, WordKind::kPunctuation};
      case CharClass::kSpace:
      case CharClass::kMark:
        position = after;  // a mark that follows no letter belongs to no word
    }
  }
  return {text.size(), text.size(), WordKind::kPunctuation};
}

void append_ascii_norm(std::string_view text, std::string& out) {
  const size_t old_size = out.size();
  out.resize(old_size + text.size());
  char* const begin = out.data() + old_size;
  char* end = begin;
  for (const char c : text) {  // without a branch: the write position moves on only past a kept character
    const char kept = kAsciiNorm[static_cast<uint8_t>(c)];
    *end = kept;
    end += kept != 0;
  }
  out.resize(old_size + static_cast<size_t>(end - begin));
}

void append_word_norm(std::string_view word, WordKind kind, std::string& out) {
  if (kind == WordKind::kPunctuation) return;
  if (base::ascii_prefix_size(word) == word.size()) {
    append_ascii_norm(word, out);
  } else {
    append_norm(word, out);
  }
}

}  // namespace

bool is_valid_utf8(std::string_view text) {
  return base::is_valid_utf8(text);
}

std::vector<WordPlace> find_words(std::string_view text) {
  CADRE_CHECK(text.size() <= std::numeric_limits<uint32_t>::max(), "callers limit texts far below 4 GiB");
  std::vector<WordPlace> words;
  words.reserve(text.size() / 4);
  for (Piece piece = next_piece(text, 0); piece.begin < text.size(); piece = next_piece(text, piece.end))
    words.push_back({static_cast<uint32_t>(piece.begin), static_cast<uint32_t>(piece.end), piece.kind});
  return words;
}

std::vector<Word> split_words(std::string_view text) {
  CADRE_CHECK(text.size() <= std::numeric_limits<uint32_t>::max(), "callers limit texts far below 4 GiB");
  std::vector<Word> words;
  for (Piece piece = next_piece(text, 0); piece.begin < text.size(); piece = next_piece(text, piece.end)) {
    Word& word = words.emplace_back();
    word.begin = static_cast<uint32_t>(piece.begin);
    word.end = static_cast<uint32_t>(piece.end);
    word.kind = piece.kind;
    append_word_norm(text.substr(piece.begin, piece.end - piece.begin), piece.kind, word.norm);
  }
  return words;
}

std::string normalize(std::string_view text) {
  std::string norm;
  if (base::ascii_prefix_size(text) == text.size()) {
    append_ascii_norm(text, norm);
    return norm;
  }
  for (Piece piece = next_piece(text, 0); piece.begin < text.size(); piece = next_piece(text, piece.end)) {
    append_word_norm(text.substr(piece.begin, piece.end - piece.begin), piece.kind, norm);
  }
  return norm;
}

std::string lower(std::string_view text) {
  std::string lowered;
  if (base::ascii_prefix_size(text) < text.size()) {
    append_lower(text, lowered);
    return lowered;
  }
  lowered.assign(text);
  for (char& c : lowered) c = static_cast<char>(c + 32 * (c >= 'A' && c <= 'Z'));
  return lowered;
}

}  // namespace cadre::text
