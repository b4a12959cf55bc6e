// The readable reference of the vector math: every other version gives these bits.
// SPDX-License-Identifier: Apache-2.0
#include <bit>
#include <cmath>
#include <limits>

#include "tensor/vector_math_kernels.h"

namespace cadre::tensor::internal {
namespace {

float exponential_of(float x) {
  const float shifted = std::fma(x, kExpLog2E, kExpRounder);
  const float n = shifted - kExpRounder;
  const float r = std::fma(n, -kExpLn2Low, std::fma(n, -kExpLn2High, x));
  float p = kExpC4;
  p = std::fma(p, r, kExpC3);
  p = std::fma(p, r, kExpC2);
  p = std::fma(p, r, kExpC1);
  p = std::fma(p, r, kExpC0);
  p = std::fma(p, r, 1.0f);
  p = std::fma(p, r, 1.0f);
  const uint32_t exponent = std::bit_cast<uint32_t>(shifted) << 23;  // n, modulo 512, where an exponent goes
  if (x < kExpLeast) return 0;
  if (x > kExpGreatest) return std::numeric_limits<float>::infinity();
  if (x != x) return x;
  return std::bit_cast<float>(std::bit_cast<uint32_t>(p) + exponent);
}

float sum_of(float (&lanes)[kMathLanes]) {
  for (size_t width = kMathLanes / 2; width > 0; width /= 2) {
    for (size_t j = 0; j < width; ++j) lanes[j] += lanes[j + width];
  }
  return lanes[0];
}

size_t padded(size_t count) {
  return (count + kMathLanes - 1) / kMathLanes * kMathLanes;
}

void exponential(const float* x, size_t count, float* out) {
  for (size_t i = 0; i < count; ++i) out[i] = exponential_of(x[i]);
}

void softmax(float* x, size_t count) {
  float largest = -std::numeric_limits<float>::infinity();
  for (size_t i = 0; i < count; ++i) largest = x[i] > largest ? x[i] : largest;
  float lanes[kMathLanes] = {};
  for (size_t i = 0; i < count; ++i) {
    x[i] = exponential_of(x[i] - largest);
    lanes[i % kMathLanes] += x[i];
  }
  const float inverse = 1.0f / sum_of(lanes);
  for (size_t i = 0; i < count; ++i) x[i] *= inverse;
}

void softmax_rows(float* x, size_t stride, size_t rows, size_t count, float scale, const uint8_t* kinds,
                  const float* bias) {
  for (size_t r = 0; r < rows; ++r, x += stride, kinds += count) {
    for (size_t i = 0; i < count; ++i) x[i] = std::fma(x[i], scale, bias[kinds[i]]);
    softmax(x, count);
  }
}

float dot(const float* a, const float* b, size_t count) {
  float lanes[kMathLanes] = {};
  for (size_t i = 0; i < padded(count); ++i) {
    float& lane = lanes[i % kMathLanes];
    lane = i < count ? std::fma(a[i], b[i], lane) : lane + 0.0f;  // padding turns a lane of -0 into +0
  }
  return sum_of(lanes);
}

void rms_norm(const float* x, const float* weight, size_t count, float epsilon, float* out) {
  const float mean = dot(x, x, count) / static_cast<float>(count);
  const float inverse = 1.0f / std::sqrt(mean + epsilon);
  for (size_t i = 0; i < count; ++i) out[i] = x[i] * inverse * weight[i];
}

void swiglu(const float* gate, const float* up, size_t count, float* out) {
  for (size_t i = 0; i < count; ++i) out[i] = gate[i] / (1.0f + exponential_of(-gate[i])) * up[i];
}

void axpy(float a, const float* x, float* y, size_t count) {
  for (size_t i = 0; i < count; ++i) y[i] = std::fma(a, x[i], y[i]);
}

}  // namespace

const VectorMathFunctions kVectorMathScalar{exponential, softmax, softmax_rows, rms_norm, swiglu, dot, axpy};

}  // namespace cadre::tensor::internal
