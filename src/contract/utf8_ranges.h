// A range of code points as sequences of byte ranges: the UTF-8 encodings of [low, high] are exactly the byte strings
// that match one of the sequences, byte i within ranges[i].
//
// REQUIRES that the range holds no surrogates and nothing past U+10FFFF. At most a dozen sequences per range.
// Source: the range splitting of Thompson's UTF-8 compilers, as described by Cox (swtch.com/~rsc/regexp/regexp3.html).
// Thread safety: pure function.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/utf8.h"

namespace cadre::contract {

struct Utf8Sequence {
  struct Range {
    uint8_t low = 0, high = 0;
  };
  std::array<Range, 4> ranges;
  uint32_t size = 0;
};

inline void append_utf8_sequences(char32_t low, char32_t high, std::vector<Utf8Sequence>& out) {
  for (const char32_t last : {char32_t{0x7F}, char32_t{0x7FF}, char32_t{0xFFFF}}) {
    if (low <= last && high > last) {
      append_utf8_sequences(low, last, out);
      low = last + 1;
    }
  }
  for (unsigned i = 1; i < 4 && low >= 0x80; ++i) {  // align both ends to whole blocks of trailing bytes
    const char32_t block = (char32_t{1} << (6 * i)) - 1;
    if ((low & ~block) == (high & ~block)) break;
    if ((low & block) != 0) {
      append_utf8_sequences(low, low | block, out);
      return append_utf8_sequences((low | block) + 1, high, out);
    }
    if ((high & block) != block) {
      append_utf8_sequences(low, (high & ~block) - 1, out);
      return append_utf8_sequences(high & ~block, high, out);
    }
  }
  std::string first, second;
  base::append_utf8(low, first);
  base::append_utf8(high, second);
  Utf8Sequence sequence;
  sequence.size = static_cast<uint32_t>(first.size());
  for (size_t i = 0; i < first.size(); ++i) {
    sequence.ranges[i] = {static_cast<uint8_t>(first[i]), static_cast<uint8_t>(second[i])};
  }
  out.push_back(sequence);
}

}  // namespace cadre::contract
