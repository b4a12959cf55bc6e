// Does a plan fit together? Before anything runs, every step's input is held against the input schema of every specialist that may do it:
// constants and parts of the request as they are, references to other steps by the schema of what those yield.
//
// A plan is refused only for what is proved: a reference to something that no output can have, or a value that can never satisfy the
// schema. What is left open is checked when the value is there. Thread safety: any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/plan.h"
#include "agent/planner.h"
#include "base/json.h"
#include "base/result.h"

namespace cadre::agent {

// `request` null: not known yet, and what refers to it is left open. kInvalid names the step, the specialist and the field. Requires a plan whose form was checked (check_plan).
Result<void> check_plan_types(const Plan& plan, const base::Json& request, const Specialists& specialists,
                              FitMemory* memory = nullptr);

}  // namespace cadre::agent
