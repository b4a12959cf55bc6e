// A JSON Schema as a resolved graph: the one reader of schemas in cadre. Validator and compiler both start from here and share
// nothing else.
//
// Every draft from 4 to 2020-12 is read into the terms of 2020-12 (`$schema` decides; without one: 2020-12, where an array under
// `items`, `dependencies`, boolean exclusive bounds and `id`/`definitions` are understood as well since they can mean only one
// thing there). All references are resolved to nodes: local pointers, $id/id with base URIs, $anchor, $dynamicRef/$dynamicAnchor
// and $recursiveRef (nodes are instantiated per dynamic scope where that matters, so evaluation needs no scope), documents that the caller
// supplies. Nothing is fetched. Keywords that draft 4-7 ignore beside $ref are ignored there. `format` and `content*` are
// annotations (but see SchemaOptions::assert_formats).
// Errors name the keyword and its path: malformed keyword value, unresolvable reference, a reference cycle that applies a
// schema to the same instance for ever, limits below. Unknown keywords are annotations (the standard says so); they are
// counted in `unknown_keywords` so that a user can spot a typing error.
// Thread safety: immutable after reading.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "contract/json_document.h"
#include "contract/regex.h"
#include "contract/value_origins.h"

namespace cadre::contract {

inline constexpr size_t kSchemaSizeBytesMax = 16 << 20;
inline constexpr size_t kSchemaNodesMax = 200'000;
inline constexpr uint32_t kMaxTokensMax = 1'000'000'000;  // x-max-tokens

using SchemaId = uint32_t;  // index into Schema::nodes

enum TypeBit : uint8_t {  // a set of instance types; an integral number (1, 1.0, 1e2) is both kInteger and kNumber
  kTypeNull = 1,
  kTypeBoolean = 2,
  kTypeInteger = 4,
  kTypeNumber = 8,  // implies kTypeInteger: a reader always sees both bits
  kTypeString = 16,
  kTypeArray = 32,
  kTypeObject = 64,
  kTypeAny = 127
};

struct PatternSchema {
  uint32_t pattern = 0;  // index into Schema::patterns
  SchemaId schema = 0;
};

// One schema object (or boolean). All of it must hold for an instance: the conjunction of the members that are present.
struct SchemaNode {
  std::string path;             // JSON pointer into its document, "#/properties/a"; for messages
  bool never = false;           // the schema `false`
  uint8_t types = kTypeAny;     // set of TypeBit
  bool plain_integers = false;  // draft 4: only a number without fraction and exponent is an integer; 1.0 is none
  // const is a list of one. Present more than once when const and enum stand together: the instance is in each list.
  std::vector<std::vector<JsonValue>> value_lists;

  std::optional<Decimal> minimum, exclusive_minimum, maximum, exclusive_maximum, multiple_of;

  std::optional<uint64_t> min_length, max_length;  // in code points
  std::vector<uint32_t> patterns;                  // indices into Schema::patterns
  std::string format;                              // annotation, empty when absent
  std::string title, description;                  // annotations, for whoever chooses a value; empty when absent
  bool asserts_regex = false;  // format "regex" under assert_formats: not a regular language, so no pattern

  // Where strings and numbers must come from; see contract/value_origins.h.
  std::optional<CopyRule> copy;
  std::optional<NormalRule> normal;
  std::string enum_from;  // a set's name, empty when absent
  bool grounded = false;

  // x-max-tokens: a soft budget for the value, see contract/value_budgets.h. Says nothing about which values are valid.
  std::optional<uint32_t> max_tokens;

  std::vector<SchemaId> prefix_items;
  std::optional<SchemaId> items;  // for the items after prefix_items
  std::optional<uint64_t> min_items, max_items;
  bool unique_items = false;
  std::optional<SchemaId> contains;
  bool contains_evaluates = true;  // items that match `contains` count as evaluated; not so before 2020-12
  uint64_t min_contains = 1;
  std::optional<uint64_t> max_contains;
  std::optional<SchemaId> unevaluated_items;

  std::vector<std::pair<std::string, SchemaId>> properties;
  std::vector<PatternSchema> pattern_properties;
  std::optional<SchemaId> additional_properties;
  std::optional<SchemaId> property_names;
  std::vector<std::string> required;
  std::optional<uint64_t> min_properties, max_properties;
  std::vector<std::pair<std::string, std::vector<std::string>>> dependent_required;
  std::vector<std::pair<std::string, SchemaId>> dependent_schemas;
  std::optional<SchemaId> unevaluated_properties;

  // On the same instance.
  std::vector<SchemaId> all_of;  // $ref and $dynamicRef are here too
  std::vector<std::vector<SchemaId>> any_of;
  std::vector<std::vector<SchemaId>> one_of;
  std::optional<SchemaId> negated;  // not
  std::optional<SchemaId> if_schema, then_schema, else_schema;
};

struct Schema {
  std::vector<SchemaNode> nodes;
  SchemaId root = 0;
  std::vector<Regex> patterns;                // one per distinct text
  std::vector<std::string> unknown_keywords;  // "path/keyword", at most 100
};

struct SchemaOptions {
  // Other documents that references may name: absolute URI -> JSON text.
  std::map<std::string, std::string> documents;
  // The meta-schema of a schema that names none ("http://json-schema.org/draft-07/schema"); empty: 2020-12.
  std::string default_dialect;
  // Formats that have a regular expression (contract/schema_formats.h) join `patterns`; the others stay annotations.
  bool assert_formats = false;
  size_t nodes_max = kSchemaNodesMax;
};

Result<Schema> read_schema(std::string_view json, const SchemaOptions& options = {});

}  // namespace cadre::contract
