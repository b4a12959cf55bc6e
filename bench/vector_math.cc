// How fast the row functions of the forward pass are, in elements per second, per row length.
// SPDX-License-Identifier: Apache-2.0
#include "tensor/vector_math.h"

#include <benchmark/benchmark.h>

#include <cmath>

#include "tensor/aligned.h"

namespace cadre::tensor {
namespace {

AlignedVector<float> filled(size_t count) {
  AlignedVector<float> x(count);
  for (size_t i = 0; i < count; ++i) x[i] = std::sin(static_cast<float>(i) * 0.37f);
  return x;
}

// `run(x, y, out, count)` once per iteration, on rows that stay in L1.
template <class Run>
void rows(benchmark::State& state, Run run) {
  const size_t count = static_cast<size_t>(state.range(0));
  const AlignedVector<float> x = filled(count), y = filled(count);
  AlignedVector<float> out = filled(count);
  for (auto _ : state) {
    run(x.data(), y.data(), out.data(), count);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void bench_exponential(benchmark::State& state) {
  rows(state, [](const float* x, const float*, float* out, size_t count) { exponential(x, count, out); });
}
void bench_softmax(benchmark::State& state) {
  rows(state, [](const float*, const float*, float* out, size_t count) { softmax(out, count); });
}
void bench_rms_norm(benchmark::State& state) {
  rows(state, [](const float* x, const float* y, float* out, size_t count) { rms_norm(x, y, count, 1e-5f, out); });
}
void bench_swiglu(benchmark::State& state) {
  rows(state, [](const float* x, const float* y, float* out, size_t count) { swiglu(x, y, count, out); });
}
void bench_dot(benchmark::State& state) {
  rows(state, [](const float* x, const float* y, float* out, size_t count) { out[0] = dot(x, y, count); });
}
void bench_axpy(benchmark::State& state) {
  rows(state, [](const float* x, const float*, float* out, size_t count) { axpy(0.01f, x, out, count); });
}

BENCHMARK(bench_exponential)->Arg(64)->Arg(1024);
BENCHMARK(bench_softmax)->Arg(37)->Arg(64)->Arg(256);
BENCHMARK(bench_rms_norm)->Arg(192)->Arg(256)->Arg(1024);
BENCHMARK(bench_swiglu)->Arg(768)->Arg(1024);
BENCHMARK(bench_dot)->Arg(32)->Arg(64)->Arg(256);
BENCHMARK(bench_axpy)->Arg(32)->Arg(64)->Arg(256);

}  // namespace
}  // namespace cadre::tensor

BENCHMARK_MAIN();
