// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "tensor/bfloat16.h"
#include "tensor/float16.h"
#include "tensor/quant_matmul.h"

namespace cadre::tensor {
namespace {

TEST(Float16, EveryHalfSurvivesTheWayToF32AndBack) {
  for (uint32_t half = 0; half < 0x10000; ++half) {
    const float x = float16_to_float(static_cast<uint16_t>(half));
    const bool nan = (half & 0x7fff) > 0x7c00;
    ASSERT_EQ(std::isnan(x), nan) << half;
    ASSERT_EQ(float_to_float16(x), nan ? (half | 0x200) : half) << half;  // a NaN comes back quiet
  }
}

TEST(Float16, KnownValues) {
  EXPECT_EQ(float16_to_float(0x3c00), 1.0f);
  EXPECT_EQ(float16_to_float(0xc000), -2.0f);
  EXPECT_EQ(float16_to_float(0x7bff), kFloat16Max);
  EXPECT_EQ(float16_to_float(0x0001), 0x1p-24f);
  EXPECT_EQ(float16_to_float(0x7c00), INFINITY);
  EXPECT_EQ(float_to_float16(65519.9f), 0x7bff);
  EXPECT_EQ(float_to_float16(65520.0f), 0x7c00);
  EXPECT_EQ(float_to_float16(0x1p-25f), 0);            // a tie goes to even
  EXPECT_EQ(float_to_float16(0x1.000002p-25f), 1);     // above it up
  EXPECT_EQ(float_to_float16(-0x1.ff8p-15f), 0x83ff);  // the greatest denormal, exactly
  EXPECT_EQ(float_to_float16(0x1.ffcp-15f), 0x0400);   // rounds up into the normals
}

TEST(Float16, RoundsToTheNearestHalfAndTiesToEven) {
  base::Random random(1);
  for (int i = 0; i < 200000; ++i) {
    const uint32_t exponent = 127 - 26 + static_cast<uint32_t>(random.below(41));
    const float x = std::bit_cast<float>((exponent << 23) | static_cast<uint32_t>(random.below(1 << 23)));
    const uint16_t half = float_to_float16(x);
    if (half >= 0x7bff) continue;
    const double error = std::fabs(double{x} - double{float16_to_float(half)});
    const double above = std::fabs(double{x} - double{float16_to_float(static_cast<uint16_t>(half + 1))});
    const double below =
        half == 0 ? 1e9 : std::fabs(double{x} - double{float16_to_float(static_cast<uint16_t>(half - 1))});
    ASSERT_LE(error, std::min(above, below)) << x;
    if (error == above || error == below) {
      ASSERT_EQ(half & 1, 0) << x;
    }
  }
}

TEST(QuantRows, Q8StoresAHalfScaleAndRoundedBytes) {
  std::vector<float> x(32, 0.0f);
  x[0] = 127;
  x[1] = -127;
  x[2] = 2.5f;
  x[31] = 64.4f;
  std::vector<uint8_t> bytes;
  quantize_row(TensorType::kQ8_0, x, bytes);
  ASSERT_EQ(bytes.size(), 34u);
  EXPECT_EQ(bytes[0] | bytes[1] << 8, 0x3c00);  // 1.0
  EXPECT_EQ(static_cast<int8_t>(bytes[2]), 127);
  EXPECT_EQ(static_cast<int8_t>(bytes[3]), -127);
  EXPECT_EQ(static_cast<int8_t>(bytes[4]), 2);
  EXPECT_EQ(static_cast<int8_t>(bytes[33]), 64);
}

TEST(QuantRows, Q4StoresTheFirstHalfInLowNibbles) {
  std::vector<float> x(32);
  for (int i = 0; i < 32; ++i) x[static_cast<size_t>(i)] = static_cast<float>(i % 16 - 8);
  std::vector<uint8_t> bytes;
  quantize_row(TensorType::kQ4_0, x, bytes);
  ASSERT_EQ(bytes.size(), 18u);
  EXPECT_EQ(bytes[0] | bytes[1] << 8, 0x3c00);
  for (int i = 0; i < 16; ++i) EXPECT_EQ(bytes[static_cast<size_t>(2 + i)], i | i << 4);
}

TEST(QuantRows, ComeBackWithinHalfAStepOfTheirBlock) {
  base::Random random(2);
  std::vector<float> x(32 * 50);
  for (float& value : x) value = static_cast<float>(random.normal() * std::exp(2 * random.normal()));
  struct Case {
    TensorType type;
    float step;  // relative to the largest magnitude of the block
  };
  for (const Case& c :
       {Case{TensorType::kQ8_0, 0.51f / 127}, Case{TensorType::kQ4_0, 1.01f / 8}, Case{TensorType::kF32, 0},
        Case{TensorType::kBF16, 1.0f / 256}, Case{TensorType::kF16, 1.0f / 1024}}) {
    std::vector<uint8_t> bytes = {1, 2, 3};
    quantize_row(c.type, x, bytes);
    std::vector<float> back(x.size());
    ASSERT_TRUE(dequantize_row(c.type, std::span(bytes).subspan(3), back).ok());
    for (size_t b = 0; b < x.size(); b += 32) {
      float largest = 0;
      for (size_t i = b; i < b + 32; ++i) largest = std::max(largest, std::fabs(x[i]));
      for (size_t i = b; i < b + 32; ++i) ASSERT_NEAR(back[i], x[i], c.step * largest) << traits(c.type).name;
    }
  }
}

TEST(QuantRows, ValuesBeyondTheScalesRangeAreHeldToIt) {
  for (const TensorType type : {TensorType::kQ8_0, TensorType::kQ4_0}) {
    std::vector<float> x(32, 1.0f), back(32);
    x[3] = 1e30f;
    x[4] = -INFINITY;
    x[5] = NAN;
    std::vector<uint8_t> bytes;
    quantize_row(type, x, bytes);
    ASSERT_TRUE(dequantize_row(type, bytes, back).ok());
    for (const float value : back) EXPECT_TRUE(std::isfinite(value)) << traits(type).name;
  }
}

TEST(QuantRows, WrongSizesAndTypesAreErrors) {
  std::vector<float> out(32);
  EXPECT_EQ(dequantize_row(TensorType::kQ8_0, std::vector<uint8_t>(33), out).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(dequantize_row(TensorType::kI8, std::vector<uint8_t>(32), out).error().code, ErrorCode::kUnsupported);
  std::vector<float> part(31);
  EXPECT_FALSE(dequantize_row(TensorType::kQ4_0, std::vector<uint8_t>(18), part).ok());
}

}  // namespace
}  // namespace cadre::tensor
