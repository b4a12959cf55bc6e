// What durability costs: journal appends against the disk's own sync, in the same minutes on the same file system.
//
//   build/bench/bench_journal            # the folder for the files is $TMPDIR, else /tmp: put it on the disk that counts
//
// LoneAppend alternates one append with one bare pwrite + fdatasync, so that a disk that others use meanwhile slows both; `ratio`
// is append / sync. ConcurrentRuns has one thread per run, each waiting for every append before the next (`in_flight` 1) or
// keeping several on their way. `per_sync` is how many records shared one sync.
// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "store/journal.h"

namespace {

using cadre::base::system_clock;
using cadre::store::Journal;
using cadre::store::RunId;

// A typical record: the intent of one tool call.
const cadre::base::Json kPayload = {
    {"tool", "sql"},
    {"sql", "SELECT COUNT(\"order\") FROM \"sales\" WHERE \"city\" = 'Berlin' AND \"amount\" > 500"},
    {"probability", 0.9731},
    {"attempt", 1}};

// A file that is written in place and synced, a page at a time: the least that durability can cost.
class DeviceSync {
 public:
  explicit DeviceSync(const std::string& path) : fd_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
    for (int page = 0; page < kPages; ++page) write_page(page);
    ::fsync(fd_);
  }
  ~DeviceSync() { ::close(fd_); }
  DeviceSync(const DeviceSync&) = delete;
  bool run() {
    write_page(next_++ % kPages);
    return ::fdatasync(fd_) == 0;
  }

 private:
  static constexpr int kPages = 256;
  void write_page(int page) {
    page_[0] = static_cast<char>(next_);
    if (::pwrite(fd_, page_.data(), page_.size(), static_cast<off_t>(page) * 4096) != 4096) std::abort();
  }
  std::string page_ = std::string(4096, 'x');
  int next_ = 0;
  int fd_;
};

struct Place {
  cadre::base::TemporaryDirectory folder = cadre::base::TemporaryDirectory::make().value();
  Journal journal = Journal::open(folder.path() + "/journal.db").value();
};

int64_t median(std::vector<int64_t> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<int64_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

void LoneAppend(benchmark::State& state) {
  Place place;
  DeviceSync device(place.folder.path() + "/sync");
  const RunId run = place.journal.begin_run("bench", {}).value();
  std::vector<int64_t> append_ns, sync_ns;
  for (auto _ : state) {
    const int64_t start_ns = system_clock().monotonic_ns();
    if (!place.journal.append(run, "call.intent", kPayload).ok()) return state.SkipWithError("append failed");
    const int64_t middle_ns = system_clock().monotonic_ns();
    if (!device.run()) return state.SkipWithError("sync failed");
    append_ns.push_back(middle_ns - start_ns);
    sync_ns.push_back(system_clock().monotonic_ns() - middle_ns);
    state.SetIterationTime(static_cast<double>(append_ns.back()) * 1e-9);
  }
  state.counters["append_p50_us"] = static_cast<double>(median(append_ns)) * 1e-3;
  state.counters["device_sync_p50_us"] = static_cast<double>(median(sync_ns)) * 1e-3;
  state.counters["ratio"] = static_cast<double>(median(append_ns)) / static_cast<double>(median(sync_ns));
}
BENCHMARK(LoneAppend)->UseManualTime()->Unit(benchmark::kMicrosecond)->Iterations(1500);

// Appends `appends` records to a run of its own, with at most `in_flight` not yet acknowledged.
bool append_run(Journal& journal, int appends, size_t in_flight) {
  const auto run = journal.begin_run("bench", {});
  if (!run.ok()) return false;
  std::deque<cadre::store::Ticket> tickets;
  for (int i = 0; i < appends; ++i) {
    if (tickets.size() == in_flight) {
      if (!tickets.front().wait().ok()) return false;
      tickets.pop_front();
    }
    tickets.push_back(journal.append_async(*run, "call.intent", kPayload));
  }
  for (const auto& ticket : tickets)
    if (!ticket.wait().ok()) return false;
  return true;
}

void ConcurrentRuns(benchmark::State& state) {
  const auto runs = state.range(0);
  const auto in_flight = static_cast<size_t>(state.range(1));
  const int appends = static_cast<int>(state.range(2));
  Place place;
  const auto before = place.journal.commit_counts();
  int64_t elapsed_ns = 0;
  for (auto _ : state) {
    const int64_t start_ns = system_clock().monotonic_ns();
    std::vector<std::thread> threads;
    for (int64_t i = 0; i < runs; ++i)
      threads.emplace_back([&] {
        if (!append_run(place.journal, appends, in_flight)) std::abort();
      });
    for (auto& thread : threads) thread.join();
    elapsed_ns += system_clock().monotonic_ns() - start_ns;
    state.SetIterationTime(static_cast<double>(elapsed_ns) * 1e-9);
  }
  const auto after = place.journal.commit_counts();
  const auto records = static_cast<double>(after.records - before.records);
  state.counters["records/s"] = records / (static_cast<double>(elapsed_ns) * 1e-9);
  state.counters["per_sync"] = records / static_cast<double>(after.commits - before.commits);
}
BENCHMARK(ConcurrentRuns)
    ->ArgNames({"runs", "in_flight", "appends"})
    ->Args({64, 1, 500})
    ->Args({64, 4, 1000})
    ->Args({64, 16, 2000})
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1);

}  // namespace

BENCHMARK_MAIN();
