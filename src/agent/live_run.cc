// SPDX-License-Identifier: Apache-2.0
#include "agent/live_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "base/check.h"
#include "store/record.h"

namespace cadre::agent {
namespace {

using base::Json;

// How long a wait lasts before it looks whether somebody wants it to stop.
constexpr std::chrono::milliseconds kLook{10};

// Jobs that follow from one another on one thread, without a detour through a queue. The outermost runs them, so the stack stays flat.
thread_local std::vector<Job>* chain = nullptr;

void run_here(Job job) {
  if (chain != nullptr) {
    chain->push_back(std::move(job));
    return;
  }
  std::vector<Job> jobs;
  jobs.push_back(std::move(job));
  chain = &jobs;
  while (!jobs.empty()) {
    const Job next = std::move(jobs.back());
    jobs.pop_back();
    next();
  }
  chain = nullptr;
}

// Why the run cannot go on with these specialists; nothing: it can.
std::optional<std::string> what_is_lost(const RunState& state, const Specialists& specialists) {
  for (const PlanStep& step : state.plan.steps) {
    for (const Assignment& assignment : step.assignments) {
      const CheckedSpecialist* specialist = find_specialist(specialists, assignment.specialist);
      if (specialist == nullptr) return fmt::format("specialist \"{}\" is gone; ask again", assignment.specialist);
      if (specialist->definition().identity != assignment.identity) {
        return fmt::format("specialist \"{}\", its tool or its data changed since the run was planned; ask again",
                           assignment.specialist);
      }
    }
  }
  return std::nullopt;
}

// The payload of a closing record for a run whose own records do not lead to an outcome.
Json failure_to_json(const std::string& message) {
  return {{"status", status_name(Status::kFailed)},
          {"reason", reason_name(Reason::kAbandoned)},
          {"step", ""},
          {"message", message},
          {"confidence", 0.0},
          {"text", ""}};
}

// A run whose records cannot be read has no state to go on from.
Error close_damaged(store::Journal& journal, const store::RunId& run, const Error& error) {
  const std::string why = fmt::format("the process died during this run and it could not go on: {}", error.message);
  auto closed = journal.resume_run(run, event_to_json(Resumed{why}));
  if (closed.ok()) closed = journal.finish_run(run, store::RunState::kFailed, failure_to_json(why));
  return closed.ok() ? Error{ErrorCode::kCorrupt, why} : std::move(closed).error();
}

}  // namespace

// ---- beginning and taking over --------------------------------------------------------------------------------------

LiveRun::LiveRun(const RunParts& parts, RunWriter writer, Changed changed)
    : parts_(parts), changed_(std::move(changed)), writer_(std::move(writer)), driver_(*this, *this) {
  CADRE_CHECK(parts.journal && parts.clock && parts.specialists && parts.planner && parts.executor,
              "a run needs all its parts");
}

LiveRun::~LiveRun() = default;

Result<std::shared_ptr<LiveRun>> LiveRun::begin(const RunParts& parts, const char* run_kind, Json request,
                                                const Budget& budget, Changed changed) {
  const std::shared_ptr<LiveRun> run(
      new LiveRun(parts, RunWriter(*parts.journal, *parts.clock, run_kind), std::move(changed)));
  TRY(run->driver_.begin(std::move(request), budget));
  return run;
}

Result<std::shared_ptr<LiveRun>> LiveRun::take_over(const RunParts& parts, const store::RunId& id, Changed changed,
                                                    std::optional<std::string> lost) {
  const std::shared_ptr<LiveRun> run(
      new LiveRun(parts, RunWriter(*parts.journal, *parts.clock, id), std::move(changed)));
  const auto records = records_of_run(*parts.journal, id);
  const auto replayed = records.ok() ? replay(*records) : Result<Replayed>(records.error());
  if (!replayed.ok()) return close_damaged(*parts.journal, id, replayed.error());
  if (!lost) lost = what_is_lost(replayed->state, *parts.specialists);
  TRY(run->resume(*records, lost));
  return run;
}

Result<void> LiveRun::resume(const std::vector<RecordView>& records, const std::optional<std::string>& lost) {
  const std::lock_guard lock(mutex_);
  ignores_effects_ = lost.has_value();
  TRY(driver_.resume(records, "the process that had it is gone"));
  if (lost && !driver_.is_finished()) {
    TRY(driver_.deliver(Abandoned{"the process died during this run and it could not go on: " + *lost}));
  }
  ignores_effects_ = false;
  return {};
}

void LiveRun::go() {
  {
    const std::lock_guard lock(mutex_);
    CADRE_CHECK(!has_gone_, "a run goes once");
    has_gone_ = true;
    begun_ns_ = parts_.clock->monotonic_ns();
    if (agent::is_parked(driver_.state())) parked_since_ns_ = begun_ns_;
    const int64_t time_ms = driver_.state().budget.time_ms_max;
    if (time_ms > 0 && !driver_.is_finished()) {
      parts_.executor->post_later(time_ms, [weak = weak_from_this()] {
        const auto run = weak.lock();
        if (run == nullptr) return;
        {
          const std::lock_guard inner(run->mutex_);
          run->end_if_out_of_time();
          run->note_change();
        }
        run->after_change();
      });
    }
    note_change();
  }
  after_change();
}

// ---- the machine's log ----------------------------------------------------------------------------------------------

// When a record was made and how long its job took stand in the payload, for people; the machine ignores both. The journal's own
// time is that of the transaction, which holds many records of a short run.
Result<void> LiveRun::write(const Record& record) {
  const int64_t start_ns = parts_.clock->monotonic_ns();
  Record stamped = record;
  if (took_us_ >= 0) stamped.payload["took_us"] = std::exchange(took_us_, -1);
  stamped.payload["at_us"] = parts_.clock->wall_us();
  const bool takes_over = record.kind == event_kind(Resumed{});
  auto written = takes_over ? parts_.journal->resume_run(writer_.run(), stamped.payload) : writer_.write(stamped);
  timings_.journal_ns += parts_.clock->monotonic_ns() - start_ns;
  return written;
}

// ---- the machine's world --------------------------------------------------------------------------------------------

void LiveRun::start(const RunState& state, const Effect& effect) {
  if (ignores_effects_) return;
  std::visit([&](const auto& concrete) { start_one(state, concrete); }, effect);
}

// A job that does `work`, which yields an event, and hands the event to the run.
template <class Work>
void LiveRun::ask(JobKind kind, int64_t turn, int64_t RunTimings::*stage, Work work) {
  computing_ += kind == JobKind::kLocal ? 1 : 0;
  outbox_.emplace_back(kind, [kind, turn, stage, work = std::move(work)](LiveRun& run) {
    const int64_t start_ns = run.parts_.clock->monotonic_ns();
    const Event event = work(run);
    run.answer(kind, event, turn, run.parts_.clock->monotonic_ns() - start_ns, stage);
  });
}

StepQuestion LiveRun::question_of(const RunState& state, size_t step) const {
  const CheckedSpecialist* specialist = find_specialist(*parts_.specialists, assignment_of(state, step).specialist);
  CADRE_CHECK(specialist != nullptr, "plans name specialists that are there");
  return StepQuestion(state, step, *specialist);
}

void LiveRun::start_one(const RunState& state, const MakePlan& effect) {
  const JobKind kind = parts_.planner->waits() ? JobKind::kWaiting : JobKind::kLocal;
  ask(kind, effect.turn, &RunTimings::plan_ns,
      [request = state.request](LiveRun& run) -> Event { return run.parts_.planner->plan(request, &run.cancel_); });
}

void LiveRun::start_one(const RunState& state, const Attempt& effect) {
  StepQuestion question = question_of(state, effect.step);
  const JobKind kind = question.specialist->definition().is_slow ? JobKind::kWaiting : JobKind::kLocal;
  ask(kind, effect.turn, &RunTimings::attempt_ns, [question = std::move(question), effect](LiveRun& run) -> Event {
    return ask_attempt(question, effect, &run.cancel_);
  });
}

void LiveRun::start_one(const RunState& state, const VerifyCall& effect) {
  StepQuestion question = question_of(state, effect.step);
  const Tool* tool = question.specialist->tool();
  const JobKind kind = tool != nullptr && tool->waits() ? JobKind::kWaiting : JobKind::kLocal;
  ask(kind, effect.turn, &RunTimings::verify_ns,
      [question = std::move(question)](LiveRun&) -> Event { return ask_call_verdicts(question); });
}

void LiveRun::start_one(const RunState& state, const Execute& effect) {
  StepQuestion question = question_of(state, effect.step);
  const Tool* tool = question.specialist->tool();
  const JobKind kind = tool != nullptr && tool->waits() ? JobKind::kWaiting : JobKind::kLocal;
  ask(kind, effect.turn, &RunTimings::execute_ns,
      [question = std::move(question), effect, assignment = assignment_of(state, effect.step)](LiveRun& run) -> Event {
        return ask_tool(question, assignment, fmt::format("{}.{}", run.id().text(), effect.key), &run.cancel_);
      });
}

void LiveRun::start_one(const RunState& state, const VerifyResult& effect) {
  ask(JobKind::kLocal, effect.turn, &RunTimings::verify_ns,
      [question = question_of(state, effect.step)](LiveRun&) -> Event { return ask_result_verdicts(question); });
}

void LiveRun::start_one(const RunState&, const Wait& effect) {
  later_.emplace_back(effect.wait_ms, [effect](LiveRun& run) {
    run.answer(JobKind::kWaiting, BackoffEnded{effect.step}, effect.turn, 0, &RunTimings::attempt_ns);
  });
}

void LiveRun::start_one(const RunState& state, const Compose& effect) {
  ask(JobKind::kClosing, effect.turn, &RunTimings::compose_ns,
      [state](LiveRun& run) -> Event { return compose_answer_of(state, *run.parts_.specialists); });
}

// ---- answers --------------------------------------------------------------------------------------------------------

void LiveRun::answer(JobKind kind, const Event& event, int64_t turn, int64_t took_ns, int64_t RunTimings::*stage) {
  {
    const std::lock_guard lock(mutex_);
    computing_ -= kind == JobKind::kLocal ? 1 : 0;
    timings_.*stage += took_ns;
    end_if_out_of_time();
    took_us_ = took_ns / 1'000;
    const auto delivered = stopped_by_ ? Result<void>() : driver_.deliver(with_time_left(event), turn);
    took_us_ = -1;
    if (!delivered.ok()) stopped_by_ = delivered.error();
    note_change();
  }
  after_change();
}

Result<void> LiveRun::deliver(const Event& event) {
  Result<void> delivered;
  {
    const std::lock_guard lock(mutex_);
    if (stopped_by_) return *stopped_by_;
    delivered = driver_.deliver(event);
    if (driver_.log_error()) stopped_by_ = driver_.log_error();
    note_change();
  }
  after_change();
  return delivered;
}

int64_t LiveRun::time_left_ms() const {
  const int64_t time_ms_max = driver_.state().budget.time_ms_max;
  if (time_ms_max <= 0) return std::numeric_limits<int64_t>::max();
  return time_ms_max - (parts_.clock->monotonic_ns() - begun_ns_ - parked_ns_) / 1'000'000;
}

// Only the driver has a clock: whether a wait that was asked for fits becomes a part of the event, so that a replay decides the same.
Event LiveRun::with_time_left(Event event) const {
  const auto stamp = [&](std::optional<RetryAfter>& asked) {
    if (asked) asked->fits = asked->wait_ms < time_left_ms();
  };
  if (auto* attempt = std::get_if<AttemptReturned>(&event)) stamp(attempt->retry_after);
  if (auto* call = std::get_if<CallReturned>(&event)) stamp(call->retry_after);
  return event;
}

void LiveRun::end_if_out_of_time() {
  const RunState& state = driver_.state();
  const bool is_going = has_gone_ && !stopped_by_ && !driver_.is_finished() && state.phase != Phase::kStopping;
  if (!is_going || agent::is_parked(state) || time_left_ms() > 0) return;
  const auto ended =
      driver_.deliver(TimeExhausted{fmt::format("the run may work for {} ms", state.budget.time_ms_max)});
  if (!ended.ok()) stopped_by_ = ended.error();
}

void LiveRun::note_change() {
  const RunState& state = driver_.state();
  const bool parked = agent::is_parked(state);
  const int64_t now_ns = parts_.clock->monotonic_ns();
  if (parked && parked_since_ns_ == 0) parked_since_ns_ = now_ns;
  if (!parked && parked_since_ns_ != 0) parked_ns_ += now_ns - std::exchange(parked_since_ns_, 0);
  if (stopped_by_ || state.phase == Phase::kStopping || state.phase == Phase::kFinished) cancel_.request();
  // Waking those who wait after every record cost more than the step.
  if (stopped_by_ || parked || driver_.is_finished()) settled_.notify_all();
}

// One of the jobs that compute goes on here, where everything it needs is at hand; the others find threads of their own.
void LiveRun::after_change() {
  std::vector<std::pair<JobKind, RunWork>> jobs;
  std::vector<std::pair<int64_t, RunWork>> later;
  {
    const std::lock_guard lock(mutex_);
    if (has_gone_) {
      jobs.swap(outbox_);
      later.swap(later_);
    }
    const bool may_take_long =
        std::any_of(jobs.begin(), jobs.end(), [](const auto& job) { return job.first == JobKind::kWaiting; });
    if (may_take_long && !stopped_by_) writer_.flush();
  }
  const auto owning = [self = shared_from_this()](RunWork& work) -> Job {
    return [self, work = std::move(work)] { work(*self); };
  };
  for (auto& [delay_ms, work] : later) parts_.executor->post_later(delay_ms, owning(work));
  const auto next =
      std::find_if(jobs.begin(), jobs.end(), [](const auto& job) { return job.first == JobKind::kLocal; });
  Job here;
  if (next != jobs.end() && chain != nullptr) {
    here = owning(next->second);
    jobs.erase(next);
  }
  for (auto& [kind, work] : jobs) {
    if (kind == JobKind::kLocal) {
      parts_.executor->post(kind, [job = owning(work)] { run_here(job); });
    } else {
      parts_.executor->post(kind, owning(work));
    }
  }
  if (changed_) changed_(*this);
  if (here) run_here(std::move(here));
}

// ---- what others see and want ---------------------------------------------------------------------------------------

RunSnapshot LiveRun::snapshot() const {
  const std::lock_guard lock(mutex_);
  return {driver_.state(), driver_.is_finished(), stopped_by_, timings_};
}

bool LiveRun::is_over() const {
  const std::lock_guard lock(mutex_);
  return driver_.is_finished() || stopped_by_.has_value();
}

bool LiveRun::is_parked() const {
  const std::lock_guard lock(mutex_);
  return agent::is_parked(driver_.state());
}

bool LiveRun::is_computing() const {
  const std::lock_guard lock(mutex_);
  return computing_ > 0;
}

void LiveRun::wait(int64_t timeout_ms, const base::Cancel* cancel) const {
  constexpr int64_t kDay_ms = int64_t{24} * 3600 * 1000;
  const int64_t until_ns = parts_.clock->monotonic_ns() + std::clamp<int64_t>(timeout_ms, 0, kDay_ms) * 1'000'000;
  std::unique_lock lock(mutex_);
  while (!driver_.is_finished() && !stopped_by_ && !agent::is_parked(driver_.state())) {
    const int64_t left_ns = until_ns - parts_.clock->monotonic_ns();
    if (left_ns <= 0 || (cancel != nullptr && cancel->requested())) return;
    const std::chrono::nanoseconds left(left_ns);
    settled_.wait_for(lock, cancel != nullptr ? std::min<std::chrono::nanoseconds>(left, kLook) : left);
  }
}

Result<void> LiveRun::decide(const std::string& step, bool approved, const std::string& who, const std::string& why) {
  std::optional<size_t> index;
  {
    const std::lock_guard lock(mutex_);
    if (driver_.state().phase == Phase::kFinished)
      return Error{ErrorCode::kInvalid, fmt::format("run {} is over: it waits for nobody", writer_.run().text())};
    const auto& steps = driver_.state().plan.steps;
    for (size_t i = 0; i < steps.size(); ++i) {
      if (steps[i].id == step) index = i;
    }
  }
  if (!index) return Error{ErrorCode::kNotFound, fmt::format("the run has no step \"{}\"", step)};
  return deliver(ApprovalDecided{*index, approved, who, why});
}

Result<void> LiveRun::cancel(const std::string& who) {
  return deliver(CancelRequested{who.empty() ? "nobody named" : who});
}

// ---- the journal ----------------------------------------------------------------------------------------------------

Result<std::vector<RecordView>> records_of_run(const store::Journal& journal, const store::RunId& run) {
  std::vector<store::Record> records = TRY(journal.read_run(run));
  std::vector<RecordView> views;
  views.reserve(records.size());
  for (store::Record& record : records)
    views.push_back({std::move(record.kind), record.payload ? std::move(*record.payload) : Json()});
  return views;
}

Result<Replayed> replay_run(const store::Journal& journal, const store::RunId& run) {
  auto replayed = replay(TRY(records_of_run(journal, run)));
  if (!replayed.ok()) return std::move(replayed).error().with_context(fmt::format("run {}", run.text()));
  return replayed;
}

}  // namespace cadre::agent
