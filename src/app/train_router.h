// What `cadre train` does for `kind: router`.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/train_command.h"
#include "base/json.h"
#include "base/result.h"

namespace cadre::app {

// --data is the folder that holds the recipe's data sets, one folder each.
Result<void> train_router(const base::Json& recipe, const TrainCommandOptions& options);

}  // namespace cadre::app
