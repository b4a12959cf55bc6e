// What a run costs besides its models: plans, types, references, verdicts, journal, threads. Prints one JSON object.
//
//   TMPDIR=/where/the/journal/shall/lie build/bench/bench_runtime [steps|throughput|idle]
//
// step_us: from the end of one step to the end of the next in a chain of 32, as the journal's records have it. step_cpu_us: the processor time
// of all threads for such a run, by its steps. runs_per_second and durable_steps_per_second: askers that each start a run, wait for its answer and start the next; a
// run is two synced commits. idle_run_bytes: resident memory of a run that waits for a person. sync_us: what the disk takes to sync 4 kB, which a
// lone run pays twice.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "base/clock.h"
#include "base/json.h"
#include "bench/runtime_scene.h"

namespace {

using namespace cadre;
using bench::kChain;
using bench::must;
using bench::RuntimeScene;

constexpr int64_t kLong_ms = 600'000;

double cpu_us() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto us = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
  };
  return us(usage.ru_utime) + us(usage.ru_stime);
}

double now_us() {
  return static_cast<double>(base::system_clock().monotonic_ns()) * 1e-3;
}

double at_share(std::vector<double>& values, double share) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0 : values[std::min(values.size() - 1, static_cast<size_t>(share * values.size()))];
}

base::Json spread(std::vector<double> values) {
  const auto at = [&](double share) { return at_share(values, share); };
  return {{"p50", at(0.5)}, {"p90", at(0.9)}, {"p99", at(0.99)}, {"p999", at(0.999)}, {"max", at(1)}};
}

store::RunId answered(agent::Runtime& runtime, const std::string& text) {
  const store::RunId run = must(runtime.start({.text = text}));
  const agent::RunView view = must(runtime.wait(run, kLong_ms, nullptr));
  if (view.status == agent::RunStatus::kAnswered) return run;
  fmt::print(stderr, "\"{}\" was not answered: {} {}\n", text, view.reason, view.message);
  std::exit(1);
}

// The lone sync that a durable step cannot do without.
double sync_us() {
  const base::TemporaryDirectory folder = must(base::TemporaryDirectory::make());
  const int fd = ::open((folder.path() + "/sync").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  const std::string page(4096, 'x');
  std::vector<double> times;
  for (int i = 0; i < 200; ++i) {
    const double start = now_us();
    if (::pwrite(fd, page.data(), page.size(), 4096 * i) < 0 || ::fdatasync(fd) != 0) std::exit(1);
    times.push_back(now_us() - start);
  }
  ::close(fd);
  return at_share(times, 0.5);
}

// One run at a time.
void measure_steps(base::Json& out) {
  RuntimeScene scene(1, 1'000);
  const std::string request = fmt::format("chain {}", kChain);
  constexpr int kRuns = 500;
  for (int i = 0; i < 20; ++i) answered(scene.runtime(), request);
  std::vector<store::RunId> runs;
  std::vector<double> run_times;
  const double start_cpu = cpu_us();
  for (int i = 0; i < kRuns; ++i) {
    const double start = now_us();
    runs.push_back(answered(scene.runtime(), request));
    run_times.push_back(now_us() - start);
  }
  out["step_cpu_us"] = (cpu_us() - start_cpu) / (kRuns * kChain);
  std::vector<double> steps;
  for (const store::RunId& run : runs) {
    int64_t last_us = 0;
    for (const agent::RunEvent& event : must(scene.runtime().events(run, -1, 10 * kChain))) {
      if (event.kind != "result.verified") continue;
      const int64_t now = event.payload.at("at_us").get<int64_t>();
      if (last_us != 0) steps.push_back(static_cast<double>(now - last_us));
      last_us = now;
    }
  }
  out["steps"] = steps.size();
  out["step_us"] = spread(std::move(steps));
  out["run_of_32_us"] = spread(std::move(run_times));

  std::vector<double> ones;
  std::vector<double> wide;
  for (int i = 0; i < kRuns; ++i) {
    double start = now_us();
    answered(scene.runtime(), "chain 1");
    ones.push_back(now_us() - start);
    start = now_us();
    answered(scene.runtime(), fmt::format("wide {}", bench::kWide));
    wide.push_back(now_us() - start);
  }
  out["run_of_1_us"] = spread(std::move(ones));
  out["run_of_17_wide_us"] = spread(std::move(wide));
}

// Askers at once; runs per second.
double throughput(const std::string& request, int askers, int runs_each) {
  RuntimeScene scene(2, 100'000);
  const double start = now_us();
  std::vector<std::thread> threads;
  for (int i = 0; i < askers; ++i)
    threads.emplace_back([&] {
      for (int k = 0; k < runs_each; ++k) answered(scene.runtime(), request);
    });
  for (std::thread& thread : threads) thread.join();
  return askers * runs_each / (now_us() - start) * 1e6;
}

void measure_throughput(base::Json& out) {
  const std::string chain = fmt::format("chain {}", kChain);
  out["runs_per_second"] = {{"askers_1", throughput("chain 1", 1, 1'000)},
                            {"askers_16", throughput("chain 1", 16, 250)},
                            {"askers_64", throughput("chain 1", 64, 125)}};
  out["durable_steps_per_second"] = {{"askers_1", kChain * throughput(chain, 1, 200)},
                                     {"askers_64", kChain * throughput(chain, 64, 16)}};
}

void measure_idle(base::Json& out) {
  constexpr int kRuns = 10'000;
  RuntimeScene scene(2, 100'000);
  const auto hold = [&] {
    const store::RunId run = must(scene.runtime().start({.text = "hold"}));
    if (must(scene.runtime().wait(run, kLong_ms, nullptr)).status != agent::RunStatus::kWaiting) std::exit(1);
  };
  for (int i = 0; i < 500; ++i) hold();
  malloc_trim(0);
  const int64_t before_kib = bench::resident_kib();
  for (int i = 0; i < kRuns; ++i) hold();
  malloc_trim(0);
  out["idle_run_bytes"] = (bench::resident_kib() - before_kib) * 1024 / kRuns;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string part = argc > 1 ? argv[1] : "";
  base::Json out;
  out["sync_us"] = sync_us();
  if (part.empty() || part == "steps") measure_steps(out);
  if (part.empty() || part == "throughput") measure_throughput(out);
  if (part.empty() || part == "idle") measure_idle(out);
  fmt::print("{}\n", base::dump_json(out));
}
