// What `cadre train` does for `kind: verifier`.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/train_command.h"
#include "base/json.h"
#include "base/result.h"

namespace cadre::app {

// --data is a WikiSQL set; the specialist whose calls the verifier will judge is --specialist or the installed one.
Result<void> train_verifier(const base::Json& recipe, const TrainCommandOptions& options);

}  // namespace cadre::app
