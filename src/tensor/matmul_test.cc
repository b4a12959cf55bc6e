// SPDX-License-Identifier: Apache-2.0
#include "tensor/matmul.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <tuple>

#include "base/random.h"
#include "tensor/emulated_tiles.h"
#include "tensor/matmul_kernels.h"
#include "tensor/matmul_tiles.h"

namespace cadre::tensor {
namespace {

float as(float x, float) {
  return x;
}
BFloat16 as(float x, BFloat16) {
  return to_bfloat16(x);
}

// A matrix with its rows further apart than their length, so that a wrong stride shows.
template <class T>
struct Matrix {
  size_t rows, columns, stride;
  AlignedVector<T> data;
  Matrix(size_t rows_in, size_t columns_in, size_t extra = 7)
      : rows(rows_in), columns(columns_in), stride(columns_in + extra), data(rows_in * stride) {}
  T& at(size_t i, size_t j) { return data[i * stride + j]; }
  const T& at(size_t i, size_t j) const { return data[i * stride + j]; }
};

template <class T>
Matrix<T> random_matrix(base::Random& random, size_t rows, size_t columns) {
  Matrix<T> x(rows, columns);
  for (T& value : x.data) value = as(static_cast<float>(random.next_u64() % 2001) / 1000.0f - 1.0f, T());
  return x;
}

template <class T>
Matrix<T> random_integers(base::Random& random, size_t rows, size_t columns) {
  Matrix<T> x(rows, columns);
  for (T& value : x.data) value = as(static_cast<float>(random.next_u64() % 15) - 7.0f, T());
  return x;
}

template <class T>
Matrix<double> product(const Matrix<T>& a, const Matrix<T>& b) {
  Matrix<double> c(a.rows, b.columns);
  for (size_t i = 0; i < a.rows; ++i) {
    for (size_t l = 0; l < a.columns; ++l) {
      for (size_t j = 0; j < b.columns; ++j) c.at(i, j) += double{to_float(a.at(i, l))} * double{to_float(b.at(l, j))};
    }
  }
  return c;
}

template <class T>
Matrix<float> multiply(MatmulKernel kernel, const Matrix<T>& a, const Matrix<T>& b) {
  PackedMatrix<T> packed;
  pack(kernel, b.data.data(), b.stride, b.rows, b.columns, packed);
  Matrix<float> c(a.rows, b.columns, 5);
  for (float& value : c.data) value = 1e30f;  // neither read nor, beside the rows, written
  matmul(a.data.data(), a.stride, a.rows, packed, c.data.data(), c.stride, Accumulate::kNo);
  for (size_t i = 0; i < c.rows; ++i) {
    for (size_t j = c.columns; j < c.stride; ++j) EXPECT_EQ(c.at(i, j), 1e30f) << "wrote beside row " << i;
  }
  return c;
}

struct Shape {
  size_t m, k, n;
};
// Row remainders of every tile, every panel width, k across several blocks.
const Shape kShapes[] = {{1, 32, 16},    {2, 64, 32},    {3, 96, 48},  {5, 32, 64},   {7, 160, 80},
                         {13, 256, 96},  {31, 288, 112}, {16, 64, 64}, {33, 544, 48}, {200, 96, 208},
                         {45, 1056, 80}, {17, 128, 256}, {48, 32, 32}};

template <class T>
class MatmulTest : public testing::Test {};
using Elements = testing::Types<float, BFloat16>;
TYPED_TEST_SUITE(MatmulTest, Elements);

TYPED_TEST(MatmulTest, SmallIntegersMultiplyExactlyInEveryKernel) {
  base::Random random(1);
  for (const Shape& shape : kShapes) {
    const auto a = random_integers<TypeParam>(random, shape.m, shape.k),
               b = random_integers<TypeParam>(random, shape.k, shape.n);
    const Matrix<double> expected = product(a, b);
    for (const MatmulKernel kernel : available_matmul_kernels<TypeParam>()) {
      const Matrix<float> c = multiply(kernel, a, b);
      for (size_t i = 0; i < shape.m; ++i) {
        for (size_t j = 0; j < shape.n; ++j) {
          ASSERT_EQ(c.at(i, j), expected.at(i, j)) << matmul_kernel_name(kernel) << " m " << shape.m << " k " << shape.k
                                                   << " n " << shape.n << " at " << i << ", " << j;
        }
      }
    }
  }
}

TYPED_TEST(MatmulTest, KernelsStayWithinTheRoundingOfTheirSums) {
  base::Random random(2);
  for (const Shape& shape : kShapes) {
    const auto a = random_matrix<TypeParam>(random, shape.m, shape.k),
               b = random_matrix<TypeParam>(random, shape.k, shape.n);
    const Matrix<double> expected = product(a, b);
    const double tolerance =
        1e-6 * static_cast<double>(shape.k);  // |a b| <= 1; the worst chain loses k * 2^-24 of its largest sum
    for (const MatmulKernel kernel : available_matmul_kernels<TypeParam>()) {
      const Matrix<float> c = multiply(kernel, a, b);
      for (size_t i = 0; i < shape.m; ++i) {
        for (size_t j = 0; j < shape.n; ++j) {
          ASSERT_NEAR(c.at(i, j), expected.at(i, j), tolerance)
              << matmul_kernel_name(kernel) << " at " << i << ", " << j;
        }
      }
    }
  }
}

TYPED_TEST(MatmulTest, PackTransposedGivesTheSameBytesAsPack) {
  base::Random random(3);
  for (const Shape& shape : kShapes) {
    const auto b = random_matrix<TypeParam>(random, shape.k, shape.n);
    Matrix<TypeParam> w(shape.n, shape.k, 3);
    for (size_t i = 0; i < shape.k; ++i) {
      for (size_t j = 0; j < shape.n; ++j) w.at(j, i) = b.at(i, j);
    }
    for (const MatmulKernel kernel : available_matmul_kernels<TypeParam>()) {
      PackedMatrix<TypeParam> from_b, from_w;
      pack(kernel, b.data.data(), b.stride, shape.k, shape.n, from_b);
      pack_transposed(kernel, w.data.data(), w.stride, shape.k, shape.n, from_w);
      ASSERT_EQ(from_b.data.size(), from_w.data.size());
      EXPECT_EQ(std::memcmp(from_b.data.data(), from_w.data.data(), from_b.data.size() * sizeof(TypeParam)), 0)
          << matmul_kernel_name(kernel) << " k " << shape.k << " n " << shape.n;
    }
  }
}

TYPED_TEST(MatmulTest, AccumulateContinuesFromC) {
  base::Random random(4);
  const auto a = random_integers<TypeParam>(random, 21, 320), b = random_integers<TypeParam>(random, 320, 112);
  const Matrix<double> expected = product(a, b);
  for (const MatmulKernel kernel : available_matmul_kernels<TypeParam>()) {
    PackedMatrix<TypeParam> packed;
    pack(kernel, b.data.data(), b.stride, b.rows, b.columns, packed);
    Matrix<float> c(a.rows, b.columns);
    for (float& value : c.data) value = 3;
    matmul(a.data.data(), a.stride, a.rows, packed, c.data.data(), c.stride, Accumulate::kYes);
    for (size_t i = 0; i < a.rows; ++i) {
      for (size_t j = 0; j < b.columns; ++j) ASSERT_EQ(c.at(i, j), 3 + expected.at(i, j)) << matmul_kernel_name(kernel);
    }
  }
}

TYPED_TEST(MatmulTest, ARowHasTheSameBitsWhateverTheNumberOfRows) {
  base::Random random(5);
  const size_t k = 416, n = 176, m = 211;
  const auto a = random_matrix<TypeParam>(random, m, k), b = random_matrix<TypeParam>(random, k, n);
  for (const MatmulKernel kernel : available_matmul_kernels<TypeParam>()) {
    PackedMatrix<TypeParam> packed;
    pack(kernel, b.data.data(), b.stride, k, n, packed);
    const Matrix<float> all = multiply(kernel, a, b);
    for (const size_t rows : {1, 2, 5, 11, 19, 32}) {
      for (const size_t first : {0, 3, 171, 179}) {
        Matrix<float> c(rows, n);
        matmul(a.data.data() + first * a.stride, a.stride, rows, packed, c.data.data(), c.stride, Accumulate::kNo);
        for (size_t i = 0; i < rows; ++i) {
          ASSERT_EQ(std::memcmp(&c.at(i, 0), &all.at(first + i, 0), n * sizeof(float)), 0)
              << matmul_kernel_name(kernel) << " row " << first + i << " among " << rows;
        }
      }
    }
  }
}

TYPED_TEST(MatmulTest, TransposeMovesEveryElementForAnyShape) {
  base::Random random(6);
  for (const auto& [rows, columns] :
       {std::tuple<size_t, size_t>{1, 1}, {3, 5}, {16, 16}, {32, 32}, {33, 65}, {64, 96}, {100, 31}}) {
    const auto x = random_matrix<TypeParam>(random, rows, columns);
    Matrix<TypeParam> out(columns, rows, 9);
    transpose(x.data.data(), x.stride, rows, columns, out.data.data(), out.stride);
    for (size_t i = 0; i < rows; ++i) {
      for (size_t j = 0; j < columns; ++j)
        ASSERT_EQ(to_float(out.at(j, i)), to_float(x.at(i, j))) << rows << " x " << columns;
    }
    for (size_t j = 0; j < columns; ++j) {
      for (size_t i = rows; i < out.stride; ++i) ASSERT_EQ(to_float(out.at(j, i)), 0.0f) << "wrote beside row " << j;
    }
  }
}

TYPED_TEST(MatmulTest, TransposeToRowsAPageApartMovesEveryElement) {
  base::Random random(11);
  const size_t rows = 4096 / sizeof(TypeParam), columns = 67;
  const auto x = random_matrix<TypeParam>(random, rows, columns);
  for (const size_t count : {rows, rows - 33}) {
    Matrix<TypeParam> out(columns, rows, 0);
    transpose(x.data.data(), x.stride, count, columns, out.data.data(), out.stride);
    for (size_t i = 0; i < rows; ++i) {
      for (size_t j = 0; j < columns; ++j)
        ASSERT_EQ(to_float(out.at(j, i)), i < count ? to_float(x.at(i, j)) : 0.0f) << i;
    }
  }
}

struct NamedMove {
  const char* name;
  const internal::MoveFunctions* move;
};

std::vector<NamedMove> available_moves() {
  std::vector<NamedMove> moves = {{"scalar", &internal::kMoveScalar}};
  const std::vector<MatmulKernel> kernels = available_matmul_kernels<BFloat16>();
  for (const MatmulKernel kernel : kernels) {
    if (kernel == MatmulKernel::kAvx2) moves.push_back({"avx2", &internal::kMoveAvx2});
    if (kernel == MatmulKernel::kAvx512) moves.push_back({"avx512", &internal::kMoveAvx512});
    if (kernel >= MatmulKernel::kAvx512Bf16) moves.push_back({"avx512-bf16", &internal::kMoveAvx512Bf16});
  }
  return moves;
}

TEST(Convert, RoundsToBfloat16AlikeInEveryInstructionSetIncludingDenormalsAndNan) {
  std::vector<float> x;
  for (const uint32_t bits :
       {0u, 1u, 0x7fffu, 0x8000u, 0x8001u, 0x18000u, 0x7fffffu, 0x800000u, 0x7f7fffffu, 0x7f7f8000u, 0x7f800000u,
        0x7f800001u, 0x7fffffffu, 0x3f808000u, 0x3f818000u, 0x3f808001u}) {
    x.push_back(std::bit_cast<float>(bits));
    x.push_back(std::bit_cast<float>(bits | 0x80000000u));
  }
  base::Random random(7);
  for (int i = 0; i < 5000; ++i) x.push_back(std::bit_cast<float>(static_cast<uint32_t>(random.next_u64())));
  for (const NamedMove& entry : available_moves()) {
    for (const size_t count : {x.size(), size_t{77}, size_t{32}, size_t{1}, size_t{0}}) {
      std::vector<BFloat16> out(x.size());
      entry.move->convert(x.data(), count, out.data());
      for (size_t i = 0; i < x.size(); ++i) {
        const uint16_t expected = i < count ? to_bfloat16(x[i]).bits : uint16_t{0};
        ASSERT_EQ(out[i].bits, expected) << entry.name << " of bits " << std::hex << std::bit_cast<uint32_t>(x[i]);
      }
    }
  }
}

TEST(Move, EveryInstructionSetTransposesAndInterleavesAlike) {
  base::Random random(8);
  const size_t rows = 45, columns = 77;
  std::vector<uint32_t> x(rows * columns);
  for (uint32_t& value : x) value = static_cast<uint32_t>(random.next_u64());
  for (const NamedMove& entry : available_moves()) {
    std::vector<uint32_t> out(x.size());
    entry.move->transpose32(x.data(), columns * 4, rows, columns, out.data(), rows * 4);
    for (size_t i = 0; i < x.size(); ++i) ASSERT_EQ(out[i % columns * rows + i / columns], x[i]) << entry.name;
    const auto halves = [](const std::vector<uint32_t>& words) {
      std::vector<uint16_t> result(words.size() * 2);
      std::memcpy(result.data(), words.data(), words.size() * 4);
      return result;
    };
    const std::vector<uint16_t> from = halves(x);
    std::vector<uint16_t> to(from.size());
    entry.move->transpose16(from.data(), columns * 2 * 2, rows, columns * 2, to.data(), rows * 2);
    for (size_t i = 0; i < from.size(); ++i)
      ASSERT_EQ(to[i % (columns * 2) * rows + i / (columns * 2)], from[i]) << entry.name;
    for (const size_t count : {16, 32, 48, 64}) {
      std::vector<uint16_t> pairs(2 * count);
      entry.move->interleave16(from.data(), from.data() + 1000, count, pairs.data());
      for (size_t j = 0; j < count; ++j) {
        ASSERT_EQ(pairs[2 * j], from[j]) << entry.name;
        ASSERT_EQ(pairs[2 * j + 1], from[1000 + j]) << entry.name;
      }
    }
  }
}

// The tile kernel's own code over emulated tiles, with B packed as the real one has it.
Matrix<float> multiply_emulated(const Matrix<BFloat16>& a, const Matrix<BFloat16>& b, float start, bool accumulate) {
  PackedMatrix<BFloat16> packed;
  pack(MatmulKernel::kAmx, b.data.data(), b.stride, b.rows, b.columns, packed);
  Matrix<float> c(a.rows, b.columns, 5);
  for (float& value : c.data) value = start;
  internal::EmulatedTiles tiles;
  internal::TileProduct<internal::EmulatedTiles>::multiply(tiles, a.data.data(), a.stride, a.rows, packed.data.data(),
                                                           b.rows, b.columns, c.data.data(), c.stride, accumulate);
  return c;
}

TEST(TileProduct, SmallIntegersMultiplyExactlyOverEmulatedTiles) {
  base::Random random(9);
  for (const Shape& shape : kShapes) {
    const auto a = random_integers<BFloat16>(random, shape.m, shape.k),
               b = random_integers<BFloat16>(random, shape.k, shape.n);
    const Matrix<double> expected = product(a, b);
    for (const bool accumulate : {false, true}) {
      const Matrix<float> c = multiply_emulated(a, b, 2, accumulate);
      for (size_t i = 0; i < shape.m; ++i) {
        for (size_t j = 0; j < shape.n; ++j) ASSERT_EQ(c.at(i, j), expected.at(i, j) + (accumulate ? 2 : 0)) << shape.m;
        for (size_t j = shape.n; j < c.stride; ++j) ASSERT_EQ(c.at(i, j), 2.0f) << "wrote beside row " << i;
      }
    }
  }
}

TEST(TileProduct, ARowHasTheSameBitsWhateverTheNumberOfRows) {
  base::Random random(10);
  const auto a = random_matrix<BFloat16>(random, 75, 608), b = random_matrix<BFloat16>(random, 608, 48);
  const Matrix<float> all = multiply_emulated(a, b, 0, false);
  for (const size_t rows : {1, 15, 17, 32, 49}) {
    Matrix<BFloat16> part = a;
    part.rows = rows;
    const Matrix<float> c = multiply_emulated(part, b, 0, false);
    for (size_t i = 0; i < rows; ++i) ASSERT_EQ(std::memcmp(&c.at(i, 0), &all.at(i, 0), b.columns * sizeof(float)), 0);
  }
}

TEST(Matmul, TheBestKernelIsTheLastAvailable) {
  EXPECT_EQ(best_matmul_kernel<float>(), available_matmul_kernels<float>().back());
  EXPECT_EQ(available_matmul_kernels<BFloat16>().front(), MatmulKernel::kScalar);
  EXPECT_STREQ(matmul_kernel_name(MatmulKernel::kAvx512Bf16), "avx512-bf16");
}

}  // namespace
}  // namespace cadre::tensor
