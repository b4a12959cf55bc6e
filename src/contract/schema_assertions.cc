// The keywords of SchemaReader that hold plain values rather than schemas.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>
#include <utility>

#include "contract/schema_formats.h"
#include "contract/schema_reader.h"

namespace cadre::contract {
namespace {

struct TypeName {
  std::string_view name;
  uint8_t types;
};
constexpr std::array kTypeNames = {
    TypeName{"null", kTypeNull},       TypeName{"boolean", kTypeBoolean},
    TypeName{"integer", kTypeInteger}, TypeName{"number", kTypeNumber | kTypeInteger},
    TypeName{"string", kTypeString},   TypeName{"array", kTypeArray},
    TypeName{"object", kTypeObject},
};

uint8_t types_named(std::string_view name) {
  for (const auto& row : kTypeNames) {
    if (row.name == name) return row.types;
  }
  return 0;
}

bool is_boolean(const JsonValue& value) {
  return value.kind == JsonKind::kTrue || value.kind == JsonKind::kFalse;
}

}  // namespace

Result<void> SchemaReader::read_assertion(const Here& here, Keyword keyword, const std::string& name,
                                          const JsonValue& value) {
  switch (keyword) {
    case Keyword::kType:
      node(here).types = TRY(read_types(here, value));
      node(here).plain_integers = here.dialect.draft == Draft::k4;
      return {};
    case Keyword::kEnum:
      if (value.kind != JsonKind::kArray) return malformed(here, name, "a list of values");
      node(here).value_lists.push_back(value.items);
      return {};
    case Keyword::kConst:
      node(here).value_lists.push_back({value});
      return {};
    case Keyword::kMultipleOf: {
      auto number = TRY(read_number(here, name, value));
      if (number.is_zero() || number.negative()) return malformed(here, name, "a number over 0");
      node(here).multiple_of = std::move(number);
      return {};
    }
    case Keyword::kMinLength:
      node(here).min_length = TRY(read_count(here, name, value));
      return {};
    case Keyword::kMaxLength:
      node(here).max_length = TRY(read_count(here, name, value));
      return {};
    case Keyword::kMaxTokens: {
      const uint64_t tokens = TRY(read_count(here, name, value));
      if (tokens == 0 || tokens > kMaxTokensMax)
        return malformed(here, name, fmt::format("an integer from 1 to {}", kMaxTokensMax));
      node(here).max_tokens = static_cast<uint32_t>(tokens);
      return {};
    }
    case Keyword::kMinItems:
      node(here).min_items = TRY(read_count(here, name, value));
      return {};
    case Keyword::kMaxItems:
      node(here).max_items = TRY(read_count(here, name, value));
      return {};
    case Keyword::kMinContains:
      node(here).min_contains = TRY(read_count(here, name, value));
      return {};
    case Keyword::kMaxContains:
      node(here).max_contains = TRY(read_count(here, name, value));
      return {};
    case Keyword::kMinProperties:
      node(here).min_properties = TRY(read_count(here, name, value));
      return {};
    case Keyword::kMaxProperties:
      node(here).max_properties = TRY(read_count(here, name, value));
      return {};
    case Keyword::kUniqueItems:
      if (!is_boolean(value)) return malformed(here, name, "a boolean");
      node(here).unique_items = value.kind == JsonKind::kTrue;
      return {};
    case Keyword::kRequired:
      node(here).required = TRY(read_names(here, name, value));
      return {};
    case Keyword::kPattern: {
      if (value.kind != JsonKind::kString) return malformed(here, name, "a string");
      const uint32_t pattern = TRY(pattern_index(here, name, value.text));
      node(here).patterns.push_back(pattern);
      return {};
    }
    case Keyword::kFormat: {
      if (value.kind != JsonKind::kString) return {};
      node(here).format = value.text;
      if (!options_.assert_formats && !here.dialect.format_assertion) return {};
      node(here).asserts_regex = value.text == "regex";
      const auto* pattern = format_pattern(value.text);
      if (pattern == nullptr) return {};
      const uint32_t index = TRY(pattern_index(here, name, *pattern));
      node(here).patterns.push_back(index);
      return {};
    }
    case Keyword::kTitle:
      if (value.kind == JsonKind::kString) node(here).title = value.text;
      return {};
    case Keyword::kDescription:
      if (value.kind == JsonKind::kString) node(here).description = value.text;
      return {};
    default:
      return {};  // other annotations, and keywords that read_items and read_bounds take together
  }
}

Result<uint8_t> SchemaReader::read_types(const Here& here, const JsonValue& value) const {
  const auto one = [&](const JsonValue& name) -> Result<uint8_t> {
    const uint8_t types = name.kind == JsonKind::kString ? types_named(name.text) : 0;
    if (types != 0) return types;
    return malformed(here, "type",
                     name.kind == JsonKind::kString ? "a type that JSON Schema has: \"" + name.text.substr(0, 60) + '"'
                                                    : "the name of a type");
  };
  if (value.kind != JsonKind::kArray) return one(value);
  uint8_t types = 0;
  for (const auto& name : value.items) types |= TRY(one(name));
  return types;
}

Result<Decimal> SchemaReader::read_number(const Here& here, std::string_view name, const JsonValue& value) const {
  if (value.kind != JsonKind::kNumber) return malformed(here, name, "a number");
  return value.number;
}

// A count past 64 bits is as good as the greatest.
Result<uint64_t> SchemaReader::read_count(const Here& here, std::string_view name, const JsonValue& value) const {
  if (value.kind != JsonKind::kNumber || !value.number.is_integer() || value.number.negative())
    return malformed(here, name, "an integer of 0 or more");
  int64_t count = 0;
  return value.number.to_int64(&count) ? static_cast<uint64_t>(count) : UINT64_MAX;
}

Result<std::vector<std::string>> SchemaReader::read_names(const Here& here, std::string_view name,
                                                          const JsonValue& value) const {
  if (value.kind != JsonKind::kArray) return malformed(here, name, "a list of property names");
  std::vector<std::string> out;
  out.reserve(value.items.size());
  for (const auto& item : value.items) {
    if (item.kind != JsonKind::kString) return malformed(here, name, "a list of property names");
    out.push_back(item.text);
  }
  return out;
}

Result<uint32_t> SchemaReader::pattern_index(const Here& here, std::string_view name, const std::string& pattern) {
  const auto known = pattern_ids_.find(pattern);
  if (known != pattern_ids_.end()) return known->second;
  auto regex = Regex::parse(pattern);
  if (!regex.ok()) return std::move(regex).error().with_context(path_of(here, name));
  const auto index = static_cast<uint32_t>(schema_.patterns.size());
  schema_.patterns.push_back(std::move(*regex));
  pattern_ids_.emplace(pattern, index);
  return index;
}

// minimum and maximum with their exclusive forms: a number of its own, or (draft 4) a boolean that turns the bound beside it.
Result<void> SchemaReader::read_bounds(const Here& here, const JsonValue& schema) {
  if (!here.dialect.validation) return {};
  const auto read = [&](const char* name, const char* exclusive_name, std::optional<Decimal>& bound,
                        std::optional<Decimal>& exclusive) -> Result<void> {
    if (const auto* value = schema.find(name)) bound = TRY(read_number(here, name, *value));
    const auto* value = schema.find(exclusive_name);
    if (value == nullptr) return {};
    if (!is_boolean(*value)) {
      exclusive = TRY(read_number(here, exclusive_name, *value));
    } else if (value->kind == JsonKind::kTrue) {
      exclusive = std::exchange(bound, std::nullopt);
    }
    return {};
  };
  auto& to = node(here);
  TRY(read("minimum", "exclusiveMinimum", to.minimum, to.exclusive_minimum));
  return read("maximum", "exclusiveMaximum", to.maximum, to.exclusive_maximum);
}

}  // namespace cadre::contract
