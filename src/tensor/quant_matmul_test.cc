// SPDX-License-Identifier: Apache-2.0
#include "tensor/quant_matmul.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "base/cpu.h"
#include "base/random.h"
#include "tensor/bfloat16.h"
#include "tensor/emulated_tiles.h"
#include "tensor/float16.h"
#include "tensor/quant_kernels.h"
#include "tensor/quant_tiles.h"

namespace cadre::tensor {
namespace {

constexpr TensorType kTypes[] = {TensorType::kF32, TensorType::kBF16, TensorType::kQ8_0, TensorType::kQ4_0};

struct ProductShape {
  size_t m, n, k;
};
// Row remainders of every tile, whole and part panels, one and several blocks.
constexpr ProductShape kProductShapes[] = {{1, 1, 32},     {1, 16, 32},   {2, 100, 96}, {3, 17, 64},  {4, 33, 128},
                                           {5, 48, 32},    {7, 64, 160},  {16, 31, 64}, {17, 80, 96}, {33, 49, 64},
                                           {30, 200, 256}, {13, 65, 320}, {32, 32, 32}, {47, 15, 96}, {1, 129, 1024}};

float random_float(base::Random& random) {
  return static_cast<float>(random.normal());
}

std::vector<float> random_floats(base::Random& random, size_t count) {
  std::vector<float> x(count);
  for (float& value : x) value = random_float(random);
  return x;
}

// Any bytes a file could hold, except that scales and floats are finite: extreme integers included.
std::vector<uint8_t> random_weights(base::Random& random, TensorType type, size_t n, size_t k) {
  std::vector<uint8_t> bytes;
  if (type == TensorType::kF32 || type == TensorType::kBF16) {
    quantize_row(type, random_floats(random, n * k), bytes);
    return bytes;
  }
  const size_t size = traits(type).block_size_bytes;
  for (size_t b = 0; b < n * k / 32; ++b) {
    const uint16_t scale = float_to_float16(random_float(random) * 0.1f);
    bytes.push_back(static_cast<uint8_t>(scale & 255));
    bytes.push_back(static_cast<uint8_t>(scale >> 8));
    const bool extreme = random.chance(0.2);
    for (size_t i = 2; i < size; ++i) bytes.push_back(extreme ? 0x80 : static_cast<uint8_t>(random.next_u64()));
  }
  return bytes;
}

// Blocks of all kinds: zero, far below and above one, all of one magnitude, negative zero.
std::vector<float> random_input(base::Random& random, size_t m, size_t k) {
  std::vector<float> x = random_floats(random, m * k);
  for (size_t b = 0; b < m * k; b += 32) {
    const uint64_t kind = random.below(10);
    for (size_t l = b; l < b + 32; ++l) {
      if (kind == 0) x[l] = 0;
      if (kind == 1) x[l] = -0.0f;
      if (kind == 2) x[l] *= 1e-36f;
      if (kind == 3) x[l] *= 1e18f;
      if (kind == 4) x[l] = x[l] < 0 ? -3.7f : 3.7f;
      if (kind == 5) x[l] *= 1e-25f;
    }
  }
  return x;
}

QuantMatrix matrix(QuantKernel kernel, TensorType type, size_t n, size_t k, const std::vector<uint8_t>& bytes) {
  Result<QuantMatrix> made = QuantMatrix::make(kernel, type, n, k, bytes);
  CADRE_CHECK(made.ok(), "tests give right sizes");
  return std::move(made).value();
}

std::vector<float> multiply(QuantKernel kernel, TensorType type, const std::vector<float>& x, const ProductShape& shape,
                            const std::vector<uint8_t>& bytes) {
  const QuantMatrix w = matrix(kernel, type, shape.n, shape.k, bytes);
  QuantInput input;
  input.assign(kernel, x.data(), shape.k, shape.m, shape.k, type);
  std::vector<float> y(shape.m * shape.n, 777.0f);
  matmul(input, w, y.data(), shape.n);
  return y;
}

// The header's arithmetic, read directly off GGUF's bytes.
float quantized_output(TensorType type, const float* x, size_t k, const uint8_t* row) {
  float y = 0;
  for (size_t b = 0; b < k / 32; ++b, x += 32, row += traits(type).block_size_bytes) {
    float largest = 0;
    for (size_t l = 0; l < 32; ++l) largest = std::max(largest, std::fabs(x[l]));
    if (largest < 0x1p-100f) largest = 0;
    int dot = 0;
    for (size_t l = 0; l < 32; ++l) {
      const int value = largest == 0 ? 0 : static_cast<int>(std::nearbyint(x[l] * (127.0f / largest)));
      const int nibble = l < 16 ? row[2 + l] & 15 : row[2 + l - 16] >> 4;
      dot += value * (type == TensorType::kQ8_0 ? static_cast<int8_t>(row[2 + l]) : nibble - 8);
    }
    uint16_t scale;
    std::memcpy(&scale, row, 2);
    y = std::fma(static_cast<float>(dot), float16_to_float(scale) * (largest / 127.0f), y);
  }
  return y;
}

std::vector<float> expected_product(TensorType type, const std::vector<float>& x, const ProductShape& shape,
                                    const std::vector<uint8_t>& bytes) {
  const size_t row_bytes = shape.k / traits(type).block_elements * traits(type).block_size_bytes;
  std::vector<float> y(shape.m * shape.n);
  for (size_t j = 0; j < shape.n; ++j) {
    const std::span<const uint8_t> row(bytes.data() + j * row_bytes, row_bytes);
    std::vector<float> w(shape.k);
    EXPECT_TRUE(dequantize_row(type, row, w).ok());
    for (size_t i = 0; i < shape.m; ++i) {
      float sum = 0;
      for (size_t l = 0; l < shape.k; ++l) sum = std::fma(w[l], x[i * shape.k + l], sum);
      const bool floats = type == TensorType::kF32 || type == TensorType::kBF16;
      y[i * shape.n + j] = floats ? sum : quantized_output(type, &x[i * shape.k], shape.k, row.data());
    }
  }
  return y;
}

testing::AssertionResult bits_equal(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size()) return testing::AssertionFailure() << a.size() << " and " << b.size() << " elements";
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::bit_cast<uint32_t>(a[i]) != std::bit_cast<uint32_t>(b[i])) {
      return testing::AssertionFailure() << "element " << i << ": " << a[i] << " and " << b[i];
    }
  }
  return testing::AssertionSuccess();
}

