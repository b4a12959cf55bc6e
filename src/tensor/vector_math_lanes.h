// The vector math over any 16-lane vector `V` of f32 (one AVX-512 register, two of AVX2).
//
// V must be local to the file that instantiates this, so that no code is shared between instruction sets. It gives
//   zero(), all(x), load(p), load_part(p, count, rest), store(p, v), store_part(p, count, v)
//   add, subtract, multiply, divide, greater(a, b) = a > b ? a : b, fma(a, b, c), fma_negated(a, b, c) = c - a b
//   scale_by_power(p, shifted): adds the bits of `shifted`, 23 up, to the bits of p
//   choose_exponential(x, value): value, or 0 below kExpLeast, infinity above kExpGreatest, x when x is NaN
//   look_up(table, p), look_up_part(table, p, count): table[p[i]], 16 floats by bytes below 16; beyond count table[0]
//   fold_sum(v), fold_greater(v): lane j with j + 8, j + 4, j + 2, j + 1
//   fold_sums(v), fold_greaters(v): lane r is the fold of v[r], of 16 vectors
//   square_root(x) of one f32
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tensor/vector_math_kernels.h"

namespace cadre::tensor::internal {

template <class V>
struct VectorMath {
  using Lanes = typename V::Lanes;

  static inline Lanes exponential_of(Lanes x) {
    const Lanes shifted = V::fma(x, V::all(kExpLog2E), V::all(kExpRounder));
    const Lanes n = V::subtract(shifted, V::all(kExpRounder));
    const Lanes r = V::fma_negated(n, V::all(kExpLn2Low), V::fma_negated(n, V::all(kExpLn2High), x));
    Lanes p = V::all(kExpC4);
    p = V::fma(p, r, V::all(kExpC3));
    p = V::fma(p, r, V::all(kExpC2));
    p = V::fma(p, r, V::all(kExpC1));
    p = V::fma(p, r, V::all(kExpC0));
    p = V::fma(p, r, V::all(1.0f));
    p = V::fma(p, r, V::all(1.0f));
    return V::choose_exponential(x, V::scale_by_power(p, shifted));
  }

  // out[i] = function(i-th vectors), whole vectors first, then the part that is left.
  template <class Function>
  static inline void each(size_t count, float* out, Function function) {
    size_t i = 0;
    for (; i + kMathLanes <= count; i += kMathLanes)
      V::store(out + i, function([i](const float* p) { return V::load(p + i); }));
    if (i == count) return;
    const size_t rest = count - i;
    V::store_part(out + i, rest, function([i, rest](const float* p) { return V::load_part(p + i, rest, 0.0f); }));
  }

  static void exponential(const float* x, size_t count, float* out) {
    each(count, out, [&](auto load) { return exponential_of(load(x)); });
  }

  static inline float greatest_of(const float* x, size_t count) {
    const float none = -__builtin_inff();
    Lanes lanes = V::all(none);
    size_t i = 0;
    for (; i + kMathLanes <= count; i += kMathLanes) lanes = V::greater(V::load(x + i), lanes);
    if (i < count) lanes = V::greater(V::load_part(x + i, count - i, none), lanes);
    return V::fold_greater(lanes);
  }

  static void softmax(float* x, size_t count) {
    const Lanes greatest = V::all(greatest_of(x, count));
    Lanes sums = V::zero();
    size_t i = 0;
    for (; i + kMathLanes <= count; i += kMathLanes) {
      const Lanes e = exponential_of(V::subtract(V::load(x + i), greatest));
      V::store(x + i, e);
      sums = V::add(sums, e);
    }
    if (i < count) {
      const Lanes e = exponential_of(V::subtract(V::load_part(x + i, count - i, -__builtin_inff()), greatest));
      V::store_part(x + i, count - i, e);
      sums = V::add(sums, e);
    }
    const Lanes inverse = V::all(1.0f / V::fold_sum(sums));
    each(count, x, [&](auto load) { return V::multiply(load(x), inverse); });
  }

  static inline Lanes biased(const float* x, size_t count, float scale, const uint8_t* kinds, const float* bias) {
    if (count >= kMathLanes) return V::fma(V::load(x), V::all(scale), V::look_up(bias, kinds));
    return V::fma(V::load_part(x, count, 0.0f), V::all(scale), V::look_up_part(bias, kinds, count));
  }

