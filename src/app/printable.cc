// SPDX-License-Identifier: Apache-2.0
#include "app/printable.h"

#include "text/words.h"

namespace cadre::app {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

// Bytes of the character that starts at text[begin]; a stray byte is one of its own.
size_t character_size(std::string_view text, size_t begin) {
  size_t size = 1;
  while (begin + size < text.size() && is_continuation(text[begin + size]) && size < 4) ++size;
  return size;
}

// C0, DEL and C1 (U+0080 to U+009F), and the marks that turn the direction of text around (U+202A-202E, U+2066-2069).
bool is_control(std::string_view character) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(character[i]); };
  if (character.size() == 1) return byte(0) < 0x20 || byte(0) == 0x7F;
  if (character.size() == 2) return byte(0) == 0xC2 && byte(1) < 0xA0;
  if (character.size() != 3 || byte(0) != 0xE2) return false;
  return (byte(1) == 0x80 && byte(2) >= 0xAA && byte(2) <= 0xAE) ||
         (byte(1) == 0x81 && byte(2) >= 0xA6 && byte(2) <= 0xA9);
}

}  // namespace

std::string printable(std::string_view text) {
  std::string result;
  for (size_t begin = 0; begin < text.size();) {
    size_t size = character_size(text, begin);
    std::string_view character = text.substr(begin, size);
    if (!text::is_valid_utf8(character)) {
      character = kReplacement;
      size = 1;
    } else if (is_control(character)) {
      character = " ";
    }
    result += character;
    begin += size;
  }
  return result;
}

std::string clipped(std::string_view text, size_t width) {
  size_t end = 0;
  for (size_t count = 0; end < text.size() && count < width; ++count) end += character_size(text, end);
  return end >= text.size() ? std::string(text) : std::string(text.substr(0, end)) + "…";
}

}  // namespace cadre::app
