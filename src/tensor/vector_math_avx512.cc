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
  static float square_root(float x) { return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(x))); }
};

}  // namespace

const VectorMathFunctions kVectorMathAvx512 = VectorMath<Avx512>::kFunctions;

}  // namespace cadre::tensor::internal
