// The compiled machine against tables of accepted and refused, and against the independent validator on random schemas.
// SPDX-License-Identifier: Apache-2.0
#include "contract/schema_machine.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "contract/schema_contract.h"
#include "contract/schema_validate.h"

namespace cadre::contract {
namespace {

bool accepts(const std::string& schema, std::string_view text) {
  auto compiled = SchemaContract::compile(schema, SchemaMode::kAccept);
  EXPECT_TRUE(compiled.ok()) << schema << ": " << compiled.error().message;
  const Result<bool> accepted = (*compiled)->accepts(text);
  EXPECT_TRUE(accepted.ok()) << accepted.error().message;
  return *accepted;
}

struct MachineRow {
  std::string schema;
  std::vector<std::string> accepted, refused;
};

void check_rows(const std::vector<MachineRow>& rows) {
  for (const MachineRow& row : rows) {
    for (const std::string& text : row.accepted)
      EXPECT_TRUE(accepts(row.schema, text)) << row.schema << " should accept " << text;
    for (const std::string& text : row.refused)
      EXPECT_FALSE(accepts(row.schema, text)) << row.schema << " should refuse " << text;
  }
}

TEST(SchemaMachine, AnySchemaReadsAnyJson) {
  check_rows({{"{}",
          {"0", " null ", "[]", "[ ]", R"({"a": [1, {"b": "\u00e9\ud83d\ude00"}], "": -0.5e+10})", "\t\r\n\"x\""},
          {"", " ", "nul", "01", "[1,]", "[,1]", "{\"a\"}", "{\"a\":}", "{a:1}", "1 2", "\"\x01\"", "\"a", "[1",
           "{\"a\":1,}",
           "\xEF\xBB\xBF"
           "1",
           R"({"a":1,"a":1})", R"({"a":1,"\u0061":2})"}}});
}

// In accept mode a number is refused at the first byte after which nothing that follows can make it fit.
TEST(SchemaMachine, NumbersAreRefusedAsSoonAsTheyCannotFit) {
  struct Case {
    const char *schema, *text;
    size_t taken;  // bytes
  };
  const Case kCases[] = {
      {R"({"type":"integer","maximum":1})", "2", 0},
      {R"({"type":"integer","maximum":1})", "12", 1},
      {R"({"type":"integer","maximum":1})", "10e-1", 5},
      {R"({"type":"number","maximum":1})", "2e-1", 4},  // 2 is no dead end: 0.2 can still follow
      {R"({"type":"number","maximum":1})", "2e+", 2},
      {R"({"minimum":0})", "-1", 1},
      {R"({"exclusiveMinimum":0})", "-", 0},
      {R"({"type":"integer"})", "1.5e-", 4},
      {R"({"type":"integer","minimum":10,"maximum":20,"multipleOf":4})", "13", 1},
      {R"({"type":"integer","minimum":10,"maximum":20,"multipleOf":4})", "160e-1", 6},
      {R"({"enum":[10,250,3]})", "26", 1},
      {R"({"enum":[10,250,3]})", "2500e-1", 7},
      {R"({"anyOf":[{"type":"integer","maximum":-5},{"type":"number","minimum":100,"maximum":110}]})", "12", 1},
      {R"({"anyOf":[{"type":"integer","maximum":-5},{"type":"number","minimum":100,"maximum":110}]})", "-5.5e-0", 5},
      {R"({"not":{"type":"integer"},"type":"number","minimum":0,"maximum":3})", "4e+", 2},
      {R"({"$schema":"http://json-schema.org/draft-04/schema#","type":"integer","maximum":12})", "1.", 1},
      {R"({"$schema":"http://json-schema.org/draft-04/schema#","type":"integer","maximum":12})", "13", 1},
  };
  for (const Case& c : kCases) {
    const Schema schema = read_schema(c.schema).value();
    auto machine = SchemaMachine::compile(schema, SchemaMode::kAccept).value();
    SchemaMachine::State state = machine->start();
    size_t taken = 0;
    for (; taken < std::string_view(c.text).size(); ++taken) {
      state = machine->next(state, static_cast<uint8_t>(c.text[taken]));
      if (machine->dead(state)) break;
    }
    EXPECT_EQ(taken, c.taken) << c.schema << " " << c.text;
  }
}

TEST(SchemaMachine, ScalarsFollowTheirKeywords) {
  check_rows({
      {R"({"type":"integer","minimum":-2,"exclusiveMaximum":10,"multipleOf":3})",
       {"0", "9", "3.0", "60e-1"},
       {"-3", "10", "12", "4", "3.5", "\"3\""}},
      {R"({"type":"number","maximum":10})", {"1e0000000000001", "1E-0000000000001", "1e+01"}, {"1e0000000000002"}},
      {R"({"type":"number","multipleOf":0.01})", {"0.07", "1e-2", "19.99"}, {"0.075", "1e-3"}},
      {R"({"enum":[1,"a",null,[1,{"b":2}],false]})",
       {"1.0", "\"\\u0061\"", "null", "[1,{\"b\":2.0}]", "false"},
       {"true", "\"b\"", "[1]", "{}"}},
      {R"({"type":"string","minLength":2,"maxLength":3,"pattern":"^[a-c]+$"})",
       {"\"ab\"", "\"abc\""},
       {"\"a\"", "\"abca\"", "\"xy\""}},
      {R"({"type":["string","null"],"maxLength":2})",
       {"null", "\"\xC3\xA9\xC3\xA9\"", "\"\\ud83d\\ude00x\""},
       {"\"abc\"", "1"}},
      {R"({"not":{"type":"string","pattern":"^a"}})", {"\"b\"", "1"}, {"\"ab\""}},
  });
}

TEST(SchemaMachine, ObjectsFollowTheirKeywords) {
  check_rows({
      {R"({"type":"object","properties":{"a":{"type":"integer"},"ab":{}},"required":["a"],"additionalProperties":false})",
       {R"({"a":1})", R"({"ab":null,"a":2})"},
       {"{}", R"({"a":"x"})", R"({"a":1,"b":2})", R"({"ab":1})", R"({"a":1,"a":2})"}},
      {R"({"patternProperties":{"^x":{"type":"string"},"y$":{"minLength":2}},"additionalProperties":{"type":"integer"}})",
       {R"({"x":"","ay":"ab","z":1})", R"({"xy":"ab"})"},
       {R"({"x":1})", R"({"xy":"a"})", R"({"z":"a"})"}},
      {R"({"propertyNames":{"maxLength":2},"minProperties":1,"maxProperties":2})",
       {R"({"ab":1})"},
       {"{}", R"({"abc":1})", R"({"a":1,"b":2,"c":3})"}},
      {R"({"dependentRequired":{"a":["b"]},"dependentSchemas":{"c":{"properties":{"d":{"const":1}}}}})",
       {"{}", R"({"a":1,"b":2})", R"({"b":1})", R"({"d":2})", R"({"d":1,"c":0})"},
       {R"({"a":1})", R"({"d":2,"c":0})", R"({"c":0,"d":2})"}},
  });
}

TEST(SchemaMachine, ArraysFollowTheirKeywords) {
  check_rows({
      {R"({"type":"array","prefixItems":[{"type":"integer"},{"type":"string"}],"items":{"type":"null"},"minItems":1,"maxItems":3})",
       {"[1]", "[1,\"a\"]", "[1,\"a\",null]"},
       {"[]", "[\"a\"]", "[1,2]", "[1,\"a\",1]", "[1,\"a\",null,null]"}},
      {R"({"contains":{"type":"integer"},"minContains":2,"maxContains":3})",
       {"[1,\"a\",2]", "[1,2,3]"},
       {"[]", "[1]", "[1,2,3,4]"}},
      {R"({"contains":{"const":1},"minContains":0,"maxContains":1})", {"[]", "[1,2]"}, {"[1,1]"}},
      {R"({"uniqueItems":true})",
       {"[]", "[1,2,\"1\"]", "[[1],[2]]", R"([{"a":1,"b":2},{"a":2}])"},
       {"[1,1.0]", R"(["a","\u0061"])", R"([{"a":1,"b":2},{"b":2,"a":1}])", "[[1],[ 1 ]]", "[null,0,null]"}},
      {R"({"not":{"uniqueItems":true}})", {"[1,1]", "[[2],[2],3]"}, {"[1,2]", "[]"}},
      {R"({"items":{"uniqueItems":true}})", {"[[1],[1]]", "[[1,2],[2,1]]"}, {"[[1,1]]"}},
  });
}

TEST(SchemaMachine, ApplicatorsCombineInLockStep) {
  check_rows({
      {R"({"oneOf":[{"type":"integer"},{"minimum":2}]})", {"1", "2.5", "\"a\""}, {"3", "1.5"}},
      {R"({"anyOf":[{"properties":{"t":{"const":1},"v":{"type":"string"}},"required":["t"]},{"properties":{"t":{"const":2},"v":{"type":"integer"}},"required":["t"]}]})",
       {R"({"t":1,"v":"a"})", R"({"v":3,"t":2})", R"({"t":2})"},
       {R"({"t":1,"v":2})", R"({"v":3,"t":1})", R"({"v":"a"})", R"({"t":3})"}},
      {R"({"if":{"properties":{"k":{"const":"x"}},"required":["k"]},"then":{"required":["p"]},"else":{"required":["q"]}})",
       {R"({"k":"x","p":1})", R"({"p":1,"k":"x"})", R"({"q":1})", R"({"k":"y","q":1})"},
       {R"({"k":"x","q":1})", R"({"k":"y","p":1})", "{}"}},
      {R"({"not":{"required":["a","b"]}})", {"{}", R"({"a":1})"}, {R"({"a":1,"b":2})", "1"}},
      {R"({"$defs":{"n":{"type":"object","properties":{"next":{"$ref":"#/$defs/n"},"v":{"type":"integer"}},"required":["v"]}},"$ref":"#/$defs/n"})",
       {R"({"v":1,"next":{"next":{"v":3},"v":2}})"},
       {R"({"v":1,"next":{"next":{"v":"3"},"v":2}})", R"({"v":1,"next":{}})"}},
  });
}

TEST(SchemaMachine, UnevaluatedSeesWhatHeldInPlace) {
  check_rows({
      {R"({"properties":{"a":{}},"allOf":[{"properties":{"b":{}}}],"unevaluatedProperties":false})",
       {R"({"a":1,"b":2})", "{}"},
       {R"({"c":1})"}},
      {R"({"anyOf":[{"properties":{"a":{"const":1}},"required":["a"]},{"properties":{"b":{"const":2}},"required":["b"]}],"unevaluatedProperties":false})",
       {R"({"a":1})", R"({"b":2})", R"({"a":1,"b":2})"},
       {R"({"a":1,"b":3})", R"({"a":2,"b":2})", R"({"b":3,"a":1})"}},
      {R"({"prefixItems":[{}],"contains":{"type":"string"},"unevaluatedItems":{"type":"integer"}})",
       {"[0,\"a\",1]", "[\"a\"]"},
       {"[0,\"a\",null]"}},
      {R"({"if":{"properties":{"a":{"const":1}},"required":["a"]},"then":{"properties":{"b":{}}},"unevaluatedProperties":false})",
       {R"({"a":1,"b":1})"},
       {R"({"a":2})", R"({"b":1})", R"({"a":2,"b":1})"}},
  });
}

TEST(SchemaMachine, RefusesAsSoonAsNamesOrTextsCannotFit) {
  auto compiled = SchemaContract::compile(
      R"({"type":"object","properties":{"city":{"enum":["Oslo","Rome"]}},"required":["city"],"additionalProperties":false})",
      SchemaMode::kAccept);
  ASSERT_TRUE(compiled.ok());
  for (const std::string_view text :
       {"[", "{\"d", "{\"cityx", "{}", "{\"city\":1", "{\"city\":\"P", "{\"city\":\"Oslow", "{\"city\":\"Oslo\","}) {
    auto machine = SchemaMachine::compile((*compiled)->schema(), SchemaMode::kAccept);
    ASSERT_TRUE(machine.ok());
    DocumentCursor cursor(**machine);
    EXPECT_TRUE(cursor.read(text.substr(0, text.size() - 1))) << text;
    EXPECT_FALSE(cursor.read(text.substr(text.size() - 1))) << text;
    EXPECT_EQ(cursor.text(), text.substr(0, text.size() - 1));
  }
}

TEST(SchemaMachine, LongNumbersAreJudgedAsTheValidatorDoes) {
  const std::string digits(5000, '7');
  struct Case {
    std::string schema, instance;
    bool accepted = false, judged = true;
  };
  for (const Case& c :
       {Case{"{}", digits, true}, Case{"{}", "1e999999999", true}, Case{"{}", "1e1000000000", false, false},
        Case{"{}", "1e0000000001", true}, Case{R"({"uniqueItems":true})", "[" + digits + "," + digits + "8]", true},
        Case{R"({"uniqueItems":true})", "[" + digits + "," + digits + "]", false},
        Case{R"({"maximum":9})", "0." + digits, false, false}}) {
    const Schema schema = read_schema(c.schema).value();
    const auto machine = SchemaMachine::compile(schema, SchemaMode::kAccept).value();
    DocumentCursor cursor(*machine);
    EXPECT_EQ(cursor.read(c.instance) && cursor.complete(), c.accepted) << c.schema << " " << c.instance.substr(0, 30);
    const auto document = parse_document(c.instance);
    const auto validity = document.ok() ? validate_document(schema, *document) : Result<Validity>(document.error());
    ASSERT_EQ(validity.ok(), c.judged) << c.schema << " " << c.instance.substr(0, 30);
    if (validity.ok()) {
      EXPECT_EQ(validity->valid, c.accepted);
    } else {
      EXPECT_EQ(validity.error().code, ErrorCode::kLimit);
    }
  }
}

TEST(SchemaMachine, GeneratedNumbersDoNotRunAway) {
  const Schema schema = read_schema(R"({"type":"number"})").value();
  const auto machine = SchemaMachine::compile(schema, SchemaMode::kGenerate).value();
  for (const std::string begun : {"7", "-0.", "-7", "0.00"}) {
    DocumentCursor cursor(*machine);
    ASSERT_TRUE(cursor.read(begun));
    while (cursor.read("3")) {
    }
    EXPECT_EQ(cursor.text().size(), 40u);
    EXPECT_TRUE(cursor.complete());
    EXPECT_FALSE(cursor.read("."));
  }
  DocumentCursor cursor(*machine);
  ASSERT_TRUE(cursor.read(std::string(39, '7')));
  EXPECT_FALSE(cursor.read("."));  // a digit would have to follow
  EXPECT_TRUE(cursor.read("7"));
}

TEST(SchemaMachine, SchemasThatNothingSatisfiesAcceptNothing) {
  for (const char* schema :
       {"false", R"({"type":"string","enum":[1]})", R"({"allOf":[{"type":"string"},{"type":"object"}]})"}) {
    for (const char* text : {"1", "\"a\"", "{}", "[]", "null"}) EXPECT_FALSE(accepts(schema, text)) << schema << text;
    EXPECT_FALSE(SchemaContract::compile(schema, SchemaMode::kGenerate).ok()) << schema;
  }
}

// ---- random schemas ---------------------------------------------------------------------------------------------------------

class RandomSchemas {
 public:
  explicit RandomSchemas(uint64_t seed) : random_(seed) {}

  std::string schema(int depth) {
    if (random_.below(12) == 0) return random_.below(3) == 0 ? "false" : "true";
    std::string text = "{";
    const auto add = [&](const std::string& member) { text += (text.size() > 1 ? "," : "") + member; };
    const int keywords = 1 + static_cast<int>(random_.below(4));
    std::vector<bool> used(32, false);
    for (int i = 0; i < keywords; ++i) {
      const uint64_t which = random_.below(depth > 0 ? 29 : 14);
      if (used[which]) continue;
      used[which] = true;
      add(keyword(which, depth));
    }
    return text + "}";
  }

  std::string value(int depth) {
    switch (random_.below(depth > 0 ? 8 : 5)) {
      case 0:
        return pick({"null", "true", "false"});
      case 1:
      case 2:
        return pick({"0", "1", "2", "3", "1.5", "-1", "2.0", "10"});
      case 3:
      case 4:
        return pick({R"("")", R"("a")", R"("ab")", R"("b")", R"("abc")", R"("\u00e9")"});
      case 5: {
        std::string text = "[";
        for (uint64_t i = random_.below(4); i > 0; --i) text += (text.size() > 1 ? "," : "") + value(depth - 1);
        return text + "]";
      }
      default: {
        std::string text = "{";
        std::vector<std::string> names{"a", "b", "c", "ab", "x1"};
        for (const std::string& name : names) {
          if (random_.below(3) == 0) text += (text.size() > 1 ? "," : "") + ("\"" + name + "\":" + value(depth - 1));
        }
        return text + "}";
      }
    }
  }

 private:
  std::string pick(std::initializer_list<const char*> choices) {
    return *(choices.begin() + random_.below(choices.size()));
  }
  std::string number() { return std::to_string(random_.below(4)); }
  std::string name() { return pick({"\"a\"", "\"b\"", "\"c\"", "\"ab\""}); }
  std::string names() { return "[" + pick({R"("a")", R"("b")", R"("a","b")", R"("b","c")"}) + "]"; }
  std::string list(int depth) {
    return "[" + schema(depth - 1) + "," + schema(depth - 1) + (random_.below(2) ? "," + schema(depth - 1) : "") + "]";
  }

  std::string keyword(uint64_t which, int depth) {
    switch (which) {
      case 0:
        return R"("type":)" + pick({R"("object")", R"("array")", R"("string")", R"("number")", R"("integer")",
                                    R"(["string","array"])", R"(["object","null"])"});
      case 1:
        return R"("const":)" + value(2);
      case 2:
        return R"("enum":[)" + value(1) + "," + value(1) + "," + value(2) + "]";
      case 3:
        return R"("minimum":)" + number();
      case 4:
        return R"("exclusiveMaximum":)" + number();
      case 5:
        return R"("multipleOf":)" + pick({"2", "0.5", "3"});
      case 6:
        return R"("minLength":)" + number();
      case 7:
        return R"("maxLength":)" + number();
      case 8:
        return R"("pattern":)" + pick({R"("^a")", R"("b$")", R"("^[ab]*$")", R"("a|c")"});
      case 9:
        return R"("required":)" + names();
      case 10:
        return R"("minItems":)" + number();
      case 11:
        return R"("maxItems":)" + number();
      case 12:
        return R"("uniqueItems":true)";
      case 13:
        return R"("maxProperties":)" + number();
      case 14:
        return R"("properties":{)" + ("\"a\":" + schema(depth - 1)) + ",\"b\":" + schema(depth - 1) + "}";
      case 15:
        return R"("patternProperties":{"^a":)" + schema(depth - 1) + R"(,"b":)" + schema(depth - 1) + "}";
      case 16:
        return R"("additionalProperties":)" + schema(depth - 1);
      case 17:
        return R"("propertyNames":{"pattern":)" + pick({R"("^a")", R"("^.$")", R"("[abc]")"}) + "}";
      case 18:
        return R"("dependentRequired":{)" + name() + ":" + names() + "}";
      case 19:
        return R"("dependentSchemas":{)" + name() + ":" + schema(depth - 1) + "}";
      case 20:
        return R"("prefixItems":)" + list(depth);
      case 21:
        return R"("items":)" + schema(depth - 1);
      case 22:
        return R"("contains":)" + schema(depth - 1) + R"(,"minContains":)" + number() +
               (random_.below(2) ? R"(,"maxContains":)" + number() : "");
      case 23:
        return R"("allOf":)" + list(depth);
      case 24:
        return R"("anyOf":)" + list(depth);
      case 25:
        return R"("oneOf":)" + list(depth);
      case 26:
        return R"("not":)" + schema(depth - 1);
      case 27:
        return R"("if":)" + schema(depth - 1) + R"(,"then":)" + schema(depth - 1) + R"(,"else":)" + schema(depth - 1);
      default:
        return random_.below(2) ? R"("unevaluatedProperties":)" + schema(depth - 1)
                                : R"("unevaluatedItems":)" + schema(depth - 1);
    }
  }

  base::Random random_;
};

TEST(SchemaMachine, AgreesWithTheValidatorOnRandomSchemas) {
  size_t compared = 0, valid = 0;
  for (uint64_t seed = 0; seed < 3000; ++seed) {
    RandomSchemas random(seed);
    const std::string text = random.schema(3);
    const Result<Schema> schema = read_schema(text);
    ASSERT_TRUE(schema.ok()) << text << ": " << schema.error().message;
    auto machine = SchemaMachine::compile(*schema, SchemaMode::kAccept);
    for (int i = 0; i < 30; ++i) {
      const std::string instance = random.value(3);
      const Result<Validity> expected = validate_document(*schema, *parse_document(instance));
      ASSERT_TRUE(expected.ok());
      bool accepted = false;
      if (machine.ok()) {
        DocumentCursor cursor(**machine);
        accepted = cursor.read(instance) && cursor.complete();
        ASSERT_EQ((*machine)->problem(), "");
      }
      ASSERT_EQ(accepted, expected->valid) << text << "\n"
                                           << instance << "\n"
                                           << (machine.ok() ? "" : machine.error().message);
      ++compared;
      valid += expected->valid;
    }
  }
  EXPECT_GT(valid, compared / 20);
  EXPECT_LT(valid, compared - compared / 20);
}

// Every step goes where an end is left, the budget holds, and what comes out is valid.
TEST(SchemaMachine, GeneratedDocumentsAreValidAndWithinTheirBudget) {
  size_t generated = 0;
  for (uint64_t seed = 0; seed < 1500; ++seed) {
    RandomSchemas random_schemas(seed);
    base::Random random(seed);
    const std::string text = random_schemas.schema(3);
    const Result<Schema> schema = read_schema(text);
    ASSERT_TRUE(schema.ok());
    auto machine = SchemaMachine::compile(*schema, SchemaMode::kGenerate);
    if (!machine.ok()) continue;
    const uint32_t needed = (*machine)->distance((*machine)->start());
    for (int walk = 0; walk < 4; ++walk) {
      uint32_t left = needed + static_cast<uint32_t>(random.below(needed + 20));
      DocumentCursor cursor(**machine);
      while (!cursor.complete() || (left > 0 && random.chance(0.3))) {
        std::vector<DocumentCursor> ways;
        for (int byte = 0; byte < 256 && left > 0; ++byte) {
          DocumentCursor way = cursor;
          const char c = static_cast<char>(byte);
          if (way.read(std::string_view(&c, 1)) && way.distance() <= left - 1) ways.push_back(way);
        }
        if (ways.empty() && cursor.complete()) break;
        ASSERT_FALSE(ways.empty()) << text << "\n"
                                   << cursor.text() << " left " << left << " distance " << cursor.distance();
        cursor = ways[random.below(ways.size())];
        --left;
      }
      const Result<JsonValue> document = parse_document(cursor.text());
      ASSERT_TRUE(document.ok()) << cursor.text();
      const Result<Validity> validity = validate_document(*schema, *document);
      ASSERT_TRUE(validity.ok() && validity->valid) << text << "\n" << cursor.text();
      ++generated;
    }
  }
  EXPECT_GT(generated, 2000u);
}

}  // namespace
}  // namespace cadre::contract
