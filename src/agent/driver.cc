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

using Acknowledge = std::function<void(const store::RunId&)>;

// One run being carried out.
class Execution {
 public:
  Execution(const base::Clock& clock, RunWriter writer, Acts acts)
      : clock_(clock), writer_(std::move(writer)), acts_(std::move(acts)) {}

  // Does what is due, and what follows from that, until the run is finished.
  Result<RunReport> drive(Transition transition, const Acknowledge& acknowledge);

 private:
  Result<void> write(Record& record);

  const base::Clock& clock_;
  RunWriter writer_;
  Acts acts_;
  int64_t act_ns_ = 0;  // how long the last act took; goes into the record of what came of it
};

Result<RunReport> Execution::drive(Transition transition, const Acknowledge& acknowledge) {
  while (true) {
    std::optional<Event> event;
    for (Effect& effect : transition.effects) {
      if (auto* record = std::get_if<Record>(&effect)) {
        TRY(write(*record));
        if (acknowledge && record->kind == store::kKindBegin) acknowledge(writer_.run());
      } else if (std::holds_alternative<Finish>(effect)) {
        return RunReport{writer_.run(), std::move(transition.state), acts_.timings()};
      } else {
        const int64_t start_ns = clock_.monotonic_ns();
        event = acts_.act(transition.state, effect);
        act_ns_ = clock_.monotonic_ns() - start_ns;
      }
    }
    CADRE_CHECK(event.has_value(), "a run that is not finished always has something to do");
    transition = TRY(advance(std::move(transition.state), *event));
  }
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

Driver::Driver(store::Journal& journal, const ActParts& parts) : journal_(journal), parts_(parts) {
  CADRE_CHECK(parts.clock && parts.dispatcher && parts.engine && parts.table, "a driver needs all of its parts");
}

Result<RunReport> Driver::ask(const Request& request, const Budget& budget, const Policy& policy,
                              const Acknowledge& acknowledge) {
  const int64_t start_ns = parts_.clock->monotonic_ns();
  contract::SqlTask task = TRY(contract::make_sql_task(*parts_.table, request.question));
  Acts acts(parts_, std::move(task));
  acts.timings().features_ns = parts_.clock->monotonic_ns() - start_ns;

  std::optional<store::RunId> begun;
  const Acknowledge note = [&](const store::RunId& run) {
    begun = run;
    if (acknowledge) acknowledge(run);
  };
  Transition first = TRY(advance({}, RunBegun{request, budget, policy}));
  auto report =
      Execution(*parts_.clock, RunWriter(journal_, *parts_.clock), std::move(acts)).drive(std::move(first), note);
  if (!report.ok() && begun) {
    const auto finished = finish_failed(journal_, *begun, report.error().message);
    if (!finished.ok()) return Error{report.error().code, report.error().message + "; the run stays open"};
  }
  if (report.ok()) report->timings.total_ns = parts_.clock->monotonic_ns() - start_ns;
  return report;
}

Result<RunReport> Driver::carry_on(const store::RunId& run) {
  const int64_t start_ns = parts_.clock->monotonic_ns();
  Replayed replayed = TRY(replay_run(journal_, run));
  if (replayed.closed) return RunReport{run, std::move(replayed.state), {}};
  contract::SqlTask task = TRY(contract::make_sql_task(*parts_.table, replayed.state.request.question));
  Execution execution(*parts_.clock, RunWriter(journal_, *parts_.clock, run), Acts(parts_, std::move(task)));
  RunReport report = TRY(execution.drive({std::move(replayed.state), std::move(replayed.effects)}, {}));
  report.timings.total_ns = parts_.clock->monotonic_ns() - start_ns;
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
