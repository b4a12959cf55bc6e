// SPDX-License-Identifier: Apache-2.0
#include "agent/runtime.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>

#include "agent/event_json.h"
#include "agent/idempotency.h"
#include "agent/run_json.h"
#include "agent/run_metrics.h"
#include "agent/run_watchers.h"
#include "agent/run_worker.h"
#include "base/check.h"
#include "base/file.h"
#include "contract/sql_task.h"

namespace cadre::agent {

using base::Json;

namespace {

// Runs whose keys are looked for when a journal is opened, newest first.
constexpr size_t kKeyedRunsMax = 100'000;
// How long a wait lasts before it looks whether somebody wants it to stop.
constexpr std::chrono::milliseconds kLook{10};

bool is_ours(const std::string& run_kind) {
  return run_kind == kServedRun || run_kind == kKeyedRun;
}

// The question of a request: its text, or what its input says.
Result<std::string> question_of(const RunRequest& request) {
  if (!request.chat.is_null()) {
    return Error{ErrorCode::kUnsupported,
                 "no specialist of this cadre writes chat messages; ask in \"text\" for what stands in a table"};
  }
  if (request.input.is_null()) return request.text;
  const bool is_question = request.input.is_object() && request.input.size() == 1 &&
                           request.input.contains("question") && request.input["question"].is_string();
  if (!is_question) return Error{ErrorCode::kInvalid, "the input must be {\"question\": \"...\"} and nothing else"};
  return request.input["question"].get<std::string>();
}

Request request_of(const RunRequest& asked, std::string question, const OpenSpecialist* specialist) {
  Request request{.question = std::move(question)};
  request.named = asked.specialist;
  request.subject = asked.subject;
  request.asker = asked.asker;
  request.idempotency_key = asked.idempotency_key;
  if (specialist == nullptr) return request;
  const Target& target = specialist->target;
  request.name = target.name;
  request.table_path = target.table_path;
  request.table_name = target.table_name;
  request.table_fingerprint = target.table_fingerprint;
  request.specialist_path = target.specialist_path;
  request.specialist = target.specialist;
  return request;
}

SpecialistView view_of(const OpenSpecialist& specialist) {
  const Json text = {{"type", "string"}};
  const Json input = {{"type", "object"},
                      {"properties", {{"question", {{"type", "string"}, {"description", "in plain English"}}}}},
                      {"required", {"question"}},
                      {"additionalProperties", false}};
  const Json output = {{"type", "object"},
                       {"properties",
                        {{"sql", text},
                         {"columns", {{"type", "array"}, {"items", text}}},
                         {"rows", {{"type", "array"}, {"items", {{"type", "array"}}}}},
                         {"truncated", {{"type", "boolean"}}}}},
                       {"required", {"sql", "columns", "rows", "truncated"}},
                       {"additionalProperties", false}};
  return {specialist.entry.name, specialist.pack.name, specialist.entry.purpose, input, output, false, true};
}

// The time at which a wait is over; a day is as long as any lasts.
int64_t until(const base::Clock& clock, int64_t timeout_ms) {
  constexpr int64_t kDay_ms = int64_t{24} * 3600 * 1000;
  return clock.monotonic_ns() + std::clamp<int64_t>(timeout_ms, 0, kDay_ms) * 1'000'000;
}

// A run in this process that has not ended.
struct Live {
  std::condition_variable ended;  // has_ended became true
  bool has_ended = false;
  bool is_working = false;
  std::optional<std::string> cancelled_by;
};

struct Work {
  store::RunId run;
  std::optional<BegunRun> begun;  // nothing: it was taken over, and the journal has it
  std::shared_ptr<Live> live;
  int64_t since_ns = 0;
};

}  // namespace

struct Runtime::Impl {
  Impl(CadreFile given_file, RuntimeParts given_parts, OpenCadre given_cadre, store::Journal given_journal)
      : file(std::move(given_file)),
        parts(std::move(given_parts)),
        cadre(std::move(given_cadre)),
        journal(std::move(given_journal)) {}

  Result<const OpenSpecialist*> specialist_of(const RunRequest& request) const;
  Result<void> reserve();
  Result<store::RunId> begin(const Request& request, const OpenSpecialist* specialist);
  Result<store::RunId> begin_once(const Request& request, const OpenSpecialist* specialist);
  Result<void> remember_keys();
  Result<void> take_over_dead_runs();
  void enqueue(Work work);  // `mutex` is held
  void work_until_stopped();
  void carry_out(RunWorker& worker, Work work);
  void carry_on_cancelled(Work work);
  void ended(const Work& work, const Result<RunReport>& report);
  Interrupt interrupt_of(const std::shared_ptr<Live>& live);

