// The elementwise and row functions of the forward pass: the same bits on every CPU (DESIGN P5).
//
// Every function is a fixed sequence of IEEE f32 operations (add, multiply, divide, square root, explicit fma), so the
// scalar reference, AVX2 and AVX-512 agree bit for bit:
// * A sum over a row has 16 lanes. Element i is added to lane i % 16 in ascending order, each lane starting at +0 and
//   the row padded with zeros to whole vectors; then lane j adds lane j + 8, then j + 4, j + 2, j + 1.
// * exponential(x): n = x * log2(e) rounded to an integer, r = x - n ln 2 by two fma, a polynomial of degree 6 in r by
//   Horner's rule in fma, times 2^n. At most 1 ulp from the true value (vector_math_test.cc). Below -87.33654 it is 0,
//   so no result is denormal; above 88.72283 it is infinity.
// Inputs may be infinite or NaN: results are then what the formulas give, nothing worse. Which NaN is not promised.
// Thread safety: functions on distinct outputs may run at once. `out` may be an input; otherwise no overlap.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace cadre::tensor {

// out[i] = e^x[i].
void exponential(const float* x, size_t count, float* out);

// x[i] = exponential(x[i] - max) * (1 / sum), in place. At least one element must be finite (mask with -infinity).
void softmax(float* x, size_t count);

// Rows of attention, [rows, count] with `stride`, in place: x[r][i] = fma(x[r][i], scale, bias[kinds[r][i]]), then the
// softmax of the row. `kinds` is [rows, count] without gaps, each below 16; `bias` has 16 elements.
void softmax_rows(float* x, size_t stride, size_t rows, size_t count, float scale, const uint8_t* kinds,
                  const float* bias);

// out[i] = x[i] * (1 / sqrt(sum of squares / count + epsilon)) * weight[i], squares summed by fma(x, x, lane).
void rms_norm(const float* x, const float* weight, size_t count, float epsilon, float* out);

// out[i] = gate[i] / (1 + exponential(-gate[i])) * up[i].
void swiglu(const float* gate, const float* up, size_t count, float* out);

// Sum of a[i] * b[i], each added to its lane by fma.
float dot(const float* a, const float* b, size_t count);

// y[i] = fma(a, x[i], y[i]).
void axpy(float a, const float* x, float* y, size_t count);

}  // namespace cadre::tensor
