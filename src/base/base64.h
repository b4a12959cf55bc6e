// Base64 with padding (RFC 4648, section 4). Thread safety: pure function.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace cadre::base {

std::string to_base64(std::span<const uint8_t> bytes);
inline std::string to_base64(std::string_view bytes) {
  return to_base64(std::span(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()));
}

}  // namespace cadre::base
