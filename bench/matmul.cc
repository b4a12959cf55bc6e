// How fast the training products are, per kernel and shape, as a share of the peak measured in the same run.
// SPDX-License-Identifier: Apache-2.0
#include "tensor/matmul.h"

#include <benchmark/benchmark.h>

#include <string>
#include <type_traits>

#include "peak.h"

namespace cadre::tensor {
namespace {

struct Shape {
  size_t m, k, n;
};
// A layer's products over a batch of tokens, then weight gradients, whose k is the number of tokens.
const Shape kShapes[] = {{2048, 256, 768},   {2048, 256, 256}, {2048, 768, 256}, {2048, 96, 384},
                         {1024, 1024, 1024}, {256, 2048, 768}, {768, 1024, 256}, {192, 1024, 192}};

template <class T>
AlignedVector<T> filled(size_t count) {
  AlignedVector<T> x(count);
  for (size_t i = 0; i < count; ++i) {
    const float value = static_cast<float>(i * 2654435761u % 1024) / 512.0f - 1.0f;
    if constexpr (std::is_same_v<T, float>) {
      x[i] = value;
    } else {
      x[i] = to_bfloat16(value);
    }
  }
  return x;
}

double peak_of(MatmulKernel kernel) {
  static const double avx2 = bench::measured_peak(bench::PeakKind::kF32, false),
                      avx512 = bench::measured_peak(bench::PeakKind::kF32),
                      bf16 = bench::measured_peak(bench::PeakKind::kBFloat16);
  if (kernel == MatmulKernel::kScalar || kernel == MatmulKernel::kAvx2) return avx2;
  return kernel == MatmulKernel::kAvx512 ? avx512 : bf16;
}

void report(benchmark::State& state, MatmulKernel kernel, double operations, double bytes) {
  const double iterations = static_cast<double>(state.iterations());
  state.counters["GOP/s"] = benchmark::Counter(operations * iterations * 1e-9, benchmark::Counter::kIsRate);
  state.counters["peak"] = benchmark::Counter(operations * iterations / peak_of(kernel), benchmark::Counter::kIsRate);
  state.SetBytesProcessed(static_cast<int64_t>(bytes * iterations));
}

enum class Packing { kBefore, kEachTime };

template <class T>
void multiply(benchmark::State& state, MatmulKernel kernel, Shape shape, Packing packing) {
  const AlignedVector<T> a = filled<T>(shape.m * shape.k), w = filled<T>(shape.k * shape.n);
  AlignedVector<float> c(shape.m * shape.n);
  PackedMatrix<T> packed;
  pack_transposed(kernel, w.data(), shape.k, shape.k, shape.n, packed);
  for (auto _ : state) {
    if (packing == Packing::kEachTime) pack_transposed(kernel, w.data(), shape.k, shape.k, shape.n, packed);
    matmul(a.data(), shape.k, shape.m, packed, c.data(), shape.n, Accumulate::kNo);
    benchmark::ClobberMemory();
  }
  const double bytes = static_cast<double>((shape.m * shape.k + shape.k * shape.n) * sizeof(T) + shape.m * shape.n * 4);
  report(state, kernel, 2.0 * static_cast<double>(shape.m * shape.k * shape.n), bytes);
}

// dW [m, n] += dYt [m, tokens] * X [tokens, n] with everything that goes with it: dY is transposed and X packed each
// time.
template <class T>
void weight_gradient(benchmark::State& state, MatmulKernel kernel, Shape shape) {
  const AlignedVector<T> dy = filled<T>(shape.m * shape.k), x = filled<T>(shape.k * shape.n);
  AlignedVector<T> dy_transposed(shape.m * shape.k);
  AlignedVector<float> c(shape.m * shape.n);
  PackedMatrix<T> packed;
  for (auto _ : state) {
    transpose(dy.data(), shape.m, shape.k, shape.m, dy_transposed.data(), shape.k);
    pack(kernel, x.data(), shape.n, shape.k, shape.n, packed);
    matmul(dy_transposed.data(), shape.k, shape.m, packed, c.data(), shape.n, Accumulate::kYes);
    benchmark::ClobberMemory();
  }
  const double bytes = static_cast<double>((shape.m * shape.k + shape.k * shape.n) * sizeof(T) + shape.m * shape.n * 4);
  report(state, kernel, 2.0 * static_cast<double>(shape.m * shape.k * shape.n), bytes);
}

template <class T>
void register_products(const std::string& type) {
  for (const MatmulKernel kernel : available_matmul_kernels<T>()) {
    for (const Shape& shape : kShapes) {
      if (kernel == MatmulKernel::kScalar && shape.m != 192) continue;
      const std::string name = type + "/" + matmul_kernel_name(kernel) + "/m" + std::to_string(shape.m) + "/k" +
                               std::to_string(shape.k) + "/n" + std::to_string(shape.n);
      benchmark::RegisterBenchmark(name.c_str(), multiply<T>, kernel, shape, Packing::kBefore);
      benchmark::RegisterBenchmark((name + "/with_packing").c_str(), multiply<T>, kernel, shape, Packing::kEachTime);
      if (shape.k >= 1024)
        benchmark::RegisterBenchmark((name + "/weight_gradient").c_str(), weight_gradient<T>, kernel, shape);
    }
  }
}

// Bytes per second of what is moved, read and written both counted.
template <class T>
void transposing(benchmark::State& state) {
  constexpr size_t kRows = 2048, kColumns = 256;
  const AlignedVector<T> x = filled<T>(kRows * kColumns);
  AlignedVector<T> out(kRows * kColumns);
  for (auto _ : state) {
    transpose(x.data(), kColumns, kRows, kColumns, out.data(), kRows);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * 2 * kRows * kColumns * sizeof(T)));
}

void converting(benchmark::State& state) {
  constexpr size_t kCount = 256 * 768;
  const AlignedVector<float> x = filled<float>(kCount);
  AlignedVector<BFloat16> out(kCount);
  for (auto _ : state) {
    convert(x.data(), kCount, out.data());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * kCount * 6));
}

