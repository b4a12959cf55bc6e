// SPDX-License-Identifier: Apache-2.0
#include "contract/schema_validate.h"

#include <gtest/gtest.h>

namespace cadre::contract {
namespace {

struct ValidCase {
  const char* schema;
  std::vector<const char*> accepted, refused;
};

Validity judge(std::string_view schema, std::string_view instance) {
  return validate_document(read_schema(schema).value(), parse_document(instance).value()).value();
}

void check(const std::vector<ValidCase>& cases) {
  for (const auto& c : cases) {
    const auto schema = read_schema(c.schema);
    ASSERT_TRUE(schema.ok()) << schema.error().message;
    for (const char* text : c.accepted) {
      const auto verdict = validate_document(*schema, parse_document(text).value()).value();
      EXPECT_TRUE(verdict.valid) << c.schema << " on " << text << ": " << verdict.keyword_path << ": "
                                 << verdict.message;
      EXPECT_EQ(verdict.message, "");
    }
    for (const char* text : c.refused) {
      const auto verdict = validate_document(*schema, parse_document(text).value()).value();
      EXPECT_FALSE(verdict.valid) << c.schema << " on " << text;
      EXPECT_NE(verdict.message, "") << c.schema << " on " << text;
    }
  }
}

TEST(SchemaValidate, BooleansAndTypes) {
  check({
      {"true", {"1", "null", "{}"}, {}},
      {"false", {}, {"1", "null", "{}"}},
      {R"({"type":"integer"})", {"1", "-3", "1.0", "1e2", "0"}, {"1.5", "\"1\"", "true", "null"}},
      {R"({"type":"number"})", {"1", "1.5"}, {"\"1\"", "false"}},
      {R"({"type":["string","null"]})", {"\"a\"", "null"}, {"1", "[]", "{}"}},
      {R"({"type":"array"})", {"[]"}, {"{}"}},
      {R"({"type":"object"})", {"{}"}, {"[]"}},
      {R"({"type":"boolean"})", {"true", "false"}, {"0", "\"true\""}},
  });
}

TEST(SchemaValidate, ConstAndEnum) {
  check({
      {R"({"const":{"a":[1,null]}})", {R"({"a":[1.0,null]})"}, {R"({"a":[1]})", R"({"a":[null,1]})", "{}"}},
      {R"({"const":0})", {"0", "0.0", "-0"}, {"false", "null", "\"\"", "[]"}},
      {R"({"enum":[1,"a",[true]]})", {"1", "\"a\"", "[true]", "1.0"}, {"[1]", "true", "\"b\"", "null"}},
      {R"({"enum":[]})", {}, {"1", "null"}},
      {R"({"enum":[1,2],"const":2})", {"2"}, {"1", "3"}},
  });
}

TEST(SchemaValidate, Numbers) {
  check({
      {R"({"minimum":1.5})", {"1.5", "2", "\"a\"", "1e400"}, {"1.4999999999999999999999", "-3"}},
      {R"({"exclusiveMinimum":0})", {"1e-400"}, {"0", "-0.0", "-1"}},
      {R"({"maximum":9007199254740993})", {"9007199254740993", "-1e400"}, {"9007199254740994"}},
      {R"({"exclusiveMaximum":3})", {"2.999"}, {"3", "3.0", "4"}},
      {R"({"multipleOf":0.01})", {"1.13", "0", "-4.02", "1e30"}, {"0.001", "1.135"}},
      {R"({"multipleOf":3})", {"9", "\"x\""}, {"10", "1e1"}},
  });
}

TEST(SchemaValidate, StringsCountCodePoints) {
  check({
      {R"({"minLength":2})", {R"("ab")", "\"\u00e9\u4e2d\"", "1"}, {R"("a")", R"("")", R"("\ud83d\ude00")"}},
      {R"({"maxLength":2})", {R"("\ud83d\ude00\ud83d\ude00")", R"("")"}, {R"("abc")"}},
      {R"({"pattern":"^a+$","minLength":2})", {R"("aa")", "7"}, {R"("a")", R"("ab")"}},
  });
}

TEST(SchemaValidate, Arrays) {
  check({
      {R"({"minItems":1,"maxItems":2})", {"[1]", "[1,2]", "{}"}, {"[]", "[1,2,3]"}},
      {R"({"items":{"type":"null"}})", {"[]", "[null,null]", "1"}, {"[null,1]"}},
      {R"({"prefixItems":[{"type":"null"},{"type":"string"}],"items":{"type":"boolean"}})",
       {"[]", "[null]", R"([null,"a",true])"},
       {"[1]", "[null,1]", R"([null,"a",1])"}},
      {R"({"uniqueItems":true})",
       {"[]", "[1,2,\"1\"]", "[[1],[2]]", "[0,false,null,\"\"]"},
       {"[1,1.0]", R"([{"a":1,"b":2},{"b":2,"a":1}])", "[[1],[1.0]]"}},
      {R"({"uniqueItems":false})", {"[1,1]"}, {}},
      {R"({"contains":{"const":1}})", {"[2,1]", "{}"}, {"[]", "[2]"}},
      {R"({"contains":{"const":1},"minContains":2,"maxContains":3})", {"[1,1]", "[1,2,1,1]"}, {"[1]", "[1,1,1,1]"}},
      {R"({"contains":{"const":1},"minContains":0})", {"[]", "[2]"}, {}},
      {R"({"minContains":2,"maxContains":0})", {"[]", "[1]"}, {}},
  });
}

TEST(SchemaValidate, Objects) {
  check({
      {R"({"properties":{"a":{"type":"null"}},"required":["a","b"]})",
       {R"({"a":null,"b":1})", "[]"},
       {R"({"a":null})", R"({"a":1,"b":1})", "{}"}},
      {R"({"patternProperties":{"^a":{"type":"null"},"b$":{"type":["null","string"]}},"additionalProperties":{"type":"number"}})",
       {R"({"a":null,"xb":"s","c":1,"ab":null})"},
       {R"({"a":1})", R"({"ab":"s"})", R"({"c":"s"})"}},
      {R"({"properties":{"a":true},"additionalProperties":false})",
       {"{}", R"({"a":1})"},
       {R"({"b":1})", R"({"a":1,"b":1})"}},
      {R"({"propertyNames":{"maxLength":2,"pattern":"^a"}})",
       {R"({"a":1,"ab":2})", "{}"},
       {R"({"abc":1})", R"({"b":1})"}},
      {R"({"minProperties":1,"maxProperties":2})", {R"({"a":1})"}, {"{}", R"({"a":1,"b":1,"c":1})"}},
      {R"({"dependentRequired":{"a":["b","c"]}})",
       {"{}", R"({"b":1})", R"({"a":1,"b":1,"c":1})"},
       {R"({"a":1})", R"({"a":1,"b":1})"}},
      {R"({"dependentSchemas":{"a":{"maxProperties":1}}})",
       {R"({"b":1,"c":1})", R"({"a":1})", "3"},
       {R"({"a":1,"b":1})"}},
  });
}

TEST(SchemaValidate, Combinations) {
  check({
      {R"({"allOf":[{"minimum":1},{"maximum":3}],"type":"integer"})", {"1", "3"}, {"0", "4", "1.5"}},
      {R"({"anyOf":[{"type":"null"},{"minimum":3}]})", {"null", "3", "\"a\""}, {"2"}},
      {R"({"oneOf":[{"multipleOf":2},{"multipleOf":3}]})", {"2", "3"}, {"6", "5", "\"a\""}},
      {R"({"not":{"type":"null"}})", {"1"}, {"null"}},
      {R"({"not":{"not":{"type":"null"}}})", {"null"}, {"1"}},
      {R"({"if":{"minimum":10},"then":{"multipleOf":10},"else":{"maximum":5}})", {"20", "5", "\"a\""}, {"15", "7"}},
      {R"({"if":false,"then":false})", {"1"}, {}},
      {R"({"then":false,"else":false})", {"1"}, {}},
      {R"({"$ref":"#/$defs/n","maximum":5,"$defs":{"n":{"minimum":3}}})", {"4"}, {"2", "6"}},
  });
}

TEST(SchemaValidate, UnevaluatedPropertiesSeeWhatHeldOnTheSameObject) {
  check({
      {R"({"properties":{"a":true},"patternProperties":{"^p":true},"unevaluatedProperties":false})",
       {R"({"a":1,"p1":1})"},
       {R"({"b":1})"}},
      {R"({"allOf":[{"properties":{"a":true}},{"$ref":"#/$defs/b"}],"unevaluatedProperties":false,"$defs":{"b":{"properties":{"b":true}}}})",
       {R"({"a":1,"b":1})"},
       {R"({"c":1})"}},
      {R"({"anyOf":[{"properties":{"a":{"const":1}},"required":["a"]},{"properties":{"b":{"const":1}},"required":["b"]}],"unevaluatedProperties":false})",
       {R"({"a":1})", R"({"a":1,"b":1})"},
       {R"({"a":1,"b":2})", R"({"a":1,"c":1})"}},
      {R"({"oneOf":[{"properties":{"a":{"const":1}},"required":["a"]},{"properties":{"b":true}}],"unevaluatedProperties":false})",
       {R"({"b":1})"},
       {R"({"a":1})", R"({"a":2})"}},
      {R"({"not":{"not":{"properties":{"a":true}}},"unevaluatedProperties":false})", {"{}"}, {R"({"a":1})"}},
      {R"({"if":{"properties":{"a":{"const":1}},"required":["a"]},"else":{"properties":{"b":true}},"unevaluatedProperties":false})",
       {R"({"a":1})", R"({"b":1})"},
       {R"({"a":1,"b":1})", R"({"a":2})"}},
      {R"({"dependentSchemas":{"a":{"properties":{"a":true,"b":true}}},"unevaluatedProperties":{"type":"null"}})",
       {R"({"a":1,"b":1,"c":null})", R"({"b":null})"},
       {R"({"b":1})", R"({"a":1,"c":1})"}},
      {R"({"allOf":[{"unevaluatedProperties":true}],"unevaluatedProperties":false})", {R"({"a":1})"}, {}},
      {R"({"allOf":[{"properties":{"a":true},"unevaluatedProperties":false}],"properties":{"b":true}})",
       {R"({"a":1})"},
       {R"({"b":1})"}},
      {R"({"properties":{"o":{"properties":{"a":true},"unevaluatedProperties":false}},"unevaluatedProperties":false})",
       {R"({"o":{"a":1}})"},
       {R"({"o":{"o":1}})", R"({"a":1})"}},
  });
}

TEST(SchemaValidate, UnevaluatedItemsSeeWhatHeldOnTheSameArray) {
  check({
      {R"({"prefixItems":[true],"unevaluatedItems":false})", {"[]", "[1]"}, {"[1,2]"}},
      {R"({"prefixItems":[true],"items":true,"unevaluatedItems":false})", {"[1,2]"}, {}},
      {R"({"prefixItems":[{"const":1}],"anyOf":[{"prefixItems":[true,{"const":2}]},{"prefixItems":[true,true,{"const":3}]}],"unevaluatedItems":false})",
       {"[1]", "[1,2]", "[1,2,3]", "[1,9,3]", "[1,9]"},
       {"[2]", "[1,2,9]", "[1,2,3,4]"}},
      {R"({"contains":{"type":"string"},"unevaluatedItems":{"type":"number"}})",
       {R"([1,"a",2])"},
       {R"(["a",null])", "[1]"}},
      {R"({"allOf":[{"contains":{"multipleOf":2}},{"contains":{"multipleOf":3}}],"unevaluatedItems":{"multipleOf":5}})",
       {"[2,3,5]"},
       {"[2,3,7]"}},
  });
}

TEST(SchemaValidate, TheFirstViolationIsNamed) {
  const auto verdict = judge(R"({"properties":{"a/b":{"items":{"$ref":"#/$defs/n"}}},"$defs":{"n":{"maximum":3}}})",
                             R"({"a/b":[1,2,5]})");
  EXPECT_FALSE(verdict.valid);
  EXPECT_EQ(verdict.instance_path, "/a~1b/2");
  EXPECT_EQ(verdict.keyword_path, "#/$defs/n/maximum");
  const auto missing = judge(R"({"required":["a"]})", "{}");
  EXPECT_EQ(missing.instance_path, "");
  EXPECT_NE(missing.message.find("\"a\""), std::string::npos);
  EXPECT_EQ(judge(R"({"anyOf":[{"type":"null"},{"minimum":3}]})", "2").keyword_path, "#/anyOf");
}

TEST(SchemaValidate, DeepInstancesAreWalkedUpToTheDepthOfADocument) {
  const auto schema = read_schema(R"({"anyOf":[{"type":"null"},{"items":{"$ref":"#"},"type":"array"}]})").value();
  const std::string deep = std::string(1024, '[') + std::string(1024, ']');
  EXPECT_TRUE(validate_document(schema, parse_document(deep).value()).value().valid);
  std::string chain = R"({"$defs":{"s0":{"items":{"$ref":"#"}})";
  for (int i = 1; i < 10; ++i)
    chain += ",\"s" + std::to_string(i) + "\":{\"$ref\":\"#/$defs/s" + std::to_string(i - 1) + "\"}";
  const auto wide = read_schema(chain + R"(},"$ref":"#/$defs/s9"})").value();
  const auto verdict = validate_document(wide, parse_document(deep).value());
  ASSERT_FALSE(verdict.ok());
  EXPECT_EQ(verdict.error().code, ErrorCode::kLimit);
}

// Every level asks twice about the next one: 2^200 questions without a memory.
TEST(SchemaValidate, AlternativesInsideAlternativesAreJudgedOnce) {
  const auto schema = read_schema(R"({"oneOf":[{"items":{"$ref":"#"},"minItems":1,"type":"array"},
                                               {"items":{"$ref":"#"},"minItems":2,"type":"array"},
                                               {"properties":{"a":{"$ref":"#"}},"required":["a"],"type":"object"},
                                               {"properties":{"b":{"$ref":"#"},"a":{"$ref":"#"}},"required":["b"],"type":"object"},
                                               {"const":7}]})")
                          .value();
  const auto judge_around = [&](const std::string& middle) {
    std::string text = middle;
    for (int i = 0; i < 100; ++i) text = "[{\"a\":" + text + "}]";
    return validate_document(schema, parse_document(text).value());
  };
  const auto valid = judge_around("7");
  ASSERT_TRUE(valid.ok()) << valid.error().message;
  EXPECT_TRUE(valid->valid) << valid->message;
  const auto invalid = judge_around("8");
  ASSERT_TRUE(invalid.ok()) << invalid.error().message;
  EXPECT_FALSE(invalid->valid);
  EXPECT_EQ(invalid->keyword_path, "#/oneOf");
  EXPECT_NE(invalid->message, "");
  const auto two = judge_around(R"({"a":7,"b":7})");  // both kinds of object
  ASSERT_TRUE(two.ok()) << two.error().message;
  EXPECT_FALSE(two->valid);
}

TEST(SchemaValidate, WhatIsRememberedIsStillNamedWhereItCounts) {
  // Judged quietly by the first alternative of many items, then demanded of the last one.
  std::string items;
  for (int i = 0; i < 6'000; ++i) items += "{\"n\":1},";
  const auto verdict = judge(R"({"$defs":{"small":{"properties":{"n":{"maximum":3}}}},
                                 "not":{"items":{"$ref":"#/$defs/small"}},
                                 "prefixItems":[],"items":{"$ref":"#/$defs/small"}})",
                             "[" + items + "{\"n\":5}]");
  EXPECT_FALSE(verdict.valid);
  EXPECT_EQ(verdict.instance_path, "/6000/n");
  EXPECT_EQ(verdict.keyword_path, "#/$defs/small/properties/n/maximum");
}

TEST(SchemaValidate, WorkHasALimit) {
  std::string alternatives;
  for (int i = 0; i < 1'000; ++i) alternatives += (i > 0 ? ",{\"const\":" : "{\"const\":") + std::to_string(i) + "}";
  std::string items;
  for (int i = 0; i < 30'000; ++i) items += i > 0 ? ",999" : "999";
  const auto verdict = validate_document(read_schema(R"({"items":{"anyOf":[)" + alternatives + "]}}").value(),
                                         parse_document("[" + items + "]").value());
  ASSERT_FALSE(verdict.ok());
  EXPECT_EQ(verdict.error().code, ErrorCode::kLimit);
}

TEST(SchemaValidate, ManyPropertiesAndItemsAreNotComparedPairwise) {
  std::string schema = "{\"properties\":{", object = "{", array = "[";
  for (int i = 0; i < 20000; ++i) {
    const std::string name = "\"n" + std::to_string(i) + "\"";
    schema += (i > 0 ? "," : "") + name + ":{\"type\":\"integer\"}";
    object += (i > 0 ? "," : "") + name + ":" + std::to_string(i);
    array += (i > 0 ? "," : "") + name;
  }
  const auto objects = read_schema(schema + "},\"required\":" + array + "]}").value();
  EXPECT_TRUE(validate_document(objects, parse_document(object + "}").value()).value().valid);
  EXPECT_FALSE(validate_document(objects, parse_document(object.replace(1, 4, "\"m0\"") + "}").value()).value().valid);
  const auto unique = read_schema(R"({"uniqueItems":true})").value();
  EXPECT_TRUE(validate_document(unique, parse_document(array + "]").value()).value().valid);
  EXPECT_FALSE(validate_document(unique, parse_document(array + ",\"n777\"]").value()).value().valid);
}

}  // namespace
}  // namespace cadre::contract
