// SPDX-License-Identifier: Apache-2.0
#include "contract/json_scan.h"

#include <string>

#include "base/ascii.h"
#include "base/utf8.h"

namespace cadre::contract {

namespace {

// Low byte: the kind. The rest: what the kind needs.
enum Scan : uint32_t {
  kPlain = kPlainText,
  kRest1,  // one, two, three continuation bytes to come
  kRest2,
  kRest3,
  kAfterE0,  // the first continuation byte has a narrower range, which is what keeps out overlong forms and surrogates
  kAfterEd,
  kAfterF0,
  kAfterF4,
  kEscape,     // after the backslash
  kHex,        // \u, digits so far in bits 8..9, their value from bit 12
  kLowEscape,  // after a high surrogate (its ten bits from bit 20): a backslash must follow, ...
  kLowU,       // ... a u, ...
  kLowHex  // ... and the digits of a low one: count in bits 8..9, value of at most 8 bits from bit 12, high ten bits from bit 20
};

StringScan inside(uint32_t state) {
  StringScan scan;
  scan.kind = StringScan::Kind::kInside;
  scan.state = state;
  return scan;
}

StringScan yields(uint32_t state, uint8_t byte) {
  StringScan scan = inside(state);
  scan.size = 1;
  scan.bytes[0] = byte;
  return scan;
}

StringScan yields_character(char32_t code) {
  std::string text;
  base::append_utf8(code, text);
  StringScan scan = inside(kPlain);
  scan.size = static_cast<uint8_t>(text.size());
  for (size_t i = 0; i < text.size(); ++i) scan.bytes[i] = static_cast<uint8_t>(text[i]);
  return scan;
}

StringScan plain(uint8_t byte) {
  if (byte == '"') {
    StringScan scan;
    scan.kind = StringScan::Kind::kClosed;
    return scan;
  }
  if (byte == '\\') return inside(kEscape);
  if (byte < 0x20) return {};
  if (byte < 0x80) return yields(kPlain, byte);
  if (byte < 0xC2 || byte > 0xF4) return {};
  if (byte < 0xE0) return yields(kRest1, byte);
  if (byte == 0xE0) return yields(kAfterE0, byte);
  if (byte == 0xED) return yields(kAfterEd, byte);
  if (byte < 0xF0) return yields(kRest2, byte);
  if (byte == 0xF0) return yields(kAfterF0, byte);
  if (byte == 0xF4) return yields(kAfterF4, byte);
  return yields(kRest3, byte);
}

StringScan continuation(uint8_t byte, uint8_t low, uint8_t high, uint32_t next) {
  return byte >= low && byte <= high ? yields(next, byte) : StringScan{};
}

StringScan escape(uint8_t byte) {
  switch (byte) {
    case '"':
    case '\\':
    case '/':
      return yields(kPlain, byte);
    case 'b':
      return yields(kPlain, '\b');
    case 'f':
      return yields(kPlain, '\f');
    case 'n':
      return yields(kPlain, '\n');
    case 'r':
      return yields(kPlain, '\r');
    case 't':
      return yields(kPlain, '\t');
    case 'u':
      return inside(kHex);
    default:
      return {};
  }
}

StringScan hex(uint32_t state, uint8_t byte) {
  const int digit = base::hex_digit(static_cast<char>(byte));
  if (digit < 0) return {};
  const uint32_t count = state >> 8 & 3;
  const uint32_t value = (state >> 12) << 4 | static_cast<uint32_t>(digit);
  if (count == 1 && value >= 0xDC) {
    if (value <= 0xDF) return {};  // a low surrogate with no high one before it
  }
  if (count < 3) return inside(kHex | (count + 1) << 8 | value << 12);
  if (value >= 0xD800 && value < 0xDC00) return inside(kLowEscape | (value - 0xD800) << 20);
  return yields_character(value);
}

StringScan low_hex(uint32_t state, uint8_t byte) {
  const int digit = base::hex_digit(static_cast<char>(byte));
  const uint32_t count = state >> 8 & 3;
  if (digit < 0 || (count == 0 && digit != 0xD) || (count == 1 && digit < 0xC)) return {};
  const uint32_t low =
      count == 0 ? 0 : (state >> 12 & 0xFF) << 4 | (static_cast<uint32_t>(digit) & (count == 1 ? 3u : 15u));
  if (count < 3) return inside((state & 0xFFF00000u) | kLowHex | (count + 1) << 8 | low << 12);
  return yields_character(0x10000 + ((state >> 20) << 10) + low);
}

}  // namespace

StringScan scan_string(uint32_t state, uint8_t byte) {
  switch (state & 0xFF) {
    case kPlain:
      return plain(byte);
    case kRest1:
      return continuation(byte, 0x80, 0xBF, kPlain);
    case kRest2:
      return continuation(byte, 0x80, 0xBF, kRest1);
    case kRest3:
      return continuation(byte, 0x80, 0xBF, kRest2);
    case kAfterE0:
      return continuation(byte, 0xA0, 0xBF, kRest1);
    case kAfterEd:
      return continuation(byte, 0x80, 0x9F, kRest1);
    case kAfterF0:
      return continuation(byte, 0x90, 0xBF, kRest2);
    case kAfterF4:
      return continuation(byte, 0x80, 0x8F, kRest2);
    case kEscape:
      return escape(byte);
    case kHex:
      return hex(state, byte);
    case kLowEscape:
      return byte == '\\' ? inside((state & 0xFFF00000u) | kLowU) : StringScan{};
    case kLowU:
      return byte == 'u' ? inside((state & 0xFFF00000u) | kLowHex) : StringScan{};
    case kLowHex:
      return low_hex(state, byte);
    default:
      return {};
  }
}

const std::bitset<256>& bytes_alike(uint32_t state, uint8_t byte) {
  static const auto range = [](int low, int high) {
    std::bitset<256> set;
    for (int b = low; b <= high; ++b) set.set(static_cast<size_t>(b));
    return set;
  };
  static const std::bitset<256> none, rest = range(0x80, 0xBF), two = range(0xC2, 0xDF), four = range(0xF1, 0xF3);
  static const std::bitset<256> ascii = range(0x20, 0x7F).reset('"').reset('\\');
  static const std::bitset<256> three = range(0xE1, 0xEF).reset(0xED);
  if (state >= kRest1 && state <= kRest3) return rest[byte] ? rest : none;
  if (state != kPlain) return none;
  for (const auto* set : {&ascii, &two, &three, &four}) {
    if ((*set)[byte]) return *set;
  }
  return none;
}

bool is_canonical(uint32_t state, uint8_t byte) {
  return state != kEscape || (byte != '/' && byte != 'u');
}

NumberState number_start(uint8_t byte) {
  if (byte == '-') return kNumberMinus;
  if (byte == '0') return kNumberZero;
  return byte >= '1' && byte <= '9' ? kNumberWhole : kNumberRefused;
}

NumberState number_next(NumberState state, uint8_t byte) {
  const bool digit = byte >= '0' && byte <= '9';
  const bool exponent = byte == 'e' || byte == 'E';
  switch (state) {
    case kNumberMinus:
      return digit ? (byte == '0' ? kNumberZero : kNumberWhole) : kNumberRefused;
    case kNumberZero:
    case kNumberWhole:
      if (digit && state == kNumberWhole) return kNumberWhole;
      if (byte == '.') return kNumberPoint;
      return exponent ? kNumberE : kNumberRefused;
    case kNumberPoint:
      return digit ? kNumberFraction : kNumberRefused;
    case kNumberFraction:
      if (digit) return kNumberFraction;
      return exponent ? kNumberE : kNumberRefused;
    case kNumberE:
    case kNumberESign:
    case kNumberExponentZero:
      if (state == kNumberE && (byte == '+' || byte == '-')) return kNumberESign;
      return !digit ? kNumberRefused : byte == '0' ? kNumberExponentZero : kNumberExponent;
    default:
      if (!digit || state < kNumberExponent || state >= kNumberExponentLast) return kNumberRefused;
      return static_cast<NumberState>(state + 1);
  }
}

}  // namespace cadre::contract
