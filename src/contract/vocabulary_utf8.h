// The decoder of well-formed UTF-8 (RFC 3629) as eight states, for summaries of tries.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace cadre::contract {

// What the current character still needs; after some first bytes the second is restricted.
enum Utf8State : uint8_t {
  kUtf8Boundary,
  kUtf8NeedsOne,
  kUtf8NeedsTwo,
  kUtf8NeedsThree,
  kUtf8AfterE0,
  kUtf8AfterED,
  kUtf8AfterF0,
  kUtf8AfterF4,
  kUtf8Bad,
};

inline uint8_t next_utf8_state(uint8_t state, uint8_t byte) {
  const bool is_continuation = (byte & 0xC0) == 0x80;
  switch (state) {
    case kUtf8Boundary:
      if (byte < 0x80) return kUtf8Boundary;
      if (byte < 0xC2 || byte > 0xF4) return kUtf8Bad;
      if (byte < 0xE0) return kUtf8NeedsOne;
      if (byte < 0xF0) return byte == 0xE0 ? kUtf8AfterE0 : byte == 0xED ? kUtf8AfterED : kUtf8NeedsTwo;
      return byte == 0xF0 ? kUtf8AfterF0 : byte == 0xF4 ? kUtf8AfterF4 : kUtf8NeedsThree;
    case kUtf8NeedsOne:
      return is_continuation ? kUtf8Boundary : kUtf8Bad;
    case kUtf8NeedsTwo:
      return is_continuation ? kUtf8NeedsOne : kUtf8Bad;
    case kUtf8NeedsThree:
      return is_continuation ? kUtf8NeedsTwo : kUtf8Bad;
    case kUtf8AfterE0:
      return is_continuation && byte >= 0xA0 ? kUtf8NeedsOne : kUtf8Bad;
    case kUtf8AfterED:
      return is_continuation && byte < 0xA0 ? kUtf8NeedsOne : kUtf8Bad;
    case kUtf8AfterF0:
      return is_continuation && byte >= 0x90 ? kUtf8NeedsTwo : kUtf8Bad;
    case kUtf8AfterF4:
      return is_continuation && byte < 0x90 ? kUtf8NeedsTwo : kUtf8Bad;
    default:
      return kUtf8Bad;
  }
}

// The states from which `byte` leads into one of `after` (a bit for every state).
inline uint8_t utf8_states_before(uint8_t byte, uint8_t after) {
  unsigned before = 0;
  for (uint8_t state = 0; state < kUtf8Bad; ++state) {
    const uint8_t next = next_utf8_state(state, byte);
    if (next != kUtf8Bad && (after >> next & 1)) before |= 1u << state;
  }
  return static_cast<uint8_t>(before);
}

}  // namespace cadre::contract
