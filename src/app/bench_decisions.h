// `cadre bench decisions`: do walks of decisions always end in a valid document, and what can they reach?
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/bench_command.h"
#include "app/command_line.h"

namespace cadre::app {

void add_bench_decisions(Command& bench, BenchOptions& options);

}  // namespace cadre::app
