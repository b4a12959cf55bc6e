// What a finished answer says: its text and its calls, each checked again. The second opinion beside the machine that
// the answer was written under.
//
// Reads the texts of the format and the schemas, as the machine does, and shares no code with it otherwise: the trigger
// is searched for, names are looked up, arguments are parsed and validated. Accepts exactly what SchemaMachine accepts
// in SchemaMode::kAccept (short of limits: containers inside each other, states), and so whatever it generates.
// Thread safety: stateless.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "contract/tool_set.h"

namespace cadre::contract {

struct ToolCall {
  std::string name;
  std::string arguments;  // JSON, as it stands in the answer
};

struct ToolAnswer {
  std::string content;  // the free text before the calls, as it is
  std::vector<ToolCall> calls;
};

// Error kInvalid: this is no answer that the set allows; says at which byte and why.
Result<ToolAnswer> parse_tool_calls(std::string_view text, const ToolSet& set);

}  // namespace cadre::contract
