// SPDX-License-Identifier: Apache-2.0
#include "contract/schema.h"

#include <gtest/gtest.h>

#include "contract/json_document.h"
#include "contract/schema_validate.h"

namespace cadre::contract {
namespace {

const SchemaOptions kDraft4 = {.default_dialect = "http://json-schema.org/draft-04/schema#"};
const SchemaOptions kDraft7 = {.default_dialect = "http://json-schema.org/draft-07/schema#"};
const SchemaOptions kDraft2019 = {.default_dialect = "https://json-schema.org/draft/2019-09/schema"};

Schema schema_of(std::string_view text, const SchemaOptions& options = {}) {
  auto schema = read_schema(text, options);
  EXPECT_TRUE(schema.ok()) << text << ": " << schema.error().message;
  return schema.ok() ? std::move(*schema) : Schema{};
}

Error error_of(std::string_view text, const SchemaOptions& options = {}) {
  const auto schema = read_schema(text, options);
  EXPECT_FALSE(schema.ok()) << text;
  return schema.ok() ? Error{} : schema.error();
}

bool holds(const Schema& schema, std::string_view instance) {
  return validate_document(schema, parse_document(instance).value()).value().valid;
}

// The members that `names` lists must each hold or fail as the first letter says: "+" or "-" before an instance.
void expect(std::string_view text, const std::vector<std::string>& instances, const SchemaOptions& options = {}) {
  const auto schema = schema_of(text, options);
  if (schema.nodes.empty()) return;
  for (const auto& instance : instances)
    EXPECT_EQ(holds(schema, instance.substr(1)), instance[0] == '+') << text << " on " << instance;
}

const SchemaNode& property(const Schema& schema, std::string_view name) {
  for (const auto& [key, id] : schema.nodes[schema.root].properties) {
    if (key == name) return schema.nodes[id];
  }
  ADD_FAILURE() << name;
  return schema.nodes[0];
}

TEST(Schema, KeywordsBecomeMembersOfTheirNode) {
  const auto schema = schema_of(R"({
    "type": "object", "required": ["a"], "minProperties": 1, "maxProperties": 9.0, "title": "t",
    "properties": {
      "a": {"type": ["integer", "null"], "minimum": 0, "exclusiveMaximum": 1e3, "multipleOf": 0.5},
      "b": {"type": "array", "prefixItems": [true], "items": false, "uniqueItems": true, "contains": {}, "maxContains": 2},
      "c": {"type": "string", "pattern": "^x", "minLength": 2, "format": "date", "enum": ["xy", "xz"]},
      "d": {"const": {"k": [1]}}
    },
    "patternProperties": {"^x": {"type": "number"}}, "additionalProperties": false})");
  const auto& root = schema.nodes[schema.root];
  EXPECT_EQ(root.types, kTypeObject);
  EXPECT_EQ(root.path, "#");
  EXPECT_EQ(root.required, std::vector<std::string>{"a"});
  EXPECT_EQ(root.max_properties, 9u);
  EXPECT_TRUE(schema.nodes[*root.additional_properties].never);
  ASSERT_EQ(root.pattern_properties.size(), 1u);
  EXPECT_EQ(schema.patterns.size(), 1u) << "one regex per distinct text";
  const auto& a = property(schema, "a");
  EXPECT_EQ(a.path, "#/properties/a");
  EXPECT_EQ(a.types, kTypeInteger | kTypeNull);
  EXPECT_EQ(a.exclusive_maximum->text(), "1000");
  const auto& b = property(schema, "b");
  EXPECT_EQ(b.prefix_items.size(), 1u);
  EXPECT_TRUE(schema.nodes[*b.items].never);
  EXPECT_TRUE(b.unique_items);
  EXPECT_EQ(b.max_contains, 2u);
  const auto& c = property(schema, "c");
  EXPECT_EQ(c.format, "date");
  EXPECT_EQ(c.value_lists.front().size(), 2u);
  EXPECT_EQ(schema.patterns[c.patterns[0]].pattern(), "^x");
  EXPECT_EQ(property(schema, "d").value_lists.front().size(), 1u);
  EXPECT_EQ(property(schema, "d").types, kTypeAny);
}

TEST(Schema, OlderFormsMeanTheirNewerOnes) {
  expect(R"({"items": [{"type": "null"}], "additionalItems": false})", {"+[]", "+[null]", "-[1]", "-[null, 1]"});
  expect(R"({"items": {"type": "null"}, "additionalItems": false})", {"+[null, null]", "-[1]"});
  expect(R"({"minimum": 3, "exclusiveMinimum": true, "maximum": 5, "exclusiveMaximum": false})",
         {"-3", "+3.1", "+5", "-5.1"});
  expect(R"({"dependencies": {"a": ["b"], "c": {"required": ["d"]}}})",
         {"+{}", "-{\"a\":1}", "+{\"a\":1,\"b\":1}", "-{\"c\":1}", "+{\"c\":1,\"d\":1}"});
  expect(R"({"definitions": {"n": {"type": "null"}}, "$ref": "#/definitions/n"})", {"+null", "-1"});
}

TEST(Schema, ADraftHasItsOwnKeywords) {
  expect(R"({"const": 1, "contains": {"type": "null"}, "propertyNames": false})", {"+2", "+[1]", "+{\"a\":1}"},
         kDraft4);
  expect(R"({"if": true, "then": false})", {"+2"}, kDraft4);
  expect(R"({"if": true, "then": false})", {"-2"}, kDraft7);
  expect(R"({"dependentRequired": {"a": ["b"]}})", {"+{\"a\":1}"}, kDraft7);
  expect(R"({"prefixItems": [false]})", {"+[1]"}, kDraft2019);
  expect(R"({"prefixItems": [false]})", {"-[1]"});
  expect(R"({"$schema": "http://json-schema.org/draft-07/schema#", "prefixItems": [false]})", {"+[1]"});
  expect(R"({"type": "integer"})", {"-1.0", "-1e2", "+100", "-0.5"}, kDraft4);
  expect(R"({"type": "number"})", {"+1.0", "+1"}, kDraft4);
  expect(R"({"type": "integer"})", {"+1.0", "+1e2", "-0.5"}, kDraft7);
}

TEST(Schema, UpToDraft7AReferenceStandsAlone) {
  const char* text =
      R"({"properties": {"a": {"$ref": "#/definitions/n", "maximum": 3}}, "definitions": {"n": {"type": "integer"}}})";
  expect(text, {"+{\"a\":5}", "-{\"a\":\"x\"}"}, kDraft7);
  expect(text, {"-{\"a\":5}", "+{\"a\":3}"});
}

TEST(Schema, PointersLeadThroughEscapesAndIndices) {
  expect(R"({"$defs": {"a/b": {"c~d": {"e%f": [true, {"type": "null"}]}}}, "$ref": "#/$defs/a~1b/c~0d/e%25f/1"})",
         {"+null", "-1"});
  expect(R"({"$defs": {"": {"": {"type": "null"}}}, "$ref": "#/$defs//"})", {"+null", "-1"});
}

TEST(Schema, IdentifiersAnchorsAndRelativeReferences) {
  const char* text = R"({
    "$id": "http://example.com/a/root.json",
    "properties": {"x": {"$ref": "item.json"}, "y": {"$ref": "item.json#low"}, "z": {"$ref": "#top"},
                   "w": {"$ref": "http://example.com/a/item.json#/$defs/deep"}},
    "$defs": {
      "i": {"$id": "item.json", "type": "integer", "$defs": {"low": {"$anchor": "low", "maximum": 9}, "deep": {"$ref": "#low"}}},
      "t": {"$anchor": "top", "type": "null"}}})";
  expect(text,
         {"+{\"x\":1}", "-{\"x\":null}", "-{\"y\":10}", "+{\"y\":9}", "-{\"w\":10}", "-{\"z\":1}", "+{\"z\":null}"});
}

TEST(Schema, IdentifiersCountOnlyWhereASchemaStands) {
  EXPECT_EQ(error_of(R"({"const": {"$id": "http://x/y"}, "$ref": "http://x/y"})").code, ErrorCode::kNotFound);
  EXPECT_EQ(error_of(R"({"x-other": {"$anchor": "y"}, "$ref": "#y"})").code, ErrorCode::kNotFound);
  expect(R"({"properties": {"id": {"type": "string"}, "$id": {"type": "string"}, "$ref": {"type": "string"}}})",
         {"+{\"id\":\"a\",\"$ref\":\"b\"}", "-{\"$id\":1}", "-{\"$ref\":1}"}, kDraft7);
}

TEST(Schema, ANestedIdOfAnOldDraftDoesNotHideTheDefinitions) {
  expect(R"({"id": "http://x/root", "definitions": {"a": {"id": "a", "properties": {"n": {"$ref": "#/definitions/b"}}},
             "b": {"type": "null"}}, "$ref": "#/definitions/a"})",
         {"+{\"n\":null}", "-{\"n\":1}"}, kDraft4);
}

TEST(Schema, SuppliedDocumentsAreReadAndNothingIsFetched) {
  const SchemaOptions options = {
      .documents = {{"http://x/list", R"({"items": {"$ref": "item"}})"}, {"http://x/item", R"({"type": "null"})"}}};
  const char* text = R"({"$ref": "http://x/list"})";
  expect(text, {"+[null]", "-[1]"}, options);
  const auto schema = schema_of(text, options);
  EXPECT_EQ(schema.nodes.back().path, "http://x/item#");
  const auto error = error_of(text);
  EXPECT_EQ(error.code, ErrorCode::kNotFound);
  EXPECT_NE(error.message.find("#/$ref"), std::string::npos);
  EXPECT_NE(error.message.find("http://x/list"), std::string::npos);
  EXPECT_FALSE(read_schema(text, {.documents = {{"http://x/list", "{"}}}).ok());
}

TEST(Schema, OnlyWhatTheRootReachesIsRead) {
  expect(R"({"type": "null", "$defs": {"bad": {"$ref": "#/nowhere"}, "worse": {"type": 7, "pattern": "("}}})",
         {"+null", "-1"});
}

TEST(Schema, RecursionIsANodeThatIsMetAgain) {
  const auto schema = schema_of(R"({"properties": {"next": {"$ref": "#"}}, "additionalProperties": false})");
  EXPECT_LE(schema.nodes.size(), 3u);
  EXPECT_TRUE(holds(schema, R"({"next":{"next":{}}})"));
  EXPECT_FALSE(holds(schema, R"({"next":{"next":{"x":1}}})"));
}

TEST(Schema, DynamicReferencesAreBoundPerScope) {
  // A list whose items are bound by whoever extends it.
  const char* kList = R"("list": {"$id": "list", "type": "array", "items": {"$dynamicRef": "#item"},
                                   "$defs": {"any": {"$dynamicAnchor": "item"}}})";
  const std::string numbers = std::string(R"({"$id": "http://x/n", "$ref": "list", "$defs": {)") + kList +
                              R"(, "n": {"$dynamicAnchor": "item", "type": "number"}}})";
  expect(numbers, {"+[1]", "-[\"a\"]"});
  const std::string anything = std::string(R"({"$id": "http://x/n", "$ref": "list", "$defs": {)") + kList + "}}";
  expect(anything, {"+[1]", "+[\"a\"]"});
  // Two scopes in one schema: the same list is instantiated twice.
  const std::string both =
      std::string(
          R"({"$id": "http://x/b", "properties": {"n": {"$ref": "numbers"}, "s": {"$ref": "strings"}}, "$defs": {)") +
      kList +
      R"(, "a": {"$id": "numbers", "$ref": "list", "$defs": {"n": {"$dynamicAnchor": "item", "type": "number"}}},
                                        "b": {"$id": "strings", "$ref": "list", "$defs": {"s": {"$dynamicAnchor": "item", "type": "string"}}}}})";
  expect(both, {"+{\"n\":[1],\"s\":[\"a\"]}", "-{\"n\":[\"a\"]}", "-{\"s\":[1]}"});
}

TEST(Schema, RecursiveReferencesAreBoundByTheOutermostAnchor) {
  const char* text = R"({
    "$id": "http://x/strict", "$recursiveAnchor": true, "$ref": "tree", "unevaluatedProperties": false,
    "$defs": {"t": {"$id": "tree", "$recursiveAnchor": true, "properties": {"data": true, "children": {"items": {"$recursiveRef": "#"}}}}}})";
  expect(text, {"+{\"children\":[{\"data\":1}]}", "-{\"children\":[{\"daat\":1}]}"}, kDraft2019);
}

