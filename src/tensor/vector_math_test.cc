// SPDX-License-Identifier: Apache-2.0
#include "tensor/vector_math.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "base/cpu.h"
#include "base/random.h"
#include "tensor/vector_math_kernels.h"

namespace cadre::tensor {
namespace {

using internal::VectorMathFunctions;

struct Version {
  const char* name;
  const VectorMathFunctions* functions;
};

std::vector<Version> available() {
  std::vector<Version> versions = {{"scalar", &internal::kVectorMathScalar}};
  if (base::cpu_features().avx2) versions.push_back({"avx2", &internal::kVectorMathAvx2});
  if (base::cpu_features().avx512) versions.push_back({"avx512", &internal::kVectorMathAvx512});
  return versions;
}

// Every remainder of a vector, and rows as models have them.
std::vector<size_t> counts() {
  std::vector<size_t> result;
  for (size_t i = 1; i <= 50; ++i) result.push_back(i);
  for (const size_t i : {64, 96, 255, 256, 1000, 1024}) result.push_back(i);
  return result;
}

std::vector<float> random_row(base::Random& random, size_t count, double spread) {
  std::vector<float> x(count);
  for (float& value : x) {
    value = static_cast<float>(random.normal() * spread);
    if (random.chance(0.05)) value = random.chance(0.5) ? 0.0f : -0.0f;
    if (random.chance(0.02)) value *= 1e-30f;
  }
  return x;
}

testing::AssertionResult same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::bit_cast<uint32_t>(a[i]) != std::bit_cast<uint32_t>(b[i])) {
      return testing::AssertionFailure() << "element " << i << " of " << a.size() << ": " << a[i] << " and " << b[i];
    }
  }
  return testing::AssertionSuccess() << "equal";
}

// What one version makes of a row, all functions, and one element beyond the row that must stay.
std::vector<std::vector<float>> results(const VectorMathFunctions& f, const std::vector<float>& x,
                                        const std::vector<float>& y) {
  const size_t count = x.size();
  const float mark = 12345.0f;
  std::vector<std::vector<float>> all(5, std::vector<float>(count + 1, mark));
  f.exponential(x.data(), count, all[0].data());
  all[1] = x;
  all[1].push_back(mark);
  f.softmax(all[1].data(), count);
  f.rms_norm(x.data(), y.data(), count, 1e-5f, all[2].data());
  f.swiglu(x.data(), y.data(), count, all[3].data());
  all[4] = y;
  all[4].push_back(mark);
  f.axpy(0.7f, x.data(), all[4].data(), count);
  for (const auto& row : all) EXPECT_EQ(row.back(), mark) << "wrote beyond a row of " << count;
  all.push_back({f.dot(x.data(), y.data(), count)});
  return all;
}

TEST(VectorMath, EveryVersionGivesTheBitsOfTheScalarReference) {
  base::Random random(1);
  const char* names[] = {"exponential", "softmax", "rms_norm", "swiglu", "axpy", "dot"};
  for (const size_t count : counts()) {
    for (const double spread : {1e-3, 1.0, 30.0}) {
      const std::vector<float> x = random_row(random, count, spread), y = random_row(random, count, 1);
      const auto expected = results(internal::kVectorMathScalar, x, y);
      for (const Version& version : available()) {
        const auto actual = results(*version.functions, x, y);
        for (size_t i = 0; i < expected.size(); ++i) {
          EXPECT_TRUE(same_bits(actual[i], expected[i])) << version.name << " " << names[i] << " spread " << spread;
        }
      }
    }
  }
}

TEST(VectorMath, SoftmaxOfRowsHasTheBitsOfOneRowAfterTheOtherInEveryVersion) {
  base::Random random(6);
  const std::vector<float> bias = random_row(random, 16, 2);
  for (const size_t rows : {1, 2, 7, 15, 16, 17, 39}) {
    for (const size_t count : {1, 2, 15, 16, 17, 31, 39, 64}) {
      const size_t stride = count + random.below(3);
      const std::vector<float> x = random_row(random, rows * stride, 30);
      std::vector<uint8_t> kinds;
      for (size_t i = 0; i < rows * count; ++i) kinds.push_back(static_cast<uint8_t>(random.below(16)));
      std::vector<float> expected = x;
      for (size_t r = 0; r < rows; ++r) {
        float* row = expected.data() + r * stride;
        for (size_t i = 0; i < count; ++i) row[i] = std::fma(row[i], 0.3f, bias[kinds[r * count + i]]);
        internal::kVectorMathScalar.softmax(row, count);
      }
      for (const Version& version : available()) {
        std::vector<float> actual = x;
        version.functions->softmax_rows(actual.data(), stride, rows, count, 0.3f, kinds.data(), bias.data());
        EXPECT_TRUE(same_bits(actual, expected)) << version.name << " " << rows << " rows of " << count;
      }
    }
  }
}

