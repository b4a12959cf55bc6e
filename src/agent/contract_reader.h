// Internal to agent/specialist_contract.cc: the parts of a contract that are checked against each other once all were read.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/section.h"
#include "agent/specialist_contract.h"

namespace cadre::agent {

// Schemas compile, origins and pointers lead to members that exist, conditions hold together, tests satisfy the schemas.
void check_contract_parts(const SpecialistContract& contract, Reading& reading);

}  // namespace cadre::agent
