// What `cadre grammar` binds a schema to (contract/bindings.h), and how it prints where values come from.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/grammar_command.h"
#include "base/json.h"
#include "base/result.h"
#include "contract/schema_validate.h"

namespace cadre::app {

// --input, --bind, --set, --today, --date-order, --decimal-comma, --calling-code
void add_binding_options(Command& command, GrammarOptions& options);

// Null when nothing is bound. Errors name the option.
Result<std::shared_ptr<const contract::Bindings>> read_bindings(const GrammarOptions& options);

base::Json json_of(const std::vector<contract::Provenance>& origins);
// One line each: "from      /city = input 30..38".
void print_origins(const std::vector<contract::Provenance>& origins);

}  // namespace cadre::app
