// SHA-256 of bytes: the one file that knows the crypto library (OpenSSL).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace cadre::base {

using Sha256 = std::array<uint8_t, 32>;

Sha256 sha256(std::string_view bytes);
inline Sha256 sha256(std::span<const uint8_t> bytes) {
  return sha256(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

// Lower-case hexadecimal.
std::string to_hex(std::span<const uint8_t> bytes);

}  // namespace cadre::base
