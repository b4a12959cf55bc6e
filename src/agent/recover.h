// Runs that a dead process left unfinished: carried on where their inputs are still there, visibly failed where not.
//
// Thread safety: one thread; several processes may recover at once, the journal lets only one of them have a run.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/live_run.h"
#include "agent/open_cadre.h"
#include "agent/serial_executor.h"
#include "base/clock.h"
#include "base/result.h"
#include "store/journal.h"

namespace cadre::agent {

// Carries a run that has not gone yet to its end, or to where it waits for a person, on this thread. The executor is that of its parts.
RunSnapshot carry_out(LiveRun& run, SerialExecutor& executor);

// Opens what a recorded request was asked of.
using OpenCadre = std::function<Result<std::unique_ptr<Cadre>>(const base::Json& request)>;

struct Recovered {
  store::RunId run;
  bool went_on = false;  // to an outcome of its own; false: it was ended as failed
  std::string why;       // it could not go on
};

// One run whose process is dead. Error: somebody else has it (kBusy), or the journal failed.
Result<Recovered> recover_run(store::Journal& journal, const base::Clock& clock, const store::RunId& run,
                              const OpenCadre& open);

// The oldest `count_max` runs of `cadre ask`. Runs that somebody else took meanwhile are left out.
Result<std::vector<Recovered>> recover_runs(store::Journal& journal, const base::Clock& clock, const OpenCadre& open,
                                            size_t count_max);

}  // namespace cadre::agent
