// Reading and writing UTF-8 (RFC 3629), one code point at a time.
//
// decode_utf8 accepts exactly the well-formed sequences: no overlong forms, no surrogates, nothing past U+10FFFF, so
// that encode_utf8(decode_utf8(x)) gives back the bytes of x. Thread safety: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace cadre::base {

inline constexpr char32_t kReplacementCharacter = 0xFFFD;

struct Utf8Char {
  char32_t code = 0;
  uint32_t size_bytes = 0;  // 0: no well-formed sequence starts here
};

inline bool is_continuation(uint8_t byte) {
  return (byte & 0xC0) == 0x80;
}

// The code point at `text[position]`; REQUIRES position < text.size().
inline Utf8Char decode_utf8(std::string_view text, size_t position) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data()) + position;
  const size_t size = text.size() - position;
  const uint8_t first = bytes[0];
  if (first < 0x80) return {first, 1};
  if (first < 0xC2 || size < 2 || !is_continuation(bytes[1])) return {};
  if (first < 0xE0) return {(first & 0x1Fu) << 6 | (bytes[1] & 0x3Fu), 2};
  if (size < 3 || !is_continuation(bytes[2])) return {};
  if (first < 0xF0) {
    const char32_t code = (first & 0x0Fu) << 12 | (bytes[1] & 0x3Fu) << 6 | (bytes[2] & 0x3Fu);
    if (code < 0x800 || (code >= 0xD800 && code < 0xE000)) return {};
    return {code, 3};
  }
  if (first > 0xF4 || size < 4 || !is_continuation(bytes[3])) return {};
  const char32_t code = (first & 0x07u) << 18 | (bytes[1] & 0x3Fu) << 12 | (bytes[2] & 0x3Fu) << 6 | (bytes[3] & 0x3Fu);
  if (code < 0x10000 || code > 0x10FFFF) return {};
  return {code, 4};
}

// REQUIRES a Unicode scalar value.
inline void append_utf8(char32_t code, std::string& out) {
  if (code < 0x80) {
    out.push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out.push_back(static_cast<char>(0xC0 | code >> 6));
    out.push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else if (code < 0x10000) {
    out.push_back(static_cast<char>(0xE0 | code >> 12));
    out.push_back(static_cast<char>(0x80 | (code >> 6 & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else {
    out.push_back(static_cast<char>(0xF0 | code >> 18));
    out.push_back(static_cast<char>(0x80 | (code >> 12 & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (code >> 6 & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (code & 0x3F)));
  }
}

bool is_valid_utf8(std::string_view text);

// Where to cut `text` so that at most `size_max` bytes stay and no character is cut in two: the whole text if it fits; else `size_max`, or up to 3 less where that
// lies inside a character. Bytes that belong to no character are characters of their own: a cut always comes, and stays near `size_max`.
size_t utf8_cut(std::string_view text, size_t size_max);
// The beginning of `text` up to there.
inline std::string_view utf8_prefix(std::string_view text, size_t size_max) {
  return text.substr(0, utf8_cut(text, size_max));
}

// Bytes of ASCII at the start of `text`, eight at a time.
size_t ascii_prefix_size(std::string_view text);

}  // namespace cadre::base
