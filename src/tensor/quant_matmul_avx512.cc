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

// All rows of x against P panels, which stay in L1 meanwhile. The first `larger` tiles have R + 1 rows, the rest R.
template <template <int, int> class Tile, int Max, int R, int P>
inline void multiply_rows(const QuantProduct& q, size_t j, size_t larger) {
  size_t i = 0;
  if constexpr (R < Max) {
    for (; i < larger * (R + 1); i += R + 1) Tile<R + 1, P>::run(q, i, j);
  }
  for (; i < q.m; i += R) Tile<R, P>::run(q, i, j);
}

template <template <int, int> class Tile, int Max, int R, int P>
inline void multiply_panels(const QuantProduct& q, size_t j, size_t larger) {
  for (; j + P * kLanes < q.n + kLanes; j += P * kLanes) multiply_rows<Tile, Max, R, P>(q, j, larger);
  if constexpr (P > 1) {
    if (j < q.n) multiply_panels<Tile, Max, R, P / 2>(q, j, larger);
  }
}

// Deals the rows out to as few tiles of at most Max rows as there can be, evenly: 39 rows are four tiles of 6 and three
// of 5, not six of 6 and one of 3, which would have too few independent chains.
template <template <int, int> class Tile, int Max, int P, int R = Max>
inline void multiply(const QuantProduct& q) {
  if (q.m == 0) return;
  const size_t tiles = (q.m + Max - 1) / Max;
  if constexpr (R > 1) {
    if (q.m / tiles < R) return multiply<Tile, Max, P, R - 1>(q);
  }
  multiply_panels<Tile, Max, R, P>(q, 0, q.m % tiles);
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

// 6 rows by 2 panels: 12 dot products and 12 sums in registers, 8 loads per 12 vpdpbusd. Up to three rows (a token at a
// time) take more panels instead, for enough independent chains.
template <class Format>
void multiply_quantized(const QuantProduct& q) {
  if (q.m <= 3) {
    multiply<Quantized<Format>::template Tile, 3, 4>(q);
  } else {
    multiply<Quantized<Format>::template Tile, 6, 2>(q);
  }
}

// 6 rows by 4 panels: 24 sums, 4 of W and 1 of x.
template <class Format>
void multiply_floats(const QuantProduct& q) {
  multiply<Floats<Format>::template Tile, 6, 4>(q);
}

// Lane b becomes the fold of v[b]: every step puts halves of two vectors side by side, so that sixteen folds cost
// fifteen operations. The order of the sum does not matter to integers.
template <class Combine>
inline __m512i fold_all(const __m512i (&v)[16], Combine combine) {
  __m512i eights[8], fours[4], twos[2];
  for (int i = 0; i < 8; ++i) {
    eights[i] = combine(_mm512_unpacklo_epi32(v[2 * i], v[2 * i + 1]), _mm512_unpackhi_epi32(v[2 * i], v[2 * i + 1]));
  }
  for (int i = 0; i < 4; ++i) {
    const __m512i a = eights[2 * i], b = eights[2 * i + 1];
    fours[i] = combine(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
  }
  for (int i = 0; i < 2; ++i) {
    const __m512i a = fours[2 * i], b = fours[2 * i + 1];
    twos[i] = combine(_mm512_shuffle_i32x4(a, b, 0x88), _mm512_shuffle_i32x4(a, b, 0xdd));
  }
  return combine(_mm512_shuffle_i32x4(twos[0], twos[1], 0x88), _mm512_shuffle_i32x4(twos[0], twos[1], 0xdd));
}

inline __m512i load_magnitude(const float* x) {
  return _mm512_and_si512(_mm512_loadu_si512(x), _mm512_set1_epi32(0x7fffffff));
}

inline __m512i scaled(const float* x, __m512 inverse) {
  return _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_loadu_ps(x), inverse));
}

constexpr size_t kBlocksAtOnce = 16;

