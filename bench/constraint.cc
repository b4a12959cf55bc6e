// What a step of a constraint costs beside its mask: fork, rollback, and reading a token far into a long text.
//
//   build/bench/bench_constraint
//
// "far": behind 20,000 tokens of one array; a token there costs what it costs at the beginning.
// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include "contract/constraint.h"
#include "contract/grammar_contract.h"
#include "contract/schema_contract.h"

namespace cadre::contract {
namespace {

std::shared_ptr<const Vocabulary> bytes() {
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte) tokens.emplace_back(1, static_cast<char>(byte));
  return Vocabulary::build(tokens, kNoToken).value();
}

Constraint begun(bool schema, size_t items) {
  std::shared_ptr<Contract> contract;
  if (schema) {
    contract = SchemaContract::compile(R"({"type":"array","items":{"type":"integer"}})", SchemaMode::kGenerate).value();
  } else {
    contract = grammar_contract("root ::= \"[\" [0-9]+ (\",\" [0-9]+)* \"]\"").value();
  }
  Constraint constraint = Constraint::make(contract, bytes()).value();
  constraint.advance('[');
  constraint.advance('1');
  for (size_t i = 0; i < items; ++i) {
    constraint.advance(',');
    constraint.advance('1');
  }
  return constraint;
}

void fork(benchmark::State& state) {
  const Constraint constraint = begun(state.range(0) != 0, 100);
  for (auto _ : state) {
    Constraint copy = constraint;
    benchmark::DoNotOptimize(copy);
  }
}
BENCHMARK(fork)->ArgName("schema")->Arg(0)->Arg(1);

// Of a fork, whose tokens are still held elsewhere; the fork is in the time.
void fork_and_rollback_two(benchmark::State& state) {
  const Constraint constraint = begun(state.range(0) != 0, 100);
  for (auto _ : state) {
    Constraint copy = constraint;
    copy.rollback(2);
    benchmark::DoNotOptimize(copy);
  }
}
BENCHMARK(fork_and_rollback_two)->ArgName("schema")->Arg(0)->Arg(1);

void advance_and_rollback(benchmark::State& state) {
  Constraint constraint = begun(state.range(0) != 0, static_cast<size_t>(state.range(1)));
  for (auto _ : state) {
    constraint.advance('2');
    constraint.rollback(1);
  }
}
BENCHMARK(advance_and_rollback)
    ->ArgNames({"schema", "far"})
    ->Args({0, 0})
    ->Args({0, 10'000})
    ->Args({1, 0})
    ->Args({1, 10'000});

}  // namespace
}  // namespace cadre::contract

BENCHMARK_MAIN();
