// Transposing, interleaving and converting with AVX-512: what packing costs per training step.
// SPDX-License-Identifier: Apache-2.0
#include "tensor/avx512_intrinsics.h"

#include "tensor/matmul_kernels.h"

namespace cadre::tensor::internal {
namespace {

// 16 vectors of 16 elements of 4 bytes, transposed in registers: 4 steps of 16 shuffles.
inline void transpose_16x16(__m512i (&x)[16]) {
  __m512i t[16];
#pragma GCC unroll 8
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(x[i], x[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(x[i], x[i + 1]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 16; i += 4) {
    x[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    x[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    x[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    x[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
  // x[4q + c] holds, in its 128-bit part p, column 4p + c of rows 4q .. 4q + 3. Now transpose the parts.
#pragma GCC unroll 4
  for (int c = 0; c < 4; ++c) {
    const __m512i a = _mm512_shuffle_i32x4(x[c], x[4 + c], 0x44), b = _mm512_shuffle_i32x4(x[c], x[4 + c], 0xee);
    const __m512i d = _mm512_shuffle_i32x4(x[8 + c], x[12 + c], 0x44),
                  e = _mm512_shuffle_i32x4(x[8 + c], x[12 + c], 0xee);
    t[c] = _mm512_shuffle_i32x4(a, d, 0x88);
    t[4 + c] = _mm512_shuffle_i32x4(a, d, 0xdd);
    t[8 + c] = _mm512_shuffle_i32x4(b, e, 0x88);
    t[12 + c] = _mm512_shuffle_i32x4(b, e, 0xdd);
  }
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) x[i] = t[i];
}

// Masks cover the part of a square that exists. Whole squares go without: masked stores are slow on AMD.
template <bool kWhole>
inline __m512i load_row32(const char* x, uint32_t mask) {
  return kWhole ? _mm512_loadu_si512(x) : _mm512_maskz_loadu_epi32(static_cast<__mmask16>(mask), x);
}
template <bool kWhole>
inline void store_row32(char* out, uint32_t mask, __m512i row) {
  if (kWhole) {
    _mm512_storeu_si512(out, row);
  } else {
    _mm512_mask_storeu_epi32(out, static_cast<__mmask16>(mask), row);
  }
}
template <bool kWhole>
inline __m512i load_row16(const char* x, uint32_t mask) {
  return kWhole ? _mm512_loadu_si512(x) : _mm512_maskz_loadu_epi16(mask, x);
}
template <bool kWhole>
inline void store_row16(char* out, uint32_t mask, __m512i row) {
  if (kWhole) {
    _mm512_storeu_si512(out, row);
  } else {
    _mm512_mask_storeu_epi16(out, mask, row);
  }
}
inline uint32_t low_bits(size_t count) {
  return static_cast<uint32_t>((uint64_t{1} << count) - 1);
}

// At most 16 x 16.
template <bool kWhole>
inline void transpose_square32(const char* x, size_t stride, size_t rows, size_t columns, char* out,
                               size_t out_stride) {
  const uint32_t in_mask = low_bits(columns), out_mask = low_bits(rows);
  __m512i v[16];
#pragma GCC unroll 16
  for (size_t i = 0; i < 16; ++i) {
    v[i] = kWhole || i < rows ? load_row32<kWhole>(x + i * stride, in_mask) : _mm512_setzero_si512();
  }
  transpose_16x16(v);
#pragma GCC unroll 16
  for (size_t j = 0; j < 16; ++j) {
    if (kWhole || j < columns) store_row32<kWhole>(out + j * out_stride, out_mask, v[j]);
  }
}

struct Interleaved {
  __m512i low, high;
};

// 32 elements of 2 bytes from each side: (even[0], odd[0]), (even[1], odd[1]), ...
inline Interleaved interleave(__m512i even, __m512i odd) {
  const __m512i low = _mm512_unpacklo_epi16(even, odd), high = _mm512_unpackhi_epi16(even, odd);
  const __m512i first = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11),
                second = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
  return {_mm512_permutex2var_epi64(low, first, high), _mm512_permutex2var_epi64(low, second, high)};
}

// At most 32 x 32 elements of 2 bytes: two rows side by side make elements of 4 bytes; of those two 16 x 16 are
// transposed.
template <bool kWhole>
inline void transpose_square16(const char* x, size_t stride, size_t rows, size_t columns, char* out,
                               size_t out_stride) {
  const uint32_t in_mask = low_bits(columns), out_mask = low_bits(rows);
  const auto load = [&](size_t i) {
    return kWhole || i < rows ? load_row16<kWhole>(x + i * stride, in_mask) : _mm512_setzero_si512();
  };
  __m512i low[16], high[16];
#pragma GCC unroll 16
  for (size_t i = 0; i < 16; ++i) {
    const Interleaved pairs = interleave(load(2 * i), load(2 * i + 1));
    low[i] = pairs.low;
    high[i] = pairs.high;
  }
  transpose_16x16(low);
#pragma GCC unroll 16
  for (size_t j = 0; j < 16; ++j) {
    if (kWhole || j < columns) store_row16<kWhole>(out + j * out_stride, out_mask, low[j]);
  }
  transpose_16x16(high);
#pragma GCC unroll 16
  for (size_t j = 0; j < 16; ++j) {
    if (kWhole || 16 + j < columns) store_row16<kWhole>(out + (16 + j) * out_stride, out_mask, high[j]);
  }
}

using TransposeSquare = void (*)(const char* x, size_t stride, size_t rows, size_t columns, char* out,
                                 size_t out_stride);

// Down the rows first: whole lines of out are then written one after the other.
template <size_t kSide, size_t kBytes, TransposeSquare kWholeSquare, TransposeSquare kPartSquare>
inline void transpose_squares(const char* x, size_t stride, size_t rows, size_t columns, char* out, size_t out_stride) {
  for (size_t j = 0; j < columns; j += kSide) {
    const size_t width = columns - j < kSide ? columns - j : kSide;
    for (size_t i = 0; i < rows; i += kSide) {
      const size_t height = rows - i < kSide ? rows - i : kSide;
      const TransposeSquare square = height == kSide && width == kSide ? kWholeSquare : kPartSquare;
      square(x + i * stride + j * kBytes, stride, height, width, out + j * out_stride + i * kBytes, out_stride);
    }
  }
}

constexpr size_t kRunBytes = 512;

inline void copy_run(const char* from, size_t count, char* to) {
  if (count != kRunBytes) {
    __builtin_memcpy(to, from, count);
    return;
  }
#pragma GCC unroll 8
  for (size_t i = 0; i < kRunBytes; i += 64) _mm512_storeu_si512(to + i, _mm512_loadu_si512(from + i));
}

// Rows of out a multiple of 4 KiB apart share one set of L1, and the stores of a square throw each other's lines out
// (measured on 2048 x 256 bfloat16: 27 GB/s). Those go through a small buffer, then out in runs of 8 lines: 58 GB/s,
// where an out with padded rows gets 77 to 125.
template <size_t kSide, size_t kBytes, TransposeSquare kWholeSquare, TransposeSquare kPartSquare>
inline void transpose_aliased(const char* x, size_t stride, size_t rows, size_t columns, char* out, size_t out_stride) {
  constexpr size_t kRun = kRunBytes / kBytes;
  alignas(64) char buffer[kSide * kRunBytes];
  for (size_t j = 0; j < columns; j += kSide) {
    const size_t width = columns - j < kSide ? columns - j : kSide;
    for (size_t i = 0; i < rows; i += kRun) {
      const size_t height = rows - i < kRun ? rows - i : kRun;
      transpose_squares<kSide, kBytes, kWholeSquare, kPartSquare>(x + i * stride + j * kBytes, stride, height, width,
                                                                  buffer, kRunBytes);
      char* to = out + j * out_stride + i * kBytes;
      for (size_t c = 0; c < width; ++c) copy_run(buffer + c * kRunBytes, height * kBytes, to + c * out_stride);
    }
  }
}

template <size_t kSide, size_t kBytes, TransposeSquare kWholeSquare, TransposeSquare kPartSquare>
void transpose(const void* x, size_t stride, size_t rows, size_t columns, void* out, size_t out_stride) {
  const char* from = static_cast<const char*>(x);
  char* to = static_cast<char*>(out);
  if (out_stride % 4096 == 0) {
    transpose_aliased<kSide, kBytes, kWholeSquare, kPartSquare>(from, stride, rows, columns, to, out_stride);
  } else {
    transpose_squares<kSide, kBytes, kWholeSquare, kPartSquare>(from, stride, rows, columns, to, out_stride);
  }
}

constexpr auto transpose32 = transpose<16, 4, transpose_square32<true>, transpose_square32<false>>;
constexpr auto transpose16 = transpose<32, 2, transpose_square16<true>, transpose_square16<false>>;

void interleave16(const void* even, const void* odd, size_t count, void* out) {
  const char *x = static_cast<const char*>(even), *y = static_cast<const char*>(odd);
  char* to = static_cast<char*>(out);
  size_t j = 0;
  for (; j + 32 <= count; j += 32) {
    const Interleaved pairs = interleave(_mm512_loadu_si512(x + 2 * j), _mm512_loadu_si512(y + 2 * j));
    _mm512_storeu_si512(to + 4 * j, pairs.low);
    _mm512_storeu_si512(to + 4 * j + 64, pairs.high);
  }
  if (j == count) return;
  const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x + 2 * j));
  const __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(y + 2 * j));
  const Interleaved pairs = interleave(_mm512_castsi256_si512(low), _mm512_castsi256_si512(high));
  _mm512_storeu_si512(to + 4 * j, pairs.low);
}

// to_bfloat16 on 16 lanes, in integers.
inline __m256i round_bits(__m512i bits) {
  const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  const __m512i rounded =
      _mm512_srli_epi32(_mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), odd), 16);
  const __m512i quiet = _mm512_or_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(0x40));
  const __m512i magnitude = _mm512_and_si512(bits, _mm512_set1_epi32(0x7fffffff));
  const __mmask16 nan = _mm512_cmpgt_epu32_mask(magnitude, _mm512_set1_epi32(0x7f800000));
  return _mm512_cvtepi32_epi16(_mm512_mask_mov_epi32(rounded, nan, quiet));
}

inline void convert_tail(const float* x, size_t count, BFloat16* out) {
  for (size_t i = 0; i < count; i += 16) {
    const __mmask16 mask =
        count - i < 16 ? static_cast<__mmask16>((1u << (count - i)) - 1) : static_cast<__mmask16>(0xffff);
    _mm256_mask_storeu_epi16(out + i, mask, round_bits(_mm512_maskz_loadu_epi32(mask, x + i)));
  }
}

void convert(const float* x, size_t count, BFloat16* out) {
  convert_tail(x, count, out);
}

// vcvtne2ps2bf16 rounds 32 at once as to_bfloat16 does, except that it takes denormals for zero; those go the long way.
void convert_bf16(const float* x, size_t count, BFloat16* out) {
  constexpr int kDenormal = 0x20;
  size_t i = 0;
  for (; i + 32 <= count; i += 32) {
    const __m512 low = _mm512_loadu_ps(x + i), high = _mm512_loadu_ps(x + i + 16);
    if ((_mm512_fpclass_ps_mask(low, kDenormal) | _mm512_fpclass_ps_mask(high, kDenormal)) != 0) [[unlikely]] {
      convert_tail(x + i, 32, out + i);
      continue;
    }
    _mm512_storeu_si512(out + i, reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low)));
  }
  convert_tail(x + i, count - i, out + i);
}

}  // namespace

const MoveFunctions kMoveAvx512{transpose16, transpose32, interleave16, convert};
const MoveFunctions kMoveAvx512Bf16{transpose16, transpose32, interleave16, convert_bf16};

}  // namespace cadre::tensor::internal
