// The vector math with one AVX-512 register for the 16 lanes.
// SPDX-License-Identifier: Apache-2.0
#include "tensor/avx512_intrinsics.h"
#include "tensor/vector_math_kernels.h"
#include "tensor/vector_math_lanes.h"

namespace cadre::tensor::internal {
namespace {

struct Avx512 {
  using Lanes = __m512;

  static __mmask16 first(size_t count) { return static_cast<__mmask16>((1u << count) - 1); }

  static Lanes zero() { return _mm512_setzero_ps(); }
  static Lanes all(float x) { return _mm512_set1_ps(x); }
  static Lanes load(const float* p) { return _mm512_loadu_ps(p); }
  static Lanes load_part(const float* p, size_t count, float rest) {
    return _mm512_mask_loadu_ps(_mm512_set1_ps(rest), first(count), p);
  }
  static void store(float* p, Lanes v) { _mm512_storeu_ps(p, v); }
  static void store_part(float* p, size_t count, Lanes v) { _mm512_mask_storeu_ps(p, first(count), v); }

  static Lanes add(Lanes a, Lanes b) { return _mm512_add_ps(a, b); }
  static Lanes subtract(Lanes a, Lanes b) { return _mm512_sub_ps(a, b); }
  static Lanes multiply(Lanes a, Lanes b) { return _mm512_mul_ps(a, b); }
  static Lanes divide(Lanes a, Lanes b) { return _mm512_div_ps(a, b); }
  static Lanes negate(Lanes a) { return _mm512_xor_ps(a, _mm512_set1_ps(-0.0f)); }
  static Lanes greater(Lanes a, Lanes b) { return _mm512_max_ps(a, b); }
  static Lanes fma(Lanes a, Lanes b, Lanes c) { return _mm512_fmadd_ps(a, b, c); }
  static Lanes fma_negated(Lanes a, Lanes b, Lanes c) { return _mm512_fnmadd_ps(a, b, c); }

  static Lanes scale_by_power(Lanes p, Lanes shifted) {
    const __m512i exponent = _mm512_slli_epi32(_mm512_castps_si512(shifted), 23);
    return _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(p), exponent));
  }
  static Lanes choose_exponential(Lanes x, Lanes value) {
    // "Not below" holds for NaN too, so a NaN gets past the first choice and is put back by the last.
    const __mmask16 kept = _mm512_cmp_ps_mask(x, all(kExpLeast), _CMP_NLT_UQ);
    const __mmask16 over = _mm512_cmp_ps_mask(x, all(kExpGreatest), _CMP_GT_OQ);
    const __mmask16 nan = _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);
    value = _mm512_mask_mov_ps(_mm512_maskz_mov_ps(kept, value), over, all(__builtin_inff()));
    return _mm512_mask_mov_ps(value, nan, x);
  }

  static float fold_sum(Lanes v) {
    const __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    four = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(four, _mm_movehdup_ps(four)));
  }
  static float fold_greater(Lanes v) {
    const __m256 eight = _mm256_max_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
    __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    four = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(four, _mm_movehdup_ps(four)));
  }
  // Sixteen folds at the price of four: every step halves the vectors and puts two of them side by side, so that each
  // addition is one of the single fold's.
  template <class Combine>
  static Lanes fold_all(const Lanes (&v)[kMathLanes], Combine combine) {
    Lanes eights[8], fours[4], twos[2];
    for (int i = 0; i < 8; ++i) {
      const Lanes a = v[2 * i], b = v[2 * i + 1];
      eights[i] = combine(_mm512_shuffle_f32x4(a, b, 0x44), _mm512_shuffle_f32x4(a, b, 0xee));
    }
    for (int i = 0; i < 4; ++i) {
      const Lanes a = eights[2 * i], b = eights[2 * i + 1];
      fours[i] = combine(_mm512_shuffle_f32x4(a, b, 0x88), _mm512_shuffle_f32x4(a, b, 0xdd));
    }
    for (int i = 0; i < 2; ++i) {
      const Lanes a = fours[2 * i], b = fours[2 * i + 1];
      twos[i] = combine(_mm512_shuffle_ps(a, b, 0x44), _mm512_shuffle_ps(a, b, 0xee));
    }
    const Lanes ones = combine(_mm512_shuffle_ps(twos[0], twos[1], 0x88), _mm512_shuffle_ps(twos[0], twos[1], 0xdd));
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    return _mm512_permutexvar_ps(order, ones);
  }
  static Lanes fold_sums(const Lanes (&v)[kMathLanes]) {
    return fold_all(v, [](Lanes a, Lanes b) { return add(a, b); });
  }
  static Lanes fold_greaters(const Lanes (&v)[kMathLanes]) {
    return fold_all(v, [](Lanes a, Lanes b) { return greater(a, b); });
  }

  static Lanes look_up(const float* table, __m128i places) {
    return _mm512_permutexvar_ps(_mm512_cvtepu8_epi32(places), _mm512_loadu_ps(table));
  }
  static Lanes look_up(const float* table, const uint8_t* p) {
    return look_up(table, _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  static Lanes look_up_part(const float* table, const uint8_t* p, size_t count) {
    return look_up(table, _mm_maskz_loadu_epi8(first(count), p));
  }

  static float square_root(float x) { return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(x))); }
};

}  // namespace

const VectorMathFunctions kVectorMathAvx512 = VectorMath<Avx512>::kFunctions;

}  // namespace cadre::tensor::internal
