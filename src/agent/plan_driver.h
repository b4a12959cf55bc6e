// Carries the run of one plan: records what the machine (agent/plan_run.h) asks for, hands its effects to the world, takes back answers.
//
// Promises: nothing is handed to the world before the records that it follows from are as durable as they ask to be; an answer to a
// question that is no longer asked, or a second answer to one, changes nothing; after an error of the log the run is stopped here and no
// effect is started any more: what is recorded is taken up by the next process (resume).
// Thread safety: calls must not overlap; the owner of a run has a lock or a queue per run. The world's start() is called inside begin(),
// resume() and deliver(); answers go to deliver() later, never from inside start().
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/plan_run.h"
#include "base/result.h"

namespace cadre::agent {

// Where records go: one run's end of the journal.
class RunLog {
 public:
  virtual ~RunLog() = default;
  // In order. kSynced returns once this record and all before it are on stable storage.
  virtual Result<void> write(const Record& record) = 0;
};

// Who does what is asked: engines, verifiers, tools, timers. `state` is as the question finds it, valid during the call.
class World {
 public:
  virtual ~World() = default;
  virtual void start(const RunState& state, const Effect& effect) = 0;  // anything but a Record; returns at once
};

// Faults that tests plant to prove that they would be noticed. Never set in the product.
struct PlantedFaults {
  bool starts_before_recording = false;
  bool forgets_to_sync = false;
  bool accepts_old_turns = false;
  bool goes_on_after_log_error = false;
  bool drops_closing_record = false;
};

class PlanDriver {
 public:
  // Both outlive the driver.
  PlanDriver(RunLog& log, World& world, const PlantedFaults& faults = {}) : log_(log), world_(world), faults_(faults) {}

  // On success the run is on stable storage and may be acknowledged.
  Result<void> begin(base::Json request, const Budget& budget);
  // Takes over a run from its records, which end without an outcome. The log goes on after them.
  Result<void> resume(const std::vector<RecordView>& records, const std::string& why);
  // An answer of the world to the question with this turn. Old ones are dropped.
  Result<void> deliver(const Event& event, int64_t turn);
  // What nobody was asked for: decisions of people, cancellation, time, lost inputs. kInvalid: it comes too late; the run goes on.
  Result<void> deliver(const Event& event);

  const RunState& state() const { return state_; }
  bool is_finished() const { return is_finished_; }
  // Why nothing is done any more, if so.
  const std::optional<Error>& log_error() const { return log_error_; }

 private:
  Result<void> carry_out(const std::vector<Effect>& effects);
  Result<void> write(const Record& record);

  RunLog& log_;
  World& world_;
  PlantedFaults faults_;
  RunState state_;
  bool is_finished_ = false;        // the closing record is on stable storage
  std::optional<Error> log_error_;  // nothing is done any more
};

// The step of an answer of the world; nothing for events of the whole run.
std::optional<size_t> step_of(const Event& event);

}  // namespace cadre::agent
