// SPDX-License-Identifier: Apache-2.0
#include "app/replay_command.h"

#include <fmt/format.h>

#include <memory>
#include <utility>
#include <vector>

#include "agent/open_cadre.h"
#include "agent/replay.h"
#include "app/exit_codes.h"
#include "app/paths.h"
#include "app/printable.h"
#include "app/run_output.h"
#include "app/table_cadre.h"
#include "base/json.h"

namespace cadre::app {
namespace {

using agent::ReplayedRecord;
using agent::ReplayOutcome;
using base::Json;

// Runs that `--all` looks at, newest first.
constexpr size_t kRunsMax = 100'000;

struct Tally {
  int64_t runs = 0, equal = 0, different = 0, recorded = 0;
  int64_t skipped = 0;  // not of this cadre, or erased
};

class Session {
 public:
  Session(const ReplayOptions& options, store::Journal journal, std::unique_ptr<agent::Cadre> cadre,
          agent::OpenCadre open)
      : options_(options), journal_(std::move(journal)), cadre_(std::move(cadre)), open_(std::move(open)) {}

  Result<void> one(const store::RunId& run) {
    std::unique_ptr<agent::Cadre> own;
    const agent::Cadre* cadre = cadre_.get();
    if (cadre == nullptr) {
      const auto replayed = TRY(agent::replay_run(journal_, run));
      own = TRY(open_(replayed.state.request));
      cadre = own.get();
    }
    const auto records =
        TRY(agent::replay_records(journal_, run, cadre->specialists, *cadre->planner, !options_.with.empty()));
    ++tally_.runs;
    for (const ReplayedRecord& record : records) count(record);
    show(run, records);
    return {};
  }

  int all() {
    const auto runs = journal_.list_runs(kRunsMax);
    if (!runs.ok()) return fail("replay", runs.error());
    for (const store::RunSummary& summary : *runs) {
      const bool is_of_this = (summary.kind == agent::kAskRun) == (cadre_ == nullptr);
      if (!is_of_this || summary.state == store::RunState::kRunning) continue;
      auto done = one(summary.run);
      if (done.ok()) continue;
      ++tally_.skipped;
      fmt::print(stderr, "cadre replay: {}\n", printable(done.error().message));
    }
    return finish();
  }

  int finish() const {
    const Json json = {{"runs", tally_.runs},
                       {"equal", tally_.equal},
                       {"different", tally_.different},
                       {"recorded", tally_.recorded},
                       {"skipped", tally_.skipped}};
    if (options_.json) {
      fmt::print("{}\n", base::dump_json(json));
    } else {
      fmt::print("{} runs: {} steps made again with the same bytes, {} with others; {} records taken as they are\n",
                 tally_.runs, tally_.equal, tally_.different, tally_.recorded);
    }
    return options_.verify && (tally_.different > 0 || tally_.skipped > 0) ? kExitFailed : kExitOk;
  }

  store::Journal& journal() { return journal_; }

 private:
  void count(const ReplayedRecord& record) {
    if (record.outcome == ReplayOutcome::kEqual) ++tally_.equal;
    if (record.outcome == ReplayOutcome::kDifferent) ++tally_.different;
    if (record.outcome == ReplayOutcome::kRecorded) ++tally_.recorded;
  }

  void show(const store::RunId& run, const std::vector<ReplayedRecord>& records) const {
    if (options_.json) return;
    for (const ReplayedRecord& record : records) {
      if (options_.all && record.outcome != ReplayOutcome::kDifferent) continue;
      fmt::print("{}  {:>4}  {:<18} {:<10} {}\n", run.text().substr(0, 13), record.sequence, record.kind, record.step,
                 agent::replay_outcome_name(record.outcome));
      if (record.outcome == ReplayOutcome::kDifferent)
        fmt::print("      was {}\n      now {}\n", printable(record.recorded), printable(record.now));
    }
  }

  const ReplayOptions& options_;
  store::Journal journal_;
  std::unique_ptr<agent::Cadre> cadre_;  // null: each run names its own table
  agent::OpenCadre open_;
  Tally tally_;
};

Result<Session> open_session(const ReplayOptions& options, const agent::LoadPack& load_pack) {
  std::string path = TRY(journal_path(options.journal));
  std::unique_ptr<agent::Cadre> cadre;
  const std::string& file_path = options.with.empty() ? options.file : options.with;
  if (!file_path.empty()) {
    const agent::CadreFile file = TRY(agent::load_cadre_file(file_path));
    if (!file.journal.empty() && options.journal.empty()) path = file.journal;
    cadre = TRY(agent::open_cadre(file, {.load_pack = load_pack}));
  }
  auto journal = store::Journal::open(path, {.read_only = true});
  if (!journal.ok()) return std::move(journal).error().with_context("journal");
  return Session(options, std::move(*journal), std::move(cadre), table_cadre_opener(load_pack));
}

}  // namespace

int run_replay(const ReplayOptions& options, const agent::LoadPack& load_pack) {
  if (options.all == !options.run.empty()) {
    fmt::print(stderr, "cadre replay: give a run (or the first letters of its id), or --all\n");
    return kExitUsage;
  }
  auto session = open_session(options, load_pack);
  if (!session.ok()) return fail("replay", session.error());
  if (options.all) return session->all();
  const auto run = session->journal().find_run(options.run);
  if (!run.ok()) return fail("replay", run.error());
  if (auto done = session->one(*run); !done.ok()) return fail("replay", done.error());
  return session->finish();
}

void add_replay(CommandLine& line, ReplayOptions& options, agent::LoadPack load_pack) {
  Command& command = line.command("replay", "Make the local steps of a recorded run again, and compare");
  command.text("run", options.run, "the run's id, or its first letters");
  command.flag("--all", options.all, "every run of the journal that is over");
  command.flag("--verify", options.verify, "any difference is a failure");
  command.text("--cadre", options.file, "the cadre file of the run; without it a run of `cadre ask`");
  command.text("--with", options.with, "another cadre file: what its specialists would have done");
  command.text("--journal", options.journal, "which journal to read");
  command.flag("--json", options.json, "one JSON object: how many records were equal");
  command.example("cadre replay 01890a5d --verify");
  command.example("cadre replay --all --verify --cadre office.yaml");
  command.action([&options, load = std::move(load_pack)] { return run_replay(options, load); });
}

}  // namespace cadre::app
