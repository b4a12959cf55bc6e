// Inference products on AVX-512 with VNNI: 16 outputs in the lanes of a vector, so no sum ever crosses lanes.
// SPDX-License-Identifier: Apache-2.0
#include "tensor/avx512_intrinsics.h"
#include "tensor/quant_kernels.h"

namespace cadre::tensor::internal {
namespace {

constexpr size_t kLanes = kPanelOutputs;

// The outputs of a panel that exist.
inline void store_outputs(float* y, size_t count, __m512 sums) {
  if (count >= kLanes) {
    _mm512_storeu_ps(y, sums);
  } else {
    _mm512_mask_storeu_ps(y, static_cast<__mmask16>((1u << count) - 1), sums);
  }
}

// Four consecutive k of x, in every lane.
inline __m512i broadcast_4(const int8_t* x) {
  int32_t word;
  __builtin_memcpy(&word, x, 4);
  return _mm512_set1_epi32(word);
}

struct Q8 {
  static constexpr size_t kBlockBytes = 512;  // of one panel

  // dot[r][p] += the block's products. `w` [P] and `x` [R] point at the block.
  template <int R, int P>
  static inline void add_block(const uint8_t* w, size_t panel_bytes, const int8_t* x, size_t k, __m512i (&dot)[R][P]) {
#pragma GCC unroll 8
    for (size_t g = 0; g < kBlock / 4; ++g) {
      __m512i weights[P];
#pragma GCC unroll 4
      for (int p = 0; p < P; ++p) weights[p] = _mm512_loadu_si512(w + p * panel_bytes + g * 64);
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) {
        const __m512i values = broadcast_4(x + r * k + g * 4);
#pragma GCC unroll 4
        for (int p = 0; p < P; ++p) dot[r][p] = _mm512_dpbusd_epi32(dot[r][p], weights[p], values);
      }
    }
  }
};

struct Q4 {
  static constexpr size_t kBlockBytes = 256;

  template <int R, int P>
  static inline void add_block(const uint8_t* w, size_t panel_bytes, const int8_t* x, size_t k, __m512i (&dot)[R][P]) {
    const __m512i low_nibble = _mm512_set1_epi8(15);
#pragma GCC unroll 4
    for (size_t g = 0; g < kBlock / 8; ++g) {
      __m512i first[P], second[P];
#pragma GCC unroll 4
      for (int p = 0; p < P; ++p) {
        const __m512i pairs = _mm512_loadu_si512(w + p * panel_bytes + g * 64);
        first[p] = _mm512_and_si512(pairs, low_nibble);
        second[p] = _mm512_and_si512(_mm512_srli_epi16(pairs, 4), low_nibble);
      }
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) {
        const __m512i values = broadcast_4(x + r * k + g * 4), values_16 = broadcast_4(x + r * k + 16 + g * 4);
#pragma GCC unroll 4
        for (int p = 0; p < P; ++p) dot[r][p] = _mm512_dpbusd_epi32(dot[r][p], first[p], values);
#pragma GCC unroll 4
        for (int p = 0; p < P; ++p) dot[r][p] = _mm512_dpbusd_epi32(dot[r][p], second[p], values_16);
      }
    }
  }
};

// R rows of x by P panels from output j: the scales and the sums of 12 outputs vectors stay in registers beside the dot
// products.
template <class Format, int R, int P>
inline void quantized_tile(const QuantProduct& q, size_t i, size_t j) {
  const size_t blocks = q.k / kBlock, panel_bytes = blocks * Format::kBlockBytes;
  const uint8_t* w = q.w + j / kLanes * panel_bytes;
  const float* w_scales = q.w_scales + j * blocks;
  const int8_t* x = q.x + i * q.k;
  const float* x_scales = q.x_scales + i * blocks;
  const int32_t* corrections = q.corrections + i * blocks;
  __m512 sums[R][P];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int p = 0; p < P; ++p) sums[r][p] = _mm512_setzero_ps();
  }
  for (size_t b = 0; b < blocks; ++b) {
    __m512i dot[R][P];
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
      for (int p = 0; p < P; ++p) dot[r][p] = _mm512_set1_epi32(corrections[r * blocks + b]);
    }
    Format::template add_block<R, P>(w + b * Format::kBlockBytes, panel_bytes, x + b * kBlock, q.k, dot);
#pragma GCC unroll 4
    for (int p = 0; p < P; ++p) {
      const __m512 w_scale = _mm512_loadu_ps(w_scales + (p * blocks + b) * kLanes);
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) {
        const __m512 scale = _mm512_mul_ps(w_scale, _mm512_set1_ps(x_scales[r * blocks + b]));
        sums[r][p] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(dot[r][p]), scale, sums[r][p]);
      }
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int p = 0; p < P; ++p) {
      const size_t at = j + static_cast<size_t>(p) * kLanes;
      if (at < q.n) store_outputs(q.y + (i + r) * q.ldy + at, q.n - at, sums[r][p]);
    }
  }
}

struct F32 {
  static constexpr size_t kBytes = 4;
  static inline __m512 load(const uint8_t* w) { return _mm512_loadu_ps(w); }
};
struct Bf16 {
  static constexpr size_t kBytes = 2;
  static inline __m512 load(const uint8_t* w) {
    const __m256i bits = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w));
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
  }
};