// Sixteen blocks: their maxima, divisions and sums in the lanes of one vector each.
void quantize_16_blocks(const float* x, int32_t offset, int8_t* values, float* scales, int32_t* corrections) {
  __m512i folded[kBlocksAtOnce];
  for (size_t b = 0; b < kBlocksAtOnce; ++b) {
    folded[b] = _mm512_max_epu32(load_magnitude(x + b * kBlock), load_magnitude(x + b * kBlock + 16));
  }
  const __m512i bits = fold_all(folded, [](__m512i a, __m512i b) { return _mm512_max_epu32(a, b); });
  const __m512 largest = _mm512_castsi512_ps(bits), most = _mm512_set1_ps(127.0f);
  const __mmask16 finite = _mm512_cmplt_epu32_mask(bits, _mm512_set1_epi32(0x7f800000));
  const __mmask16 scaled_blocks = _mm512_mask_cmp_ps_mask(finite, largest, _mm512_set1_ps(0x1p-100f), _CMP_GE_OQ);
  const __m512 scale = _mm512_maskz_div_ps(scaled_blocks, largest, most);
  _mm512_storeu_ps(scales, _mm512_mask_mov_ps(_mm512_set1_ps(__builtin_nanf("")), finite, scale));
  alignas(64) float inverses[kBlocksAtOnce];
  _mm512_store_ps(inverses, _mm512_maskz_div_ps(scaled_blocks, most, largest));

  // The packs work within quarters of 16 bytes; the permutation puts the groups of four back in order.
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  for (size_t b = 0; b < kBlocksAtOnce; b += 2) {
    const float* block = x + b * kBlock;
    const __m512 first = _mm512_set1_ps(inverses[b]), second = _mm512_set1_ps(inverses[b + 1]);
    const __m512i words = _mm512_packs_epi32(scaled(block, first), scaled(block + 16, first)),
                  more = _mm512_packs_epi32(scaled(block + 32, second), scaled(block + 48, second));
    __m512i bytes = _mm512_permutexvar_epi32(order, _mm512_packs_epi16(words, more));
    const unsigned kept = finite >> b & 3u;  // infinity times zero is no number
    if (kept != 3) bytes = _mm512_maskz_mov_epi64(static_cast<__mmask8>((kept & 1) * 0x0f + (kept >> 1) * 0xf0), bytes);
    _mm512_storeu_si512(values + b * kBlock, bytes);
    const __m512i sums = _mm512_dpbusd_epi32(_mm512_setzero_si512(), _mm512_set1_epi8(1), bytes);
    folded[b] = _mm512_zextsi256_si512(_mm512_castsi512_si256(sums));
    folded[b + 1] = _mm512_zextsi256_si512(_mm512_extracti64x4_epi64(sums, 1));
  }
  const __m512i sums = fold_all(folded, [](__m512i a, __m512i b) { return _mm512_add_epi32(a, b); });
  _mm512_storeu_si512(corrections, _mm512_mullo_epi32(sums, _mm512_set1_epi32(-offset)));
}

void quantize(const float* x, size_t count, int32_t offset, int8_t* values, float* scales, int32_t* corrections) {
  const size_t blocks = count / kBlock, whole = blocks / kBlocksAtOnce * kBlocksAtOnce, rest = blocks - whole;
  for (size_t b = 0; b < whole; b += kBlocksAtOnce) {
    quantize_16_blocks(x + b * kBlock, offset, values + b * kBlock, scales + b, corrections + b);
  }
  if (rest == 0) return;
  float last[kBlocksAtOnce * kBlock] = {};
  int8_t last_values[kBlocksAtOnce * kBlock];
  float last_scales[kBlocksAtOnce];
  int32_t last_corrections[kBlocksAtOnce];
  __builtin_memcpy(last, x + whole * kBlock, rest * kBlock * sizeof(float));
  quantize_16_blocks(last, offset, last_values, last_scales, last_corrections);
  __builtin_memcpy(values + whole * kBlock, last_values, rest * kBlock);
  __builtin_memcpy(scales + whole, last_scales, rest * sizeof(float));
  __builtin_memcpy(corrections + whole, last_corrections, rest * sizeof(int32_t));
}

}  // namespace

const QuantFunctions kQuantAvx512Vnni{
    128, 8, quantize, multiply_quantized<Q8>, multiply_quantized<Q4>, multiply_floats<F32>, multiply_floats<Bf16>};

}  // namespace cadre::tensor::internal
