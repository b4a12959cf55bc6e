// Inference products on AVX2: a panel of 16 outputs is two vectors.
//
// vpmaddubsw adds two products of unsigned by signed bytes in 16 bits and saturates beyond. It cannot here: Q8_0 takes
// |w| <= 128 unsigned and x with w's sign, at most 2 * 128 * 127 = 32512 (the other way round, -128 has no negative);
// Q4_0 takes w + 8 <= 15, at most 8 * 2 * 15 * 127 = 30480 over a whole block.
// SPDX-License-Identifier: Apache-2.0
#include <immintrin.h>

#include "tensor/quant_kernels.h"

namespace cadre::tensor::internal {
namespace {

inline __m256i load(const void* p) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(p));
}

// Four consecutive k of x, in every lane.
inline __m256i broadcast_4(const int8_t* x) {
  int32_t word;
  __builtin_memcpy(&word, x, 4);
  return _mm256_set1_epi32(word);
}

struct Q8 {
  static constexpr size_t kBlockBytes = 512;

  template <int R>
  static inline void dot_block(const uint8_t* w, const int8_t* x, size_t k, const int32_t*, size_t,
                               __m256i (&dot)[R][2]) {
    const __m256i ones = _mm256_set1_epi16(1);
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) dot[r][0] = dot[r][1] = _mm256_setzero_si256();
    for (size_t g = 0; g < kBlock / 4; ++g) {
#pragma GCC unroll 2
      for (int v = 0; v < 2; ++v) {
        const __m256i weights = load(w + g * 64 + 32 * v), magnitudes = _mm256_abs_epi8(weights);
#pragma GCC unroll 4
        for (int r = 0; r < R; ++r) {
          const __m256i values = _mm256_sign_epi8(broadcast_4(x + r * k + g * 4), weights);
          const __m256i pairs = _mm256_madd_epi16(_mm256_maddubs_epi16(magnitudes, values), ones);
          dot[r][v] = _mm256_add_epi32(dot[r][v], pairs);
        }
      }
    }
  }
};

struct Q4 {
  static constexpr size_t kBlockBytes = 256;

  template <int R>
  static inline void dot_block(const uint8_t* w, const int8_t* x, size_t k, const int32_t* corrections, size_t stride,
                               __m256i (&dot)[R][2]) {
    const __m256i low_nibble = _mm256_set1_epi8(15);
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) dot[r][0] = dot[r][1] = _mm256_setzero_si256();
    for (size_t g = 0; g < kBlock / 8; ++g) {
#pragma GCC unroll 2
      for (int v = 0; v < 2; ++v) {
        const __m256i pairs = load(w + g * 64 + 32 * v);
        const __m256i first = _mm256_and_si256(pairs, low_nibble),
                      second = _mm256_and_si256(_mm256_srli_epi16(pairs, 4), low_nibble);
#pragma GCC unroll 4
        for (int r = 0; r < R; ++r) {
          const __m256i a = _mm256_maddubs_epi16(first, broadcast_4(x + r * k + g * 4)),
                        b = _mm256_maddubs_epi16(second, broadcast_4(x + r * k + 16 + g * 4));
          dot[r][v] = _mm256_add_epi16(dot[r][v], _mm256_add_epi16(a, b));
        }
      }
    }
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) {
      const __m256i correction = _mm256_set1_epi32(corrections[r * stride]);
#pragma GCC unroll 2
      for (int v = 0; v < 2; ++v) {
        dot[r][v] = _mm256_add_epi32(_mm256_madd_epi16(dot[r][v], _mm256_set1_epi16(1)), correction);
      }
    }
  }
};

// The outputs of a panel that exist.
inline void store_outputs(float* y, size_t count, __m256 low, __m256 high) {
  if (count >= kPanelOutputs) {
    _mm256_storeu_ps(y, low);
    _mm256_storeu_ps(y + 8, high);
    return;
  }
  float outputs[kPanelOutputs];
  _mm256_storeu_ps(outputs, low);
  _mm256_storeu_ps(outputs + 8, high);
  __builtin_memcpy(y, outputs, count * sizeof(float));
}

template <class Format, int R>
inline void quantized_tile(const QuantProduct& q, size_t i, size_t j) {
  const size_t blocks = q.k / kBlock;
  const uint8_t* w = q.w + j / kPanelOutputs * blocks * Format::kBlockBytes;
  const float* w_scales = q.w_scales + j * blocks;
  __m256 sums[R][2];
#pragma GCC unroll 4
  for (int r = 0; r < R; ++r) sums[r][0] = sums[r][1] = _mm256_setzero_ps();
  for (size_t b = 0; b < blocks; ++b) {
    __m256i dot[R][2];
    Format::template dot_block<R>(w + b * Format::kBlockBytes, q.x + i * q.k + b * kBlock, q.k,
                                  q.corrections + i * blocks + b, blocks, dot);
#pragma GCC unroll 2
    for (int v = 0; v < 2; ++v) {
      const __m256 w_scale = _mm256_loadu_ps(w_scales + b * kPanelOutputs + 8 * v);
#pragma GCC unroll 4
      for (int r = 0; r < R; ++r) {
        const __m256 scale = _mm256_mul_ps(w_scale, _mm256_broadcast_ss(q.x_scales + (i + r) * blocks + b));
        sums[r][v] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dot[r][v]), scale, sums[r][v]);
      }
    }
  }
