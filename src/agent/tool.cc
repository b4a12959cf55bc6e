// SPDX-License-Identifier: Apache-2.0
#include "agent/tool.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/sha256.h"

namespace cadre::agent {
namespace {

using base::Json;

// A server may list the members of an object in another order each time; that changes nothing.
Json in_order_of_names(const Json& value) {
  if (value.is_array()) {
    Json items = Json::array();
    for (const Json& item : value) items.push_back(in_order_of_names(item));
    return items;
  }
  if (!value.is_object()) return value;
  std::vector<std::pair<std::string, const Json*>> members;
  for (const auto& [name, member] : value.items()) members.emplace_back(name, &member);
  std::sort(members.begin(), members.end());
  Json::object_t object;
  object.reserve(members.size());
  for (const auto& [name, member] : members) object.emplace_back(name, in_order_of_names(*member));
  Json sorted = Json::object();
  sorted.get_ref<Json::object_t&>() = std::move(object);
  return sorted;
}

}  // namespace

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
  const Json canonical = {{"name", definition.name},
                          {"description", definition.description},
                          {"input_schema", definition.input_schema},
                          {"output_schema", definition.output_schema},
                          {"effect", tool_effect_name(definition.effect)},
                          {"is_fenced", definition.is_fenced}};
  return base::to_hex(base::sha256(base::dump_json(in_order_of_names(canonical))));
}

bool is_transient(const Error& error) {
  return error.code == ErrorCode::kBusy || error.code == ErrorCode::kTimeout || error.code == ErrorCode::kUnavailable;
}

}  // namespace cadre::agent
