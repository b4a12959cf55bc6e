// SPDX-License-Identifier: Apache-2.0
#include "agent/driver.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/answer.h"
#include "agent/event_json.h"
#include "agent/process_owner.h"
#include "agent/verifiers.h"

namespace cadre::agent {
namespace {

using contract::QueryResult;
using contract::SqlTask;

// Adds the time between its making and its end to `total_ns`.
class Stopwatch {
 public:
  Stopwatch(const base::Clock& clock, int64_t& total_ns)
      : clock_(clock), total_ns_(total_ns), start_ns_(clock.monotonic_ns()) {}
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;
  ~Stopwatch() { total_ns_ += clock_.monotonic_ns() - start_ns_; }

 private:
  const base::Clock& clock_;
  int64_t& total_ns_;
  int64_t start_ns_;
};

size_t size_bytes_of(const std::vector<contract::CellValue>& row) {
  size_t size_bytes = 0;
  for (const contract::CellValue& cell : row) {
    const auto* text = std::get_if<std::string>(&cell);
    size_bytes += text != nullptr ? text->size() : sizeof(int64_t);
  }
  return size_bytes;
}

// Rows beyond kResultBytesMax are cut off. Error: not even the first row fits.
Result<QueryResult> limited(QueryResult result) {
  size_t size_bytes = 0;
  for (size_t i = 0; i < result.rows.size(); ++i) {
    size_bytes += size_bytes_of(result.rows[i]);
    if (size_bytes <= kResultBytesMax) continue;
    if (i == 0) return Error{ErrorCode::kLimit, fmt::format("a result row has more than {} bytes", kResultBytesMax)};
    result.rows.resize(i);
    result.truncated = true;
    break;
  }
  return result;
}

bool is_inside(const contract::TableSchema& schema, const contract::SqlCall& call) {
  const size_t columns = schema.columns.size();
  if (call.select_column >= columns) return false;
  return std::all_of(call.conditions.begin(), call.conditions.end(),
                     [&](const contract::Condition& condition) { return condition.column < columns; });
}

// One run being carried out.
class Execution {
 public:
  Execution(const DriverParts& parts, std::string run, SqlTask task, StageTimings timings)
      : parts_(parts), run_(std::move(run)), task_(std::move(task)), timings_(timings) {}

  // Feeds `event` and everything that follows from it, until the run is finished.
  Result<RunReport> drive(RunState state, Event event, const std::function<void(const std::string&)>& acknowledge);

 private:
  Result<void> append(Record record);
  Event act(const RunState& state, const Effect& effect);
  Event on(const Dispatch& effect, const RunState& state);
  Event on(const Attempt& effect, const RunState& state);
  Event on(const Verify& effect, const RunState& state);
  Event on(const Execute& effect, const RunState& state);
  Event on(const Compose& effect, const RunState& state);

