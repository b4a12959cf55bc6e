// SPDX-License-Identifier: Apache-2.0
#include "tensor/small_product.h"

#include "base/vectorize.h"

namespace cadre::tensor {
namespace {

// Sixteen lanes; on narrower machines the compiler splits them.
typedef float Lanes __attribute__((vector_size(64), aligned(4), may_alias));

template <size_t kRows, size_t kVectors>
__attribute__((always_inline)) inline void product_tile(const float* a, size_t a_row, size_t a_inner, const float* b, size_t b_stride,
                                                               size_t inner, float* out, size_t out_stride) {
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

}  // namespace

CADRE_VECTORIZE
void small_product(const float* a, size_t a_row, size_t a_inner, const float* b, size_t b_stride, size_t rows, size_t inner,
                          size_t columns, float* out, size_t out_stride) {
  size_t r = 0;
  for (; r + 4 <= rows; r += 4) {
    size_t c = 0;
    for (; c + 32 <= columns; c += 32) product_tile<4, 2>(a + r * a_row, a_row, a_inner, b + c, b_stride, inner, out + r * out_stride + c, out_stride);
    if (c < columns) product_tile<4, 1>(a + r * a_row, a_row, a_inner, b + c, b_stride, inner, out + r * out_stride + c, out_stride);
  }
  for (; r < rows; ++r)
    for (size_t c = 0; c < columns; c += 16)
      product_tile<1, 1>(a + r * a_row, a_row, a_inner, b + c, b_stride, inner, out + r * out_stride + c, out_stride);
}

}  // namespace cadre::tensor