template <class T>
void packing_transposed(benchmark::State& state) {
  constexpr size_t kDepth = 256, kColumns = 768;
  const AlignedVector<T> w = filled<T>(kDepth * kColumns);
  PackedMatrix<T> packed;
  for (auto _ : state) {
    pack_transposed(best_matmul_kernel<T>(), w.data(), kDepth, kDepth, kColumns, packed);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * 2 * kDepth * kColumns * sizeof(T)));
}

template <class T>
void packing(benchmark::State& state) {
  constexpr size_t kDepth = 2048, kColumns = 256;
  const AlignedVector<T> b = filled<T>(kDepth * kColumns);
  PackedMatrix<T> packed;
  for (auto _ : state) {
    pack(best_matmul_kernel<T>(), b.data(), kColumns, kDepth, kColumns, packed);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * 2 * kDepth * kColumns * sizeof(T)));
}

}  // namespace
}  // namespace cadre::tensor

int main(int argc, char** argv) {
  using cadre::tensor::BFloat16;
  cadre::tensor::register_products<float>("f32");
  cadre::tensor::register_products<BFloat16>("bf16");
  benchmark::RegisterBenchmark("transpose/f32", cadre::tensor::transposing<float>);
  benchmark::RegisterBenchmark("transpose/bf16", cadre::tensor::transposing<BFloat16>);
  benchmark::RegisterBenchmark("convert/bf16", cadre::tensor::converting);
  benchmark::RegisterBenchmark("pack_transposed/f32", cadre::tensor::packing_transposed<float>);
  benchmark::RegisterBenchmark("pack_transposed/bf16", cadre::tensor::packing_transposed<BFloat16>);
  benchmark::RegisterBenchmark("pack/f32", cadre::tensor::packing<float>);
  benchmark::RegisterBenchmark("pack/bf16", cadre::tensor::packing<BFloat16>);
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
