// SPDX-License-Identifier: Apache-2.0
#include "agent/runtime.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "agent/idempotency.h"
#include "agent/live_run.h"
#include "agent/run_metrics.h"
#include "agent/run_view.h"
#include "agent/run_watchers.h"
#include "agent/thread_executor.h"
#include "base/check.h"
#include "base/file.h"

namespace cadre::agent {

using base::Json;

namespace {

// Runs whose keys are looked for when a journal is opened, newest first.
constexpr size_t kKeyedRunsMax = 100'000;
constexpr std::chrono::milliseconds kDrainLook{10};

bool is_ours(const std::string& run_kind) {
  return run_kind == kServedRun || run_kind == kKeyedRun;
}

// A run in this process that is not over.
struct Live {
  std::shared_ptr<LiveRun> run;
  int64_t since_ns = 0;
  bool has_place = false;  // is one of those that compute
  bool is_going = false;   // is one of those that are under way, whether they compute or wait for others
  bool is_ending = false;  // somebody counts its end
};

}  // namespace

struct Runtime::Impl {
  Impl(CadreFile given_file, RuntimeParts given_parts, std::unique_ptr<Cadre> given_cadre, store::Journal given_journal)
      : file(std::move(given_file)),
        parts(std::move(given_parts)),
        cadre(std::move(given_cadre)),
        journal(std::move(given_journal)),
        executor(static_cast<size_t>(file.budgets.runs_at_once), static_cast<size_t>(file.budgets.calls_at_once)) {}

  RunParts run_parts() { return {&journal, parts.clock, &cadre->specialists, cadre->planner.get(), &executor}; }
  Result<void> reserve();
  Result<store::RunId> begin(const Json& request, bool is_keyed);
  Result<store::RunId> begin_once(const Json& request);
  Result<void> remember_keys();
  Result<void> take_over_dead_runs();
  void enqueue(std::shared_ptr<LiveRun> run);
  void give_places();
  void on_change(LiveRun& run);
  void count_end(const LiveRun& run);
  std::shared_ptr<LiveRun> find(const store::RunId& run);
  Error not_here(const store::RunId& run, const char* verb);

  const CadreFile file;
  const RuntimeParts parts;
  const std::unique_ptr<const Cadre> cadre;
  store::Journal journal;
  IdempotencyKeys keys;
  RunMetrics counted;
  RunWatchers watchers;
  ThreadExecutor executor;

  std::mutex mutex;  // of everything below; never held while a run is asked for anything
  std::condition_variable run_ended;
  std::deque<store::RunId> waiting;
  std::unordered_map<store::RunId, Live> live;
  size_t beginning = 0;  // places in the queue that are taken by runs on their way into the journal
  size_t computing = 0;
  size_t going = 0;
  bool is_draining = false;
  bool is_stopping = false;
};

// ---- beginning ------------------------------------------------------------------------------------------------------

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

Result<store::RunId> Runtime::Impl::begin(const Json& request, bool is_keyed) {
  TRY(reserve());
  auto run = LiveRun::begin(run_parts(), is_keyed ? kKeyedRun : kServedRun, request, cadre->budget,
                            [this](LiveRun& changed) { on_change(changed); });
  {
    const std::lock_guard lock(mutex);
    --beginning;
    run_ended.notify_all();
  }
  if (!run.ok()) return std::move(run).error().with_context("journal");
  counted.count_start();
  const store::RunId id = (*run)->id();
  enqueue(std::move(*run));
  return id;
}

Result<store::RunId> Runtime::Impl::begin_once(const Json& request) {
  const auto known = TRY(keys.take(request, parts.clock->wall_us()));
  if (known) {
    counted.count_repeat();
    return *known;
  }
  auto run = begin(request, true);
  if (run.ok())
    keys.keep(request, *run, parts.clock->wall_us());
  else
    keys.release(request);
  return run;
}

void Runtime::Impl::enqueue(std::shared_ptr<LiveRun> run) {
  {
    const std::lock_guard lock(mutex);
    if (is_stopping) return;  // the journal keeps it for the next runtime
    const store::RunId id = run->id();
    waiting.push_back(id);
    live[id] = {std::move(run), parts.clock->monotonic_ns(), false};
  }
  give_places();
}

// Lets waiting runs go while there are places: a run that waits for others leaves its place to the next one.
void Runtime::Impl::give_places() {
  const BudgetEntry& budgets = file.budgets;
  while (true) {
    std::shared_ptr<LiveRun> run;
    {
      const std::lock_guard lock(mutex);
      if (is_stopping || waiting.empty() || std::cmp_greater_equal(computing, budgets.runs_at_once) ||
          std::cmp_greater_equal(going, budgets.runs_at_once + budgets.calls_at_once))
        return;
      const auto found = live.find(waiting.front());
      waiting.pop_front();
      if (found == live.end()) continue;  // cancelled before its turn came
      found->second.has_place = found->second.is_going = true;
      ++computing;
      ++going;
      run = found->second.run;
    }
    run->go();
  }
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
    auto run = LiveRun::take_over(run_parts(), summary.run, [this](LiveRun& changed) { on_change(changed); });
    const bool is_settled = !run.ok() && (run.error().code == ErrorCode::kBusy ||    // somebody else was faster
                                          run.error().code == ErrorCode::kCorrupt);  // it was ended as failed
    if (is_settled) continue;
    const std::shared_ptr<LiveRun> taken = TRY(std::move(run));
    if (!taken->is_over()) enqueue(taken);
  }
  return {};
}

