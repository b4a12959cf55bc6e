// Transposing, interleaving and converting with AVX2.
// SPDX-License-Identifier: Apache-2.0
#include <immintrin.h>

#include "tensor/matmul_kernels.h"

namespace cadre::tensor::internal {
namespace {

inline __m256i load(const void* p) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(p));
}
inline __m128i load_half(const void* p) {
  return _mm_loadu_si128(static_cast<const __m128i*>(p));
}
inline void store(void* p, __m256i x) {
  _mm256_storeu_si256(static_cast<__m256i*>(p), x);
}
inline void store_half(void* p, __m128i x) {
  _mm_storeu_si128(static_cast<__m128i*>(p), x);
}

// 8 x 8 elements of 4 bytes.
inline void transpose_square32(const char* x, size_t stride, char* out, size_t out_stride) {
  __m256i v[8], t[8];
#pragma GCC unroll 8
  for (size_t i = 0; i < 8; ++i) v[i] = load(x + i * stride);
#pragma GCC unroll 4
  for (int i = 0; i < 8; i += 2) {
    t[i] = _mm256_unpacklo_epi32(v[i], v[i + 1]);
    t[i + 1] = _mm256_unpackhi_epi32(v[i], v[i + 1]);
  }
#pragma GCC unroll 2
  for (int i = 0; i < 8; i += 4) {
    v[i] = _mm256_unpacklo_epi64(t[i], t[i + 2]);
    v[i + 1] = _mm256_unpackhi_epi64(t[i], t[i + 2]);
    v[i + 2] = _mm256_unpacklo_epi64(t[i + 1], t[i + 3]);
    v[i + 3] = _mm256_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
#pragma GCC unroll 4
  for (size_t c = 0; c < 4; ++c) {
    store(out + c * out_stride, _mm256_permute2x128_si256(v[c], v[4 + c], 0x20));
    store(out + (4 + c) * out_stride, _mm256_permute2x128_si256(v[c], v[4 + c], 0x31));
  }
}

// 8 x 8 elements of 2 bytes.
inline void transpose_square16(const char* x, size_t stride, char* out, size_t out_stride) {
  __m128i v[8], t[8];
#pragma GCC unroll 8
  for (size_t i = 0; i < 8; ++i) v[i] = load_half(x + i * stride);
#pragma GCC unroll 4
  for (int i = 0; i < 8; i += 2) {
    t[i] = _mm_unpacklo_epi16(v[i], v[i + 1]);
    t[i + 1] = _mm_unpackhi_epi16(v[i], v[i + 1]);
  }
#pragma GCC unroll 2
  for (int i = 0; i < 8; i += 4) {
    v[i] = _mm_unpacklo_epi32(t[i], t[i + 2]);
    v[i + 1] = _mm_unpackhi_epi32(t[i], t[i + 2]);
    v[i + 2] = _mm_unpacklo_epi32(t[i + 1], t[i + 3]);
    v[i + 3] = _mm_unpackhi_epi32(t[i + 1], t[i + 3]);
  }
#pragma GCC unroll 4
  for (size_t c = 0; c < 4; ++c) {
    store_half(out + 2 * c * out_stride, _mm_unpacklo_epi64(v[c], v[4 + c]));
    store_half(out + (2 * c + 1) * out_stride, _mm_unpackhi_epi64(v[c], v[4 + c]));
  }
}

// Squares of 8; what is left over at the edges goes the scalar way.
template <size_t kBytes, class Square>
inline void transpose_by(Square square, void (*rest)(const void*, size_t, size_t, size_t, void*, size_t), const void* x,
                         size_t stride, size_t rows, size_t columns, void* out, size_t out_stride) {
  const char* from = static_cast<const char*>(x);
  char* to = static_cast<char*>(out);
  const size_t whole_rows = rows / 8 * 8, whole_columns = columns / 8 * 8;
  for (size_t i = 0; i < whole_rows; i += 8) {
    for (size_t j = 0; j < whole_columns; j += 8) {
      square(from + i * stride + j * kBytes, stride, to + j * out_stride + i * kBytes, out_stride);
    }
  }
  if (whole_columns < columns) {
    rest(from + whole_columns * kBytes, stride, whole_rows, columns - whole_columns, to + whole_columns * out_stride,
         out_stride);
  }
  if (whole_rows < rows) {
    rest(from + whole_rows * stride, stride, rows - whole_rows, columns, to + whole_rows * kBytes, out_stride);
  }
}

void transpose32(const void* x, size_t stride, size_t rows, size_t columns, void* out, size_t out_stride) {
  transpose_by<4>(transpose_square32, kMoveScalar.transpose32, x, stride, rows, columns, out, out_stride);
}

void transpose16(const void* x, size_t stride, size_t rows, size_t columns, void* out, size_t out_stride) {
  transpose_by<2>(transpose_square16, kMoveScalar.transpose16, x, stride, rows, columns, out, out_stride);
}

void interleave16(const void* even, const void* odd, size_t count, void* out) {
  const char *x = static_cast<const char*>(even), *y = static_cast<const char*>(odd);
  char* to = static_cast<char*>(out);
  for (size_t j = 0; j < count; j += 16) {
    const __m256i a = load(x + 2 * j), b = load(y + 2 * j);
    const __m256i low = _mm256_unpacklo_epi16(a, b), high = _mm256_unpackhi_epi16(a, b);
    store(to + 4 * j, _mm256_permute2x128_si256(low, high, 0x20));
    store(to + 4 * j + 32, _mm256_permute2x128_si256(low, high, 0x31));
  }
}

// to_bfloat16 on 8 lanes, each result in the low half of its lane.
inline __m256i round_bits(__m256i bits) {
  const __m256i high = _mm256_srli_epi32(bits, 16);
  const __m256i odd = _mm256_and_si256(high, _mm256_set1_epi32(1));
  const __m256i rounded =
      _mm256_srli_epi32(_mm256_add_epi32(_mm256_add_epi32(bits, _mm256_set1_epi32(0x7fff)), odd), 16);
  const __m256i magnitude = _mm256_and_si256(bits, _mm256_set1_epi32(0x7fffffff));
  const __m256i nan = _mm256_cmpgt_epi32(magnitude, _mm256_set1_epi32(0x7f800000));
  return _mm256_blendv_epi8(rounded, _mm256_or_si256(high, _mm256_set1_epi32(0x40)), nan);
}

void convert(const float* x, size_t count, BFloat16* out) {
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const __m256i packed = _mm256_packus_epi32(round_bits(load(x + i)), round_bits(load(x + i + 8)));
    store(out + i, _mm256_permute4x64_epi64(packed, 0xd8));
  }
  kMoveScalar.convert(x + i, count - i, out + i);
}

}  // namespace

const MoveFunctions kMoveAvx2{transpose16, transpose32, interleave16, convert};

}  // namespace cadre::tensor::internal
