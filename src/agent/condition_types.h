// Can a condition hold for any value that the schemas allow? A look at its text before there are data.
//
// Refused: a member that no value of the schema can have ("call.amonut"), a text where the operator needs a number, a result that is no
// boolean. Where a schema does not say, nothing is refused: the evaluation will tell (agent/expression.h). Thread safety: stateless.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace cadre::agent {

// `names`: what the condition may refer to, and the schema of each (null: any value). kInvalid with the position ("at 14: ...").
Result<void> check_condition(const std::string& condition,
                             const std::vector<std::pair<std::string, base::Json>>& names);

}  // namespace cadre::agent
