// SPDX-License-Identifier: Apache-2.0
#include "agent/openapi_schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/ascii.h"

namespace cadre::agent {
namespace {

using base::Json;

// Keywords whose value is a schema, a list of schemas, or a map of them. All others are values, and are not looked into.
constexpr std::array kOneSchema = {"items",
                                   "additionalProperties",
                                   "not",
                                   "contains",
                                   "propertyNames",
                                   "if",
                                   "then",
                                   "else",
                                   "unevaluatedItems",
                                   "unevaluatedProperties"};
constexpr std::array kSchemaList = {"allOf", "anyOf", "oneOf", "prefixItems"};
constexpr std::array kSchemaMap = {"properties", "patternProperties", "dependentSchemas"};
constexpr std::array kLeftOut = {"xml",      "externalDocs", "discriminator", "example",  "examples",
                                 "$comment", "$defs",        "definitions",   "readOnly", "writeOnly"};
constexpr std::array kRefused = {
    "$id", "id", "$anchor", "$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor", "$vocabulary"};
constexpr std::array kDialects = {"https://json-schema.org/draft/2020-12/schema",
                                  "https://spec.openapis.org/oas/3.1/dialect/base"};

template <size_t N>
bool has(const std::array<const char*, N>& list, const std::string& text) {
  return std::any_of(list.begin(), list.end(), [&](const char* each) { return text == each; });
}

std::string escaped(std::string_view token) {
  std::string out;
  for (const char c : token) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out.push_back(c);
    }
  }
  return out;
}

// A token of a pointer in a URI fragment: percent-encoded, then "~1" and "~0".
std::string unescaped(std::string_view token) {
  std::string bytes;
  for (size_t i = 0; i < token.size(); ++i) {
    const bool is_escape = token[i] == '%' && i + 2 < token.size() && base::hex_digit(token[i + 1]) >= 0 &&
                           base::hex_digit(token[i + 2]) >= 0;
    bytes.push_back(is_escape ? static_cast<char>(base::hex_digit(token[i + 1]) << 4 | base::hex_digit(token[i + 2]))
                              : token[i]);
    i += is_escape ? 2 : 0;
  }
  std::string out;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const bool is_escape = bytes[i] == '~' && i + 1 < bytes.size() && (bytes[i + 1] == '0' || bytes[i + 1] == '1');
    out.push_back(is_escape ? (bytes[i + 1] == '0' ? '~' : '/') : bytes[i]);
    i += is_escape ? 1 : 0;
  }
  return out;
}

bool is_true(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

// What may be a name in $defs without any escape.
std::string plain(const std::string& name) {
  std::string out;
  for (const char c : name) {
    const bool is_plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
    out.push_back(is_plain ? c : '_');
  }
  return out.empty() ? "_" : out;
}

}  // namespace

OpenApiPlace OpenApiPlace::at(const std::string& key) const {
  if (value == nullptr || !value->is_object()) return {};
  const auto found = value->find(key);
  if (found == value->end()) return {};
  return {&*found, pointer + "/" + escaped(key)};
}

OpenApiPlace OpenApiPlace::at(size_t index) const {
  if (value == nullptr || !value->is_array() || index >= value->size()) return {};
  return {&(*value)[index], fmt::format("{}/{}", pointer, index)};
}

Error openapi_error(const OpenApiPlace& place, const std::string& why, ErrorCode code) {
  return Error{code, fmt::format("{}: {}", place.pointer.empty() ? "/" : place.pointer, why)};
}

Result<OpenApiPlace> OpenApiReferences::target(const OpenApiPlace& from, const std::string& reference) const {
  if (!reference.starts_with("#/") && reference != "#")
    return openapi_error(
        from,
        fmt::format("the reference \"{}\" leaves the document, or is no pointer; put what it means into "
                    "the document and write \"#/components/...\"",
                    reference),
        ErrorCode::kUnsupported);
  OpenApiPlace place = root();
  for (std::string_view rest = std::string_view(reference).substr(1); !rest.empty();) {
    rest.remove_prefix(1);
    const size_t slash = rest.find('/');
    const std::string token = unescaped(rest.substr(0, slash));
    rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash);
    const bool is_index = place.value->is_array() && !token.empty() && token.size() < 8 &&
                          std::all_of(token.begin(), token.end(), [](char c) { return c >= '0' && c <= '9'; });
    place = is_index ? place.at(std::stoul(token)) : place.at(token);
    if (!place) return openapi_error(from, fmt::format("the reference \"{}\" leads nowhere", reference));
  }
  return place;
}

Result<OpenApiPlace> OpenApiReferences::resolve(OpenApiPlace place) const {
  for (int hop = 0; hop < kOpenApiReferenceHopsMax; ++hop) {
    if (!place.value->is_object()) return openapi_error(place, "an object was expected");
    const OpenApiPlace reference = place.at("$ref");
    if (!reference) return place;
    if (!reference.value->is_string()) return openapi_error(reference, "is not a string");
    place = TRY(target(reference, reference.value->get<std::string>()));
  }
  return openapi_error(place, fmt::format("references lead on for more than {} steps", kOpenApiReferenceHopsMax),
                       ErrorCode::kLimit);
}

Result<Json> OpenApiSchemas::convert(const OpenApiPlace& place) {
  return convert(place, 0);
}