  const CadreFile file;
  const RuntimeParts parts;
  const OpenCadre cadre;
  store::Journal journal;
  IdempotencyKeys keys;
  RunMetrics counted;
  RunWatchers watchers;

  std::mutex mutex;  // of everything below
  std::condition_variable has_work;
  std::condition_variable run_ended;
  std::deque<Work> waiting;
  std::unordered_map<store::RunId, std::shared_ptr<Live>> live;
  size_t beginning = 0;  // places in the queue that are taken by runs on their way into the journal
  size_t working = 0;
  bool is_draining = false;
  bool is_stopping = false;
  std::vector<std::thread> threads;
};

// ---- beginning ------------------------------------------------------------------------------------------------------

// Null: the dispatcher chooses.
Result<const OpenSpecialist*> Runtime::Impl::specialist_of(const RunRequest& request) const {
  if (request.specialist.empty())
    return cadre.specialists.size() == 1 ? &cadre.specialists.front() : static_cast<const OpenSpecialist*>(nullptr);
  std::string known;
  for (const OpenSpecialist& specialist : cadre.specialists) {
    if (specialist.entry.name == request.specialist) return &specialist;
    known += (known.empty() ? "" : ", ") + specialist.entry.name;
  }
  return Error{ErrorCode::kNotFound, fmt::format("no specialist \"{}\"; there are: {}", request.specialist, known)};
}

Result<void> Runtime::Impl::reserve() {
  const std::lock_guard lock(mutex);
  if (is_draining || is_stopping)
    return Error{ErrorCode::kUnavailable, "this process is shutting down and takes no more runs; ask again later"};
  if (std::cmp_greater_equal(waiting.size() + beginning, file.budgets.runs_waiting)) {
    counted.count_refusal();
    return Error{ErrorCode::kBusy, fmt::format("{} runs wait already; ask again later", file.budgets.runs_waiting)};
  }
  ++beginning;
  return {};
}

Result<store::RunId> Runtime::Impl::begin(const Request& request, const OpenSpecialist* specialist) {
  TRY(reserve());
  const char* kind = request.idempotency_key.empty() ? kServedRun : kKeyedRun;
  const Budget budget = specialist != nullptr ? specialist->target.budget : Budget{};
  const Policy policy = specialist != nullptr ? specialist->target.policy : Policy{};
  auto begun = begin_run(journal, *parts.clock, kind, request, budget, policy);
  if (!begun.ok()) {
    const std::lock_guard lock(mutex);
    --beginning;
    run_ended.notify_all();
    return std::move(begun).error();
  }
  const store::RunId run = begun->run;
  counted.count_start();
  const std::lock_guard lock(mutex);
  --beginning;
  enqueue({run, std::move(*begun), std::make_shared<Live>(), parts.clock->monotonic_ns()});
  return run;
}

Result<store::RunId> Runtime::Impl::begin_once(const Request& request, const OpenSpecialist* specialist) {
  const auto known = TRY(keys.take(request, parts.clock->wall_us()));
  if (known) {
    counted.count_repeat();
    return *known;
  }
  auto run = begin(request, specialist);
  if (run.ok())
    keys.keep(request, *run, parts.clock->wall_us());
  else
    keys.release(request);
  return run;
}

void Runtime::Impl::enqueue(Work work) {
  live[work.run] = work.live;
  waiting.push_back(std::move(work));
  has_work.notify_one();
}

// ---- after a restart ------------------------------------------------------------------------------------------------

Result<void> Runtime::Impl::remember_keys() {
  const int64_t oldest_us = parts.clock->wall_us() - kKeyKept_us;
  for (const store::RunSummary& summary : TRY(journal.list_runs(kKeyedRunsMax))) {
    if (summary.kind != kKeyedRun || summary.begun_us < oldest_us) continue;
    // A damaged or erased run stands for no key any more.
    const auto replayed = replay_run(journal, summary.run);
    if (replayed.ok()) keys.keep(replayed->state.request, summary.run, summary.begun_us);
  }
  return {};
}

Result<void> Runtime::Impl::take_over_dead_runs() {
  for (const store::RunSummary& summary : TRY(journal.unfinished_runs())) {
    if (summary.owner != store::Owner::kDead || !is_ours(summary.kind)) continue;
    auto claimed = claim_run(journal, summary.run, "the process that had it is gone");
    if (!claimed.ok() && claimed.error().code == ErrorCode::kBusy) continue;  // somebody else was faster
    TRY(std::move(claimed));
    const std::lock_guard lock(mutex);
    enqueue({summary.run, std::nullopt, std::make_shared<Live>(), parts.clock->monotonic_ns()});
  }
  return {};
}

// ---- carrying out ---------------------------------------------------------------------------------------------------

Interrupt Runtime::Impl::interrupt_of(const std::shared_ptr<Live>& of_run) {
  return [this, of_run]() -> std::optional<Event> {
    const std::lock_guard lock(mutex);
    if (!of_run->cancelled_by) return std::nullopt;
    return Cancelled{*of_run->cancelled_by};
  };
}

void Runtime::Impl::work_until_stopped() {
  RunWorker worker(journal, *parts.clock, cadre);
  while (true) {
    std::unique_lock lock(mutex);
    has_work.wait(lock, [&] { return is_stopping || !waiting.empty(); });
    if (is_stopping) return;
    Work work = std::move(waiting.front());
    waiting.pop_front();
    work.live->is_working = true;
    ++working;
    lock.unlock();
    carry_out(worker, std::move(work));
  }
}

void Runtime::Impl::carry_out(RunWorker& worker, Work work) {
  const Interrupt interrupt = interrupt_of(work.live);
  const auto report =
      work.begun ? worker.carry_on(std::move(*work.begun), interrupt) : worker.take_over(work.run, interrupt);
  ended(work, report);
}

// A run that never reached a thread: nothing is asked of any specialist.
void Runtime::Impl::carry_on_cancelled(Work work) {
  AcceptAll nobody;
  Driver driver(journal, ActParts{.clock = parts.clock, .dispatcher = &nobody});
  const Interrupt interrupt = interrupt_of(work.live);
  auto begun = work.begun ? Result<BegunRun>(std::move(*work.begun)) : [&]() -> Result<BegunRun> {
    Replayed replayed = TRY(replay_run(journal, work.run));
    return BegunRun{work.run, std::move(replayed.state), std::move(replayed.effects)};
  }();
  const auto report =
      begun.ok() ? driver.carry_on(std::move(*begun), interrupt) : Result<RunReport>(std::move(begun).error());
  ended(work, report);
}

// A report that failed is the journal's failure: the run was ended as far as that was possible, or stays open for the next start.
void Runtime::Impl::ended(const Work& work, const Result<RunReport>& report) {
  RunEnd end{.elapsed_ns = parts.clock->monotonic_ns() - work.since_ns};
  if (report.ok()) {
    end.status = status_of_run(report->state);
    end.specialist = report->state.request.name;
    end.tier = report->state.dispatch_tier;
    end.attempts = report->state.attempts;
    end.calls = report->state.calls;
  }
  counted.count_end(end);
  {
    const std::lock_guard lock(mutex);
    live.erase(work.run);
    work.live->has_ended = true;
    work.live->ended.notify_all();
    --working;
    run_ended.notify_all();
  }
  watchers.notify(work.run);
}

// ---- the service ----------------------------------------------------------------------------------------------------

Runtime::Runtime(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Runtime>> Runtime::open(const CadreFile& file, const RuntimeParts& parts) {
  CADRE_CHECK(!file.journal.empty(), "the caller has said where the journal is");
  OpenCadre cadre = TRY(open_cadre(file, parts.loaders));
  const std::string folder = std::filesystem::path(file.journal).parent_path().string();
  if (!folder.empty()) TRY(base::make_directories(folder));
  auto journal = store::Journal::open(file.journal, parts.journal);
  if (!journal.ok()) return std::move(journal).error().with_context("journal");
  auto impl = std::make_unique<Impl>(file, parts, std::move(cadre), std::move(*journal));
  TRY(impl->remember_keys());
  TRY(impl->take_over_dead_runs());
  for (int64_t i = 0; i < file.budgets.runs_at_once; ++i)
    impl->threads.emplace_back([raw = impl.get()] { raw->work_until_stopped(); });
  return std::unique_ptr<Runtime>(new Runtime(std::move(impl)));
}

Runtime::~Runtime() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->is_stopping = true;
    impl_->has_work.notify_all();
  }
  for (std::thread& thread : impl_->threads) thread.join();
}

