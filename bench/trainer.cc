// Training speed of the decider: tokens per second of forward, backward and AdamW, and the share of the measured bf16 peak.
//
// Inputs are made up: fixed length, random tokens, random links, six columns. Arguments: width, layers, tokens per example, threads.
// The operations counted are 6 per matrix weight and token (2 forward, 4 backward) and 12 * length * width per token, layer for attention.
#include <benchmark/benchmark.h>

#include <thread>
#include <vector>

#include "bench/peak.h"
#include "train/decider_net.h"

namespace cadre::train {
namespace {

constexpr size_t kTokensPerShard = 1024;

DeciderExample made_up(base::Random& random, size_t length) {
  DeciderExample example;
  auto& in = example.input;
  const size_t columns = 6, words = length - 1 - 3 * columns;
  const auto push = [&](uint16_t token, size_t position, uint32_t features) {
    in.tokens.push_back(token);
    in.positions.push_back(static_cast<uint16_t>(position));
    in.features.push_back(features);
  };
  push(model::kCls, 0, 0);
  for (size_t w = 0; w < words; ++w) {
    in.word_token.push_back(static_cast<uint16_t>(in.length()));
    push(static_cast<uint16_t>(300 + random.below(3000)), w + 1, 1u << random.below(16));
  }
  for (size_t c = 0; c < columns; ++c) {
    in.column_token.push_back(static_cast<uint16_t>(in.length()));
    for (size_t t = 0; t < 3; ++t) push(static_cast<uint16_t>(300 + random.below(3000)), model::kColumnPosition + t, 1u << 14);
  }
  in.relations.resize(length * length);
  for (auto& r : in.relations) r = static_cast<uint8_t>(random.below(16));
  for (size_t c = 0; c < columns; ++c)
    in.candidates.push_back({in.word_token[c], in.word_token[c + 1], static_cast<uint16_t>(c), 1, 0x3f});
  example.labels.select_column = static_cast<int>(random.below(columns));
  example.labels.aggregate = 0;
  example.labels.candidates.assign(columns, 0);
  example.labels.count = 1;
  example.labels.answerable = 1;
  example.labels.spans_known = true;
  return example;
}

void train_step(benchmark::State& state) {
  model::DeciderConfig config;
  config.width = static_cast<uint32_t>(state.range(0));
  config.layers = static_cast<uint32_t>(state.range(1));
  config.heads = config.width / 32;
  config.ffn_width = config.width * 8 / 3 / 32 * 32;
  const auto length = static_cast<size_t>(state.range(2)), threads = static_cast<size_t>(state.range(3));
  const auto specs = model::decider_tensors(config);
  Parameters parameters(specs, threads, base::Random(1));
  DeciderNet<tensor::BFloat16> net(config, parameters, tensor::best_matmul_kernel<tensor::BFloat16>());
  base::Random random(2);
  std::vector<std::vector<DeciderExample>> examples(threads);
  std::vector<std::vector<const DeciderExample*>> pointers(threads);
  size_t tokens = 0;
  for (size_t t = 0; t < threads; ++t) {
    for (size_t e = 0; e < kTokensPerShard / length; ++e) examples[t].push_back(made_up(random, length));
    for (const auto& example : examples[t]) pointers[t].push_back(&example);
    tokens += length * examples[t].size();
  }
  double weights = 0;
  for (const auto& spec : specs)
    if (spec.name.starts_with("blk.") && spec.role == model::TensorRole::kMatrix) weights += static_cast<double>(spec.rows) * spec.columns;
  const AdamOptions adam{.learning_rate = 1e-4f};
  for (auto _ : state) {
    net.pack(threads);
    std::vector<std::thread> workers;
    const auto work = [&](size_t t) { net.run(t, pointers[t], {.dropout = 0.1f, .loss_scale = 0.01f}, true, base::Random(t)); };
    for (size_t t = 1; t < threads; ++t) workers.emplace_back(work, t);
    work(0);
    for (auto& worker : workers) worker.join();
    parameters.step(adam, threads);
  }
  const double operations = 6 * weights + 12.0 * static_cast<double>(length) * config.width * config.layers;
  state.counters["tokens/s"] = benchmark::Counter(static_cast<double>(tokens), benchmark::Counter::kIsIterationInvariantRate);
  state.counters["flop/s"] = benchmark::Counter(operations * static_cast<double>(tokens), benchmark::Counter::kIsIterationInvariantRate);
  state.counters["weights"] = weights;
  // One core's peak in the type that the kernel multiplies in; f32 where the machine has no bf16.
  const double bf16 = bench::measured_peak(bench::PeakKind::kBFloat16), f32 = bench::measured_peak(bench::PeakKind::kF32);
  state.counters["peak/core"] = bf16 > 0 ? bf16 : f32;
}

BENCHMARK(train_step)
    ->ArgNames({"width", "layers", "length", "threads"})
    ->Args({192, 4, 64, 1})
    ->Args({192, 4, 64, 2})
    ->Args({256, 6, 128, 1})
    ->Args({256, 6, 128, 2})
    ->Args({384, 6, 128, 1})
    ->Args({512, 8, 128, 1})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace cadre::train

BENCHMARK_MAIN();
