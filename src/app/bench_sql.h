// `cadre bench sql`: does the SQL contract accept what people wrote for real databases, and does all that it writes run there?
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/bench_command.h"

namespace cadre::app {

void add_bench_sql(Command& bench, BenchOptions& options);

}  // namespace cadre::app
