// How fast the inference products are, per kernel, type and shape, as a share of the peak measured in the same run.
// SPDX-License-Identifier: Apache-2.0
#include "tensor/quant_matmul.h"

#include <benchmark/benchmark.h>

#include <cmath>
#include <string>

#include "base/check.h"
#include "peak.h"

namespace cadre::tensor {
namespace {

struct Shape {
  size_t m, k, n;
};
// A prompt's rows, then a token at a time.
const Shape kShapes[] = {{64, 256, 768},   {64, 256, 256},   {64, 768, 256}, {32, 192, 192},
                         {100, 384, 1024}, {64, 1024, 1024}, {1, 256, 768},  {1, 1024, 1024}};

std::vector<float> filled(size_t count) {
  std::vector<float> x(count);
  for (size_t i = 0; i < count; ++i) x[i] = std::sin(static_cast<float>(i) * 0.37f);
  return x;
}

// vpdpbusd for VNNI and AMX alike: tile products cannot be measured without tiles.
double peak_of(QuantKernel kernel, TensorType type) {
  static const double int8_avx2 = bench::measured_peak(bench::PeakKind::kInt8, false),
                      int8_avx512 = bench::measured_peak(bench::PeakKind::kInt8),
                      f32_avx2 = bench::measured_peak(bench::PeakKind::kF32, false),
                      f32_avx512 = bench::measured_peak(bench::PeakKind::kF32);
  const bool small = kernel == QuantKernel::kScalar || kernel == QuantKernel::kAvx2;
  if (type == TensorType::kF32 || type == TensorType::kBF16) return small ? f32_avx2 : f32_avx512;
  return small ? int8_avx2 : int8_avx512;
}

enum class Preparing { kBefore, kEachTime };

void multiply(benchmark::State& state, QuantKernel kernel, TensorType type, Shape shape, Preparing preparing) {
  std::vector<uint8_t> bytes;
  quantize_row(type, filled(shape.n * shape.k), bytes);
  const Result<QuantMatrix> w = QuantMatrix::make(kernel, type, shape.n, shape.k, bytes);
  CADRE_CHECK(w.ok(), "the shapes above are whole blocks");
  const std::vector<float> x = filled(shape.m * shape.k);
  AlignedVector<float> y(shape.m * shape.n);
  QuantInput input;
  input.assign(kernel, x.data(), shape.k, shape.m, shape.k, type);
  for (auto _ : state) {
    if (preparing == Preparing::kEachTime) input.assign(kernel, x.data(), shape.k, shape.m, shape.k, type);
    matmul(input, w.value(), y.data(), shape.n);
    benchmark::ClobberMemory();
  }
  const double iterations = static_cast<double>(state.iterations());
  const double operations = 2.0 * static_cast<double>(shape.m * shape.k * shape.n) * iterations;
  state.counters["GOP/s"] = benchmark::Counter(operations * 1e-9, benchmark::Counter::kIsRate);
  state.counters["peak"] = benchmark::Counter(operations / peak_of(kernel, type), benchmark::Counter::kIsRate);
  const size_t moved = bytes.size() + (shape.m * shape.k + shape.m * shape.n) * sizeof(float);
  state.SetBytesProcessed(static_cast<int64_t>(static_cast<double>(moved) * iterations));
}

void preparing_input(benchmark::State& state, QuantKernel kernel) {
  constexpr size_t kRows = 64, kColumns = 256;
  const std::vector<float> x = filled(kRows * kColumns);
  QuantInput input;
  for (auto _ : state) {
    input.assign(kernel, x.data(), kColumns, kRows, kColumns, TensorType::kQ8_0);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * kRows * kColumns * sizeof(float)));
}

void register_all() {
  for (const QuantKernel kernel : available_quant_kernels()) {
    const std::string kernel_name = quant_kernel_name(kernel);
    benchmark::RegisterBenchmark((kernel_name + "/quantize/m64/k256").c_str(), preparing_input, kernel);
    for (const TensorType type : {TensorType::kQ8_0, TensorType::kQ4_0, TensorType::kBF16, TensorType::kF32}) {
      for (const Shape& shape : kShapes) {
        if (kernel == QuantKernel::kScalar && shape.n != 192) continue;
        const std::string name = kernel_name + "/" + traits(type).name + "/m" + std::to_string(shape.m) + "/k" +
                                 std::to_string(shape.k) + "/n" + std::to_string(shape.n);
        benchmark::RegisterBenchmark(name.c_str(), multiply, kernel, type, shape, Preparing::kBefore);
        benchmark::RegisterBenchmark((name + "/with_input").c_str(), multiply, kernel, type, shape,
                                     Preparing::kEachTime);
      }
    }
  }
}

}  // namespace
}  // namespace cadre::tensor

int main(int argc, char** argv) {
  cadre::tensor::register_all();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
