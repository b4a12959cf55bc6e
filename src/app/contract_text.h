// A contract for people: what goes in, what comes out, where each value comes from, what is checked, how it is tested.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "agent/specialist_contract.h"

namespace cadre::app {

// Of kind json or text; lines indented by two, safe for a terminal.
std::string contract_text(const agent::SpecialistContract& contract);

}  // namespace cadre::app