TEST(QuantMatmul, EveryKernelGivesTheBitsOfTheDocumentedArithmetic) {
  base::Random random(1);
  for (const TensorType type : kTypes) {
    for (const ProductShape& shape : kProductShapes) {
      const std::vector<float> x = random_input(random, shape.m, shape.k);
      const std::vector<uint8_t> bytes = random_weights(random, type, shape.n, shape.k);
      const std::vector<float> expected = expected_product(type, x, shape, bytes);
      for (const QuantKernel kernel : available_quant_kernels()) {
        EXPECT_TRUE(bits_equal(multiply(kernel, type, x, shape, bytes), expected))
            << quant_kernel_name(kernel) << " " << traits(type).name << " m " << shape.m << " n " << shape.n << " k "
            << shape.k;
      }
    }
  }
}

TEST(QuantMatmul, ARowHasTheSameBitsWhateverTheNumberOfRows) {
  base::Random random(2);
  const ProductShape all{41, 90, 128};
  const std::vector<float> x = random_input(random, all.m, all.k);
  for (const TensorType type : kTypes) {
    const std::vector<uint8_t> bytes = random_weights(random, type, all.n, all.k);
    for (const QuantKernel kernel : available_quant_kernels()) {
      const std::vector<float> y = multiply(kernel, type, x, all, bytes);
      for (const size_t rows : {1, 2, 3, 6, 20}) {
        const std::vector<float> part(x.begin(), x.begin() + static_cast<long>(rows * all.k));
        const std::vector<float> first(y.begin(), y.begin() + static_cast<long>(rows * all.n));
        EXPECT_TRUE(bits_equal(multiply(kernel, type, part, {rows, all.n, all.k}, bytes), first))
            << quant_kernel_name(kernel) << " " << traits(type).name << " rows " << rows;
      }
    }
  }
}

