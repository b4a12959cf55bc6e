// What decisions cost: the outline of a tool with ten members, a walk through it, a search.
//
//   build/bench/bench_decisions
//
// Warm: the contract has met its places before, the input is new each time. "with_input" counts the reading of the input too.
// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include "contract/decision_search.h"

namespace cadre::contract {
namespace {

constexpr const char* kTool =
    R"({"type":"object","properties":{"from":{"type":"string","description":"City of departure"},"to":{"type":"string"},)"
    R"("date":{"type":"string","pattern":"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},"adults":{"type":"integer","minimum":1,"maximum":9},)"
    R"("cabin":{"enum":["economy","premium","business","first"]},"direct":{"type":"boolean"},"price_max":{"type":"number"},)"
    R"("airline":{"type":"string"},"currency":{"enum":["EUR","USD","GBP"]},"notes":{"type":["string","null"]}},)"
    R"("required":["from","to","date"],"additionalProperties":false})";
constexpr const char* kInput =
    "Find me a direct flight from New York to Paris on 2026-03-14 for 2 adults in business class under 1,800 EUR, "
    "please.";

std::shared_ptr<DecisionPoints> points() {
  return *DecisionPoints::make(*SchemaContract::compile(kTool, SchemaMode::kGenerate));
}

void outline(benchmark::State& state) {
  const auto made = points();
  const auto input = *made->read_input(kInput);
  size_t size = 0;
  for (auto _ : state) size += decision_outline(*made, input).points.size();
  state.counters["points"] = static_cast<double>(size) / static_cast<double>(state.iterations());
}
BENCHMARK(outline)->Unit(benchmark::kMicrosecond);

void outline_with_input(benchmark::State& state) {
  const auto made = points();
  for (auto _ : state) benchmark::DoNotOptimize(decision_outline(*made, *made->read_input(kInput)));
}
BENCHMARK(outline_with_input)->Unit(benchmark::kMicrosecond);

void outline_cold(benchmark::State& state) {
  for (auto _ : state) {
    const auto made = points();
    benchmark::DoNotOptimize(decision_outline(*made, *made->read_input(kInput)));
  }
}
BENCHMARK(outline_cold)->Unit(benchmark::kMicrosecond);

void walk(benchmark::State& state) {
  const auto made = points();
  const auto input = *made->read_input(kInput);
  for (auto _ : state) {
    DecisionWalk walk = *made->begin(input);
    while (walk.is_choosing()) walk.choose(0);
    benchmark::DoNotOptimize(walk.is_done());
  }
}
BENCHMARK(walk)->Unit(benchmark::kMicrosecond);

void search(benchmark::State& state) {
  const auto made = points();
  const auto input = *made->read_input(kInput);
  const DecisionOutline outline = decision_outline(*made, input);
  std::vector<std::vector<float>> logits;
  for (const DecisionPoint& point : outline.points) {
    auto& scores = logits.emplace_back();
    for (size_t i = 0; i < point.candidates().size(); ++i) scores.push_back(static_cast<float>(i * 7 % 11));
  }
  for (auto _ : state)
    benchmark::DoNotOptimize(assemble(*made, input, outline, logits,
                                      {.beam_width = static_cast<size_t>(state.range(0)), .documents_max = 4}));
}
BENCHMARK(search)->Arg(4)->Arg(16)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace cadre::contract

BENCHMARK_MAIN();
