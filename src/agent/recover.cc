// SPDX-License-Identifier: Apache-2.0
#include "agent/recover.h"

#include <fmt/format.h>

#include <utility>

namespace cadre::agent {
namespace {

// Unfinished runs that are looked at to find dead ones among them.
constexpr size_t kUnfinishedMax = 1000;

Result<std::unique_ptr<World>> open_same_world(const Request& request, const OpenWorld& open_world) {
  auto world = TRY(open_world(request));
  TRY(check_same_inputs(request, world->table_fingerprint, world->engine->name()));
  return world;
}

Result<std::unique_ptr<World>> world_of(const store::Journal& journal, const store::RunId& run,
                                        const OpenWorld& open_world) {
  const Replayed replayed = TRY(replay_run(journal, run));
  return open_same_world(replayed.state.request, open_world);
}

Result<Recovered> end_as_failed(store::Journal& journal, const store::RunId& run, const Error& error) {
  const std::string why = fmt::format("the process died during this run and it could not go on: {}", error.message);
  TRY(abandon_run(journal, run, why));
  return Recovered{run, false, why};
}

}  // namespace

Result<void> check_same_inputs(const Request& request, const std::string& table_fingerprint,
                               const std::string& specialist) {
  if (table_fingerprint != request.table_fingerprint) {
    return Error{ErrorCode::kInvalid,
                 fmt::format("table \"{}\" changed since the run began; ask again", request.table_path)};
  }
  if (specialist != request.specialist) {
    return Error{ErrorCode::kInvalid,
                 fmt::format("specialist \"{}\" is now \"{}\"; ask again", request.specialist, specialist)};
  }
  return {};
}

// The world is opened before the run is claimed: a table that is locked just now leaves the run as it was.
Result<Recovered> recover_run(store::Journal& journal, const base::Clock& clock, const store::RunId& run,
                              const OpenWorld& open_world) {
  auto world = world_of(journal, run, open_world);
  if (!world.ok() && world.error().code == ErrorCode::kBusy) return std::move(world).error();
  TRY(claim_run(journal, run, "the process that had it is gone"));
  if (!world.ok()) return end_as_failed(journal, run, world.error());
  auto report = Driver(journal, (*world)->parts(clock)).carry_on(run);
  if (!report.ok()) return end_as_failed(journal, run, report.error());
  return Recovered{run, true, ""};
}

Result<std::vector<Recovered>> recover_runs(store::Journal& journal, const base::Clock& clock,
                                            const OpenWorld& open_world, size_t count_max) {
  std::vector<Recovered> recovered;
  const auto unfinished = TRY(journal.unfinished_runs(kUnfinishedMax));
  for (const store::RunSummary& summary : unfinished) {
    if (recovered.size() == count_max) break;
    if (summary.owner != store::Owner::kDead || summary.kind != kAskRun) continue;
    auto one = recover_run(journal, clock, summary.run, open_world);
    if (one.ok()) {
      recovered.push_back(std::move(*one));
    } else if (one.error().code != ErrorCode::kBusy) {
      return std::move(one).error();
    }
  }
  return recovered;
}

}  // namespace cadre::agent
