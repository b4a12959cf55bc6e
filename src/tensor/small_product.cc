// SPDX-License-Identifier: Apache-2.0
#include "tensor/small_product.h"

#include "base/vectorize.h"

namespace cadre::tensor {
namespace {

// Sixteen lanes; on narrower machines the compiler splits them.
typedef float Lanes __attribute__((vector_size(64), aligned(4), may_alias));

template <size_t kRows, size_t kVectors>
__attribute__((always_inline)) inline void product_tile(const float* a, size_t a_row, size_t a_inner, const float* b,
                                                        size_t b_stride, size_t inner, float* out, size_t out_stride) {
  Lanes sums[kRows][kVectors] = {};
  for (size_t k = 0; k < inner; ++k) {
    Lanes right[kVectors];
    for (size_t v = 0; v < kVectors; ++v) right[v] = *reinterpret_cast<const Lanes*>(b + k * b_stride + 16 * v);
    for (size_t r = 0; r < kRows; ++r)
      for (size_t v = 0; v < kVectors; ++v) sums[r][v] += a[r * a_row + k * a_inner] * right[v];
  }
  for (size_t r = 0; r < kRows; ++r)
    for (size_t v = 0; v < kVectors; ++v) *reinterpret_cast<Lanes*>(out + r * out_stride + 16 * v) = sums[r][v];
}

// kRows rows of A by all of B, 48 columns at a time and what is left.
template <size_t kRows>
__attribute__((always_inline)) inline void product_rows(const float* a, size_t a_row, size_t a_inner, const float* b,
                                                        size_t b_stride, size_t inner, size_t columns, float* out,
                                                        size_t out_stride) {
  size_t c = 0;
  for (; c + 48 <= columns; c += 48)
    product_tile<kRows, 3>(a, a_row, a_inner, b + c, b_stride, inner, out + c, out_stride);
  if (c + 32 <= columns) product_tile<kRows, 2>(a, a_row, a_inner, b + c, b_stride, inner, out + c, out_stride);
  if (c + 16 == columns) product_tile<kRows, 1>(a, a_row, a_inner, b + c, b_stride, inner, out + c, out_stride);
}

constexpr size_t kSide = 16;

// low, high = a0 b0 a1 b1 ... of the lower and of the upper eight lanes. By reference: without AVX-512 there is no ABI for
// returning vectors.
__attribute__((always_inline)) inline void interleave(const Lanes& a, const Lanes& b, Lanes& low, Lanes& high) {
  low = __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  high = __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

// Four perfect shuffles of the sixteen rows transpose them. Rows from `rows` on count as zeros.
__attribute__((always_inline)) inline void transpose_block(const float* a, size_t a_row, size_t rows, float* out,
                                                           size_t out_stride) {
  Lanes x[kSide], y[kSide];
  for (size_t r = 0; r < kSide; ++r) x[r] = r < rows ? *reinterpret_cast<const Lanes*>(a + r * a_row) : Lanes{};
  for (int round = 0; round < 2; ++round) {
    for (size_t i = 0; i < kSide / 2; ++i) interleave(x[i], x[i + kSide / 2], y[2 * i], y[2 * i + 1]);
    for (size_t i = 0; i < kSide / 2; ++i) interleave(y[i], y[i + kSide / 2], x[2 * i], x[2 * i + 1]);
  }
  for (size_t r = 0; r < kSide; ++r) *reinterpret_cast<Lanes*>(out + r * out_stride) = x[r];
}

}  // namespace

CADRE_VECTORIZE
void small_product(const float* a, size_t a_row, size_t a_inner, const float* b, size_t b_stride, size_t rows,
                   size_t inner, size_t columns, float* out, size_t out_stride) {
  size_t r = 0;
  for (; r + 4 <= rows; r += 4)
    product_rows<4>(a + r * a_row, a_row, a_inner, b, b_stride, inner, columns, out + r * out_stride, out_stride);
  a += r * a_row;
  out += r * out_stride;
  if (rows - r == 3) product_rows<3>(a, a_row, a_inner, b, b_stride, inner, columns, out, out_stride);
  if (rows - r == 2) product_rows<2>(a, a_row, a_inner, b, b_stride, inner, columns, out, out_stride);
  if (rows - r == 1) product_rows<1>(a, a_row, a_inner, b, b_stride, inner, columns, out, out_stride);
}

CADRE_VECTORIZE
void small_transpose(const float* a, size_t a_row, size_t rows, size_t columns, float* out, size_t out_stride) {
  for (size_t r = 0; r < rows; r += kSide) {
    const size_t some = rows - r < kSide ? rows - r : kSide;
    for (size_t c = 0; c < columns; c += kSide)
      transpose_block(a + r * a_row + c, a_row, some, out + c * out_stride + r, out_stride);
  }
}

}  // namespace cadre::tensor
