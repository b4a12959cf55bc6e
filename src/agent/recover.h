// Runs that a dead process left unfinished: carried on where their inputs are still there, visibly failed where not.
//
// Thread safety: one thread; several processes may recover at once, the journal lets only one of them have a run.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/driver.h"
#include "base/clock.h"
#include "base/result.h"
#include "contract/table.h"
#include "engine/specialist_engine.h"
#include "store/journal.h"

namespace cadre::agent {

// Everything that a run needs besides the journal.
struct World {
  contract::Table table;
  std::string table_fingerprint;
  std::unique_ptr<engine::SpecialistEngine> engine;
  std::unique_ptr<Dispatcher> dispatcher;
  Policy policy;

  ActParts parts(const base::Clock& clock) { return {&clock, dispatcher.get(), engine.get(), &table}; }
};

// Only with the very table and specialist that a run began with would its outcome be the one it was on its way to. kInvalid: they are
// not; says which and what to do.
Result<void> check_same_inputs(const Request& request, const std::string& table_fingerprint,
                               const std::string& specialist);

// Opens the table and the specialist that a request names.
using OpenWorld = std::function<Result<std::unique_ptr<World>>(const Request&)>;

struct Recovered {
  store::RunId run;
  bool went_on = false;  // to an outcome of its own; false: it was ended as failed
  std::string why;       // it could not go on
};

// One run whose process is dead. Error: somebody else has it (kBusy), or the journal failed.
Result<Recovered> recover_run(store::Journal& journal, const base::Clock& clock, const store::RunId& run,
                              const OpenWorld& open_world);

// The oldest `count_max` of them. Runs that somebody else took meanwhile are left out.
Result<std::vector<Recovered>> recover_runs(store::Journal& journal, const base::Clock& clock,
                                            const OpenWorld& open_world, size_t count_max);

}  // namespace cadre::agent
