// `cadre grammar check|accept|sample --tools FILE`: what a model may answer that is given these tools.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "app/command_line.h"
#include "app/grammar_command.h"
#include "contract/tool_set.h"

namespace cadre::app {

void add_tool_options(Command& command, GrammarOptions& options);

// --tools and what goes with it.
Result<std::shared_ptr<const contract::ToolSet>> read_tool_set(const GrammarOptions& options);

// Each returns the exit status.
int check_tools(const GrammarOptions& options);
int accept_tools(const GrammarOptions& options);
int sample_tools(const GrammarOptions& options);

}  // namespace cadre::app
