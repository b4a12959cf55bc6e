// SPDX-License-Identifier: Apache-2.0
#include "contract/schema_fit.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "contract/schema_validate.h"

namespace cadre::contract {
namespace {

using base::Json;

Json json(const std::string& text) {
  return base::parse_json(text).value();
}

struct FitCase {
  const char *from, *into;
  FitKind kind;
  const char *path = "", *message = "";
};

void check(const std::vector<FitCase>& cases) {
  for (const FitCase& c : cases) {
    const auto answer = fit(json(c.from), json(c.into));
    ASSERT_TRUE(answer.ok()) << answer.error().message;
    EXPECT_EQ(fit_kind_name(answer->kind), std::string(fit_kind_name(c.kind)))
        << c.from << " into " << c.into << ": " << answer->message;
    if (*c.path != 0) {
      EXPECT_EQ(answer->path, c.path) << c.from << " into " << c.into;
    }
    if (*c.message != 0) {
      EXPECT_EQ(answer->message, c.message) << c.from << " into " << c.into;
    }
  }
}

TEST(SchemaFit, ScalarsByTypeAndBounds) {
  constexpr auto kFits = FitKind::kFits, kMay = FitKind::kMayFit, kNever = FitKind::kNeverFits;
  check({
      {R"({"type":"string"})", R"({"type":"integer"})", kNever, "", "type string where integer is needed"},
      {R"({"type":"integer"})", R"({"type":"number"})", kFits},
      {R"({"type":"number"})", R"({"type":"integer"})", kMay, "", "type number where integer is needed"},
      {R"({"type":["string","null"]})", R"({"type":"string"})", kMay},
      {R"({"type":["string","null"]})", R"({"type":["null","string","array"]})", kFits},
      {R"({"type":["string","null"]})", R"({"type":["integer","array"]})", kNever},
      {R"({"type":"integer","minimum":1,"maximum":5})", R"({"type":"integer","minimum":0,"maximum":5})", kFits},
      {R"({"type":"integer","minimum":1,"maximum":6})", R"({"type":"integer","exclusiveMaximum":6})", kMay},
      {R"({"type":"integer","minimum":7})", R"({"maximum":6})", kNever, "", "a number of at most 6 is needed"},
      {R"({"type":"number","exclusiveMinimum":6})", R"({"maximum":6})", kNever},
      {R"({"type":"number","multipleOf":0.5})", R"({"multipleOf":0.25})", kFits},
      {R"({"type":"integer"})", R"({"multipleOf":2})", kMay},
      {R"({"type":"string","maxLength":5})", R"({"maxLength":6})", kFits},
      {R"({"type":"string","minLength":7})", R"({"maxLength":6})", kNever},
      {R"({"type":"string","pattern":"^a"})", R"({"type":"string","pattern":"^a"})", kFits},
      {R"({"type":"string"})", R"({"type":"string","pattern":"^a"})", kMay},
      {R"({"type":"string"})", R"({"type":"string","format":"date"})", kFits},  // it annotates
      {R"({"enum":["a","b"]})", R"({"enum":["c","b","a"]})", kFits},
      {R"({"enum":["a","b"]})", R"({"const":"a"})", kMay},
      {R"({"enum":["a","b"]})", R"({"enum":[1,2]})", kNever},
      {R"({"enum":["a","bcd"]})", R"({"type":"string","pattern":"^[a-z]+$"})", kFits},
      {R"({"type":"string","maxLength":1})", R"({"enum":["aa","bb"]})", kNever, "",
       "none of the values allowed can come"},
      {R"({"type":"string"})", R"({"enum":["aa","bb"]})", kMay},
      {R"({"type":"boolean"})", R"({"enum":[true,false,null]})", kFits},
      {R"({"type":"boolean"})", R"({"const":true})", kMay},
      {R"({"const":3})", R"({"type":"integer"})", kFits},
      {R"(true)", R"({"type":"integer"})", kMay},
      {R"({"type":"integer"})", R"(true)", kFits},
      {R"({"type":"integer"})", R"(false)", kNever},
      {R"({"type":"integer"})", R"({"type":"integer","x-normal":"number"})", kMay},
  });
}

TEST(SchemaFit, ObjectsAndArrays) {
  constexpr auto kFits = FitKind::kFits, kMay = FitKind::kMayFit, kNever = FitKind::kNeverFits;
  const char* kCity =
      R"({"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer"}},"required":["city"],"additionalProperties":false})";
  check({
      {kCity, kCity, kFits},
      {kCity, R"({"type":"object","required":["city"]})", kFits},
      {kCity, R"({"type":"object","required":["country"]})", kNever, "", "field \"country\" is missing"},
      {R"({"type":"object","properties":{"city":{}}})", R"({"required":["country"]})", kMay, "",
       "field \"country\" may be missing"},
      {kCity, R"({"properties":{"city":{"type":"integer"}}})", kNever, "/city", "type string where integer is needed"},
      {kCity, R"({"properties":{"days":{"type":"string"}}})", kMay, "/days"},
      {kCity, R"({"properties":{"days":{"type":"string"}},"required":["days"]})", kNever, "/days"},
      {kCity, R"({"properties":{"days":{}},"additionalProperties":false})", kNever, "",
       "field \"city\" is not allowed"},
      {R"({"type":"object","properties":{"a":{}}})", R"({"properties":{"a":{}},"additionalProperties":false})", kMay},
      {kCity, R"({"patternProperties":{"^c":{"type":"null"}}})", kNever, "/city"},
      {kCity, R"({"patternProperties":{"^x":{"type":"null"}}})", kFits},
      {kCity, R"({"propertyNames":{"maxLength":4}})", kFits},
      {kCity, R"({"propertyNames":{"maxLength":3}})", kMay},
      {kCity, R"({"minProperties":1,"maxProperties":2})", kFits},
      {kCity, R"({"minProperties":3})", kNever, "", "at least 3 fields are needed"},
      {R"({"type":"object","additionalProperties":{"type":"integer"}})",
       R"({"additionalProperties":{"type":"number"}})", kFits},
      {R"({"type":"object","additionalProperties":{"type":"integer"}})",
       R"({"additionalProperties":{"type":"string"}})", kMay, "/*"},
      {kCity, R"({"dependentRequired":{"city":["days"]}})", kMay},
      {kCity, R"({"dependentRequired":{"days":["city"]}})", kFits},
      {kCity, R"({"dependentRequired":{"city":["zip"]}})", kNever},
      {kCity, R"({"dependentSchemas":{"city":{"required":["zip"]}}})", kNever},
      {R"({"type":"array","items":{"type":"string"}})", R"({"items":{"type":"string"}})", kFits},
      {R"({"type":"array","items":{"type":"string"}})", R"({"type":"array","items":{"type":"integer"}})", kMay, "/*"},
      {R"({"type":"array","items":{"type":"string"}})", R"({"items":{"type":"integer"},"minItems":1})", kNever, "/*"},
      {R"({"type":"array","minItems":2,"prefixItems":[{"type":"string"}]})", R"({"prefixItems":[{"type":"null"}]})",
       kNever, "/0"},
      {R"({"type":"array","maxItems":2})", R"({"maxItems":3})", kFits},
      {R"({"type":"array","minItems":4})", R"({"maxItems":3})", kNever, "", "at most 3 items are needed"},
      {R"({"type":"array","prefixItems":[{}],"items":false})", R"({"uniqueItems":true,"maxItems":1})", kFits},
      {R"({"type":"array"})", R"({"contains":{"const":1}})", kMay},
  });
}

TEST(SchemaFit, CombinationsAndReferences) {
  constexpr auto kFits = FitKind::kFits, kMay = FitKind::kMayFit, kNever = FitKind::kNeverFits;
  const char* kTree =
      R"({"$ref":"#/$defs/node","$defs":{"node":{"type":"object","properties":{"next":{"$ref":"#/$defs/node"},"v":{"type":"integer"}},"required":["v"],"additionalProperties":false}}})";
  check({
      {R"({"$ref":"#/$defs/a","$defs":{"a":{"type":"string"}}})", R"({"type":"string"})", kFits},
      {kTree, kTree, kFits},
      {kTree,
       R"({"$ref":"#/$defs/n","$defs":{"n":{"properties":{"next":{"$ref":"#/$defs/n"},"v":{"type":"number"}}}}})",
       kFits},
      {kTree,
       R"({"$ref":"#/$defs/n","$defs":{"n":{"properties":{"next":{"$ref":"#/$defs/n"},"v":{"type":"string"}}}}})",
       kNever, "/v"},
      {R"({"allOf":[{"type":"string"},{"maxLength":3}]})", R"({"type":"string","maxLength":4})", kFits},
      {R"({"anyOf":[{"type":"string"},{"type":"integer"}]})", R"({"type":["string","number"]})", kFits},
      {R"({"anyOf":[{"type":"string"},{"type":"integer"}]})", R"({"type":"number"})", kMay},
      {R"({"anyOf":[{"type":"string"},{"type":"integer"}]})", R"({"type":"null"})", kNever},
      {R"({"type":["string","integer"]})", R"({"anyOf":[{"type":"string"},{"type":"integer"}]})", kFits},
      {R"({"type":["string","integer"]})", R"({"oneOf":[{"type":"string"},{"type":"integer"}]})", kFits},
      {R"({"type":"integer"})", R"({"oneOf":[{"type":"number"},{"type":"integer"}]})", kNever},
      {R"({"type":"integer"})", R"({"oneOf":[{"type":"integer","minimum":3},{"type":"string"}]})", kMay},
      {R"({"type":"integer"})", R"({"not":{"type":"string"}})", kFits},
      {R"({"type":"integer"})", R"({"not":{"type":"number"}})", kNever},
      {R"({"type":"integer"})", R"({"not":{"minimum":3}})", kMay},
      {R"({"type":"integer"})", R"({"if":{"type":"number"},"then":{"type":"integer"},"else":false})", kFits},
      {R"({"type":"integer"})", R"({"if":{"type":"string"},"then":true,"else":false})", kNever},
      {R"({"oneOf":[{"type":"object","properties":{"k":{"const":"a"},"v":{"type":"string"}},"required":["k","v"]},
                    {"type":"object","properties":{"k":{"const":"b"},"v":{"type":"integer"}},"required":["k","v"]}]})",
       R"({"type":"object","properties":{"v":{"type":["string","integer"]}},"required":["v"]})", kFits},
  });
}

