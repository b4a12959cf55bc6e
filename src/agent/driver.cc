// SPDX-License-Identifier: Apache-2.0
#include "agent/driver.h"

#include <fmt/format.h>

#include <utility>

#include "agent/event_json.h"
#include "agent/run_writer.h"
#include "base/check.h"
#include "store/record.h"

namespace cadre::agent {
namespace {

// One run being carried out.
class Execution {
 public:
  Execution(const base::Clock& clock, RunWriter writer, Acts acts, const Interrupt& interrupt)
      : clock_(clock),
        writer_(std::move(writer)),
        acts_(std::move(acts)),
        interrupt_(interrupt),
        start_ns_(clock.monotonic_ns()) {}

  // Does what is due, and what follows from that, until the run is finished.
  Result<RunReport> drive(Transition transition);

 private:
  Result<void> write(Record& record);
  std::optional<Event> interruption(const RunState& state) const;

  const base::Clock& clock_;
  RunWriter writer_;
  Acts acts_;
  const Interrupt& interrupt_;
  int64_t start_ns_;
  int64_t act_ns_ = 0;  // how long the last act took; goes into the record of what came of it
};

Result<RunReport> Execution::drive(Transition transition) {
  while (true) {
    std::optional<Event> event;
    for (Effect& effect : transition.effects) {
      if (auto* record = std::get_if<Record>(&effect)) {
        TRY(write(*record));
      } else if (std::holds_alternative<Finish>(effect)) {
        return RunReport{writer_.run(), std::move(transition.state), acts_.timings()};
      } else {
        const int64_t start_ns = clock_.monotonic_ns();
        event = interruption(transition.state);
        if (!event) event = acts_.act(transition.state, effect);
        act_ns_ = clock_.monotonic_ns() - start_ns;
      }
    }
    CADRE_CHECK(event.has_value(), "a run that is not finished always has something to do");
    transition = TRY(advance(std::move(transition.state), *event));
  }
}

std::optional<Event> Execution::interruption(const RunState& state) const {
  if (interrupt_) {
    if (auto event = interrupt_()) return event;
  }
  const int64_t time_ms_max = state.budget.time_ms_max;
  if (time_ms_max <= 0 || (clock_.monotonic_ns() - start_ns_) / 1'000'000 < time_ms_max) return std::nullopt;
  return BudgetExhausted{BudgetKind::kTime, fmt::format("the run may work for {} ms", time_ms_max)};
}

// When a record was made and how long its act took stand in the payload, for people; the machine ignores both. The journal's own
// time is that of the transaction, which holds many records of a short run.
Result<void> Execution::write(Record& record) {
  const Stopwatch stopwatch(clock_, acts_.timings().journal_ns);
  const bool is_of_an_act = !record.kind.starts_with("run.") && record.kind != kCallIntended;
  if (is_of_an_act) record.payload["took_us"] = act_ns_ / 1000;
  record.payload["at_us"] = clock_.wall_us();
  auto written = writer_.write(record);
  if (!written.ok()) return std::move(written).error().with_context("journal");
  return {};
}

std::vector<RecordView> views_of(std::vector<store::Record> records) {
  std::vector<RecordView> views;
  views.reserve(records.size());
  for (store::Record& record : records) {
    views.push_back({std::move(record.kind), record.payload ? std::move(*record.payload) : base::Json()});
  }
  return views;
}

// What the end of a run says when its own records cannot: they are damaged, or the journal refused one.
Result<void> finish_failed(store::Journal& journal, const store::RunId& run, const std::string& why) {
  return journal.finish_run(run, store::RunState::kFailed, failure_to_json(why));
}

}  // namespace

Result<BegunRun> begin_run(store::Journal& journal, const base::Clock& clock, const char* run_kind,
                           const Request& request, const Budget& budget, const Policy& policy) {
  Transition first = TRY(advance({}, RunBegun{request, budget, policy}));
  auto& record = std::get<Record>(first.effects.front());
  record.payload["at_us"] = clock.wall_us();
  RunWriter writer(journal, clock, run_kind);
  auto written = writer.write(record);
  if (!written.ok()) return std::move(written).error().with_context("journal");
  first.effects.erase(first.effects.begin());
  return BegunRun{writer.run(), std::move(first.state), std::move(first.effects)};
}

Driver::Driver(store::Journal& journal, const ActParts& parts) : journal_(journal), parts_(parts) {
  CADRE_CHECK(parts.clock && parts.dispatcher, "a driver needs a clock and a dispatcher");
  CADRE_CHECK((parts.engine == nullptr) == (parts.table == nullptr), "a specialist and its table come together");
}

Result<RunReport> Driver::ask(const Request& request, const Budget& budget, const Policy& policy,
                              const std::function<void(const store::RunId&)>& acknowledge) {
  CADRE_CHECK(parts_.engine != nullptr, "a question is asked of a specialist");
  const int64_t start_ns = parts_.clock->monotonic_ns();
  StageTimings timings;
  contract::SqlTask task = TRY(contract::make_sql_task(*parts_.table, request.question));
  timings.features_ns = parts_.clock->monotonic_ns() - start_ns;
  BegunRun begun = TRY(begin_run(journal_, *parts_.clock, kAskRun, request, budget, policy));
  timings.journal_ns = parts_.clock->monotonic_ns() - start_ns - timings.features_ns;
  if (acknowledge) acknowledge(begun.run);
  auto report = work_on(std::move(begun), std::move(task), timings, {});
  if (report.ok()) report->timings.total_ns = parts_.clock->monotonic_ns() - start_ns;
  return report;
}

Result<RunReport> Driver::carry_on(const store::RunId& run) {
  Replayed replayed = TRY(replay_run(journal_, run));
  if (replayed.closed) return RunReport{run, std::move(replayed.state), {}};
  return carry_on(BegunRun{run, std::move(replayed.state), std::move(replayed.effects)});
}

Result<RunReport> Driver::carry_on(BegunRun begun, const Interrupt& interrupt) {
  const int64_t start_ns = parts_.clock->monotonic_ns();
  StageTimings timings;
  contract::SqlTask task{.question = begun.state.request.question};  // all that is known without a table
  if (parts_.table != nullptr) {
    auto with_table = contract::make_sql_task(*parts_.table, task.question);
    if (!with_table.ok()) {
      TRY(abandon_run(journal_, begun.run, with_table.error().message));
      return std::move(with_table).error();
    }
    task = std::move(*with_table);
  }
  timings.features_ns = parts_.clock->monotonic_ns() - start_ns;
  auto report = work_on(std::move(begun), std::move(task), timings, interrupt);
  if (report.ok()) report->timings.total_ns = parts_.clock->monotonic_ns() - start_ns;
  return report;
}

Result<RunReport> Driver::work_on(BegunRun begun, contract::SqlTask task, StageTimings timings,
                                  const Interrupt& interrupt) {
  Acts acts(parts_, std::move(task));
  acts.timings() = timings;
  const store::RunId run = begun.run;
  Execution execution(*parts_.clock, RunWriter(journal_, *parts_.clock, run), std::move(acts), interrupt);
  auto report = execution.drive({std::move(begun.state), std::move(begun.effects)});
  if (report.ok()) return report;
  const auto finished = finish_failed(journal_, run, report.error().message);
  if (!finished.ok()) return Error{report.error().code, report.error().message + "; the run stays open"};
  return report;
}

Result<void> claim_run(store::Journal& journal, const store::RunId& run, const std::string& why) {
  return journal.resume_run(run, event_to_json(Resumed{why}));
}

Result<void> abandon_run(store::Journal& journal, const store::RunId& run, const std::string& why) {
  auto replayed = replay_run(journal, run);
  if (!replayed.ok()) return finish_failed(journal, run, fmt::format("{}; {}", why, replayed.error().message));
  if (replayed->closed) return {};
  std::vector<Effect> effects = std::move(replayed->effects);
  if (replayed->state.phase != Phase::kFinished) {  // otherwise only the closing record is missing
    Transition transition = TRY(advance(std::move(replayed->state), Abandoned{why}));
    effects = std::move(transition.effects);
  }
  RunWriter writer(journal, base::system_clock(), run);
  for (const Effect& effect : effects) {
    if (const auto* record = std::get_if<Record>(&effect)) TRY(writer.write(*record));
  }
  return {};
}

Result<Replayed> replay_run(const store::Journal& journal, const store::RunId& run) {
  auto records = TRY(journal.read_run(run));
  auto replayed = replay(views_of(std::move(records)));
  if (!replayed.ok()) return std::move(replayed).error().with_context(fmt::format("run {}", run.text()));
  return replayed;
}

}  // namespace cadre::agent
