// Carries out what the state machine (agent/run.h) asks for, with the real parts: journal, dispatcher, specialist,
// table.
//
// Promises: a run is on stable storage before its id leaves this class; every record is journaled before what follows
// from it is done; an outcome is on stable storage before it is returned. All chance, time and input come through the
// parts given here. Thread safety: a driver belongs to one thread at a time, and so do its parts while it works.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "agent/acts.h"
#include "agent/run.h"
#include "base/result.h"
#include "store/journal.h"

namespace cadre::agent {

struct RunReport {
  store::RunId run;
  RunState state;  // finished: has an outcome
  StageTimings timings;
};

// Kinds of runs in the journal: who may take one over when its process died.
inline constexpr const char* kAskRun = "ask";          // `cadre ask`
inline constexpr const char* kServedRun = "run";       // a runtime over a cadre file
inline constexpr const char* kKeyedRun = "run.keyed";  // the same, asked with an idempotency key

// A run that is in the journal and has something left to do.
struct BegunRun {
  store::RunId run;
  RunState state;
  std::vector<Effect> effects;  // what is due
};

// Looked at before every act; an event that it gives is what happens to the run instead (Cancelled).
using Interrupt = std::function<std::optional<Event>()>;

// Begins a run; it is on stable storage when this returns.
Result<BegunRun> begin_run(store::Journal& journal, const base::Clock& clock, const char* run_kind,
                           const Request& request, const Budget& budget, const Policy& policy);

class Driver {
 public:
  // `journal` and the parts outlive the driver.
  Driver(store::Journal& journal, const ActParts& parts);

  // Runs a request to its end. `acknowledge` is called with the run's id once the run is safe in the journal.
  // Error: the question is none (empty, not UTF-8, too long) and no run was begun, or the journal failed.
  Result<RunReport> ask(const Request& request, const Budget& budget, const Policy& policy,
                        const std::function<void(const store::RunId&)>& acknowledge = {});

  // Carries a claimed run to its end. The table must be the one of its request.
  Result<RunReport> carry_on(const store::RunId& run);

  // Carries a begun run to its end; where the journal fails, the run is ended as failed as far as that is possible.
  Result<RunReport> carry_on(BegunRun begun, const Interrupt& interrupt = {});

 private:
  Result<RunReport> work_on(BegunRun begun, contract::SqlTask task, StageTimings timings, const Interrupt& interrupt);

  store::Journal& journal_;
  ActParts parts_;
};

// Takes over a run whose process died; what follows is for this process to do. kBusy: it lives.
Result<void> claim_run(store::Journal& journal, const store::RunId& run, const std::string& why);

// Ends a claimed run visibly: its inputs are gone, or nothing can carry it on.
Result<void> abandon_run(store::Journal& journal, const store::RunId& run, const std::string& why);

// The state of a run, from its records.
Result<Replayed> replay_run(const store::Journal& journal, const store::RunId& run);

}  // namespace cadre::agent
