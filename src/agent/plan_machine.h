// One event folded into the state of a plan's run: the transition function of agent/plan_run.h. Internal.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/plan_run.h"

namespace cadre::agent {

// An error leaves the state as it was.
Result<void> fold(RunState& state, const Event& event);

// kCorrupt: the event cannot follow in this phase.
Error out_of_place(const char* event, const char* phase);

}  // namespace cadre::agent
