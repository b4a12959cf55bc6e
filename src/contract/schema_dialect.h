// Which keywords a schema's draft has: one table of every keyword from draft 4 to 2020-12.
//
// A dialect is a draft, minus the vocabularies that a custom meta-schema leaves out. Forms that can mean only one thing are read
// in every draft (an array under `items`, `dependencies`, boolean exclusive bounds); keywords that a draft does not have are
// annotations there, as the standard says. Thread safety: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace cadre::contract {

enum class Draft : uint8_t { k4, k6, k7, k2019, k2020 };

struct Dialect {
  Draft draft = Draft::k2020;
  bool declared = false;  // a known `$schema` named it
  bool applicator = true, validation = true, unevaluated = true;
  bool format_assertion = false;
};

enum class Keyword : uint8_t {
  kUnknown,     // not in any draft, or not in this one
  kAnnotation,  // says nothing about instances
  kId,
  kDefinitions,
  kAdditionalItems,
  kAdditionalProperties,
  kAllOf,
  kAnyOf,
  kConst,
  kContains,
  kDependencies,
  kDependentRequired,
  kDependentSchemas,
  kDescription,
  kDynamicRef,
  kElse,
  kEnum,
  kExclusiveMaximum,
  kExclusiveMinimum,
  kFormat,
  kIf,
  kItems,
  kMaxContains,
  kMaximum,
  kMaxItems,
  kMaxLength,
  kMaxProperties,
  kMinContains,
  kMinimum,
  kMinItems,
  kMinLength,
  kMinProperties,
  kMultipleOf,
  kNot,
  kOneOf,
  kPattern,
  kPatternProperties,
  kPrefixItems,
  kProperties,
  kPropertyNames,
  kRecursiveRef,
  kRef,
  kRequired,
  kThen,
  kTitle,
  kType,
  kUnevaluatedItems,
  kUnevaluatedProperties,
  kUniqueItems,
  kCopy,  // ours, in every draft: x-copy, x-enum-from, x-max-tokens, x-grounded, x-normal
  kEnumFrom,
  kMaxTokens,
  kGrounded,
  kNormal,
};

Keyword keyword_of(std::string_view name, const Dialect& dialect);

// The dialect of a published meta-schema ("http://json-schema.org/draft-07/schema#"), nothing for any other URI.
std::optional<Dialect> published_dialect(std::string_view meta_schema);
// A meta-schema of a draft that cadre does not read.
bool is_unsupported_draft(std::string_view meta_schema);

// What a keyword's value holds: one schema, a list, a map, a schema or a list of them.
enum class Holds : uint8_t { kNoSchema, kSchema, kList, kMap, kSchemaOrList };
Holds schemas_under(Keyword keyword);

}  // namespace cadre::contract
