// SPDX-License-Identifier: Apache-2.0
#include "agent/value_sources.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "text/yaml.h"

namespace cadre::agent {

using base::Json;

namespace {

void append_scalars(const Json& value, const std::string& pointer, SourceText& source) {
  if (value.is_string() || value.is_number()) {
    if (!source.text.empty()) source.text += '\n';
    const size_t begin = source.text.size();
    source.text += value.is_string() ? value.get_ref<const std::string&>() : base::dump_json(value);
    source.parts.push_back({pointer, begin, source.text.size()});
  } else if (value.is_object()) {
    for (const auto& [name, member] : value.items()) append_scalars(member, text::yaml_pointer(pointer, name), source);
  } else if (value.is_array()) {
    for (size_t i = 0; i < value.size(); ++i)
      append_scalars(value[i], text::yaml_pointer(pointer, std::to_string(i)), source);
  }
}

// Where a schema stands below a keyword.
constexpr std::array<std::string_view, 10> kSchemas = {"items",
                                                       "additionalProperties",
                                                       "contains",
                                                       "propertyNames",
                                                       "not",
                                                       "if",
                                                       "then",
                                                       "else",
                                                       "unevaluatedItems",
                                                       "unevaluatedProperties"};
constexpr std::array<std::string_view, 4> kSchemaLists = {"allOf", "anyOf", "oneOf", "prefixItems"};
constexpr std::array<std::string_view, 6> kSchemaMaps = {"properties",  "patternProperties", "$defs",
                                                         "definitions", "dependentSchemas",  "dependencies"};

template <size_t N>
bool is_one_of(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void offer_values(const std::string& set, const OriginScope& scope, Json& schema) {
  const bool is_text = !schema.contains("type") || schema["type"] == "string";
  if (!is_text || schema.contains("enum") || schema.contains("const")) return;
  const auto values = values_of_set(set, scope);
  if (!values.ok() || values->empty() || values->size() > kOfferedValuesMax) return;
  Json offered = Json::array();
  std::set<std::string> seen;
  for (const std::string& value : *values) {
    if (seen.insert(value).second) offered.push_back(value);
  }
  schema["enum"] = std::move(offered);
}

}  // namespace

SourceText source_text(const std::string& name, const OriginScope& scope) {
  SourceText source;
  if (scope.input == nullptr) return source;
  if (name == contract::kInputSource) {
    append_scalars(*scope.input, "", source);
  } else if (scope.input->is_object() && scope.input->contains(name)) {
    append_scalars((*scope.input)[name], text::yaml_pointer("", name), source);
  }
  return source;
}

OriginNames origin_names(const contract::Schema& schema) {
  OriginNames names;
  for (const contract::SchemaNode& node : schema.nodes) {
    if (node.copy) names.sources.insert(node.copy->from.begin(), node.copy->from.end());
    if (node.normal) names.sources.insert(node.normal->from.begin(), node.normal->from.end());
    if (node.grounded) names.sources.insert(contract::kInputSource);
    if (!node.enum_from.empty()) names.sets.insert(node.enum_from);
  }
  return names;
}

Result<std::vector<std::string>> values_of_set(const std::string& name, const OriginScope& scope) {
  const Json* list = nullptr;
  if (scope.lists != nullptr && scope.lists->is_object() && scope.lists->contains(name)) list = &(*scope.lists)[name];
  if (list == nullptr && scope.input != nullptr && scope.input->is_object() && scope.input->contains(name))
    list = &(*scope.input)[name];
  std::vector<std::string> values;
  if (list == nullptr) return values;
  const auto wrong = [&] {
    return Error{ErrorCode::kInvalid,
                 fmt::format("\"{}\" is to be a list of texts and numbers, from which values are chosen", name)};
  };
  if (!list->is_array()) return wrong();
  values.reserve(list->size());
  for (const Json& item : *list) {
    const Json& value = item.is_array() && item.size() == 1 ? item[0] : item;
    if (!value.is_string() && !value.is_number()) return wrong();
    values.push_back(value.is_string() ? value.get<std::string>() : base::dump_json(value));
  }
  return values;
}

Result<std::shared_ptr<const contract::Bindings>> bind_sources(const OriginNames& names, const OriginScope& scope) {
  auto bindings = std::make_shared<contract::Bindings>();
  for (const std::string& name : names.sources) TRY(bindings->bind_source(name, source_text(name, scope).text));
  for (const std::string& name : names.sets) {
    auto set = contract::ValueSet::make(TRY(values_of_set(name, scope)));
    if (!set.ok()) return std::move(set).error().with_context(fmt::format("\"{}\"", name));
    TRY(bindings->bind_set(name, std::move(*set)));
  }
  return std::shared_ptr<const contract::Bindings>(std::move(bindings));
}

Json schema_without_origins(const Json& schema, const OriginScope& scope) {
  if (!schema.is_object()) return schema;
  Json plain = Json::object();
  std::string set;
  for (const auto& [key, value] : schema.items()) {
    if (key == "x-enum-from" && value.is_string()) set = value.get<std::string>();
    if (key.starts_with("x-")) continue;
    if ((is_one_of(kSchemaLists, key) || key == "items") && value.is_array()) {
      plain[key] = Json::array();
      for (const Json& inner : value) plain[key].push_back(schema_without_origins(inner, scope));
    } else if (is_one_of(kSchemaMaps, key) && value.is_object()) {
      plain[key] = Json::object();
      for (const auto& [name, inner] : value.items()) plain[key][name] = schema_without_origins(inner, scope);
    } else if (is_one_of(kSchemas, key)) {
      plain[key] = schema_without_origins(value, scope);
    } else {
      plain[key] = value;
    }
  }
  if (!set.empty()) offer_values(set, scope, plain);
  return plain;
}

}  // namespace cadre::agent
