// The readable reference of the inference products: every other kernel gives these bits.
// SPDX-License-Identifier: Apache-2.0
#include <bit>
#include <cmath>
#include <cstring>

#include "tensor/bfloat16.h"
#include "tensor/quant_kernels.h"

namespace cadre::tensor::internal {
namespace {

constexpr uint32_t kMagnitude = 0x7fffffffu, kInfinity = 0x7f800000u;
constexpr float kLeastMagnitude = 0x1p-100f;  // below it 127 / largest would leave the range of f32

void quantize_block(const float* x, int32_t offset, int8_t* values, float* scale, int32_t* correction) {
  uint32_t largest_bits = 0;  // of magnitudes, as integers: NaN counts as the largest
  for (size_t l = 0; l < kBlock; ++l) {
    const uint32_t bits = std::bit_cast<uint32_t>(x[l]) & kMagnitude;
    if (bits > largest_bits) largest_bits = bits;
  }
  std::memset(values, 0, kBlock);
  *correction = 0;
  if (largest_bits >= kInfinity) {
    *scale = std::bit_cast<float>(0x7fc00000u);
    return;
  }
  const float largest = std::bit_cast<float>(largest_bits);
  *scale = 0;
  if (largest < kLeastMagnitude) return;
  *scale = largest / 127.0f;
  const float inverse = 127.0f / largest;
  int32_t sum = 0;
  for (size_t l = 0; l < kBlock; ++l) {
    values[l] = static_cast<int8_t>(std::nearbyint(x[l] * inverse));
    sum += values[l];
  }
  *correction = -offset * sum;
}

void quantize(const float* x, size_t count, int32_t offset, int8_t* values, float* scales, int32_t* corrections) {
  for (size_t b = 0; b < count / kBlock; ++b) {
    quantize_block(x + b * kBlock, offset, values + b * kBlock, scales + b, corrections + b);
  }
}

// One block of one output, from a panel.
int32_t weight_q8(const uint8_t* block, size_t output, size_t l) {
  return static_cast<int8_t>(block[(l / 4 * kPanelOutputs + output) * 4 + l % 4]);
}
int32_t weight_q4(const uint8_t* block, size_t output, size_t l) {
  const size_t half = l % 16;
  const uint8_t pair = block[(half / 4 * kPanelOutputs + output) * 4 + half % 4];
  return (l < 16 ? pair & 15 : pair >> 4) - 8;
}

template <int32_t (*weight)(const uint8_t*, size_t, size_t), size_t kBlockBytes>
void multiply_quantized(const QuantProduct& p) {
  const size_t blocks = p.k / kBlock;
  for (size_t i = 0; i < p.m; ++i) {
    for (size_t j = 0; j < p.n; ++j) {
      const size_t panel = j / kPanelOutputs, output = j % kPanelOutputs;
      float y = 0;
      for (size_t b = 0; b < blocks; ++b) {
        const uint8_t* block = p.w + (panel * blocks + b) * kBlockBytes;
        int32_t dot = 0;
        for (size_t l = 0; l < kBlock; ++l) dot += p.x[i * p.k + b * kBlock + l] * weight(block, output, l);
        const float w_scale = p.w_scales[(panel * blocks + b) * kPanelOutputs + output];
        y = std::fma(static_cast<float>(dot), w_scale * p.x_scales[i * blocks + b], y);
      }
      p.y[i * p.ldy + j] = y;
    }
  }
}

template <class T>
void multiply_floats(const QuantProduct& p) {
  for (size_t i = 0; i < p.m; ++i) {
    for (size_t j = 0; j < p.n; ++j) {
      const uint8_t* panel = p.w + j / kPanelOutputs * p.k * kPanelOutputs * sizeof(T);
      float y = 0;
      for (size_t l = 0; l < p.k; ++l) {
        T w;
        std::memcpy(&w, panel + (l * kPanelOutputs + j % kPanelOutputs) * sizeof(T), sizeof(T));
        y = std::fma(to_float(w), p.x_floats[i * p.k + l], y);
      }
      p.y[i * p.ldy + j] = y;
    }
  }
}

}  // namespace

const QuantFunctions kQuantScalar{0,
                                  0,
                                  quantize,
                                  multiply_quantized<weight_q8, 512>,
                                  multiply_quantized<weight_q4, 256>,
                                  multiply_floats<float>,
                                  multiply_floats<BFloat16>};

}  // namespace cadre::tensor::internal
