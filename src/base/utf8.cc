// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"

#include <bit>
#include <cstring>

namespace cadre::base {

size_t ascii_prefix_size(std::string_view text) {
  static_assert(std::endian::native == std::endian::little, "the first byte must be the lowest one");
  constexpr uint64_t kHighBits = 0x8080808080808080u;
  size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    uint64_t eight;
    std::memcpy(&eight, text.data() + i, 8);
    if ((eight & kHighBits) != 0) return i + static_cast<size_t>(std::countr_zero(eight & kHighBits)) / 8;
  }
  while (i < text.size() && static_cast<uint8_t>(text[i]) < 0x80) ++i;
  return i;
}

bool is_valid_utf8(std::string_view text) {
  size_t position = 0;
  while (true) {
    position += ascii_prefix_size(text.substr(position));
    if (position == text.size()) return true;
    // Text that leaves ASCII once mostly stays outside for some characters.
    while (position < text.size() && static_cast<uint8_t>(text[position]) >= 0x80) {
      const uint32_t size_bytes = decode_utf8(text, position).size_bytes;
      if (size_bytes == 0) return false;
      position += size_bytes;
    }
  }
}

size_t utf8_cut(std::string_view text, size_t size_max) {
  if (text.size() <= size_max) return text.size();
  // A character that reaches over the cut begins at most 3 bytes before it.
  for (size_t back = 1; back <= 3 && back <= size_max; ++back) {
    const size_t begin = size_max - back;
    if (is_continuation(static_cast<uint8_t>(text[begin]))) continue;
    return begin + decode_utf8(text, begin).size_bytes > size_max ? begin : size_max;
  }
  return size_max;
}

}  // namespace cadre::base