Result<store::RunId> Runtime::start(const RunRequest& asked) {
  const OpenSpecialist* specialist = TRY(impl_->specialist_of(asked));
  std::string question = TRY(question_of(asked));
  // Whether it is a question does not depend on the table.
  TRY(contract::make_sql_task((specialist != nullptr ? *specialist : impl_->cadre.specialists.front()).table,
                              question));
  const Request request = request_of(asked, std::move(question), specialist);
  return request.idempotency_key.empty() ? impl_->begin(request, specialist) : impl_->begin_once(request, specialist);
}

Result<RunView> Runtime::view(const store::RunId& run) {
  const Replayed replayed = TRY(replay_run(impl_->journal, run));
  return view_of_run(run, replayed.state, replayed.closed);
}

Result<RunView> Runtime::wait(const store::RunId& run, int64_t timeout_ms, const base::Cancel* cancel) {
  const int64_t until_ns = until(*impl_->parts.clock, timeout_ms);
  {
    std::unique_lock lock(impl_->mutex);
    const auto found = impl_->live.find(run);
    const std::shared_ptr<Live> live = found == impl_->live.end() ? nullptr : found->second;
    while (live && !live->has_ended && !(cancel != nullptr && cancel->requested())) {
      const int64_t left_ns = until_ns - impl_->parts.clock->monotonic_ns();
      if (left_ns <= 0) break;
      const std::chrono::nanoseconds left(left_ns);
      live->ended.wait_for(lock, cancel != nullptr ? std::min<std::chrono::nanoseconds>(left, kLook) : left);
    }
  }
  return view(run);
}

