// The insides of JSON strings and numbers, a byte at a time, as small states.
//
// A string's scan state says where we are between two characters: nowhere, in a UTF-8 sequence, in an escape. scan_string() takes the next byte
// and yields the bytes of the decoded text that it completes (an escape yields its character as UTF-8). Refused: control bytes,
// malformed UTF-8, unknown escapes, lone surrogates.
// Stateless; thread-safe.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bitset>
#include <cstdint>
#include <string_view>

namespace cadre::contract {

inline constexpr uint32_t kPlainText = 0;  // between two characters

struct StringScan {
  enum class Kind : uint8_t { kRefused, kInside, kClosed };
  Kind kind = Kind::kRefused;
  uint8_t size = 0;  // bytes of decoded text that this byte completed
  uint8_t bytes[4] = {};
  uint32_t state = kPlainText;
};
StringScan scan_string(uint32_t state, uint8_t byte);
// The bytes that lead where this one leads and yield just themselves as it does; none if the byte is not of that kind.
const std::bitset<256>& bytes_alike(uint32_t state, uint8_t byte);
// One spelling per character: escapes only where they must be, and then the short ones. Is the byte one of that spelling?
bool is_canonical(uint32_t state, uint8_t byte);

// A number that a schema compares with others or divides may have so many bytes; a longer one is refused (machine) or over the limit (validator).
inline constexpr size_t kNumberSizeBytesMax = 1200;

// Numbers: the state after the text so far; kNumberRefused if no number begins like it. The digits of an exponent are counted, zeros before
// the first other digit aside: there are at most kExponentDigitsMax, so that every number has an exact Decimal (contract/decimal.h). Other digits
// have no limit.
inline constexpr int kExponentDigitsMax = 9;
enum NumberState : uint8_t {
  kNumberMinus,
  kNumberZero,
  kNumberWhole,
  kNumberPoint,
  kNumberFraction,
  kNumberE,
  kNumberESign,
  kNumberExponentZero,  // zeros alone
  kNumberExponent,      // one digit of it; kNumberExponent + n: n more
  kNumberExponentLast = kNumberExponent + kExponentDigitsMax - 1,
  kNumberRefused
};
NumberState number_start(uint8_t byte);
NumberState number_next(NumberState state, uint8_t byte);
inline bool number_may_end(NumberState state) {
  return state == kNumberZero || state == kNumberWhole || state == kNumberFraction ||
         (state >= kNumberExponentZero && state <= kNumberExponentLast);
}

inline constexpr std::string_view kJsonLiterals[] = {"null", "false", "true"};

inline bool is_json_space(uint8_t byte) {
  return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

}  // namespace cadre::contract
