// The readable reference of the training products, and what a machine without AVX2 runs.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>

#include "tensor/matmul_kernels.h"

namespace cadre::tensor::internal {
namespace {

constexpr size_t kColumns = 16;

template <class T>
void multiply(const T* a, size_t lda, size_t m, const T* b, size_t k, size_t n, float* c, size_t ldc, bool accumulate) {
  for (size_t j0 = 0; j0 < n; j0 += kColumns) {
    const T* panel = b + j0 * k;
    for (size_t i = 0; i < m; ++i) {
      float sums[kColumns] = {};
      if (accumulate) std::memcpy(sums, c + i * ldc + j0, sizeof(sums));
      for (size_t l = 0; l < k; ++l) {
        const float x = to_float(a[i * lda + l]);
        for (size_t j = 0; j < kColumns; ++j) sums[j] += x * to_float(panel[l * kColumns + j]);
      }
      std::memcpy(c + i * ldc + j0, sums, sizeof(sums));
    }
  }
}

// In squares that fit in L1, so that each cache line of x is read once.
template <size_t kBytes>
void transpose(const void* x, size_t stride, size_t rows, size_t columns, void* out, size_t out_stride) {
  constexpr size_t kSquare = 32;
  const char* from = static_cast<const char*>(x);
  char* to = static_cast<char*>(out);
  for (size_t i0 = 0; i0 < rows; i0 += kSquare) {
    const size_t i1 = std::min(i0 + kSquare, rows);
    for (size_t j = 0; j < columns; ++j) {
      for (size_t i = i0; i < i1; ++i) {
        std::memcpy(to + j * out_stride + i * kBytes, from + i * stride + j * kBytes, kBytes);
      }
    }
  }
}

void interleave16(const void* even, const void* odd, size_t count, void* out) {
  const char *x = static_cast<const char*>(even), *y = static_cast<const char*>(odd);
  char* to = static_cast<char*>(out);
  for (size_t j = 0; j < count; ++j) {
    std::memcpy(to + 4 * j, x + 2 * j, 2);
    std::memcpy(to + 4 * j + 2, y + 2 * j, 2);
  }
}

void convert(const float* x, size_t count, BFloat16* out) {
  for (size_t i = 0; i < count; ++i) out[i] = to_bfloat16(x[i]);
}

}  // namespace

const MultiplyKernel<float> kMultiplyF32Scalar{kColumns, PanelLayout::kRows, multiply<float>};
const MultiplyKernel<BFloat16> kMultiplyBf16Scalar{kColumns, PanelLayout::kRows, multiply<BFloat16>};
const MoveFunctions kMoveScalar{transpose<2>, transpose<4>, interleave16, convert};

}  // namespace cadre::tensor::internal