// ---- carrying out ---------------------------------------------------------------------------------------------------

// A run that is over, or waits, makes room for another one.
void Runtime::Impl::on_change(LiveRun& run) {
  const bool is_over = run.is_over();
  if (is_over) count_end(run);
  const bool stands_still = is_over || run.is_parked();
  const bool gives_place = stands_still || !run.is_computing();
  if (gives_place) {
    const std::lock_guard lock(mutex);
    const auto found = live.find(run.id());
    if (found != live.end() && std::exchange(found->second.has_place, false)) --computing;
    if (found != live.end() && stands_still && std::exchange(found->second.is_going, false)) --going;
    if (found != live.end() && is_over) live.erase(found);
    if (stands_still) run_ended.notify_all();
  }
  watchers.notify(run.id());
  if (gives_place) give_places();
}

// Once for each run, before anybody who waits for all to end is told.
void Runtime::Impl::count_end(const LiveRun& run) {
  int64_t since_ns = 0;
  {
    const std::lock_guard lock(mutex);
    const auto found = live.find(run.id());
    if (found == live.end() || std::exchange(found->second.is_ending, true)) return;
    since_ns = found->second.since_ns;
  }
  const RunState state = run.snapshot().state;
  RunEnd end{.tier = state.tier, .tiers = state.tiers, .attempts = state.attempts, .calls = state.calls};
  end.elapsed_ns = parts.clock->monotonic_ns() - since_ns;
  end.status = view_of_run({}, state, true).status;
  for (size_t i = 0; i < state.steps.size(); ++i)
    end.steps.emplace_back(assignment_of(state, i).specialist, step_phase_name(state.steps[i].phase));
  counted.count_end(end);
}

std::shared_ptr<LiveRun> Runtime::Impl::find(const store::RunId& run) {
  const std::lock_guard lock(mutex);
  const auto found = live.find(run);
  return found == live.end() ? nullptr : found->second.run;
}

// Why nothing can be done to a run that this process does not carry out.
Error Runtime::Impl::not_here(const store::RunId& run, const char* verb) {
  const auto replayed = replay_run(journal, run);
  if (!replayed.ok()) return replayed.error();
  const RunView view = view_of_run(run, replayed->state, replayed->closed);
  if (is_final(view.status))
    return Error{ErrorCode::kInvalid, fmt::format("run {} is over: {}", run.text(), run_status_name(view.status))};
  return Error{ErrorCode::kBusy, fmt::format("run {} belongs to another process; {} it there", run.text(), verb)};
}

// ---- the service ----------------------------------------------------------------------------------------------------

Runtime::Runtime(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Runtime>> Runtime::open(const CadreFile& file, const RuntimeParts& parts) {
  CADRE_CHECK(!file.journal.empty(), "the caller has said where the journal is");
  auto cadre = TRY(open_cadre(file, parts.loaders, *parts.clock));
  const std::string folder = std::filesystem::path(file.journal).parent_path().string();
  if (!folder.empty()) TRY(base::make_directories(folder));
  auto journal = store::Journal::open(file.journal, parts.journal);
  if (!journal.ok()) return std::move(journal).error().with_context("journal");
  auto impl = std::make_unique<Impl>(file, parts, std::move(cadre), std::move(*journal));
  TRY(impl->remember_keys());
  TRY(impl->take_over_dead_runs());
  return std::unique_ptr<Runtime>(new Runtime(std::move(impl)));
}

Runtime::~Runtime() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->is_stopping = true;
  }
  impl_->executor.close();
  // Runs that nobody finished; their jobs are gone, and with them the last who could call back.
  std::unordered_map<store::RunId, Live> left;
  {
    const std::lock_guard lock(impl_->mutex);
    left.swap(impl_->live);
  }
}

Result<store::RunId> Runtime::start(const RunRequest& asked) {
  const Json request = request_to_json(asked);
  TRY(check_request(request, impl_->cadre->specialists));
  return asked.idempotency_key.empty() ? impl_->begin(request, false) : impl_->begin_once(request);
}

