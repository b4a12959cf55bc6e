// SPDX-License-Identifier: Apache-2.0
#include "model/router_math.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"
#include "model/router_test_models.h"

namespace cadre::model {
namespace {

TEST(RouterMath, ExpIsCloseToTheLibrarysOverItsWholeRange) {
  for (float x = 0.0f; x > -87.0f; x -= 0.0137f) {
    const double exact = std::exp(static_cast<double>(x));
    EXPECT_NEAR(exp_of_negative(x) / exact, 1.0, 3e-7) << x;
  }
  EXPECT_EQ(exp_of_negative(0.0f), 1.0f);
  EXPECT_EQ(exp_of_negative(-87.0f), 0.0f);
  EXPECT_EQ(exp_of_negative(-INFINITY), 0.0f);
}

TEST(RouterMath, RowSumsAreExactForMoreRowsThanOneFlushHolds) {
  constexpr size_t kStride = 64, kRows = 16;
  base::Random random(7);
  const std::vector<int8_t> table(kRows * kStride, 127);
  for (const size_t count : {size_t{0}, size_t{1}, size_t{255}, size_t{256}, size_t{257}, size_t{5000}}) {
    std::vector<uint32_t> hashes(count);
    for (auto& hash : hashes) hash = static_cast<uint32_t>(random.next_u64());
    std::vector<int32_t> sums(kStride, 3);
    sum_rows(table.data(), kStride, hashes, kRows - 1, sums.data());
    for (const int32_t sum : sums) EXPECT_EQ(sum, 3 + 127 * static_cast<int32_t>(count));
  }
}

TEST(RouterMath, RowSumsPickTheRowOfTheHashsLowBits) {
  constexpr size_t kStride = 32;
  base::Random random(8);
  const auto table = random_bytes(4 * kStride, random);
  const std::vector<uint32_t> hashes = {0xFFFFFFF1u, 2u, 0x12345676u};
  std::vector<int32_t> sums(kStride, 0);
  sum_rows(table.data(), kStride, hashes, 3, sums.data());
  for (size_t i = 0; i < kStride; ++i) EXPECT_EQ(sums[i], table[kStride + i] + 2 * table[2 * kStride + i]);
}

// One order of additions, whatever instructions the compiler chose: equal to the bit.
TEST(RouterMath, DenseLayersAddInAscendingOrderOfInputs) {
  base::Random random(9);
  for (const size_t outputs : {1u, 7u, 16u, 33u, 150u}) {
    auto in = random_floats(41, -1, 1, random);
    in[3] = 0.0f;
    const auto weights = random_floats(in.size() * outputs, -2, 2, random),
               bias = random_floats(outputs, -1, 1, random);
    std::vector<float> out(outputs);
    dense(in, weights.data(), bias, out);
    for (size_t o = 0; o < outputs; ++o) {
      volatile float sum = bias[o];  // volatile: no fusing, no reordering
      for (size_t i = 0; i < in.size(); ++i) {
        volatile const float product = in[i] * weights[i * outputs + o];
        sum = sum + product;
      }
      EXPECT_EQ(out[o], sum);
    }
  }
}

TEST(RouterMath, SoftmaxLeavesTheRestToNone) {
  std::vector<float> logits = {0.0f, 0.0f, 0.0f};
  softmax_with_none(logits);
  for (const float share : logits) EXPECT_FLOAT_EQ(share, 0.25f);
  logits = {-50.0f, -60.0f};
  softmax_with_none(logits);
  EXPECT_LT(logits[0], 1e-20f);
  logits = {1e30f, -1e30f, 5.0f};
  softmax_with_none(logits);
  EXPECT_EQ(logits[0], 1.0f);
  EXPECT_EQ(logits[1], 0.0f);
}

}  // namespace
}  // namespace cadre::model
