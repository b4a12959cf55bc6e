// Training products on AVX2 with FMA: f32, and bfloat16 widened to f32.
// SPDX-License-Identifier: Apache-2.0
#include <immintrin.h>

#include "tensor/matmul_blocking.h"
#include "tensor/matmul_kernels.h"

namespace cadre::tensor::internal {
namespace {

// 6 rows by 2 vectors: 12 sums, 2 of B and 1 of A in 16 registers.
constexpr size_t kColumns = 16;
constexpr size_t kDepth = 256;  // 256 x 16 f32 of B: 16 KiB, half of a 32 KiB L1
constexpr size_t kRows = 96;    // a multiple of the tile height; 96 rows of A and C stay in a 256 KiB L2

struct F32Shape {
  template <int R, int V>
  static inline void tile(const float* a, size_t lda, const float* b, size_t depth, float* c, size_t ldc, bool first) {
    __m256 sums[R][V];
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 2
      for (int v = 0; v < V; ++v) sums[r][v] = first ? _mm256_setzero_ps() : _mm256_loadu_ps(c + r * ldc + 8 * v);
    }
    for (size_t l = 0; l < depth; ++l, b += 8 * V) {
      __m256 columns[V];
#pragma GCC unroll 2
      for (int v = 0; v < V; ++v) columns[v] = _mm256_loadu_ps(b + 8 * v);
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) {
        const __m256 x = _mm256_broadcast_ss(a + r * lda + l);
#pragma GCC unroll 2
        for (int v = 0; v < V; ++v) sums[r][v] = _mm256_fmadd_ps(x, columns[v], sums[r][v]);
      }
    }
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 2
      for (int v = 0; v < V; ++v) _mm256_storeu_ps(c + r * ldc + 8 * v, sums[r][v]);
    }
  }
};

// bfloat16 is the upper half of an f32.
inline void widen(const BFloat16* x, size_t count, float* out) {
  for (size_t i = 0; i < count; i += 8) {
    const __m128i bits = _mm_loadu_si128(reinterpret_cast<const __m128i*>(x + i));
    _mm256_store_si256(reinterpret_cast<__m256i*>(out + i), _mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
  }
}

struct F32Tile {
  using Element = float;
  static constexpr size_t kColumns = internal::kColumns, kDepth = internal::kDepth, kRows = internal::kRows;
  static void multiply(const float* a, size_t lda, size_t rows, const float* b, size_t depth, size_t, float* c,
                       size_t ldc, bool first) {
    multiply_rows<F32Shape, 6, 2>(a, lda, rows, b, depth, c, ldc, first);
  }
};

// Both operands stay bfloat16 in memory; the blocks in use are widened to the stack: a tile's rows of A once for all
// columns of a panel (1 load, shift and store per 64 FMA), B once for all rows, cut into columns of 16 as the f32 tile
// wants them.
struct WidenedTile {
  using Element = BFloat16;
  static constexpr size_t kColumns = 64, kRows = internal::kRows;
  static constexpr size_t kDepth = 64;  // 64 x 64 f32 of B: 16 KiB, half of a 32 KiB L1
  static constexpr size_t kTileRows = 6, kTileColumns = 16;

  static void multiply(const BFloat16* a, size_t lda, size_t rows, const BFloat16* b, size_t depth, size_t width,
                       float* c, size_t ldc, bool first) {
    alignas(64) float widened_b[kDepth * kColumns];
    alignas(64) float widened_a[kTileRows * kDepth];
    for (size_t j = 0; j < width; j += kTileColumns) {
      float* columns = widened_b + j * depth;
      for (size_t l = 0; l < depth; ++l) widen(b + l * width + j, kTileColumns, columns + l * kTileColumns);
    }
    for (size_t i = 0; i < rows; i += kTileRows) {
      const size_t height = rows - i < kTileRows ? rows - i : kTileRows;
      for (size_t r = 0; r < height; ++r) widen(a + (i + r) * lda, depth, widened_a + r * kDepth);
      for (size_t j = 0; j < width; j += kTileColumns) {
        multiply_rows<F32Shape, 6, 2>(widened_a, kDepth, height, widened_b + j * depth, depth, c + i * ldc + j, ldc,
                                      first);
      }
    }
  }
};

}  // namespace

const MultiplyKernel<float> kMultiplyF32Avx2{kColumns, PanelLayout::kRows, multiply_blocked<F32Tile>};
const MultiplyKernel<BFloat16> kMultiplyBf16Avx2{WidenedTile::kColumns, PanelLayout::kRows,
                                                 multiply_blocked<WidenedTile>};

}  // namespace cadre::tensor::internal
