// Training products on AVX-512: f32, and bfloat16 widened to f32 on machines without a bfloat16 instruction.
// SPDX-License-Identifier: Apache-2.0
#include "tensor/avx512_intrinsics.h"

#include "tensor/matmul_blocking.h"
#include "tensor/matmul_kernels.h"

namespace cadre::tensor::internal {
namespace {

// 6 rows by 4 vectors: 24 sums, 4 of B and 1 of A in 32 registers; 10 loads per 24 FMA (the load ports allow 24).
constexpr size_t kColumns = 64;
constexpr size_t kDepth = 128;  // 128 x 64 f32 of B: 32 KiB of L1's 48
constexpr size_t kRows = 192;   // a multiple of every tile height below; 192 rows of A and C stay in L2

struct F32Shape {
  template <int R, int V>
  static inline void tile(const float* a, size_t lda, const float* b, size_t depth, float* c, size_t ldc, bool first) {
    __m512 sums[R][V];
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) sums[r][v] = first ? _mm512_setzero_ps() : _mm512_loadu_ps(c + r * ldc + 16 * v);
    }
    for (size_t l = 0; l < depth; ++l, b += 16 * V) {
      __m512 columns[V];
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) columns[v] = _mm512_loadu_ps(b + 16 * v);
#pragma GCC unroll 16
      for (int r = 0; r < R; ++r) {
        const __m512 x = _mm512_set1_ps(a[r * lda + l]);
#pragma GCC unroll 4
        for (int v = 0; v < V; ++v) sums[r][v] = _mm512_fmadd_ps(x, columns[v], sums[r][v]);
      }
    }
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) _mm512_storeu_ps(c + r * ldc + 16 * v, sums[r][v]);
    }
  }
};

// bfloat16 is the upper half of an f32.
inline void widen(const BFloat16* x, size_t count, float* out) {
  for (size_t i = 0; i < count; i += 16) {
    const __m256i bits = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x + i));
    _mm512_store_si512(out + i, _mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
  }
}

// A tile's rows are widened once per panel: 1 load, shift and store per 64 FMA at full width.
struct WidenedShape {
  template <int R, int V>
  static inline void tile(const BFloat16* a, size_t lda, const float* b, size_t depth, float* c, size_t ldc,
                          bool first) {
    alignas(64) float rows[R * kDepth];
    for (int r = 0; r < R; ++r) widen(a + r * lda, depth, rows + r * kDepth);
    F32Shape::tile<R, V>(rows, kDepth, b, depth, c, ldc, first);
  }
};

template <class Shape, class T>
inline void multiply_block(const T* a, size_t lda, size_t rows, const float* b, size_t depth, size_t width, float* c,
                           size_t ldc, bool first) {
  switch (width) {
    case 64:
      return multiply_rows<Shape, 6, 4>(a, lda, rows, b, depth, c, ldc, first);
    case 48:
      return multiply_rows<Shape, 8, 3>(a, lda, rows, b, depth, c, ldc, first);
    case 32:
      return multiply_rows<Shape, 12, 2>(a, lda, rows, b, depth, c, ldc, first);
    default:
      return multiply_rows<Shape, 12, 1>(a, lda, rows, b, depth, c, ldc, first);
  }
}

struct F32Tile {
  using Element = float;
  static constexpr size_t kColumns = internal::kColumns, kDepth = internal::kDepth, kRows = internal::kRows;
  static void multiply(const float* a, size_t lda, size_t rows, const float* b, size_t depth, size_t width, float* c,
                       size_t ldc, bool first) {
    multiply_block<F32Shape>(a, lda, rows, b, depth, width, c, ldc, first);
  }
};

// B stays bfloat16 in memory; the block in use is widened once for all rows of A's block.
struct WidenedTile {
  using Element = BFloat16;
  static constexpr size_t kColumns = internal::kColumns, kDepth = internal::kDepth, kRows = internal::kRows;
  static void multiply(const BFloat16* a, size_t lda, size_t rows, const BFloat16* b, size_t depth, size_t width,
                       float* c, size_t ldc, bool first) {
    alignas(64) float widened[kDepth * kColumns];
    widen(b, depth * width, widened);
    multiply_block<WidenedShape>(a, lda, rows, widened, depth, width, c, ldc, first);
  }
};

}  // namespace

const MultiplyKernel<float> kMultiplyF32Avx512{kColumns, PanelLayout::kRows, multiply_blocked<F32Tile>};
const MultiplyKernel<BFloat16> kMultiplyBf16Avx512{kColumns, PanelLayout::kRows, multiply_blocked<WidenedTile>};

}  // namespace cadre::tensor::internal