TEST(VectorMath, TheFunctionsOfThisMachineAreOneOfTheVersions) {
  base::Random random(2);
  const std::vector<float> x = random_row(random, 100, 2), y = random_row(random, 100, 2);
  const VectorMathFunctions chosen{exponential, softmax, softmax_rows, rms_norm, swiglu, dot, axpy};
  const auto expected = results(internal::kVectorMathScalar, x, y), actual = results(chosen, x, y);
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_TRUE(same_bits(actual[i], expected[i])) << i;
}

TEST(VectorMath, ExponentialIsWithinOneUlpOverItsWholeRange) {
  std::vector<float> x;
  for (double value = -87.3365; value < 88.7228; value += 0.00037) x.push_back(static_cast<float>(value));
  std::vector<float> out(x.size());
  exponential(x.data(), x.size(), out.data());
  double worst = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const double expected = std::exp(double{x[i]});
    const float rounded = static_cast<float>(expected);
    const double ulp = double{std::nextafter(rounded, std::numeric_limits<float>::infinity())} - double{rounded};
    if (std::isfinite(ulp)) worst = std::max(worst, std::fabs(double{out[i]} - expected) / ulp);
  }
  EXPECT_LE(worst, 1.0);
}

TEST(VectorMath, ExponentialAtItsEdgesIsAlikeInEveryVersion) {
  const float infinity = std::numeric_limits<float>::infinity();
  std::vector<float> x = {0.0f,  -0.0f,  -infinity,  infinity,   1e-40f, -1e-40f, 88.72283f, 88.722839f,
                          1e30f, -1e30f, -87.33654f, -87.33655f, -87.5f, 88.4f,   1.0f};
  for (const float edge : {internal::kExpLeast, internal::kExpGreatest}) {
    for (const float towards : {-infinity, infinity}) x.push_back(std::nextafter(edge, towards));
    x.push_back(edge);
  }
  std::vector<float> expected(x.size());
  internal::kVectorMathScalar.exponential(x.data(), x.size(), expected.data());
  for (const Version& version : available()) {
    std::vector<float> out(x.size());
    version.functions->exponential(x.data(), x.size(), out.data());
    EXPECT_TRUE(same_bits(out, expected)) << version.name;
    EXPECT_EQ(out[0], 1.0f);
    EXPECT_EQ(out[1], 1.0f);
    EXPECT_EQ(out[2], 0.0f);
    EXPECT_EQ(out[3], infinity);
    EXPECT_EQ(out[8], infinity);
    EXPECT_EQ(out[9], 0.0f);
    for (size_t i = 0; i < x.size(); ++i)
      EXPECT_TRUE(out[i] == 0 || out[i] >= std::numeric_limits<float>::min()) << x[i];
    const float nan = std::numeric_limits<float>::quiet_NaN();
    version.functions->exponential(&nan, 1, out.data());
    EXPECT_TRUE(std::isnan(out[0])) << version.name;
  }
}

TEST(VectorMath, SoftmaxSumsToOneAndMaskedElementsAreZero) {
  base::Random random(3);
  for (const size_t count : counts()) {
    std::vector<float> x = random_row(random, count, 5);
    if (count > 1) x[count / 2] = -std::numeric_limits<float>::infinity();
    softmax(x.data(), count);
    double sum = 0;
    for (const float value : x) sum += double{value};
    EXPECT_NEAR(sum, 1.0, 1e-5) << count;
    if (count > 1) {
      EXPECT_EQ(x[count / 2], 0.0f) << count;
    }
  }
}

TEST(VectorMath, FunctionsComputeWhatTheyAreNamedAfter) {
  base::Random random(4);
  const size_t count = 333;
  const std::vector<float> x = random_row(random, count, 2), y = random_row(random, count, 1);
  double product = 0, squares = 0;
  for (size_t i = 0; i < count; ++i) {
    product += double{x[i]} * double{y[i]};
    squares += double{x[i]} * double{x[i]};
  }
  EXPECT_NEAR(dot(x.data(), y.data(), count), product, 1e-4);
  std::vector<float> norm(count), gated(count), sum = y;
  rms_norm(x.data(), y.data(), count, 1e-5f, norm.data());
  swiglu(x.data(), y.data(), count, gated.data());
  axpy(-1.5f, x.data(), sum.data(), count);
  for (size_t i = 0; i < count; ++i) {
    const double a = x[i], b = y[i];
    EXPECT_NEAR(norm[i], a / std::sqrt(squares / count + 1e-5) * b, 1e-5);
    EXPECT_NEAR(gated[i], a / (1 + std::exp(-a)) * b, 1e-5);
    EXPECT_NEAR(sum[i], b - 1.5 * a, 1e-5);
  }
}

TEST(VectorMath, OutMayBeTheInput) {
  base::Random random(5);
  const std::vector<float> x = random_row(random, 70, 2), weight = random_row(random, 70, 1);
  std::vector<float> apart(70), in_place = x;
  rms_norm(x.data(), weight.data(), 70, 1e-6f, apart.data());
  rms_norm(in_place.data(), weight.data(), 70, 1e-6f, in_place.data());
  EXPECT_TRUE(same_bits(in_place, apart));
}

}  // namespace
}  // namespace cadre::tensor
