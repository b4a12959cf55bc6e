// IEEE half precision, the type of the scales in GGUF's blocks: exact to f32, round to nearest even from f32.
//
// In integers, so that every machine (with or without F16C) gets the same bits. Infinity and NaN are kept; a NaN keeps
// its sign and upper payload and becomes quiet.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>

namespace cadre::tensor {

inline constexpr float kFloat16Max = 65504.0f;

inline float float16_to_float(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000u) << 16, magnitude = half & 0x7fffu;
  if (magnitude >= 0x7c00u) {
    const uint32_t payload = (magnitude & 0x3ffu) << 13;
    return std::bit_cast<float>(sign | 0x7f800000u | payload | (payload != 0 ? 0x400000u : 0u));
  }
  if (magnitude >= 0x400u) return std::bit_cast<float>(sign | ((magnitude << 13) + ((127u - 15u) << 23)));
  const float denormal = static_cast<float>(magnitude) * 0x1p-24f;  // exact: 10 bits times a power of two
  return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(denormal));
}

inline uint16_t float_to_float16(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x), magnitude = bits & 0x7fffffffu;
  const uint16_t sign = static_cast<uint16_t>((bits >> 16) & 0x8000u);
  if (magnitude > 0x7f800000u) return static_cast<uint16_t>(sign | 0x7e00u | ((magnitude >> 13) & 0x3ffu));
  if (magnitude >= 0x47800000u) return static_cast<uint16_t>(sign | 0x7c00u);  // 65536 and more, and infinity
  if (magnitude >= 0x38800000u) {  // 2^-14: normal in both; may carry up to infinity
    const uint32_t rounded = magnitude + 0xfffu + ((magnitude >> 13) & 1u);
    return static_cast<uint16_t>(sign | ((rounded - ((127u - 15u) << 23)) >> 13));
  }
  if (magnitude < 0x33000000u) return sign;  // below half of the least denormal
  const uint32_t mantissa = (magnitude & 0x7fffffu) | 0x800000u, shift = 126u - (magnitude >> 23);
  const uint32_t result = mantissa >> shift, rest = mantissa & ((1u << shift) - 1u), half = 1u << (shift - 1u);
  const uint32_t up = rest > half || (rest == half && (result & 1u) != 0) ? 1u : 0u;
  return static_cast<uint16_t>(sign | (result + up));
}

}  // namespace cadre::tensor