TEST(SchemaFit, WhatCannotBeReadIsAnError) {
  EXPECT_FALSE(fit(json(R"({"type":1})"), json("true")).ok());
  EXPECT_FALSE(fit(json("true"), json(R"({"$ref":"#/nowhere"})")).ok());
}

TEST(SchemaFit, ManyAlternativesEndInMayFit) {
  std::string from = R"({"allOf":[)", branches;
  for (int i = 0; i < 30; ++i)
    from += std::string(i == 0 ? "" : ",") + R"({"anyOf":[{"minimum":)" + std::to_string(i) + R"(},{"maximum":-1}]})";
  EXPECT_EQ(fit(json(from + "]}"), json(R"({"type":"number","minimum":0})"))->kind, FitKind::kMayFit);
}

// ---- at random --------------------------------------------------------------------------------------------------------------

class Maker {
 public:
  explicit Maker(uint64_t seed) : random_(seed) {}

  Json value(int depth) {
    switch (random_.below(depth > 0 ? 8 : 6)) {
      case 0:
        return nullptr;
      case 1:
        return random_.below(2) == 0;
      case 2:
        return static_cast<int>(random_.below(5));
      case 3:
        return static_cast<int>(random_.below(5)) + 0.5;
      case 4:
      case 5:
        return std::string("abcd").substr(0, random_.below(4));
      case 6: {
        Json list = Json::array();
        for (uint64_t i = random_.below(4); i > 0; --i) list.push_back(value(depth - 1));
        return list;
      }
      default: {
        Json object = Json::object();
        for (const char* name : {"a", "b", "c"}) {
          if (random_.below(2) == 0) object[name] = value(depth - 1);
        }
        return object;
      }
    }
  }

  Json schema(int depth) {
    if (random_.below(12) == 0) return random_.below(4) != 0;
    Json out = Json::object();
    static const char* const kTypes[] = {"null", "boolean", "integer", "number", "string", "array", "object"};
    if (random_.below(3) != 0) out["type"] = kTypes[random_.below(7)];
    for (uint64_t i = random_.below(4); i > 0; --i) add_keyword(out, depth);
    return out;
  }

 private:
  void add_keyword(Json& out, int depth) {
    const auto count = [&] { return static_cast<int>(random_.below(4)); };
    const auto list = [&](int size) {
      Json all = Json::array();
      for (int i = 0; i < size; ++i) all.push_back(schema(depth - 1));
      return all;
    };
    switch (random_.below(depth > 0 ? 25 : 11)) {
      case 0:
        out["minimum"] = count();
        break;
      case 1:
        out["exclusiveMaximum"] = count();
        break;
      case 2:
        out["maximum"] = count();
        break;
      case 3:
        out["minLength"] = count();
        break;
      case 4:
        out["maxLength"] = count();
        break;
      case 5:
        out["enum"] = Json::array({value(0), value(1)});
        break;
      case 6:
        out["const"] = value(1);
        break;
      case 7:
        out["required"] = Json::array({random_.below(2) == 0 ? "a" : "b"});
        break;
      case 8:
        out["minItems"] = count();
        break;
      case 9:
        out["maxProperties"] = count();
        break;
      case 10:
        out["uniqueItems"] = true;
        break;
      case 11:
        out["items"] = schema(depth - 1);
        break;
      case 12:
        out["prefixItems"] = list(2);
        break;
      case 13:
        out["additionalProperties"] = random_.below(2) == 0 ? Json(false) : schema(depth - 1);
        break;
      case 14:
      case 15:
      case 16:
        out["properties"] = Json{{"a", schema(depth - 1)}, {"b", schema(depth - 1)}};
        break;
      case 17:
        out["patternProperties"] = Json{{"[bc]", schema(depth - 1)}};
        break;
      case 18:
        out["anyOf"] = list(2);
        break;
      case 19:
        out["oneOf"] = list(2);
        break;
      case 20:
        out["allOf"] = list(2);
        break;
      case 21:
        out["not"] = schema(depth - 1);
        break;
      case 22:
        out["if"] = schema(depth - 1), out["then"] = schema(depth - 1), out["else"] = schema(depth - 1);
        break;
      case 23:
        out["dependentSchemas"] = Json{{"a", schema(depth - 1)}};
        break;
      default:
        out["dependentRequired"] = Json{{"a", {"b"}}};
        break;
    }
  }

  base::Random random_;
};

bool is_valid(const Schema& schema, const Json& value) {
  return validate_document(schema, parse_document(base::dump_json(value)).value()).value().valid;
}

// "Fits" and "never fits" are proofs: no value may contradict them.
TEST(SchemaFit, NoValueContradictsAnAnswer) {
  Maker maker(3);
  size_t fits = 0, never = 0;
  for (int round = 0; round < 6000; ++round) {
    const Json from = maker.schema(2), into = round % 3 == 0 ? from : maker.schema(2);
    const SchemaFit answer = fit(from, into).value();
    if (answer.kind == FitKind::kMayFit) continue;
    const Schema first = read_schema(base::dump_json(from)).value(),
                 second = read_schema(base::dump_json(into)).value();
    for (int i = 0; i < 60; ++i) {
      const Json value = maker.value(2);
      if (!is_valid(first, value)) continue;
      ++(answer.kind == FitKind::kFits ? fits : never);
      ASSERT_EQ(is_valid(second, value), answer.kind == FitKind::kFits)
          << base::dump_json(value) << "\nfrom " << base::dump_json(from) << "\ninto " << base::dump_json(into) << "\n"
          << answer.message;
    }
  }
  EXPECT_GT(fits, 2000u);
  EXPECT_GT(never, 500u);
}

// ---- parts of schemas -------------------------------------------------------------------------------------------------------

TEST(SubSchema, IsWhatStandsAtThePath) {
  struct Row {
    const char* schema;
    std::vector<std::string> path;
    const char* expected;
    bool always;
  };
  const Row kRows[] = {
      {R"({"type":"string"})", {}, R"({"type":"string"})", true},
      {R"({"properties":{"a":{"type":"string"}},"required":["a"]})", {"a"}, R"({"type":"string"})", true},
      {R"({"properties":{"a":{"type":"string"}}})", {"a"}, R"({"type":"string"})", false},
      {R"({"properties":{"a":{}}})", {"b"}, "true", false},
      {R"({"additionalProperties":{"type":"null"}})", {"b"}, R"({"type":"null"})", false},
      {R"({"patternProperties":{"^b":{"type":"null"}},"properties":{"b":{"title":"x"}}})",
       {"b"},
       R"({"allOf":[{"title":"x"},{"type":"null"}]})",
       false},
      {R"({"type":"array","items":{"type":"object","properties":{"id":{"type":"integer"}},"required":["id"]},"minItems":1})",
       {"0", "id"},
       R"({"type":"integer"})",
       true},
      {R"({"type":"array","items":{"type":"integer"}})", {"*"}, R"({"type":"integer"})", false},
      {R"({"type":"array","prefixItems":[{"type":"integer"},{"type":"null"}],"items":false})",
       {"1"},
       R"({"type":"null"})",
       false},
      {R"({"allOf":[{"properties":{"a":{"type":"string"}}},{"required":["a"]}]})", {"a"}, R"({"type":"string"})", true},
      {R"({"anyOf":[{"properties":{"a":{"type":"string"}},"required":["a"]},{"properties":{"a":{"type":"null"}}}]})",
       {"a"},
       R"({"anyOf":[{"type":"string"},{"type":"null"}]})",
       false},
      {R"({"$ref":"#/$defs/o","$defs":{"o":{"properties":{"a/b":{"type":"string"}}}}})",
       {"a/b"},
       R"({"type":"string"})",
       false},
      {R"({"$schema":"http://json-schema.org/draft-07/schema#","items":[{"type":"string"}]})",
       {"0"},
       R"({"$schema":"http://json-schema.org/draft-07/schema#","allOf":[{"type":"string"}]})",
       false},
  };
  for (const Row& row : kRows) {
    const auto found = sub_schema(json(row.schema), row.path);
    ASSERT_TRUE(found.ok()) << row.schema << ": " << found.error().message;
    EXPECT_EQ(base::dump_json(found->schema), base::dump_json(json(row.expected))) << row.schema;
    EXPECT_EQ(found->is_always_there, row.always) << row.schema;
  }
}

TEST(SubSchema, NothingThereIsNotFound) {
  for (const char* schema :
       {R"({"additionalProperties":false})", R"({"type":"string"})", R"({"properties":{"a":false}})", "false",
        R"({"anyOf":[{"type":"string"},{"additionalProperties":false}]})"})
    EXPECT_EQ(sub_schema(json(schema), {"a"}).error().code, ErrorCode::kNotFound) << schema;
  EXPECT_EQ(sub_schema(json(R"({"type":"array","maxItems":2})"), {"2"}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(sub_schema(json(R"({"$ref":"other.json"})"), {"a"}).error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(sub_schema(json(R"({"$ref":"#"})"), {"a"}).error().code, ErrorCode::kLimit);
}

TEST(SubSchema, ReferencesStillResolve) {
  for (const char* dialect :
       {"", R"("$schema":"http://json-schema.org/draft-04/schema#",)",
        R"("$schema":"http://json-schema.org/draft-07/schema#",)",
        R"("$id":"https://a.example/s","$schema":"https://json-schema.org/draft/2020-12/schema",)"}) {
    const std::string schema =
        std::string("{") + dialect +
        R"("type":"object","properties":{"tree":{"type":"object","properties":{"left":{"$ref":"#/definitions/t"}}}},
           "definitions":{"t":{"type":"object","properties":{"v":{"type":"integer"},"left":{"$ref":"#/definitions/t"}}}}})";
    const auto part = sub_schema(json(schema), {"tree"});
    ASSERT_TRUE(part.ok()) << part.error().message;
    const auto answer = fit(json(R"({"const":{"left":{"left":{"v":"x"}}}})"), part->schema);
    ASSERT_TRUE(answer.ok()) << answer.error().message;
    EXPECT_EQ(answer->kind, FitKind::kNeverFits) << schema;
    EXPECT_EQ(answer->path, "/left/left/v");
    EXPECT_EQ(fit(json(R"({"const":{"left":{"left":{"v":1}}}})"), part->schema)->kind, FitKind::kFits) << schema;
    const auto deep = sub_schema(json(schema), {"tree", "left", "left", "v"});
    ASSERT_TRUE(deep.ok()) << deep.error().message;
    EXPECT_EQ(fit(json(R"({"type":"string"})"), deep->schema)->kind, FitKind::kNeverFits) << schema;
  }
}

}  // namespace
}  // namespace cadre::contract
