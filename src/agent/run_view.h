// The state of a run as the outside sees it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/plan_run.h"
#include "agent/run_service.h"

namespace cadre::agent {

// Pure. `is_closed`: the outcome is on stable storage.
RunView view_of_run(const store::RunId& run, const RunState& state, bool is_closed);

}  // namespace cadre::agent
