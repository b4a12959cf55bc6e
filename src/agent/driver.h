// Carries out what the state machine (agent/run.h) asks for, with the real parts: journal, dispatcher, specialist,
// table.
//
// Promises: a run is on stable storage before its id leaves this class; every record is journaled before what follows
// from it is done; an outcome is on stable storage before it is returned. All chance, time and input come through the
// parts given here. Thread safety: a driver belongs to one thread at a time, and so do its parts while it works.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "agent/dispatcher.h"
#include "agent/run.h"
#include "agent/run_log.h"
#include "base/clock.h"
#include "base/result.h"
#include "contract/sql_task.h"
#include "contract/table.h"
#include "engine/specialist_engine.h"

namespace cadre::agent {

// The bytes of result rows that one call may return; further rows are cut off and the result marked truncated.
inline constexpr size_t kResultBytesMax = 4 << 20;

// Where the time of one run went, in nanoseconds. `total` is more than the sum: it holds the machine itself, too.
struct StageTimings {
  int64_t dispatch_ns = 0;
  int64_t features_ns = 0;  // candidate conditions of the question, tokens, links
  int64_t encoder_ns = 0;
  int64_t heads_ns = 0;
  int64_t verify_ns = 0;
  int64_t execute_ns = 0;
  int64_t compose_ns = 0;
  int64_t journal_ns = 0;
  int64_t total_ns = 0;
};

struct RunReport {
  std::string run;
  RunState state;  // finished: has an outcome
  StageTimings timings;
};

// None is owned; all outlive the driver.
struct DriverParts {
  const base::Clock* clock = nullptr;
  RunLog* log = nullptr;
  Dispatcher* dispatcher = nullptr;
  engine::SpecialistEngine* engine = nullptr;
  const contract::Table* table = nullptr;
};

class Driver {
 public:
  explicit Driver(DriverParts parts);

  // Runs a request to its end. `acknowledge` is called with the run's id once the run is safe in the journal.
  // Error: the question is none (empty, not UTF-8, too long) and no run was begun, or the journal failed.
  Result<RunReport> ask(const Request& request, const Budget& budget, const Policy& policy,
                        const std::function<void(const std::string&)>& acknowledge = {});

  // Takes up a run that another process left unfinished. The table must be the one of its request.
  Result<RunReport> resume(const std::string& run);

 private:
  DriverParts parts_;
};

// Ends an unfinished run visibly: its inputs are gone, or nothing can carry it on.
Result<void> abandon_run(RunLog& log, const std::string& run, const std::string& why);

// The records of a run as the state machine reads them.
Result<Replayed> replay_run(RunLog& log, const std::string& run);

}  // namespace cadre::agent
