// Training products with vdpbf16ps: 32 products of bfloat16 per instruction, summed in f32 (denormals count as zero, in
// and out).
// SPDX-License-Identifier: Apache-2.0
#include "tensor/avx512_intrinsics.h"

#include "tensor/matmul_blocking.h"
#include "tensor/matmul_kernels.h"

namespace cadre::tensor::internal {
namespace {

struct PairShape {
  // A pair of consecutive k of one row of A, in every lane.
  static inline __m512bh broadcast_pair(const BFloat16* a) {
    int pair;
    __builtin_memcpy(&pair, a, 4);
    return reinterpret_cast<__m512bh>(_mm512_set1_epi32(pair));
  }

  template <int R, int V>
  static inline void tile(const BFloat16* a, size_t lda, const BFloat16* b, size_t depth, float* c, size_t ldc,
                          bool first) {
    __m512 sums[R][V];
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) sums[r][v] = first ? _mm512_setzero_ps() : _mm512_loadu_ps(c + r * ldc + 16 * v);
    }
    for (size_t l = 0; l < depth; l += 2, b += 32 * V) {
      __m512bh columns[V];
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) columns[v] = reinterpret_cast<__m512bh>(_mm512_loadu_si512(b + 32 * v));
#pragma GCC unroll 16
      for (int r = 0; r < R; ++r) {
        const __m512bh x = broadcast_pair(a + r * lda + l);
#pragma GCC unroll 4
        for (int v = 0; v < V; ++v) sums[r][v] = _mm512_dpbf16_ps(sums[r][v], x, columns[v]);
      }
    }
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) _mm512_storeu_ps(c + r * ldc + 16 * v, sums[r][v]);
    }
  }
};

struct PairTile {
  using Element = BFloat16;
  // 6 rows by 4 vectors: 24 sums, 4 of B and 1 of A in 32 registers; 10 loads per 24 products.
  static constexpr size_t kColumns = 64;
  static constexpr size_t kDepth = 256;  // 256 x 64 bfloat16 of B: 32 KiB of L1's 48
  static constexpr size_t kRows = 192;   // a multiple of every tile height below; 192 rows of A and C stay in L2

  static void multiply(const BFloat16* a, size_t lda, size_t rows, const BFloat16* b, size_t depth, size_t width,
                       float* c, size_t ldc, bool first) {
    switch (width) {
      case 64:
        return multiply_rows<PairShape, 6, 4>(a, lda, rows, b, depth, c, ldc, first);
      case 48:
        return multiply_rows<PairShape, 8, 3>(a, lda, rows, b, depth, c, ldc, first);
      case 32:
        return multiply_rows<PairShape, 12, 2>(a, lda, rows, b, depth, c, ldc, first);
      default:
        return multiply_rows<PairShape, 12, 1>(a, lda, rows, b, depth, c, ldc, first);
    }
  }
};

}  // namespace

const MultiplyKernel<BFloat16> kMultiplyBf16Avx512Bf16{PairTile::kColumns, PanelLayout::kPairs,
                                                       multiply_blocked<PairTile>};

}  // namespace cadre::tensor::internal
