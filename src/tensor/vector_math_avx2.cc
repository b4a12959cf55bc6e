// The vector math with two AVX2 registers for the 16 lanes.
// SPDX-License-Identifier: Apache-2.0
#include <immintrin.h>

#include "tensor/vector_math_kernels.h"
#include "tensor/vector_math_lanes.h"

namespace cadre::tensor::internal {
namespace {

struct Avx2 {
  struct Lanes {
    __m256 low, high;
  };

  static Lanes zero() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }
  static Lanes all(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
  static Lanes load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
  static Lanes load_part(const float* p, size_t count, float rest) {
    float lanes[kMathLanes];
    for (float& lane : lanes) lane = rest;
    __builtin_memcpy(lanes, p, count * sizeof(float));
    return load(lanes);
  }
  static void store(float* p, Lanes v) {
    _mm256_storeu_ps(p, v.low);
    _mm256_storeu_ps(p + 8, v.high);
  }
  static void store_part(float* p, size_t count, Lanes v) {
    float lanes[kMathLanes];
    store(lanes, v);
    __builtin_memcpy(p, lanes, count * sizeof(float));
  }

  static Lanes add(Lanes a, Lanes b) { return {_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)}; }
  static Lanes subtract(Lanes a, Lanes b) { return {_mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high)}; }
  static Lanes multiply(Lanes a, Lanes b) { return {_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)}; }
  static Lanes divide(Lanes a, Lanes b) { return {_mm256_div_ps(a.low, b.low), _mm256_div_ps(a.high, b.high)}; }
  static Lanes negate(Lanes a) {
    const __m256 sign = _mm256_set1_ps(-0.0f);
    return {_mm256_xor_ps(a.low, sign), _mm256_xor_ps(a.high, sign)};
  }
  static Lanes greater(Lanes a, Lanes b) { return {_mm256_max_ps(a.low, b.low), _mm256_max_ps(a.high, b.high)}; }
  static Lanes fma(Lanes a, Lanes b, Lanes c) {
    return {_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
  }
  static Lanes fma_negated(Lanes a, Lanes b, Lanes c) {
    return {_mm256_fnmadd_ps(a.low, b.low, c.low), _mm256_fnmadd_ps(a.high, b.high, c.high)};
  }

  static __m256 scale_by_power(__m256 p, __m256 shifted) {
    const __m256i exponent = _mm256_slli_epi32(_mm256_castps_si256(shifted), 23);
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(p), exponent));
  }
  static Lanes scale_by_power(Lanes p, Lanes shifted) {
    return {scale_by_power(p.low, shifted.low), scale_by_power(p.high, shifted.high)};
  }
  static __m256 choose_exponential(__m256 x, __m256 value) {
    // "Not below" holds for NaN too, so a NaN gets past the first choice and is put back by the last.
    const __m256 kept = _mm256_cmp_ps(x, _mm256_set1_ps(kExpLeast), _CMP_NLT_UQ);
    const __m256 over = _mm256_cmp_ps(x, _mm256_set1_ps(kExpGreatest), _CMP_GT_OQ);
    value = _mm256_blendv_ps(_mm256_and_ps(value, kept), _mm256_set1_ps(__builtin_inff()), over);
    return _mm256_blendv_ps(value, x, _mm256_cmp_ps(x, x, _CMP_UNORD_Q));
  }
  static Lanes choose_exponential(Lanes x, Lanes value) {
    return {choose_exponential(x.low, value.low), choose_exponential(x.high, value.high)};
  }

  static float fold_sum(Lanes v) {
    const __m256 eight = _mm256_add_ps(v.low, v.high);
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    four = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(four, _mm_movehdup_ps(four)));
  }
  static float fold_greater(Lanes v) {
    const __m256 eight = _mm256_max_ps(v.low, v.high);
    __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    four = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(four, _mm_movehdup_ps(four)));
  }
  static Lanes fold_sums(const Lanes (&v)[kMathLanes]) {
    float sums[kMathLanes];
    for (size_t r = 0; r < kMathLanes; ++r) sums[r] = fold_sum(v[r]);
    return load(sums);
  }
  static Lanes fold_greaters(const Lanes (&v)[kMathLanes]) {
    float greatest[kMathLanes];
    for (size_t r = 0; r < kMathLanes; ++r) greatest[r] = fold_greater(v[r]);
    return load(greatest);
  }

  static __m256 look_up_8(const float* table, const uint8_t* p) {
    const __m256i places = _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)));
    return _mm256_i32gather_ps(table, places, sizeof(float));
  }
  static Lanes look_up(const float* table, const uint8_t* p) { return {look_up_8(table, p), look_up_8(table, p + 8)}; }
  static Lanes look_up_part(const float* table, const uint8_t* p, size_t count) {
    uint8_t places[kMathLanes] = {};
    __builtin_memcpy(places, p, count);
    return look_up(table, places);
  }

  static float square_root(float x) { return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(x))); }
};

}  // namespace

const VectorMathFunctions kVectorMathAvx2 = VectorMath<Avx2>::kFunctions;

}  // namespace cadre::tensor::internal