TEST(QuantMatmul, LeadingDimensionsAreKeptAndNothingBesideARowIsWritten) {
  base::Random random(3);
  const ProductShape shape{9, 37, 64};
  const size_t ldx = 71, ldy = 50;
  const std::vector<float> x = random_floats(random, shape.m * shape.k);
  std::vector<float> spread(shape.m * ldx, 1e9f);
  for (size_t i = 0; i < shape.m; ++i) std::copy_n(&x[i * shape.k], shape.k, &spread[i * ldx]);
  for (const TensorType type : kTypes) {
    const std::vector<uint8_t> bytes = random_weights(random, type, shape.n, shape.k);
    for (const QuantKernel kernel : available_quant_kernels()) {
      const std::vector<float> expected = multiply(kernel, type, x, shape, bytes);
      const QuantMatrix w = matrix(kernel, type, shape.n, shape.k, bytes);
      QuantInput input;
      input.assign(kernel, spread.data(), ldx, shape.m, shape.k, type);
      std::vector<float> y(shape.m * ldy, 777.0f);
      matmul(input, w, y.data(), ldy);
      for (size_t i = 0; i < shape.m; ++i) {
        for (size_t j = 0; j < ldy; ++j) {
          ASSERT_EQ(y[i * ldy + j], j < shape.n ? expected[i * shape.n + j] : 777.0f) << quant_kernel_name(kernel);
        }
      }
    }
  }
}

TEST(QuantMatmul, ABlockWithInfinityGivesNanAndNothingWorse) {
  base::Random random(4);
  const ProductShape shape{3, 20, 64};
  std::vector<float> x = random_floats(random, shape.m * shape.k);
  x[40] = INFINITY;
  x[64] = NAN;
  for (const TensorType type : {TensorType::kQ8_0, TensorType::kQ4_0}) {
    const std::vector<uint8_t> bytes = random_weights(random, type, shape.n, shape.k);
    for (const QuantKernel kernel : available_quant_kernels()) {
      const std::vector<float> y = multiply(kernel, type, x, shape, bytes);
      for (size_t j = 0; j < shape.n; ++j) {
        EXPECT_TRUE(std::isnan(y[j])) << quant_kernel_name(kernel);
        EXPECT_TRUE(std::isnan(y[shape.n + j])) << quant_kernel_name(kernel);
        EXPECT_TRUE(std::isfinite(y[2 * shape.n + j])) << quant_kernel_name(kernel);
      }
    }
  }
}

// Values, scales and corrections as bytes; the same quiet NaN everywhere.
std::string quantized(const internal::QuantFunctions& functions, int32_t offset, const std::vector<float>& x) {
  std::vector<int8_t> values(x.size());
  std::vector<float> scales(x.size() / 32);
  std::vector<int32_t> corrections(x.size() / 32);
  functions.quantize(x.data(), x.size(), offset, values.data(), scales.data(), corrections.data());
  std::string bytes(reinterpret_cast<const char*>(values.data()), values.size());
  bytes.append(reinterpret_cast<const char*>(scales.data()), scales.size() * sizeof(float));
  return bytes.append(reinterpret_cast<const char*>(corrections.data()), corrections.size() * sizeof(int32_t));
}

TEST(QuantInput, EveryKernelQuantizesToTheBytesOfTheScalarOne) {
  const base::CpuFeatures& cpu = base::cpu_features();
  base::Random random(6);
  for (size_t blocks = 1; blocks <= 40; ++blocks) {
    std::vector<float> x = random_input(random, blocks, 32);
    for (const float special : {INFINITY, -INFINITY, NAN}) {
      const std::string expected = quantized(internal::kQuantScalar, 128, x);
      if (cpu.avx2) {
        EXPECT_EQ(quantized(internal::kQuantAvx2, 128, x), expected) << blocks;
      }
      if (cpu.avx512_vnni) {
        EXPECT_EQ(quantized(internal::kQuantAvx512Vnni, 128, x), expected) << blocks;
      }
      x[random.below(x.size())] = special;
    }
  }
}

// What QuantMatrix and QuantInput prepare, for a kernel that this machine may not have.
struct Prepared {
  std::vector<int8_t> values;
  std::vector<float> x_scales, w_scales;
  std::vector<int32_t> corrections;
  std::vector<uint8_t> packed;
};

