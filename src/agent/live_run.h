// One run being carried out: the plan machine's driver, its end of the journal, and the real parts: planner, specialists, tools, people.
//
// Promises: a run is on stable storage when begin() returns; every record is journaled before what follows from it is done; nothing a
// model or a tool does happens while the run's lock is held; where the journal fails the run is stopped here and stays open for the
// next process. Jobs hold the run alive, so it may be let go of at any time.
//
// Thread safety: every method may be called from any thread. `changed` is called without locks held, by the thread that brought about
// the change, each time the run went a step further; it must not wait for the run.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "agent/executor.h"
#include "agent/plan_driver.h"
#include "agent/planner.h"
#include "agent/run_writer.h"
#include "agent/step_questions.h"
#include "base/cancel.h"
#include "base/clock.h"
#include "base/result.h"
#include "store/journal.h"

namespace cadre::agent {

// Kinds of runs in the journal: who may take one over when its process died.
inline constexpr const char* kAskRun = "ask";          // `cadre ask`
inline constexpr const char* kServedRun = "run";       // a runtime over a cadre file
inline constexpr const char* kKeyedRun = "run.keyed";  // the same, asked with an idempotency key

// None is owned; all outlive the run and its jobs.
struct RunParts {
  store::Journal* journal = nullptr;
  const base::Clock* clock = nullptr;
  const Specialists* specialists = nullptr;
  const Planner* planner = nullptr;
  Executor* executor = nullptr;
};

// Where the time of a run went, in nanoseconds, summed over its jobs.
struct RunTimings {
  int64_t plan_ns = 0;
  int64_t attempt_ns = 0;
  int64_t verify_ns = 0;
  int64_t execute_ns = 0;
  int64_t compose_ns = 0;
  int64_t journal_ns = 0;
};

struct RunSnapshot {
  RunState state;
  bool is_finished = false;         // the closing record is on stable storage
  std::optional<Error> stopped_by;  // the journal's failure: nothing is done here any more
  RunTimings timings;
};

class LiveRun final : public std::enable_shared_from_this<LiveRun>, private RunLog, private World {
 public:
  using Changed = std::function<void(LiveRun& run)>;

  // Begins a run; the first job is posted by go().
  static Result<std::shared_ptr<LiveRun>> begin(const RunParts& parts, const char* run_kind, base::Json request,
                                                const Budget& budget, Changed changed = {});
  // Takes over a run whose process died. kBusy: it lives, or somebody else was faster. One whose specialists are not those it was
  // planned with, is ended as failed; so is one for which `lost` says why it cannot go on. kCorrupt: its records are damaged, and it was
  // ended as failed.
  static Result<std::shared_ptr<LiveRun>> take_over(const RunParts& parts, const store::RunId& run,
                                                    Changed changed = {}, std::optional<std::string> lost = {});

  ~LiveRun() override;

  // Its time begins. Call once.
  void go();

  const store::RunId& id() const { return writer_.run(); }
  RunSnapshot snapshot() const;
  // Finished, or stopped by the journal: nothing will change any more.
  bool is_over() const;
  bool is_parked() const;
  // Has it anything for the threads that compute? Not while it waits for others, for a person, or for the journal.
  bool is_computing() const;
  // Until it is over or waits for a person, for `timeout_ms` at most or until `cancel`.
  void wait(int64_t timeout_ms, const base::Cancel* cancel) const;

  // kInvalid: the run does not wait for that, or is over.
  Result<void> decide(const std::string& step, bool approved, const std::string& who, const std::string& why);
  Result<void> cancel(const std::string& who);

 private:
  LiveRun(const RunParts& parts, RunWriter writer, Changed changed);

  Result<void> write(const Record& record) override;
  void start(const RunState& state, const Effect& effect) override;
  void start_one(const RunState& state, const MakePlan& effect);
  void start_one(const RunState& state, const Attempt& effect);
  void start_one(const RunState& state, const VerifyCall& effect);
  void start_one(const RunState& state, const Execute& effect);
  void start_one(const RunState& state, const VerifyResult& effect);
  void start_one(const RunState& state, const Wait& effect);
  void start_one(const RunState& state, const Compose& effect);
  void start_one(const RunState&, const Record&) {}
  void start_one(const RunState&, const Finish&) {}
  StepQuestion question_of(const RunState& state, size_t step) const;
  template <class Work>
  void ask(JobKind kind, int64_t turn, int64_t RunTimings::*stage, Work work);

  void answer(JobKind kind, const Event& event, int64_t turn, int64_t took_ns, int64_t RunTimings::*stage);
  Result<void> deliver(const Event& event);  // what nobody was asked for
  void note_change();                        // `mutex_` is held
  void after_change();                       // it is not
  Result<void> resume(const std::vector<RecordView>& records, const std::optional<std::string>& lost);
  void end_if_out_of_time();     // `mutex_` is held
  int64_t time_left_ms() const;  // of the run's budget; likewise
  Event with_time_left(Event event) const;

  const RunParts parts_;
  const Changed changed_;
  base::Cancel cancel_;  // of tools and engines, once the run is over

  mutable std::mutex mutex_;  // of everything below
  mutable std::condition_variable settled_;
  RunWriter writer_;
  PlanDriver driver_;
  // Posted once the lock is let go of and the run has its go. What waits here must not own the run: a run that never goes would own itself.
  using RunWork = std::function<void(LiveRun&)>;
  std::vector<std::pair<JobKind, RunWork>> outbox_;
  std::vector<std::pair<int64_t, RunWork>> later_;  // with their delays
  std::optional<Error> stopped_by_;
  RunTimings timings_;
  bool has_gone_ = false;
  size_t computing_ = 0;   // jobs of kind kLocal that have not been answered
  int64_t begun_ns_ = 0;   // of the time budget, when it went
  int64_t parked_ns_ = 0;  // of it, waiting for people
  int64_t parked_since_ns_ = 0;
  int64_t took_us_ = -1;  // of the job whose answer is being recorded
  bool ignores_effects_ = false;
};

// The records of a run as the machine reads them.
Result<std::vector<RecordView>> records_of_run(const store::Journal& journal, const store::RunId& run);
// The state of a run, from its records.
Result<Replayed> replay_run(const store::Journal& journal, const store::RunId& run);

}  // namespace cadre::agent
