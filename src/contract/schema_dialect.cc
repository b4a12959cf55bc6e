// SPDX-License-Identifier: Apache-2.0
#include "contract/schema_dialect.h"

#include <array>
#include <unordered_map>

namespace cadre::contract {
namespace {

enum class Vocabulary : uint8_t { kAlways, kApplicator, kValidation, kUnevaluated };

struct KeywordRow {
  std::string_view name;
  Keyword keyword;
  Vocabulary vocabulary = Vocabulary::kAlways;
  Draft first = Draft::k4, last = Draft::k2020;
};

constexpr auto kApply = Vocabulary::kApplicator;
constexpr auto kValidate = Vocabulary::kValidation;

constexpr std::array kRows = {
    KeywordRow{"$ref", Keyword::kRef},
    KeywordRow{"$recursiveRef", Keyword::kRecursiveRef, Vocabulary::kAlways, Draft::k2019, Draft::k2019},
    KeywordRow{"$dynamicRef", Keyword::kDynamicRef, Vocabulary::kAlways, Draft::k2020},
    KeywordRow{"id", Keyword::kId},
    KeywordRow{"$id", Keyword::kId},
    KeywordRow{"$defs", Keyword::kDefinitions},
    KeywordRow{"definitions", Keyword::kDefinitions},
    KeywordRow{"$schema", Keyword::kAnnotation},
    KeywordRow{"$anchor", Keyword::kAnnotation, Vocabulary::kAlways, Draft::k2019},
    KeywordRow{"$dynamicAnchor", Keyword::kAnnotation, Vocabulary::kAlways, Draft::k2020},
    KeywordRow{"$recursiveAnchor", Keyword::kAnnotation, Vocabulary::kAlways, Draft::k2019, Draft::k2019},
    KeywordRow{"$vocabulary", Keyword::kAnnotation, Vocabulary::kAlways, Draft::k2019},
    KeywordRow{"$comment", Keyword::kAnnotation},
    KeywordRow{"title", Keyword::kTitle},
    KeywordRow{"description", Keyword::kDescription},
    KeywordRow{"default", Keyword::kAnnotation},
    KeywordRow{"examples", Keyword::kAnnotation},
    KeywordRow{"readOnly", Keyword::kAnnotation},
    KeywordRow{"writeOnly", Keyword::kAnnotation},
    KeywordRow{"deprecated", Keyword::kAnnotation},
    KeywordRow{"contentEncoding", Keyword::kAnnotation},
    KeywordRow{"contentMediaType", Keyword::kAnnotation},
    KeywordRow{"contentSchema", Keyword::kAnnotation},
    KeywordRow{"x-copy", Keyword::kCopy},
    KeywordRow{"x-enum-from", Keyword::kEnumFrom},
    KeywordRow{"x-max-tokens", Keyword::kMaxTokens},
    KeywordRow{"x-grounded", Keyword::kGrounded},
    KeywordRow{"x-normal", Keyword::kNormal},
    KeywordRow{"format", Keyword::kFormat},
    KeywordRow{"additionalItems", Keyword::kAdditionalItems, kApply},
    KeywordRow{"additionalProperties", Keyword::kAdditionalProperties, kApply},
    KeywordRow{"allOf", Keyword::kAllOf, kApply},
    KeywordRow{"anyOf", Keyword::kAnyOf, kApply},
    KeywordRow{"contains", Keyword::kContains, kApply, Draft::k6},
    KeywordRow{"dependencies", Keyword::kDependencies, kApply},
    KeywordRow{"dependentSchemas", Keyword::kDependentSchemas, kApply, Draft::k2019},
    KeywordRow{"if", Keyword::kIf, kApply, Draft::k7},
    KeywordRow{"then", Keyword::kThen, kApply, Draft::k7},
    KeywordRow{"else", Keyword::kElse, kApply, Draft::k7},
    KeywordRow{"items", Keyword::kItems, kApply},
    KeywordRow{"not", Keyword::kNot, kApply},
    KeywordRow{"oneOf", Keyword::kOneOf, kApply},
    KeywordRow{"patternProperties", Keyword::kPatternProperties, kApply},
    KeywordRow{"prefixItems", Keyword::kPrefixItems, kApply, Draft::k2020},
    KeywordRow{"properties", Keyword::kProperties, kApply},
    KeywordRow{"propertyNames", Keyword::kPropertyNames, kApply, Draft::k6},
    KeywordRow{"const", Keyword::kConst, kValidate, Draft::k6},
    KeywordRow{"dependentRequired", Keyword::kDependentRequired, kValidate, Draft::k2019},
    KeywordRow{"enum", Keyword::kEnum, kValidate},
    KeywordRow{"exclusiveMaximum", Keyword::kExclusiveMaximum, kValidate},
    KeywordRow{"exclusiveMinimum", Keyword::kExclusiveMinimum, kValidate},
    KeywordRow{"maxContains", Keyword::kMaxContains, kValidate, Draft::k2019},
    KeywordRow{"maximum", Keyword::kMaximum, kValidate},
    KeywordRow{"maxItems", Keyword::kMaxItems, kValidate},
    KeywordRow{"maxLength", Keyword::kMaxLength, kValidate},
    KeywordRow{"maxProperties", Keyword::kMaxProperties, kValidate},
    KeywordRow{"minContains", Keyword::kMinContains, kValidate, Draft::k2019},
    KeywordRow{"minimum", Keyword::kMinimum, kValidate},
    KeywordRow{"minItems", Keyword::kMinItems, kValidate},
    KeywordRow{"minLength", Keyword::kMinLength, kValidate},
    KeywordRow{"minProperties", Keyword::kMinProperties, kValidate},
    KeywordRow{"multipleOf", Keyword::kMultipleOf, kValidate},
    KeywordRow{"pattern", Keyword::kPattern, kValidate},
    KeywordRow{"required", Keyword::kRequired, kValidate},
    KeywordRow{"type", Keyword::kType, kValidate},
    KeywordRow{"uniqueItems", Keyword::kUniqueItems, kValidate},
    KeywordRow{"unevaluatedItems", Keyword::kUnevaluatedItems, Vocabulary::kUnevaluated, Draft::k2019},
    KeywordRow{"unevaluatedProperties", Keyword::kUnevaluatedProperties, Vocabulary::kUnevaluated, Draft::k2019},
};

const std::unordered_map<std::string_view, const KeywordRow*>& rows_by_name() {
  static const auto map = [] {
    std::unordered_map<std::string_view, const KeywordRow*> out;
    for (const auto& row : kRows) out.emplace(row.name, &row);
    return out;
  }();
  return map;
}

bool has_vocabulary(Vocabulary vocabulary, const Dialect& dialect) {
  switch (vocabulary) {
    case Vocabulary::kAlways:
      return true;
    case Vocabulary::kApplicator:
      return dialect.applicator;
    case Vocabulary::kValidation:
      return dialect.validation;
    case Vocabulary::kUnevaluated:
      return dialect.unevaluated;
  }
  return true;
}

// "http://json-schema.org/draft-07/schema#" to "draft-07/schema"; empty for another host.
std::string_view meta_schema_name(std::string_view uri) {
  while (uri.ends_with('#') || uri.ends_with('/')) uri.remove_suffix(1);
  for (const std::string_view host : {"http://json-schema.org/", "https://json-schema.org/"}) {
    if (uri.starts_with(host)) return uri.substr(host.size());
  }
  return {};
}

}  // namespace

Keyword keyword_of(std::string_view name, const Dialect& dialect) {
  const auto found = rows_by_name().find(name);
  if (found == rows_by_name().end()) return Keyword::kUnknown;
  const KeywordRow& row = *found->second;
  if (dialect.draft < row.first || dialect.draft > row.last) return Keyword::kUnknown;
  return has_vocabulary(row.vocabulary, dialect) ? row.keyword : Keyword::kUnknown;
}

std::optional<Dialect> published_dialect(std::string_view meta_schema) {
  const auto name = meta_schema_name(meta_schema);
  const auto dialect = [](Draft draft) { return Dialect{.draft = draft, .declared = true}; };
  if (name == "draft-04/schema") return dialect(Draft::k4);
  if (name == "draft-06/schema") return dialect(Draft::k6);
  if (name == "draft-07/schema") return dialect(Draft::k7);
  if (name == "draft/2019-09/schema") return dialect(Draft::k2019);
  if (name == "draft/2020-12/schema") return dialect(Draft::k2020);
  return std::nullopt;
}

bool is_unsupported_draft(std::string_view meta_schema) {
  const auto name = meta_schema_name(meta_schema);
  for (const std::string_view old : {"draft-00/schema", "draft-01/schema", "draft-02/schema", "draft-03/schema"}) {
    if (name == old) return true;
  }
  return false;
}

Holds schemas_under(Keyword keyword) {
  switch (keyword) {
    case Keyword::kAdditionalItems:
    case Keyword::kAdditionalProperties:
    case Keyword::kContains:
    case Keyword::kElse:
    case Keyword::kIf:
    case Keyword::kNot:
    case Keyword::kPropertyNames:
    case Keyword::kThen:
    case Keyword::kUnevaluatedItems:
    case Keyword::kUnevaluatedProperties:
      return Holds::kSchema;
    case Keyword::kAllOf:
    case Keyword::kAnyOf:
    case Keyword::kOneOf:
    case Keyword::kPrefixItems:
      return Holds::kList;
    case Keyword::kDefinitions:
    case Keyword::kDependencies:
    case Keyword::kDependentSchemas:
    case Keyword::kPatternProperties:
    case Keyword::kProperties:
      return Holds::kMap;
    case Keyword::kItems:
      return Holds::kSchemaOrList;
    default:
      return Holds::kNoSchema;
  }
}

}  // namespace cadre::contract