template <class Format, int R, int P>
inline void float_tile(const QuantProduct& q, size_t i, size_t j) {
  const size_t panel_bytes = q.k * kLanes * Format::kBytes;
  const uint8_t* w = q.w + j / kLanes * panel_bytes;
  const float* x = q.x_floats + i * q.k;
  __m512 sums[R][P];
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int p = 0; p < P; ++p) sums[r][p] = _mm512_setzero_ps();
  }
  for (size_t l = 0; l < q.k; ++l) {
    __m512 weights[P];
#pragma GCC unroll 4
    for (int p = 0; p < P; ++p) weights[p] = Format::load(w + p * panel_bytes + l * kLanes * Format::kBytes);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      const __m512 value = _mm512_set1_ps(x[r * q.k + l]);
#pragma GCC unroll 4
      for (int p = 0; p < P; ++p) sums[r][p] = _mm512_fmadd_ps(weights[p], value, sums[r][p]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (int p = 0; p < P; ++p) {
      const size_t at = j + static_cast<size_t>(p) * kLanes;
      if (at < q.n) store_outputs(q.y + (i + r) * q.ldy + at, q.n - at, sums[r][p]);
    }
  }
}

// All rows of x against P panels, which stay in L1 meanwhile: R rows at a time, the remainder in halves.
template <template <int, int> class Tile, int R, int P>
inline void multiply_rows(const QuantProduct& q, size_t i, size_t j) {
  for (; i + R <= q.m; i += R) Tile<R, P>::run(q, i, j);
  if constexpr (R > 1) {
    constexpr int kHalf = R > 4 ? 4 : R > 2 ? 2 : 1;
    if (i < q.m) multiply_rows<Tile, kHalf, P>(q, i, j);
  }
}

template <template <int, int> class Tile, int R, int P>
inline void multiply_panels(const QuantProduct& q, size_t j) {
  for (; j + P * kLanes < q.n + kLanes; j += P * kLanes) multiply_rows<Tile, R, P>(q, 0, j);
  if constexpr (P > 1) {
    if (j < q.n) multiply_panels<Tile, R, P / 2>(q, j);
  }
}

template <class Format>
struct Quantized {
  template <int R, int P>
  struct Tile {
    static inline void run(const QuantProduct& q, size_t i, size_t j) { quantized_tile<Format, R, P>(q, i, j); }
  };
};
template <class Format>
struct Floats {
  template <int R, int P>
  struct Tile {
    static inline void run(const QuantProduct& q, size_t i, size_t j) { float_tile<Format, R, P>(q, i, j); }
  };
};

// 6 rows by 2 panels: 12 dot products and 12 sums in registers, 8 loads per 12 vpdpbusd. One or two rows (a token at a
// time) take more panels instead, for enough independent chains.
template <class Format>
void multiply_quantized(const QuantProduct& q) {
  if (q.m <= 2) {
    multiply_panels<Quantized<Format>::template Tile, 2, 4>(q, 0);
  } else {
    multiply_panels<Quantized<Format>::template Tile, 6, 2>(q, 0);
  }
}

// 6 rows by 4 panels: 24 sums, 4 of W and 1 of x.
template <class Format>
void multiply_floats(const QuantProduct& q) {
  multiply_panels<Floats<Format>::template Tile, 6, 4>(q, 0);
}

void quantize(const float* x, size_t k, int32_t offset, int8_t* values, float* scales, int32_t* corrections) {
  const __m512i magnitude = _mm512_set1_epi32(0x7fffffff);
  for (size_t b = 0; b < k / kBlock; ++b, x += kBlock, values += kBlock) {
    const __m512 low = _mm512_loadu_ps(x), high = _mm512_loadu_ps(x + 16);
    const __m512i low_bits = _mm512_and_si512(_mm512_castps_si512(low), magnitude),
                  high_bits = _mm512_and_si512(_mm512_castps_si512(high), magnitude);
    const uint32_t largest_bits = _mm512_reduce_max_epu32(_mm512_max_epu32(low_bits, high_bits));
    float largest;
    __builtin_memcpy(&largest, &largest_bits, 4);
    const bool finite = largest_bits < 0x7f800000u, zero = largest < 0x1p-100f;
    scales[b] = !finite ? __builtin_nanf("") : zero ? 0 : largest / 127.0f;
    const __m512 inverse = _mm512_set1_ps(finite && !zero ? 127.0f / largest : 0);
    const __mmask16 kept = finite ? 0xffff : 0;  // infinity times zero is no number
    const __m512i low_values = _mm512_maskz_cvtps_epi32(kept, _mm512_mul_ps(low, inverse)),
                  high_values = _mm512_maskz_cvtps_epi32(kept, _mm512_mul_ps(high, inverse));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(values), _mm512_cvtepi32_epi8(low_values));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(values + 16), _mm512_cvtepi32_epi8(high_values));
    corrections[b] = -offset * _mm512_reduce_add_epi32(_mm512_add_epi32(low_values, high_values));
  }
}

}  // namespace

const QuantFunctions kQuantAvx512Vnni{
    128, 8, quantize, multiply_quantized<Q8>, multiply_quantized<Q4>, multiply_floats<F32>, multiply_floats<Bf16>};

}  // namespace cadre::tensor::internal