// Of a run that is being carried out here the latest state; of others what the journal has.
Result<RunView> Runtime::view(const store::RunId& run) {
  if (const auto live = impl_->find(run)) {
    const RunSnapshot snapshot = live->snapshot();
    return view_of_run(run, snapshot.state, snapshot.is_finished);
  }
  const Replayed replayed = TRY(replay_run(impl_->journal, run));
  return view_of_run(run, replayed.state, replayed.closed);
}

Result<RunView> Runtime::wait(const store::RunId& run, int64_t timeout_ms, const base::Cancel* cancel) {
  const auto live = impl_->find(run);
  if (live == nullptr) return view(run);
  live->wait(timeout_ms, cancel);
  const RunSnapshot snapshot = live->snapshot();
  return snapshot.stopped_by ? view(run) : view_of_run(run, snapshot.state, snapshot.is_finished);
}

namespace {

class JournalEventReader final : public EventReader {
 public:
  JournalEventReader(const store::Journal& journal, const store::RunId& run, int64_t sequence)
      : journal_(journal), cursor_(run, sequence) {}

  Result<std::vector<RunEvent>> next(size_t count_max) override {
    std::vector<RunEvent> events;
    for (store::Record& record : TRY(journal_.read_on(cursor_, count_max))) {
      events.push_back({record.sequence, std::move(record.kind), record.wall_us,
                        record.payload ? std::move(*record.payload) : Json()});
    }
    return events;
  }

 private:
  const store::Journal& journal_;
  store::RunCursor cursor_;
};

}  // namespace

std::unique_ptr<EventReader> Runtime::read_events(const store::RunId& run, int64_t sequence) {
  return std::make_unique<JournalEventReader>(impl_->journal, run, sequence);
}

Result<std::vector<RunEvent>> Runtime::events(const store::RunId& run, int64_t sequence, size_t count_max) {
  // A piece may hold fewer than were asked for (kPieceSizeBytesMax).
  JournalEventReader reader(impl_->journal, run, sequence);
  std::vector<RunEvent> events;
  while (events.size() < count_max) {
    auto piece = TRY(reader.next(count_max - events.size()));
    if (piece.empty()) break;
    std::move(piece.begin(), piece.end(), std::back_inserter(events));
  }
  return events;
}

std::shared_ptr<void> Runtime::watch(const store::RunId& run, std::function<void()> changed) {
  return impl_->watchers.add(run, std::move(changed));
}

Result<void> Runtime::decide(const store::RunId& run, const std::string& step, bool approved, const std::string& who,
                             const std::string& why) {
  if (const auto live = impl_->find(run)) return live->decide(step, approved, who, why);
  return impl_->not_here(run, "decide on");
}

Result<void> Runtime::cancel(const store::RunId& run, const std::string& who) {
  if (const auto live = impl_->find(run)) {
    auto cancelled = live->cancel(who);
    if (cancelled.ok() || cancelled.error().code != ErrorCode::kInvalid) return cancelled;
  }
  const RunView ended = TRY(view(run));
  if (ended.status == RunStatus::kCancelled) return {};
  return impl_->not_here(run, "cancel");
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
  for (const CheckedSpecialist& specialist : impl_->cadre->specialists) {
    const SpecialistDefinition& definition = specialist.definition();
    if (is_orchestrator(definition)) continue;
    const bool is_read_only = !changes_something(assignment_to(specialist.specialist()));
    views.push_back({definition.name, definition.version, definition.purpose, definition.input_schema,
                     definition.output_schema, definition.is_chat, is_read_only});
  }
  return views;
}

std::string Runtime::metrics() {
  RunGauges gauges;
  {
    const std::lock_guard lock(impl_->mutex);
    gauges = {impl_->waiting.size(), impl_->going};
  }
  return impl_->counted.text(gauges);
}

// A run that waits for a person is not waited for: the journal keeps it.
Result<void> Runtime::drain(int64_t timeout_ms) {
  const int64_t until_ns = impl_->parts.clock->monotonic_ns() + timeout_ms * 1'000'000;
  std::unique_lock lock(impl_->mutex);
  impl_->is_draining = true;
  while (impl_->beginning > 0 || impl_->going > 0 || !impl_->waiting.empty()) {
    if (impl_->parts.clock->monotonic_ns() >= until_ns) {
      return Error{ErrorCode::kTimeout,
                   fmt::format("{} runs have not ended within {} ms; the next start carries them on",
                               impl_->live.size(), timeout_ms)};
    }
    impl_->run_ended.wait_for(lock, kDrainLook);
  }
  return {};
}

}  // namespace cadre::agent