#pragma GCC unroll 6
  for (int r = 0; r < R; ++r) store_outputs(q.y + (i + r) * q.ldy + j, q.n - j, sums[r][0], sums[r][1]);
}

struct F32 {
  static constexpr size_t kBytes = 4;
  static inline __m256 load_8(const uint8_t* w) { return _mm256_loadu_ps(reinterpret_cast<const float*>(w)); }
};
struct Bf16 {
  static constexpr size_t kBytes = 2;
  static inline __m256 load_8(const uint8_t* w) {
    const __m128i bits = _mm_loadu_si128(reinterpret_cast<const __m128i*>(w));
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
  }
};

template <class Format, int R>
inline void float_tile(const QuantProduct& q, size_t i, size_t j) {
  const uint8_t* w = q.w + j * q.k * Format::kBytes;
  const float* x = q.x_floats + i * q.k;
  __m256 sums[R][2];
#pragma GCC unroll 6
  for (int r = 0; r < R; ++r) sums[r][0] = sums[r][1] = _mm256_setzero_ps();
  for (size_t l = 0; l < q.k; ++l, w += kPanelOutputs * Format::kBytes) {
    const __m256 low = Format::load_8(w), high = Format::load_8(w + 8 * Format::kBytes);
#pragma GCC unroll 6
    for (int r = 0; r < R; ++r) {
      const __m256 value = _mm256_broadcast_ss(x + r * q.k + l);
      sums[r][0] = _mm256_fmadd_ps(low, value, sums[r][0]);
      sums[r][1] = _mm256_fmadd_ps(high, value, sums[r][1]);
    }
  }
#pragma GCC unroll 6
  for (int r = 0; r < R; ++r) store_outputs(q.y + (i + r) * q.ldy + j, q.n - j, sums[r][0], sums[r][1]);
}

template <class Format>
void multiply_quantized(const QuantProduct& q) {
  constexpr int kRows = 3;
  for (size_t j = 0; j < q.n; j += kPanelOutputs) {
    size_t i = 0;
    for (; i + kRows <= q.m; i += kRows) quantized_tile<Format, kRows>(q, i, j);
    for (; i < q.m; ++i) quantized_tile<Format, 1>(q, i, j);
  }
}

// 6 rows by 2 vectors: 12 sums, 2 of W and 1 of x in 16 registers.
template <class Format>
void multiply_floats(const QuantProduct& q) {
  for (size_t j = 0; j < q.n; j += kPanelOutputs) {
    size_t i = 0;
    for (; i + 6 <= q.m; i += 6) float_tile<Format, 6>(q, i, j);
    for (; i + 2 <= q.m; i += 2) float_tile<Format, 2>(q, i, j);
    if (i < q.m) float_tile<Format, 1>(q, i, j);
  }
}

inline int32_t sum_lanes(__m256i x) {
  __m128i half = _mm_add_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
  half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4e));
  return _mm_cvtsi128_si32(_mm_add_epi32(half, _mm_shuffle_epi32(half, 0xb1)));
}
inline uint32_t max_lanes(__m256i x) {
  __m128i half = _mm_max_epu32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
  half = _mm_max_epu32(half, _mm_shuffle_epi32(half, 0x4e));
  return static_cast<uint32_t>(_mm_cvtsi128_si32(_mm_max_epu32(half, _mm_shuffle_epi32(half, 0xb1))));
}

void quantize(const float* x, size_t count, int32_t offset, int8_t* values, float* scales, int32_t* corrections) {
  const __m256i magnitude = _mm256_set1_epi32(0x7fffffff);
  for (size_t b = 0; b < count / kBlock; ++b, x += kBlock, values += kBlock) {
    __m256 parts[4];
    __m256i largest_lanes = _mm256_setzero_si256();
    for (int i = 0; i < 4; ++i) {
      parts[i] = _mm256_loadu_ps(x + 8 * i);
      largest_lanes = _mm256_max_epu32(largest_lanes, _mm256_and_si256(_mm256_castps_si256(parts[i]), magnitude));
    }
    const uint32_t largest_bits = max_lanes(largest_lanes);
    float largest;
    __builtin_memcpy(&largest, &largest_bits, 4);
    const bool finite = largest_bits < 0x7f800000u, zero = largest < 0x1p-100f;
    scales[b] = !finite ? __builtin_nanf("") : zero ? 0 : largest / 127.0f;
    corrections[b] = 0;
    if (!finite || zero) {
      __builtin_memset(values, 0, kBlock);
      continue;
    }
    const __m256 inverse = _mm256_set1_ps(127.0f / largest);
    __m256i v[4];
    for (int i = 0; i < 4; ++i) v[i] = _mm256_cvtps_epi32(_mm256_mul_ps(parts[i], inverse));
    corrections[b] = -offset * sum_lanes(_mm256_add_epi32(_mm256_add_epi32(v[0], v[1]), _mm256_add_epi32(v[2], v[3])));
    // The packs work within halves of 16 bytes; the permutation puts the groups of four back in order.
    const __m256i bytes = _mm256_packs_epi16(_mm256_packs_epi32(v[0], v[1]), _mm256_packs_epi32(v[2], v[3]));
    const __m256i ordered = _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(values), ordered);
  }
}

}  // namespace

const QuantFunctions kQuantAvx2{
    0, 8, quantize, multiply_quantized<Q8>, multiply_quantized<Q4>, multiply_floats<F32>, multiply_floats<Bf16>};

}  // namespace cadre::tensor::internal