Result<std::vector<RunEvent>> Runtime::events(const store::RunId& run, int64_t sequence, size_t count_max) {
  std::vector<RunEvent> events;
  for (store::Record& record : TRY(impl_->journal.read_run(run))) {
    if (record.sequence <= sequence || events.size() == count_max) continue;
    events.push_back({record.sequence, std::move(record.kind), record.wall_us,
                      record.payload ? std::move(*record.payload) : Json()});
  }
  return events;
}

std::shared_ptr<void> Runtime::watch(const store::RunId& run, std::function<void()> changed) {
  return impl_->watchers.add(run, std::move(changed));
}

Result<void> Runtime::decide(const store::RunId& run, const std::string&, bool, const std::string&,
                             const std::string&) {
  TRY(impl_->journal.run_summary(run));
  return Error{ErrorCode::kInvalid, fmt::format("run {} waits for nobody", run.text())};
}

Result<void> Runtime::cancel(const store::RunId& run, const std::string& who) {
  std::optional<Work> work;
  {
    const std::lock_guard lock(impl_->mutex);
    const auto found = impl_->live.find(run);
    if (found != impl_->live.end()) {
      if (!found->second->cancelled_by) found->second->cancelled_by = who;
      if (found->second->is_working) return {};
      const auto queued = std::find_if(impl_->waiting.begin(), impl_->waiting.end(),
                                       [&](const Work& candidate) { return candidate.run == run; });
      CADRE_CHECK(queued != impl_->waiting.end(), "a run that lives waits or is worked on");
      work = std::move(*queued);
      impl_->waiting.erase(queued);
      work->live->is_working = true;
      ++impl_->working;
    }
  }
  if (work) {
    impl_->carry_on_cancelled(std::move(*work));
    return {};
  }
  const RunView ended = TRY(view(run));
  if (ended.status == RunStatus::kCancelled) return {};
  if (!is_final(ended.status))
    return Error{ErrorCode::kBusy, fmt::format("run {} belongs to another process; cancel it there", run.text())};
  return Error{ErrorCode::kInvalid, fmt::format("run {} is over: {}", run.text(), run_status_name(ended.status))};
}

Result<std::vector<RunView>> Runtime::list(size_t limit) {
  std::vector<RunView> views;
  for (const store::RunSummary& summary : TRY(impl_->journal.list_runs(std::min(limit, kListedRunsMax)))) {
    if (!is_ours(summary.kind) && summary.kind != kAskRun) continue;
    auto one = view(summary.run);
    if (!one.ok())
      one = RunView{
          .run = summary.run, .status = RunStatus::kFailed, .reason = "corrupt", .message = one.error().message};
    one->steps = nullptr;
    one->evidence = nullptr;
    views.push_back(std::move(*one));
  }
  return views;
}

std::vector<SpecialistView> Runtime::specialists() {
  std::vector<SpecialistView> views;
  for (const OpenSpecialist& specialist : impl_->cadre.specialists) views.push_back(view_of(specialist));
  return views;
}

std::string Runtime::metrics() {
  RunGauges gauges;
  {
    const std::lock_guard lock(impl_->mutex);
    gauges = {impl_->waiting.size(), impl_->working};
  }
  return impl_->counted.text(gauges);
}

Result<void> Runtime::drain(int64_t timeout_ms) {
  const int64_t until_ns = until(*impl_->parts.clock, timeout_ms);
  std::unique_lock lock(impl_->mutex);
  impl_->is_draining = true;
  while (impl_->beginning > 0 || !impl_->live.empty()) {
    if (impl_->parts.clock->monotonic_ns() >= until_ns) {
      return Error{ErrorCode::kTimeout,
                   fmt::format("{} runs have not ended within {} ms; the next start carries them on",
                               impl_->live.size(), timeout_ms)};
    }
    impl_->run_ended.wait_for(lock, kLook);
  }
  return {};
}

}  // namespace cadre::agent
