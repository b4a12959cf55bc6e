// Calls per second of the decider: features, one pass of the encoder and its heads, per quantisation, on one thread.
//
// The weights are made up in the shape of the shipped pack, whose tokenizer is used; the question and the table are real. For two cores
// start it twice. Beside calls/s: the bytes of the matrices that a call reads and the 8-bit
// operations per second, to be held against the bandwidth of the cache that holds them and against bench/peak.h.
// Run from the repository's root.
#include <benchmark/benchmark.h>

#include <map>
#include <memory>

#include "base/check.h"
#include "base/random.h"
#include "contract/sql_task.h"
#include "contract/table.h"
#include "model/decider.h"
#include "model/decider_pack.h"
#include "tensor/gguf.h"
#include "tensor/quant_matmul.h"

namespace cadre::model {
namespace {

using tensor::TensorType;

constexpr TensorType kTypes[] = {TensorType::kF32, TensorType::kBF16, TensorType::kQ8_0, TensorType::kQ4_0};
constexpr const char* kQuestion = "what is the average area of the countries in Europe that joined before 1950";

std::shared_ptr<const DeciderWeights> shipped() {
  static const auto weights = [] {
    const auto file = tensor::GgufFile::open("specialists/sql.gguf");
    CADRE_CHECK(file.ok(), "run from the repository's root");
    return DeciderWeights::load(file->gguf, tensor::available_quant_kernels().back()).value();
  }();
  return weights;
}

// The shape of the shipped pack with random weights of one type.
std::shared_ptr<const DeciderWeights> made_up(TensorType type) {
  static std::map<TensorType, std::shared_ptr<const DeciderWeights>> made;
  auto& weights = made[type];
  if (weights) return weights;
  const auto model = shipped();
  const auto specs = decider_tensors(model->config());
  base::Random random(1);
  std::vector<std::vector<float>> values;
  for (const auto& spec : specs) {
    values.emplace_back(size_t{spec.rows} * spec.columns);
    for (float& value : values.back()) value = static_cast<float>(random.normal()) * 0.05f;
  }
  const std::vector<std::span<const float>> tensors(values.begin(), values.end());
  const std::string pack = encode_decider_pack({.config = model->config(),
                                                .specs = specs,
                                                .tensors = tensors,
                                                .tokenizer = model->tokenizer(),
                                                .contract = model->contract()},
                                               type);
  const auto file = tensor::Gguf::parse({reinterpret_cast<const uint8_t*>(pack.data()), pack.size()});
  CADRE_CHECK(file.ok(), "what the builder wrote is read");
  weights = DeciderWeights::load(*file, tensor::available_quant_kernels().back()).value();
  return weights;
}

// Matrices of blocks and heads as stored; of the embedding a call reads a few rows.
double matrix_bytes(const DeciderConfig& config, TensorType type, double& weights) {
  double bytes = 0;
  for (const auto& spec : decider_tensors(config)) {
    if (spec.role != TensorRole::kMatrix) continue;
    const double count = static_cast<double>(spec.rows) * spec.columns;
    weights += count;
    switch (packed_type(spec, type)) {
      case TensorType::kQ8_0:
        bytes += count * 34 / 32;
        break;
      case TensorType::kQ4_0:
        bytes += count * 18 / 32;
        break;
      case TensorType::kBF16:
        bytes += count * 2;
        break;
      default:
        bytes += count * 4;
    }
  }
  return bytes;
}

void calls(benchmark::State& state) {
  const TensorType type = kTypes[state.range(0)];
  const auto weights = made_up(type);
  const auto table = contract::Table::open("examples/countries.csv").value();
  const auto task = contract::make_sql_task(table, kQuestion).value();
  DeciderRunner runner(weights);
  DeciderOutputs outputs;
  size_t tokens = 0;
  for (auto _ : state) {
    const DeciderInput input = build_input(table, task, weights->tokenizer());
    runner.run(input, outputs);
    tokens = input.length();
    benchmark::DoNotOptimize(outputs);
  }
  double matrix_weights = 0;
  const double bytes = matrix_bytes(weights->config(), type, matrix_weights);
  state.SetLabel(tensor::traits(type).name);
  state.counters["calls/s"] = benchmark::Counter(1, benchmark::Counter::kIsIterationInvariantRate);
  state.counters["bytes/s"] = benchmark::Counter(bytes, benchmark::Counter::kIsIterationInvariantRate);
  state.counters["op/s"] = benchmark::Counter(2 * matrix_weights * static_cast<double>(tokens),
                                              benchmark::Counter::kIsIterationInvariantRate);
  state.counters["tokens"] = benchmark::Counter(static_cast<double>(tokens), benchmark::Counter::kAvgThreads);
  state.counters["matrix_MB"] = benchmark::Counter(bytes / 1e6, benchmark::Counter::kAvgThreads);
}

BENCHMARK(calls)->ArgName("type")->DenseRange(0, 3)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace cadre::model

BENCHMARK_MAIN();
