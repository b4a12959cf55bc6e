// Base64 with padding (RFC 4648, section 4). Thread safety: pure function.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cadre::base {

std::string to_base64(std::span<const uint8_t> bytes);
inline std::string to_base64(std::string_view bytes) {
  return to_base64(std::span(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()));
}

// Exactly what to_base64 writes: kInvalid for other characters, missing padding, or bits after the last byte that are not zero.
Result<std::string> from_base64(std::string_view text);

}  // namespace cadre::base