  DriverParts parts_;
  std::string run_;
  SqlTask task_;
  StageTimings timings_;
  int64_t act_ns_ = 0;  // how long the last act took; goes into the record of what came of it
};

Result<RunReport> Execution::drive(RunState state, Event event,
                                   const std::function<void(const std::string&)>& acknowledge) {
  while (true) {
    Transition transition = TRY(advance(std::move(state), event));
    state = std::move(transition.state);
    for (Effect& effect : transition.effects) {
      if (auto* record = std::get_if<Record>(&effect)) {
        TRY(append(std::move(*record)));
        if (std::holds_alternative<RunBegun>(event) && acknowledge) acknowledge(run_);
      } else if (std::holds_alternative<Finish>(effect)) {
        return RunReport{run_, std::move(state), timings_};
      } else {
        const int64_t start_ns = parts_.clock->monotonic_ns();
        event = act(state, effect);
        act_ns_ = parts_.clock->monotonic_ns() - start_ns;
      }
    }
  }
}

// The time an act took stands in the record of its event; the machine ignores it.
Result<void> Execution::append(Record record) {
  const Stopwatch stopwatch(*parts_.clock, timings_.journal_ns);
  if (record.kind == event_kind(RunBegun{}) || record.kind == event_kind(Resumed{})) {
    record.payload["owner"] = this_process();
  } else if (record.kind != kCallIntended && record.kind != kRunFinished) {
    record.payload["took_us"] = act_ns_ / 1000;
  }
  auto appended = parts_.log->append(run_, record);
  if (!appended.ok()) return std::move(appended).error().with_context(fmt::format("journal run {}", run_));
  return {};
}

Event Execution::act(const RunState& state, const Effect& effect) {
  if (const auto* dispatch = std::get_if<Dispatch>(&effect)) return on(*dispatch, state);
  if (const auto* attempt = std::get_if<Attempt>(&effect)) return on(*attempt, state);
  if (const auto* verify = std::get_if<Verify>(&effect)) return on(*verify, state);
  if (const auto* execute = std::get_if<Execute>(&effect)) return on(*execute, state);
  return on(std::get<Compose>(effect), state);
}

Event Execution::on(const Dispatch&, const RunState& state) {
  const Stopwatch stopwatch(*parts_.clock, timings_.dispatch_ns);
  auto decision = parts_.dispatcher->dispatch(state.request.question);
  // A dispatcher that fails must not stop a specialist that can abstain by itself.
  if (!decision.ok()) return Dispatched{true, 0, "none", decision.error().message, {{state.request.specialist}}};
  Dispatched event{decision->accepted, decision->confidence, decision->tier, decision->reason, {}};
  if (event.accepted) event.plan.push_back({state.request.specialist});
  return event;
}

Event Execution::on(const Attempt& effect, const RunState&) {
  auto attempt = parts_.engine->attempt_sql(*parts_.table, task_, static_cast<size_t>(effect.candidates_max));
  AttemptReturned event;
  if (!attempt.ok()) {
    event.error = attempt.error();
    return event;
  }
  timings_.features_ns += attempt->timings.features_ns;
  timings_.encoder_ns += attempt->timings.encoder_ns;
  timings_.heads_ns += attempt->timings.heads_ns;
  event.answerable = attempt->answerable;
  for (const contract::WordSpan span : attempt->unmatched_values) {
    if (span.begin >= span.end || span.end > task_.words.size()) continue;
    const uint32_t begin = task_.words[span.begin].begin;
    event.unmatched_values.push_back(task_.question.substr(begin, task_.words[span.end - 1].end - begin));
  }
  for (const engine::SqlCandidate& candidate : attempt->candidates) {
    if (!is_inside(parts_.table->schema(), candidate.call)) {
      event.error = Error{ErrorCode::kInternal, "the specialist named a column that the table does not have"};
      return event;
    }
    event.candidates.push_back(
        {candidate.call, contract::to_sql(parts_.table->schema(), candidate.call), candidate.probability});
  }
  return event;
}

Event Execution::on(const Verify& effect, const RunState& state) {
  const Stopwatch stopwatch(*parts_.clock, timings_.verify_ns);
  const Candidate& candidate = state.candidates[effect.candidate];
  CandidateVerified event{.candidate = effect.candidate, .stage = effect.stage};
  event.verdicts = effect.stage == VerifyStage::kCall
                       ? verify_call(*parts_.table, task_, candidate)
                       : verify_result(*parts_.table, candidate, state.call_error, state.result);
  return event;
}

Event Execution::on(const Execute& effect, const RunState& state) {
  const Stopwatch stopwatch(*parts_.clock, timings_.execute_ns);
  CallReturned event{.candidate = effect.candidate};
  auto result = parts_.table->query(state.candidates[effect.candidate].sql,
                                    {.vm_steps_max = effect.vm_steps_max, .rows_max = effect.rows_max});
  if (result.ok()) result = limited(std::move(*result));
  if (result.ok()) {
    event.result = std::move(*result);
  } else {
    event.error = result.error();
  }
  return event;
}

Event Execution::on(const Compose&, const RunState& state) {
  const Stopwatch stopwatch(*parts_.clock, timings_.compose_ns);
  return AnswerComposed{
      compose_answer(parts_.table->schema(), task_, state.chosen->candidate.call, state.chosen->result)};
}

std::vector<RecordView> views_of(std::vector<LoggedRecord> records) {
  std::vector<RecordView> views;
  views.reserve(records.size());
  for (LoggedRecord& record : records) views.push_back({std::move(record.kind), std::move(record.payload)});
  return views;
}

}  // namespace

Driver::Driver(DriverParts parts) : parts_(parts) {
  CADRE_CHECK(parts.clock && parts.log && parts.dispatcher && parts.engine && parts.table,
              "a driver needs all of its parts");
}

Result<RunReport> Driver::ask(const Request& request, const Budget& budget, const Policy& policy,
                              const std::function<void(const std::string&)>& acknowledge) {
  const int64_t start_ns = parts_.clock->monotonic_ns();
  StageTimings timings;
  SqlTask task = TRY(contract::make_sql_task(*parts_.table, request.question));
  timings.features_ns = parts_.clock->monotonic_ns() - start_ns;
  const std::string run = TRY(parts_.log->new_run());
  Execution execution(parts_, run, std::move(task), timings);
  RunReport report = TRY(execution.drive({}, RunBegun{request, budget, policy}, acknowledge));
  report.timings.total_ns = parts_.clock->monotonic_ns() - start_ns;
  return report;
}

Result<RunReport> Driver::resume(const std::string& run) {
  const int64_t start_ns = parts_.clock->monotonic_ns();
  Replayed replayed = TRY(replay_run(*parts_.log, run));
  if (replayed.closed) return RunReport{run, std::move(replayed.state), {}};
  SqlTask task = TRY(contract::make_sql_task(*parts_.table, replayed.state.request.question));
  Execution execution(parts_, run, std::move(task), {});
  RunReport report = TRY(execution.drive(std::move(replayed.state), Resumed{"the process that began it is gone"}, {}));
  report.timings.total_ns = parts_.clock->monotonic_ns() - start_ns;
  return report;
}

Result<void> abandon_run(RunLog& log, const std::string& run, const std::string& why) {
  Replayed replayed = TRY(replay_run(log, run));
  if (replayed.closed) return {};
  // A run whose outcome is known lacks only the closing record.
  const bool has_outcome = replayed.state.phase == Phase::kFinished;
  const Event event = has_outcome ? Event{Resumed{why}} : Event{Abandoned{why}};
  const Transition transition = TRY(advance(std::move(replayed.state), event));
  for (const Effect& effect : transition.effects) {
    if (const auto* record = std::get_if<Record>(&effect)) TRY(log.append(run, *record));
  }
  return {};
}

Result<Replayed> replay_run(RunLog& log, const std::string& run) {
  auto records = TRY(log.read(run));
  auto replayed = replay(views_of(std::move(records)));
  if (!replayed.ok()) return std::move(replayed).error().with_context(fmt::format("run {}", run));
  return replayed;
}

}  // namespace cadre::agent
