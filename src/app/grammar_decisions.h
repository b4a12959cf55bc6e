// `cadre grammar decisions`: what a decider chooses between, in order, with its candidates.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/command_line.h"
#include "app/grammar_command.h"

namespace cadre::app {

void add_decisions(Command& grammar, GrammarOptions& options);

}  // namespace cadre::app
