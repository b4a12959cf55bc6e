// `cadre grammar check|accept|sample --tools FILE`: what a model may answer that is given these tools.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/command_line.h"
#include "app/grammar_command.h"

namespace cadre::app {

void add_tool_options(Command& command, GrammarOptions& options);

// Each returns the exit status.
int check_tools(const GrammarOptions& options);
int accept_tools(const GrammarOptions& options);
int sample_tools(const GrammarOptions& options);

}  // namespace cadre::app
