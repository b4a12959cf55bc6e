// The loops around a register tile: which part of A and of packed B meet, so that B's part stays in L1 and A's part in
// L2.
//
// A `Tile` policy (a struct local to one file, so that its code is never shared between instruction sets) gives
//   Element, kColumns (panel width), kDepth (largest k per block), kRows (rows of A per block)
//   static void multiply(a, lda, rows, b, depth, width, c, ldc, first)   one block; `first` starts the chains at zero
// Each output stays one chain over ascending k: a block continues from the value its predecessor stored in c, so the
// block sizes and the position of a row change no bit.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace cadre::tensor::internal {

template <class Tile>
void multiply_blocked(const typename Tile::Element* a, size_t lda, size_t m, const typename Tile::Element* b, size_t k,
                      size_t n, float* c, size_t ldc, bool accumulate) {
  if (k == 0) return;
  // Equal depths rather than a short last one; a multiple of 32 as k is.
  const size_t blocks = (k + Tile::kDepth - 1) / Tile::kDepth;
  const size_t depth = ((k + blocks - 1) / blocks + 31) / 32 * 32;
  for (size_t i = 0; i < m; i += Tile::kRows) {
    const size_t rows = m - i < Tile::kRows ? m - i : Tile::kRows;
    for (size_t j = 0; j < n; j += Tile::kColumns) {
      const size_t width = n - j < Tile::kColumns ? n - j : Tile::kColumns;
      for (size_t l = 0; l < k; l += depth) {
        const size_t part = k - l < depth ? k - l : depth;
        Tile::multiply(a + i * lda + l, lda, rows, b + j * k + l * width, part, width, c + i * ldc + j, ldc,
                       l == 0 && !accumulate);
      }
    }
  }
}

// All `rows` in tiles of R rows by V vectors, then the remainder in halves. Shape::tile<R, V>(a, lda, b, depth, c, ldc,
// first).
template <class Shape, int R, int V, class T, class U>
inline void multiply_rows(const T* a, size_t lda, size_t rows, const U* b, size_t depth, float* c, size_t ldc,
                          bool first) {
  size_t i = 0;
  for (; i + R <= rows; i += R) Shape::template tile<R, V>(a + i * lda, lda, b, depth, c + i * ldc, ldc, first);
  if constexpr (R > 1) {
    constexpr int kHalf = R > 8 ? 8 : R > 4 ? 4 : R > 2 ? 2 : 1;
    if (i < rows) multiply_rows<Shape, kHalf, V>(a + i * lda, lda, rows - i, b, depth, c + i * ldc, ldc, first);
  }
}

}  // namespace cadre::tensor::internal
