// SPDX-License-Identifier: Apache-2.0
#include "tensor/small_product.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/random.h"

namespace cadre::tensor {
namespace {

TEST(SmallProduct, EqualsTheChainOfRoundedProductsBitForBitForPlainAndTransposedA) {
  base::Random random(3);
  for (const size_t rows : {1u, 2u, 3u, 4u, 9u, 22u}) {
    for (const size_t columns : {16u, 32u, 48u, 64u, 80u, 96u}) {
      const size_t inner = 1 + random.below(40);
      std::vector<float> a(rows * inner), b(inner * columns), out(rows * columns), expected(rows * columns);
      for (auto& x : a) x = static_cast<float>(random.normal());
      for (auto& x : b) x = static_cast<float>(random.normal());
      for (const bool transposed : {false, true}) {
        const size_t a_row = transposed ? 1 : inner, a_inner = transposed ? rows : 1;
        for (size_t r = 0; r < rows; ++r) {
          for (size_t c = 0; c < columns; ++c) {
            float sum = 0;
            for (size_t k = 0; k < inner; ++k) {
              const volatile float product = a[r * a_row + k * a_inner] * b[k * columns + c];
              sum += product;
            }
            expected[r * columns + c] = sum;
          }
        }
        small_product(a.data(), a_row, a_inner, b.data(), columns, rows, inner, columns, out.data(), columns);
        EXPECT_EQ(out, expected) << rows << " x " << columns << (transposed ? " transposed" : "");
      }
    }
  }
}

TEST(SmallProduct, TransposeMovesEveryElementAndFillsUpWithZeros) {
  base::Random random(4);
  for (const size_t rows : {1u, 15u, 16u, 17u, 39u}) {
    for (const size_t columns : {16u, 48u}) {
      const size_t a_row = columns + 5, padded = (rows + 15) / 16 * 16, out_stride = padded + 16;
      std::vector<float> a(rows * a_row), out(columns * out_stride, 7.0f), expected = out;
      for (auto& x : a) x = static_cast<float>(random.normal());
      for (size_t c = 0; c < columns; ++c)
        for (size_t r = 0; r < padded; ++r) expected[c * out_stride + r] = r < rows ? a[r * a_row + c] : 0.0f;
      small_transpose(a.data(), a_row, rows, columns, out.data(), out_stride);
      EXPECT_EQ(out, expected) << rows << " x " << columns;
    }
  }
}

}  // namespace
}  // namespace cadre::tensor
