// SPDX-License-Identifier: Apache-2.0
#include "text/byte_spelling.h"

#include <array>
#include <cstdint>

#include "base/utf8.h"

namespace cadre::text {
namespace {

constexpr char32_t kFirstStandIn = 256;

constexpr bool stands_for_itself(uint32_t byte) {
  return (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
}

constexpr auto kCodeOfByte = [] {
  std::array<uint16_t, 256> table{};
  uint16_t next = kFirstStandIn;
  for (uint32_t byte = 0; byte < 256; ++byte)
    table[byte] = stands_for_itself(byte) ? static_cast<uint16_t>(byte) : next++;
  return table;
}();

constexpr size_t kCodeCount = 256 + 68;

// -1 where no byte is spelled so.
constexpr auto kByteOfCode = [] {
  std::array<int16_t, kCodeCount> table{};
  for (auto& entry : table) entry = -1;
  for (uint32_t byte = 0; byte < 256; ++byte) table[kCodeOfByte[byte]] = static_cast<int16_t>(byte);
  return table;
}();

}  // namespace

std::string spell_bytes(std::string_view bytes) {
  std::string spelling;
  spelling.reserve(bytes.size());
  for (const char byte : bytes) base::append_utf8(kCodeOfByte[static_cast<uint8_t>(byte)], spelling);
  return spelling;
}

std::optional<std::string> unspell_bytes(std::string_view spelling) {
  std::string bytes;
  for (size_t i = 0; i < spelling.size();) {
    const auto [code, size_bytes] = base::decode_utf8(spelling, i);
    if (size_bytes == 0 || code >= kCodeCount || kByteOfCode[code] < 0) return std::nullopt;
    bytes.push_back(static_cast<char>(kByteOfCode[code]));
    i += size_bytes;
  }
  return bytes;
}

}  // namespace cadre::text