Result<std::string> OpenApiSchemas::definition_for(const OpenApiPlace& from, const std::string& reference) {
  const OpenApiPlace target = TRY(references_.target(from, reference));
  if (const auto known = names_.find(target.pointer); known != names_.end()) return known->second;
  if (names_.size() == kOpenApiDefinitionsMax)
    return openapi_error(from, fmt::format("more than {} schemas are referred to", kOpenApiDefinitionsMax),
                         ErrorCode::kLimit);
  const std::string last = plain(unescaped(target.pointer.substr(target.pointer.rfind('/') + 1)));
  std::string name = last;
  const auto is_taken = [&] {
    return std::any_of(names_.begin(), names_.end(), [&](const auto& each) { return each.second == name; });
  };
  for (int number = 2; is_taken(); ++number) name = fmt::format("{}_{}", last, number);
  names_.emplace(target.pointer, name);
  waiting_.push_back(target);
  return name;
}

Result<Json> OpenApiSchemas::convert_members(const OpenApiPlace& place, const std::string& keyword, int depth) {
  const OpenApiPlace member = place.at(keyword);
  if (has(kSchemaMap, keyword)) {
    if (!member.value->is_object()) return openapi_error(member, "is not a map of schemas");
    Json map = Json::object();
    for (const auto& [name, schema] : member.value->items()) map[name] = TRY(convert(member.at(name), depth + 1));
    return map;
  }
  if (has(kSchemaList, keyword)) {
    if (!member.value->is_array()) return openapi_error(member, "is not a list of schemas");
    Json list = Json::array();
    for (size_t i = 0; i < member.value->size(); ++i) list.push_back(TRY(convert(member.at(i), depth + 1)));
    return list;
  }
  return convert(member, depth + 1);
}

Result<Json> OpenApiSchemas::convert(const OpenApiPlace& place, int depth) {
  if (++node_count_ > kOpenApiSchemaNodesMax || depth > kOpenApiSchemaDepthMax)
    return openapi_error(place,
                         fmt::format("a schema of more than {} parts, or deeper than {}", kOpenApiSchemaNodesMax,
                                     kOpenApiSchemaDepthMax),
                         ErrorCode::kLimit);
  if (place.value->is_boolean()) return *place.value;
  if (!place.value->is_object()) return openapi_error(place, "a schema was expected");
  Json schema = Json::object();
  const OpenApiPlace reference = place.at("$ref");
  if (reference) {
    if (!reference.value->is_string()) return openapi_error(reference, "is not a string");
    schema["$ref"] = "#/$defs/" + TRY(definition_for(reference, reference.value->get<std::string>()));
    if (era_ == OpenApiEra::k30) return schema;  // what stands beside it means nothing there
  }
  for (const auto& [keyword, value] : place.value->items()) {
    if (keyword == "$ref" || keyword.starts_with("x-") || has(kLeftOut, keyword)) continue;
    const OpenApiPlace member = place.at(keyword);
    if (has(kRefused, keyword))
      return openapi_error(member, "this keyword is not understood here", ErrorCode::kUnsupported);
    if (keyword == "$schema") {
      if (value.is_string() && has(kDialects, value.get<std::string>())) continue;
      return openapi_error(member, "a dialect other than that of OpenAPI 3.1", ErrorCode::kUnsupported);
    }
    const bool holds_schemas = has(kOneSchema, keyword) || has(kSchemaList, keyword) || has(kSchemaMap, keyword);
    schema[keyword] = holds_schemas ? TRY(convert_members(place, keyword, depth)) : value;
  }
  if (era_ == OpenApiEra::k30) {
    const bool is_nullable = is_true(schema, "nullable");
    schema.erase("nullable");
    if (is_nullable && schema.contains("type") && schema["type"].is_string())
      schema["type"] = Json::array({schema["type"], "null"});
  }
  TRY(hide_properties(place, schema));
  return schema;
}

Result<bool> OpenApiSchemas::is_hidden(const OpenApiPlace& property) const {
  if (!property.value->is_object()) return false;
  const char* keyword = direction_ == OpenApiDirection::kRequest ? "readOnly" : "writeOnly";
  if (is_true(*property.value, keyword)) return true;
  return is_true(*TRY(references_.resolve(property)).value, keyword);
}

Result<void> OpenApiSchemas::hide_properties(const OpenApiPlace& place, Json& schema) const {
  const OpenApiPlace properties = place.at("properties");
  if (!properties || !schema.contains("properties")) return {};
  for (const auto& [name, property] : properties.value->items()) {
    if (!TRY(is_hidden(properties.at(name)))) continue;
    schema["properties"].erase(name);
    if (!schema.contains("required") || !schema["required"].is_array()) continue;
    Json required = Json::array();
    for (const Json& each : schema["required"])
      if (each != name) required.push_back(each);
    schema["required"] = std::move(required);
  }
  return {};
}

Result<void> OpenApiSchemas::add_definitions(Json& schema) {
  while (!waiting_.empty()) {
    const OpenApiPlace place = waiting_.back();
    waiting_.pop_back();
    const std::string name = names_[place.pointer];
    definitions_[name] = TRY(convert(place, 0));
  }
  if (!definitions_.empty()) schema["$defs"] = definitions_;
  return {};
}

}  // namespace cadre::agent
