// Trains, calibrates, evaluates and packs a SQL decider: what `cadre train` does for `kind: sql_decider`.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/train_command.h"
#include "base/json.h"
#include "base/result.h"

namespace cadre::app {

Result<void> train_sql(const base::Json& recipe, const TrainCommandOptions& options);

}  // namespace cadre::app
