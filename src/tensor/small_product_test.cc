// SPDX-License-Identifier: Apache-2.0
#include "tensor/small_product.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/random.h"

namespace cadre::tensor {
namespace {

TEST(SmallProduct, EqualsTheChainOfRoundedProductsBitForBitForPlainAndTransposedA) {
  base::Random random(3);
  for (const size_t rows : {1u, 3u, 4u, 9u, 21u}) {
    for (const size_t columns : {16u, 32u, 48u, 80u}) {
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

}  // namespace
}  // namespace cadre::tensor