TEST(Schema, VocabulariesOfACustomMetaSchemaDecide) {
  SchemaOptions options;
  options.documents["http://x/meta"] = R"({"$schema": "https://json-schema.org/draft/2020-12/schema", "$vocabulary": {
      "https://json-schema.org/draft/2020-12/vocab/core": true, "https://json-schema.org/draft/2020-12/vocab/applicator": true}})";
  expect(R"({"$schema": "http://x/meta", "properties": {"a": {"type": "null", "minimum": 5}, "b": false}})",
         {"+{\"a\":1}", "-{\"b\":1}"}, options);
}

TEST(Schema, FormatsAssertOnlyWhenAsked) {
  const char* text = R"({"format": "date"})";
  expect(text, {"+\"x\"", "+1"});
  expect(text, {"-\"x\"", "+\"2024-02-29\"", "-\"2023-02-29\"", "+1"}, {.assert_formats = true});
  expect(R"({"format": "regex"})", {"-\"(\"", "+\"(a)\\\\1\"", "+\"a+\""}, {.assert_formats = true});
  expect(R"({"format": "no-such-format"})", {"+\"x\""}, {.assert_formats = true});
}

TEST(Schema, MalformedKeywordsAreErrorsThatNameThem) {
  const std::pair<const char*, const char*> kCases[] = {
      {R"({"type": "any"})", "#/type"},
      {R"({"properties": {"a/b": {"type": 3}}})", "#/properties/a~1b/type"},
      {R"({"minLength": -1})", "#/minLength"},
      {R"({"maxItems": 1.5})", "#/maxItems"},
      {R"({"minimum": "1"})", "#/minimum"},
      {R"({"multipleOf": 0})", "#/multipleOf"},
      {R"({"required": true})", "#/required"},
      {R"({"required": [1]})", "#/required"},
      {R"({"enum": 1})", "#/enum"},
      {R"({"pattern": "("})", "#/pattern"},
      {R"({"pattern": 1})", "#/pattern"},
      {R"({"patternProperties": {"[": true}})", "#/patternProperties"},
      {R"({"uniqueItems": 1})", "#/uniqueItems"},
      {R"({"allOf": {}})", "#/allOf"},
      {R"({"anyOf": [3]})", "#/anyOf/0"},
      {R"({"not": "x"})", "#/not"},
      {R"({"properties": []})", "#/properties"},
      {R"({"dependencies": {"a": 1}})", "#/dependencies/a"},
      {R"({"items": [true], "prefixItems": [true]})", "#/items"},
      {R"({"$ref": 1})", "#/$ref"},
      {R"({"$ref": "#/$defs/x"})", "#/$ref"},
      {R"({"$ref": "#x"})", "#/$ref"},
      {R"({"enum": [1], "$ref": "#/enum/0"})", "#/$ref"},
      {R"([])", "#"},
      {R"("x")", "#"},
  };
  for (const auto& [text, path] : kCases)
    EXPECT_TRUE(error_of(text).message.starts_with(std::string(path) + ":")) << text << ": " << error_of(text).message;
  EXPECT_EQ(error_of("{").code, ErrorCode::kInvalid);
  EXPECT_EQ(error_of(R"({"$schema": "http://json-schema.org/draft-03/schema#"})").code, ErrorCode::kUnsupported);
  EXPECT_EQ(error_of(R"({"pattern": "(a)\\1"})").code, ErrorCode::kUnsupported);
  EXPECT_FALSE(read_schema("{}", {.default_dialect = "http://x/y"}).ok());
}

TEST(Schema, AReferenceThatNeverMovesOnIsRefused) {
  for (
      const char* text :
      {R"({"$ref": "#"})", R"({"allOf": [{"$ref": "#"}]})", R"({"properties": {"a": {"$ref": "#/properties/a"}}})",
       R"({"$ref": "#/$defs/a", "$defs": {"a": {"anyOf": [{"not": {"$ref": "#/$defs/b"}}]}, "b": {"if": {"$ref": "#/$defs/a"}}}})",
       R"({"dependentSchemas": {"a": {"$ref": "#"}}})"})
    EXPECT_NE(error_of(text).message.find("endless"), std::string::npos) << text;
  schema_of(
      R"({"$defs": {"int": {"type": "integer"}}, "allOf": [{"properties": {"a": {"$ref": "#/$defs/int"}}}, {"additionalProperties": {"$ref": "#/$defs/int"}}]})");
}

TEST(Schema, UnknownKeywordsAreCountedNotRefused) {
  const auto schema =
      schema_of(R"({"propertees": {}, "properties": {"a": {"minimun": 3, "x/y": 1}}, "description": "d"})");
  EXPECT_EQ(schema.unknown_keywords,
            (std::vector<std::string>{"#/propertees", "#/properties/a/minimun", "#/properties/a/x~1y"}));
}

TEST(Schema, LimitsAreStated) {
  EXPECT_EQ(error_of(R"({"anyOf": [true, true, true]})", {.nodes_max = 3}).code, ErrorCode::kLimit);
  std::string deep;
  for (int i = 0; i < 2000; ++i) deep += R"({"not":)";
  EXPECT_EQ(error_of(deep).code, ErrorCode::kLimit);
  EXPECT_EQ(error_of(std::string(kSchemaSizeBytesMax + 1, ' ')).code, ErrorCode::kLimit);
}

TEST(Schema, CountsPast64BitsAreAsGoodAsTheGreatest) {
  expect(R"({"maxLength": 1e30, "minLength": 0.0})", {"+\"a\""});
  expect(R"({"minLength": 1e30})", {"-\"a\""});
}

}  // namespace
}  // namespace cadre::contract