Prepared prepare(TensorType type, const std::vector<float>& x, const ProductShape& shape,
                 const std::vector<uint8_t>& bytes) {
  const size_t blocks = shape.k / 32, panels = (shape.n + 15) / 16, row_bytes = blocks * traits(type).block_size_bytes;
  const size_t stored = traits(type).block_size_bytes - 2;
  Prepared p;
  p.values.resize(shape.m * shape.k);
  p.x_scales.resize(shape.m * blocks);
  p.corrections.resize(shape.m * blocks);
  for (size_t i = 0; i < shape.m; ++i) {
    internal::kQuantScalar.quantize(&x[i * shape.k], shape.k, 0, &p.values[i * shape.k], &p.x_scales[i * blocks],
                                    &p.corrections[i * blocks]);
  }
  p.packed.resize(panels * blocks * stored * 16);
  p.w_scales.resize(panels * blocks * 16);
  for (size_t j = 0; j < shape.n; ++j) {
    for (size_t b = 0; b < blocks; ++b) {
      const uint8_t* block = &bytes[j * row_bytes + b * (stored + 2)];
      const size_t at = j / 16 * blocks + b;
      uint16_t scale;
      std::memcpy(&scale, block, 2);
      p.w_scales[at * 16 + j % 16] = float16_to_float(scale);
      for (size_t i = 0; i < stored; ++i) p.packed[at * stored * 16 + (i / 4 * 16 + j % 16) * 4 + i % 4] = block[2 + i];
    }
  }
  return p;
}

TEST(QuantTileProduct, GivesTheDocumentedBitsOverEmulatedTiles) {
  base::Random random(5);
  for (const TensorType type : {TensorType::kQ8_0, TensorType::kQ4_0}) {
    for (const ProductShape& shape : kProductShapes) {
      const std::vector<float> x = random_input(random, shape.m, shape.k);
      const std::vector<uint8_t> bytes = random_weights(random, type, shape.n, shape.k);
      const Prepared p = prepare(type, x, shape, bytes);
      const size_t ldy = shape.n + 3;
      std::vector<float> y(shape.m * ldy, 777.0f);
      const internal::QuantProduct product{shape.m,
                                           shape.n,
                                           shape.k,
                                           p.values.data(),
                                           p.x_scales.data(),
                                           p.corrections.data(),
                                           nullptr,
                                           p.packed.data(),
                                           p.w_scales.data(),
                                           y.data(),
                                           ldy};
      internal::EmulatedTiles tiles;
      if (type == TensorType::kQ8_0) {
        internal::QuantTileProduct<internal::EmulatedTiles>::q8_0(tiles, product);
      } else {
        internal::QuantTileProduct<internal::EmulatedTiles>::q4_0(tiles, product);
      }
      std::vector<float> expected(y.size(), 777.0f);
      const std::vector<float> dense = expected_product(type, x, shape, bytes);
      for (size_t i = 0; i < shape.m; ++i) std::copy_n(&dense[i * shape.n], shape.n, &expected[i * ldy]);
      EXPECT_TRUE(bits_equal(y, expected))
          << traits(type).name << " m " << shape.m << " n " << shape.n << " k " << shape.k;
    }
  }
}

TEST(QuantMatrix, RefusesWrongSizesAndTypesWithWordsThatSayWhich) {
  const std::vector<uint8_t> bytes(34 * 3);
  const auto message = [&](TensorType type, size_t n, size_t k) {
    const Result<QuantMatrix> made = QuantMatrix::make(QuantKernel::kScalar, type, n, k, bytes);
    return made.ok() ? std::string("accepted") : made.error().message;
  };
  EXPECT_EQ(message(TensorType::kQ8_0, 3, 32), "accepted");
  EXPECT_EQ(message(TensorType::kQ8_0, 2, 32),
            "prepare a Q8_0 matrix [2, 32]: 102 bytes where 68 belong (truncated file?)");
  EXPECT_NE(message(TensorType::kF16, 3, 32).find("products take"), std::string::npos);
  EXPECT_NE(message(TensorType::kQ8_0, 3, 33).find("multiple of 32"), std::string::npos);
  EXPECT_NE(message(TensorType::kQ8_0, 0, 32).find("sides"), std::string::npos);
  EXPECT_NE(message(TensorType::kF32, size_t{1} << 62, 32).find("sides"), std::string::npos);
}

}  // namespace
}  // namespace cadre::tensor
