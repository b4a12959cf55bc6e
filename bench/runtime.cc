// What a run costs in a runtime besides the model: journal, threads, dispatch, verification, the query. The specialist is scripted.
//
//   build/bench/bench_runtime            # the journal lies in $TMPDIR, else /tmp: put it on the disk that counts
//
// In Runs each asker starts a run, waits for its answer and starts the next; `work_us` is the CPU time of all threads for one run.
// WaitingRuns is the memory of a run that is in the journal and waits for a thread.
// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>
#include <malloc.h>
#include <sys/resource.h>

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "agent/runtime.h"
#include "agent/test_parts.h"
#include "base/file.h"

namespace cadre::agent {
namespace {

constexpr const char* kGoals =
    "Player,Venue,Goals,Year\nKane,away,3,2019\nKane,home,5,2019\nKane,away,2,2020\nSon,away,4,2019\n";
constexpr int64_t kLong_ms = 600'000;
constexpr int64_t kRuns = 2'000;

double cpu_us() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto us = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
  };
  return us(usage.ru_utime) + us(usage.ru_stime);
}

// Closed: attempts wait.
struct Gate {
  std::mutex mutex;
  std::condition_variable changed;
  bool is_open = true;
  void pass() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return is_open; });
  }
  void set(bool open) {
    const std::lock_guard lock(mutex);
    is_open = open;
    changed.notify_all();
  }
};

struct Place {
  base::TemporaryDirectory folder = base::TemporaryDirectory::make().value();
  Gate gate;
  std::unique_ptr<Runtime> runtime;

  Place(int64_t threads, int64_t specialists) {
    base::replace_file(folder.path() + "/goals.csv", kGoals).value();
    CadreFile file{.path = "bench", .name = "bench", .journal = folder.path() + "/journal.sqlite"};
    file.budgets.runs_at_once = threads;
    file.budgets.runs_waiting = 1'000'000;
    for (int64_t i = 0; i < specialists; ++i)
      file.specialists.push_back({.name = "s" + std::to_string(i),
                                  .purpose = "goals",
                                  .pack = "scripted",
                                  .table = folder.path() + "/goals.csv"});
    RuntimeParts parts;
    parts.loaders.load_pack = [this](const std::string&) -> Result<Pack> {
      return Pack{"scripted@1", policy_of_contract({}), [this] {
                    auto engine = std::make_unique<ScriptedEngine>();
                    engine->on(kTestQuestion, [this](const auto&, const auto&) -> Result<engine::SqlAttempt> {
                      gate.pass();
                      return test_attempt();
                    });
                    return engine;
                  }};
    };
    runtime = Runtime::open(file, parts).value();
  }
};

void Runs(benchmark::State& state) {
  Place place(state.range(0), state.range(2));
  const int64_t askers = state.range(1);
  const int64_t runs = kRuns / askers * askers;
  for (auto _ : state) {
    const double start_us = cpu_us();
    std::vector<std::thread> threads;
    for (int64_t i = 0; i < askers; ++i)
      threads.emplace_back([&] {
        for (int64_t j = 0; j < runs / askers; ++j) {
          const store::RunId run = place.runtime->start({.text = kTestQuestion}).value();
          if (place.runtime->wait(run, kLong_ms, nullptr)->status != RunStatus::kAnswered) std::abort();
        }
      });
    for (std::thread& thread : threads) thread.join();
    state.counters["work_us"] = (cpu_us() - start_us) / static_cast<double>(runs);
  }
  state.counters["runs/s"] = benchmark::Counter(static_cast<double>(runs), benchmark::Counter::kIsRate);
}
BENCHMARK(Runs)
    ->ArgNames({"threads", "askers", "specialists"})
    ->Args({1, 1, 1})
    ->Args({2, 16, 1})
    ->Args({4, 64, 1})
    ->Args({4, 64, 3})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1);

void WaitingRuns(benchmark::State& state) {
  Place place(1, 1);
  place.gate.set(false);
  const size_t before = mallinfo2().uordblks;
  for (auto _ : state) place.runtime->start({.text = kTestQuestion}).value();
  const size_t after = mallinfo2().uordblks;
  state.counters["bytes/run"] = static_cast<double>(after - before) / static_cast<double>(state.iterations());
  place.gate.set(true);
}
BENCHMARK(WaitingRuns)->UseRealTime()->Unit(benchmark::kMicrosecond)->Iterations(2000);

}  // namespace
}  // namespace cadre::agent

BENCHMARK_MAIN();
