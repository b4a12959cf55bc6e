// The training product on tile registers (AMX), over any Tiles policy (tensor/tiles.h).
//
// Blocks of 32 rows by 32 columns: four tiles of sums, two of A, two of B, so four products per four loads. A is read
// where it lies; B is packed in panels of 32 columns, kPairs layout. Sums continue from c, so cutting k changes no bit
// beyond what tdpbf16ps does within its 32 k.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tensor/bfloat16.h"
#include "tensor/tiles.h"

namespace cadre::tensor::internal {

template <class Tiles>
class TileProduct {
 public:
  static constexpr size_t kColumns = 32;

  // c [m, n] (ldc) = or += a [m, k] (lda) * b; k a multiple of 32, n of 16.
  static void multiply(Tiles& tiles, const BFloat16* a, size_t lda, size_t m, const BFloat16* b, size_t k, size_t n,
                       float* c, size_t ldc, bool accumulate) {
    const size_t whole = m / kBlockRows * kBlockRows;
    if (whole > 0) {
      tiles.configure(shape(16, 16));
      multiply_rows<2>(tiles, a, lda, whole, b, k, n, c, ldc, accumulate);
    }
    const size_t rest = m - whole;
    const BFloat16* rest_a = a + whole * lda;
    float* rest_c = c + whole * ldc;
    if (rest > 16) {
      tiles.configure(shape(16, rest - 16));
      multiply_rows<2>(tiles, rest_a, lda, kBlockRows, b, k, n, rest_c, ldc, accumulate);
    } else if (rest > 0) {
      tiles.configure(shape(rest, rest));
      multiply_rows<1>(tiles, rest_a, lda, kBlockRows, b, k, n, rest_c, ldc, accumulate);
    }
    if (m > 0) tiles.release();
  }

 private:
  static constexpr size_t kBlockRows = 32;
  static constexpr size_t kDepth = 512;     // of k per block: 32 x 512 of B is 32 KiB of L1's 48
  static constexpr size_t kRowsInL2 = 512;  // 512 x 512 of A is 512 KiB of L2's 2 MiB
  static constexpr size_t kStep = 32;       // of k per product: a row of a tile

  static TileShape shape(size_t upper_rows, size_t lower_rows) {
    TileShape shape;
    for (int t = 0; t < 8; ++t) shape.row_bytes[t] = 64;
    const size_t rows[8] = {upper_rows, upper_rows, lower_rows, lower_rows, upper_rows, lower_rows, 16, 16};
    for (int t = 0; t < 8; ++t) shape.rows[t] = static_cast<uint8_t>(rows[t]);
    return shape;
  }

  // `m` a multiple of kBlockRows; the configuration says how many of the last block's rows exist. R tiles of rows per
  // block.
  template <int R>
  static void multiply_rows(Tiles& tiles, const BFloat16* a, size_t lda, size_t m, const BFloat16* b, size_t k,
                            size_t n, float* c, size_t ldc, bool accumulate) {
    for (size_t i0 = 0; i0 < m; i0 += kRowsInL2) {
      const size_t i1 = m - i0 < kRowsInL2 ? m : i0 + kRowsInL2;
      for (size_t l = 0; l < k; l += kDepth) {
        const size_t depth = k - l < kDepth ? k - l : kDepth;
        const bool first = l == 0 && !accumulate;
        for (size_t j = 0; j < n; j += kColumns) {
          const size_t width = n - j < kColumns ? n - j : kColumns;
          const BFloat16* panel = b + j * k + l * width;
          for (size_t i = i0; i < i1; i += kBlockRows) {
            const BFloat16* rows = a + i * lda + l;
            float* sums = c + i * ldc + j;
            if (width == kColumns) {
              block<R, 2>(tiles, rows, lda, panel, depth, sums, ldc, first);
            } else {
              block<R, 1>(tiles, rows, lda, panel, depth, sums, ldc, first);
            }
          }
        }
      }
    }
  }

  // R by C tiles of sums: 0 and 1 above, 2 and 3 below; A in 4 and 5, B in 6 and 7.
  template <int R, int C>
  static void block(Tiles& tiles, const BFloat16* a, size_t lda, const BFloat16* b, size_t depth, float* c, size_t ldc,
                    bool first) {
    const size_t a_stride = lda * sizeof(BFloat16), b_stride = C * 64, c_stride = ldc * sizeof(float);
    float* lower_c = c + 16 * ldc;
    start<0>(tiles, c, c_stride, first);
    if constexpr (C == 2) start<1>(tiles, c + 16, c_stride, first);
    if constexpr (R == 2) start<2>(tiles, lower_c, c_stride, first);
    if constexpr (R == 2 && C == 2) start<3>(tiles, lower_c + 16, c_stride, first);
    for (size_t l = 0; l < depth; l += kStep, b += kStep * C * 16) {
      tiles.template load<4>(a + l, a_stride);
      tiles.template load<6>(b, b_stride);
      tiles.template multiply_bf16<0, 4, 6>();
      if constexpr (C == 2) {
        tiles.template load<7>(b + 32, b_stride);
        tiles.template multiply_bf16<1, 4, 7>();
      }
      if constexpr (R == 2) {
        tiles.template load<5>(a + 16 * lda + l, a_stride);
        tiles.template multiply_bf16<2, 5, 6>();
        if constexpr (C == 2) tiles.template multiply_bf16<3, 5, 7>();
      }
    }
    tiles.template store<0>(c, c_stride);
    if constexpr (C == 2) tiles.template store<1>(c + 16, c_stride);
    if constexpr (R == 2) tiles.template store<2>(lower_c, c_stride);
    if constexpr (R == 2 && C == 2) tiles.template store<3>(lower_c + 16, c_stride);
  }

  template <int T>
  static void start(Tiles& tiles, const float* c, size_t stride, bool first) {
    if (first) {
      tiles.template zero<T>();
    } else {
      tiles.template load<T>(c, stride);
    }
  }
};

}  // namespace cadre::tensor::internal
