// A seeded world for the run of a plan: it answers late, in any order, twice, or never; tools fail before or after they did their work;
// models lie; people decide; the disk refuses; the process dies anywhere and loses what it had not synced. What really happened to
// the world is kept apart from the run, and what the run says is held against it.
//
// For tests. Thread safety: one thread. Idea: deterministic simulation as FoundationDB does it (Zhou et al. 2021, SIGMOD).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "agent/plan_driver.h"

namespace cadre::agent {

// Faults beyond the driver's own.
struct SimulatorFaults {
  PlantedFaults driver;
  bool acknowledges_early = false;         // the user hears of the run before it is synced
  bool forgets_resumed = false;            // a process that takes over acts as if nothing had been under way
  bool changes_keys = false;               // a repetition comes with another key
  bool hides_uncertainty = false;          // the tool says "failed" where it does not know
  bool executes_without_approval = false;  // the approval of a person is made up
};

struct SimulationReport {
  std::string violation;  // the first promise that was broken; empty: none
  int64_t events = 0;
  int64_t crashes = 0;
  int64_t log_errors = 0;
  int64_t duplicates = 0;
  int64_t effects_made = 0;  // that changed the world
  int64_t uncertain = 0;     // runs that ended so
  int64_t answered = 0;
};

SimulationReport simulate(uint64_t seed, const SimulatorFaults& faults = {});

}  // namespace cadre::agent
