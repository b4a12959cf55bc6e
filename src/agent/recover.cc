// SPDX-License-Identifier: Apache-2.0
#include "agent/recover.h"

#include <fmt/format.h>

#include <utility>

namespace cadre::agent {
namespace {

// Unfinished runs that are looked at to find dead ones among them.
constexpr size_t kUnfinishedMax = 1000;

Result<std::unique_ptr<Cadre>> cadre_of(const store::Journal& journal, const store::RunId& run, const OpenCadre& open) {
  const Replayed replayed = TRY(replay_run(journal, run));
  return open(replayed.state.request);
}

// Nothing can be asked of anybody: whatever the run was planned with is gone.
Result<Recovered> end_as_failed(store::Journal& journal, const base::Clock& clock, const store::RunId& run,
                                const Error& error) {
  const Specialists nobody;
  const Planner planner(nobody, clock, {});
  SerialExecutor executor;
  auto taken = LiveRun::take_over({&journal, &clock, &nobody, &planner, &executor}, run, {}, error.message);
  if (!taken.ok() && taken.error().code != ErrorCode::kCorrupt) return std::move(taken).error();
  return Recovered{run, false, taken.ok() ? (*taken)->snapshot().state.outcome->message : taken.error().message};
}

}  // namespace

RunSnapshot carry_out(LiveRun& run, SerialExecutor& executor) {
  run.go();
  executor.run([&] { return run.is_over() || run.is_parked(); });
  return run.snapshot();
}

// The cadre is opened before the run is claimed: a table that is locked just now leaves the run as it was.
Result<Recovered> recover_run(store::Journal& journal, const base::Clock& clock, const store::RunId& run,
                              const OpenCadre& open) {
  const auto cadre = cadre_of(journal, run, open);
  if (!cadre.ok() && cadre.error().code == ErrorCode::kBusy) return cadre.error();
  if (!cadre.ok()) return end_as_failed(journal, clock, run, cadre.error());
  SerialExecutor executor;
  const RunParts parts{&journal, &clock, &(*cadre)->specialists, (*cadre)->planner.get(), &executor};
  auto taken = LiveRun::take_over(parts, run);
  if (!taken.ok() && taken.error().code == ErrorCode::kCorrupt) return Recovered{run, false, taken.error().message};
  const std::shared_ptr<LiveRun> live = TRY(std::move(taken));
  const RunSnapshot ended = carry_out(*live, executor);
  if (ended.stopped_by) return *ended.stopped_by;
  const bool was_abandoned = ended.state.outcome && ended.state.outcome->reason == Reason::kAbandoned;
  return Recovered{run, !was_abandoned, was_abandoned ? ended.state.outcome->message : ""};
}

Result<std::vector<Recovered>> recover_runs(store::Journal& journal, const base::Clock& clock, const OpenCadre& open,
                                            size_t count_max) {
  std::vector<Recovered> recovered;
  for (const store::RunSummary& summary : TRY(journal.unfinished_runs(kUnfinishedMax))) {
    if (recovered.size() == count_max) break;
    if (summary.owner != store::Owner::kDead || summary.kind != kAskRun) continue;
    auto one = recover_run(journal, clock, summary.run, open);
    if (one.ok()) {
      recovered.push_back(std::move(*one));
    } else if (one.error().code != ErrorCode::kBusy) {
      return std::move(one).error();
    }
  }
  return recovered;
}

}  // namespace cadre::agent
