// Inside of the vector math: the table of functions per instruction set, and the constants they share. Files compiled
// for an instruction set include nothing else of ours (see tensor/matmul_kernels.h for why).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace cadre::tensor::internal {

struct VectorMathFunctions {
  void (*exponential)(const float* x, size_t count, float* out);
  void (*softmax)(float* x, size_t count);
  void (*softmax_rows)(float* x, size_t stride, size_t rows, size_t count, float scale, const uint8_t* kinds,
                       const float* bias);
  void (*rms_norm)(const float* x, const float* weight, size_t count, float epsilon, float* out);
  void (*swiglu)(const float* gate, const float* up, size_t count, float* out);
  float (*dot)(const float* a, const float* b, size_t count);
  void (*axpy)(float a, const float* x, float* y, size_t count);
};

extern const VectorMathFunctions kVectorMathScalar, kVectorMathAvx2, kVectorMathAvx512;

inline constexpr size_t kMathLanes = 16;

inline constexpr float kExpLog2E = 0x1.715476p+0f;
inline constexpr float kExpLn2High = 0x1.62e43p-1f, kExpLn2Low = -0x1.05c61p-29f;
// Added to x log2(e) it leaves no bits for a fraction, so the sum is rounded to an integer, found in its low bits.
inline constexpr float kExpRounder = 0x1.8p+23f;
// e^r = 1 + r + r^2 (c0 + c1 r + ... + c4 r^4), |r| <= ln(2) / 2: minimax for the relative error (Remez, the
// coefficients rounded to f32 one after the other and the rest fitted again), 3.2e-9.
inline constexpr float kExpC0 = 0x1.fffffcp-2f, kExpC1 = 0x1.55548cp-3f, kExpC2 = 0x1.555858p-5f,
                       kExpC3 = 0x1.123dep-7f, kExpC4 = 0x1.6ac74cp-10f;
inline constexpr float kExpLeast = -0x1.5d589ep+6f;    // -126 ln 2, above which 2^n is a normal number
inline constexpr float kExpGreatest = 0x1.62e42ep+6f;  // ln of the largest f32

}  // namespace cadre::tensor::internal
