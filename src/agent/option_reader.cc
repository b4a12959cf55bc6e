// SPDX-License-Identifier: Apache-2.0
#include "agent/option_reader.h"

#include <fmt/format.h>

#include <algorithm>

namespace cadre::agent {

using base::Json;

OptionReader::OptionReader(const Json& object) : object_(object) {
  if (!object_.is_object()) return;
  if (const auto name = object_.find("name"); name != object_.end() && name->is_string())
    tool_name_ = name->get<std::string>();
}

Error OptionReader::error(const char* key, const std::string& why) const {
  return Error{ErrorCode::kInvalid, fmt::format("tool \"{}\": \"{}\" {}", tool_name_, key, why)};
}

const Json* OptionReader::find(const char* key) {
  read_.insert(key);
  if (!object_.is_object()) return nullptr;
  const auto it = object_.find(key);
  return it == object_.end() ? nullptr : &*it;
}

bool OptionReader::has(const char* key) const {
  return object_.is_object() && object_.contains(key);
}

Result<std::string> OptionReader::text(const char* key) {
  const Json* value = find(key);
  if (value == nullptr) return error(key, "is missing");
  if (!value->is_string()) return error(key, "is not a string");
  return value->get<std::string>();
}

Result<std::string> OptionReader::text_or(const char* key, std::string fallback) {
  if (find(key) == nullptr) return fallback;
  return text(key);
}

Result<bool> OptionReader::flag_or(const char* key, bool fallback) {
  const Json* value = find(key);
  if (value == nullptr) return fallback;
  if (!value->is_boolean()) return error(key, "is neither true nor false");
  return value->get<bool>();
}

Result<int64_t> OptionReader::whole_number_or(const char* key, int64_t fallback, int64_t min, int64_t max) {
  const Json* value = find(key);
  if (value == nullptr) return fallback;
  const bool is_in_range = value->is_number_integer() &&
                           (!value->is_number_unsigned() || value->get<uint64_t>() <= INT64_MAX) &&
                           value->get<int64_t>() >= min && value->get<int64_t>() <= max;
  if (!is_in_range) return error(key, fmt::format("is not a whole number of {} to {}", min, max));
  return value->get<int64_t>();
}

Result<std::vector<std::string>> OptionReader::texts_or_none(const char* key) {
  const Json* value = find(key);
  std::vector<std::string> texts;
  if (value == nullptr) return texts;
  if (!value->is_array()) return error(key, "is not a list of strings");
  for (const Json& item : *value) {
    if (!item.is_string()) return error(key, "is not a list of strings");
    texts.push_back(item.get<std::string>());
  }
  return texts;
}

Result<std::vector<std::pair<std::string, std::string>>> OptionReader::text_map_or_none(const char* key) {
  const Json* value = find(key);
  std::vector<std::pair<std::string, std::string>> texts;
  if (value == nullptr) return texts;
  if (!value->is_object()) return error(key, "is not a map of strings");
  for (const auto& [name, item] : value->items()) {
    if (!item.is_string()) return error(key, fmt::format("has a value that is not a string, of \"{}\"", name));
    texts.emplace_back(name, item.get<std::string>());
  }
  return texts;
}

Result<Json> OptionReader::object_or_null(const char* key) {
  const Json* value = find(key);
  if (value == nullptr) return Json();
  if (!value->is_object()) return error(key, "is not a map");
  return *value;
}

Result<Json> OptionReader::array_or_null(const char* key) {
  const Json* value = find(key);
  if (value == nullptr) return Json();
  if (!value->is_array()) return error(key, "is not a list");
  return *value;
}

Result<void> OptionReader::finish() const {
  if (!object_.is_object()) return Error{ErrorCode::kInvalid, "a tool is not a map of keys"};
  for (const auto& [key, value] : object_.items()) {
    if (read_.contains(key)) continue;
    std::string known;
    for (const std::string& name : read_) known += (known.empty() ? "" : ", ") + name;
    return error(key.c_str(), fmt::format("is no key of this kind of tool; its keys are {}", known));
  }
  return {};
}

bool is_tool_name(const std::string& name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '-';
  });
}

Result<ToolDefinition> read_definition(OptionReader& reader) {
  ToolDefinition definition;
  definition.name = TRY(reader.text("name"));
  if (!is_tool_name(definition.name))
    return reader.error("name", "is not 1 to 64 letters, digits, \"_\", \".\" or \"-\"");
  TRY(reader.text_or("kind", ""));
  definition.description = TRY(reader.text_or("description", ""));
  definition.input_schema = TRY(reader.object_or_null("input_schema"));
  definition.output_schema = TRY(reader.object_or_null("output_schema"));
  const std::string effect = TRY(reader.text_or("effect", "read"));
  auto known = tool_effect_of(effect);
  if (!known.ok()) return reader.error("effect", "is not read, idempotent or once");
  definition.effect = *known;
  definition.is_fenced = TRY(reader.flag_or("fenced", false));
  if (definition.is_fenced && definition.effect == ToolEffect::kRead)
    return reader.error("fenced", "means nothing for a tool that only reads");
  return definition;
}

}  // namespace cadre::agent