  // At most 16 rows, one step after the other for all of them: a row alone would wait for its two folds and its
  // division. `whole` elements are in whole vectors.
  static inline void softmax_rows_16(float* x, size_t stride, size_t rows, size_t count, float scale,
                                     const uint8_t* kinds, const float* bias) {
    const size_t whole = count / kMathLanes * kMathLanes, rest = count - whole;
    Lanes folded[kMathLanes];
    for (size_t r = rows; r < kMathLanes; ++r) folded[r] = V::zero();
    float each_row[kMathLanes];
    for (size_t r = 0; r < rows; ++r) {
      float* row = x + r * stride;
      const uint8_t* row_kinds = kinds + r * count;
      Lanes greatest = V::all(-__builtin_inff());
      for (size_t i = 0; i < whole; i += kMathLanes) {
        const Lanes v = biased(row + i, kMathLanes, scale, row_kinds + i, bias);
        V::store(row + i, v);
        greatest = V::greater(v, greatest);
      }
      if (rest > 0) {
        V::store_part(row + whole, rest, biased(row + whole, rest, scale, row_kinds + whole, bias));
        greatest = V::greater(V::load_part(row + whole, rest, -__builtin_inff()), greatest);
      }
      folded[r] = greatest;
    }
    V::store(each_row, V::fold_greaters(folded));
    for (size_t r = 0; r < rows; ++r) {
      float* row = x + r * stride;
      const Lanes greatest = V::all(each_row[r]);
      Lanes sums = V::zero();
      for (size_t i = 0; i < whole; i += kMathLanes) {
        const Lanes e = exponential_of(V::subtract(V::load(row + i), greatest));
        V::store(row + i, e);
        sums = V::add(sums, e);
      }
      if (rest > 0) {
        const Lanes e = exponential_of(V::subtract(V::load_part(row + whole, rest, -__builtin_inff()), greatest));
        V::store_part(row + whole, rest, e);
        sums = V::add(sums, e);
      }
      folded[r] = sums;
    }
    V::store(each_row, V::divide(V::all(1.0f), V::fold_sums(folded)));
    for (size_t r = 0; r < rows; ++r) {
      const Lanes inverse = V::all(each_row[r]);
      float* row = x + r * stride;
      each(count, row, [&](auto load) { return V::multiply(load(row), inverse); });
    }
  }

  static void softmax_rows(float* x, size_t stride, size_t rows, size_t count, float scale, const uint8_t* kinds,
                           const float* bias) {
    for (size_t r = 0; r < rows; r += kMathLanes) {
      const size_t some = rows - r < kMathLanes ? rows - r : kMathLanes;
      softmax_rows_16(x + r * stride, stride, some, count, scale, kinds + r * count, bias);
    }
  }

  static float dot(const float* a, const float* b, size_t count) {
    Lanes sums = V::zero();
    size_t i = 0;
    for (; i + kMathLanes <= count; i += kMathLanes) sums = V::fma(V::load(a + i), V::load(b + i), sums);
    if (i < count) sums = V::fma(V::load_part(a + i, count - i, 0.0f), V::load_part(b + i, count - i, 0.0f), sums);
    return V::fold_sum(sums);
  }

  static void rms_norm(const float* x, const float* weight, size_t count, float epsilon, float* out) {
    const float mean = dot(x, x, count) / static_cast<float>(count);
    const Lanes inverse = V::all(1.0f / V::square_root(mean + epsilon));
    each(count, out, [&](auto load) { return V::multiply(V::multiply(load(x), inverse), load(weight)); });
  }

  static void swiglu(const float* gate, const float* up, size_t count, float* out) {
    each(count, out, [&](auto load) {
      const Lanes g = load(gate);
      const Lanes e = exponential_of(V::negate(g));
      return V::multiply(V::divide(g, V::add(V::all(1.0f), e)), load(up));
    });
  }

  static void axpy(float a, const float* x, float* y, size_t count) {
    each(count, y, [&](auto load) { return V::fma(V::all(a), load(x), load(y)); });
  }

  static constexpr VectorMathFunctions kFunctions{exponential, softmax, softmax_rows, rms_norm, swiglu, dot, axpy};
};

}  // namespace cadre::tensor::internal
