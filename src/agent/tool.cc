// SPDX-License-Identifier: Apache-2.0
#include "agent/tool.h"

#include <fmt/format.h>

#include "base/sha256.h"

namespace cadre::agent {

const char* tool_effect_name(ToolEffect effect) {
  switch (effect) {
    case ToolEffect::kRead:
      return "read";
    case ToolEffect::kIdempotent:
      return "idempotent";
    case ToolEffect::kOnce:
      return "once";
  }
  return "once";
}

Result<ToolEffect> tool_effect_of(const std::string& name) {
  for (const ToolEffect effect : {ToolEffect::kRead, ToolEffect::kIdempotent, ToolEffect::kOnce}) {
    if (name == tool_effect_name(effect)) return effect;
  }
  return Error{ErrorCode::kInvalid, fmt::format("\"{}\" is no effect; say read, idempotent or once", name)};
}

std::string tool_fingerprint(const ToolDefinition& definition) {
  const base::Json canonical = {{"name", definition.name},
                                {"description", definition.description},
                                {"input_schema", definition.input_schema},
                                {"output_schema", definition.output_schema},
                                {"effect", tool_effect_name(definition.effect)},
                                {"is_fenced", definition.is_fenced}};
  return base::to_hex(base::sha256(base::dump_json(canonical)));
}

bool is_transient(const Error& error) {
  return error.code == ErrorCode::kBusy || error.code == ErrorCode::kTimeout || error.code == ErrorCode::kUnavailable;
}

}  // namespace cadre::agent
