// Schemas with values bound at run time: what is accepted, refused and written, and where it says that values come from.
// SPDX-License-Identifier: Apache-2.0
#include "contract/value_origins.h"

#include <gtest/gtest.h>

#include "contract/constraint.h"
#include "contract/schema_contract.h"
#include "contract/schema_validate.h"
#include "contract/test_bindings.h"
#include "contract/tool_calls.h"

namespace cadre::contract {
namespace {

std::shared_ptr<const Schema> read(const std::string& json) {
  auto schema = read_schema(json);
  EXPECT_TRUE(schema.ok()) << json << ": " << (schema.ok() ? "" : schema.error().message);
  return std::make_shared<const Schema>(std::move(*schema));
}

std::shared_ptr<Bindings> trip() {
  auto bindings = test::bind(
      "Book a table for twelve at \"Chez Zo\xC3\xA9\"\nin New York on 3rd of May, tel. 030 1234567, budget 1,250.50",
      {.today = CivilDate{2026, 4, 1}, .calling_code = "49"});
  bindings->bind_source("notes", "vegan menu\r\n  no nuts  ").value();
  bindings->bind_set("ids", ValueSet::make({"r-17", "42", "r-18", "4.50"}).value()).value();
  return bindings;
}

bool accepts(const std::shared_ptr<const Schema>& schema, const std::shared_ptr<Bindings>& bindings,
             const std::string& text) {
  const auto contract = SchemaContract::compile(schema, SchemaMode::kAccept, bindings);
  EXPECT_TRUE(contract.ok()) << contract.error().message;
  const bool accepted = (*contract)->accepts(text).value();
  const auto document = parse_document(text);
  const bool valid = document.ok() && validate_document(*schema, *document, bindings.get()).value().valid;
  EXPECT_EQ(accepted, valid) << text;
  return accepted;
}

struct OriginRow {
  std::string schema;
  std::vector<std::string> accepted, refused;
};

void check(const std::vector<OriginRow>& rows) {
  const auto bindings = trip();
  for (const OriginRow& row : rows) {
    const auto schema = read(row.schema);
    for (const std::string& text : row.accepted)
      EXPECT_TRUE(accepts(schema, bindings, text)) << row.schema << " should accept " << text;
    for (const std::string& text : row.refused)
      EXPECT_FALSE(accepts(schema, bindings, text)) << row.schema << " should refuse " << text;
  }
}

TEST(ValueOrigins, CopiesAreSpansOnUnits) {
  check({
      {R"({"x-copy":{}})",
       {R"("New York")", R"("twelve")", R"("\"Chez Zo\u00e9\"")", R"("Chez Zo\u00e9"  )", "17", "null"},
       {R"("New Yor")", R"("")", R"("new york")", R"(" New York")", R"("Paris")"}},
      {R"({"x-copy":"notes"})", {R"("vegan menu")", R"("menu\r\n  no nuts")"}, {R"("New York")", R"("menu no")"}},
      {R"({"x-copy":{"from":["notes","input"]}})", {R"("vegan")", R"("York")"}, {R"("vegan York")"}},
      {R"({"x-copy":{"unit":"char"}})", {R"("ew Yo")", R"("o")", R"(" ")"}, {R"("")", R"("eW")"}},
      {R"({"x-copy":{"unit":"token"}})", {R"("\"Chez")", R"("1,250.50")", R"("May,")"}, {R"("Chez")", R"("May")"}},
      {R"({"x-copy":{"unit":"line","from":"notes"}})",
       {R"("vegan menu")", R"("  no nuts  ")", R"("vegan menu\r\n  no nuts  ")"},
       {R"("vegan")", R"("no nuts")", R"("vegan menu\r")"}},
      {R"({"x-copy":{"minWords":2,"maxWords":3}})",
       {R"("New York")", R"("New York on")", R"("May, tel.")"},
       {R"("York")", R"("in New York on")"}},
      {R"({"x-copy":{"fold":"case"}})", {R"("NEW york")", R"("chez zo\u00c9")"}, {R"("new  york")"}},
      {R"({"x-copy":{"from":"notes","fold":"space"}})",
       {R"("menu no nuts")"},
       {R"("menu\r\n  no nuts")", R"("menu  no")"}},
      {R"({"x-copy":{"from":"notes","fold":["case","space"]}})", {R"("MENU NO")"}, {R"("MENU  NO")"}},
      {R"({"x-copy":{},"maxLength":8,"pattern":"^[A-Z]"})", {R"("New York")"}, {R"("New York on")", R"("york")"}},
      {R"({"not":{"x-copy":{}},"type":"string"})", {R"("Paris")", R"("")"}, {R"("York")"}},
      {R"({"anyOf":[{"x-copy":{},"type":"string"},{"enum":["none"]}]})",
       {R"("York")", R"("none")"},
       {R"("some")", "1"}},
      {R"({"propertyNames":{"x-copy":{}}})", {R"({"York":1})", "{}"}, {R"({"Paris":1})"}},
  });
}

TEST(ValueOrigins, SetsHoldTextsAndNumbers) {
  check({
      {R"({"x-enum-from":"ids"})",
       {R"("r-17")", "42", "4.5", R"("4.50")", "42.0", "null", "[]"},
       {R"("r-1")", "43", R"("4.5")"}},
      {R"({"x-enum-from":"ids","type":"integer"})", {"42"}, {"4.5", R"("42")"}},
      {R"({"x-enum-from":"ids","minimum":10})", {"42"}, {"4.5"}},
      {R"({"not":{"x-enum-from":"ids"}})", {"1", R"("x")"}, {"42", R"("r-18")", "null"}},
  });
}

TEST(ValueOrigins, NormalFormsAreOfMentions) {
  check({
      {R"({"type":"string","x-normal":"date"})", {R"("2026-05-03")"}, {R"("2026-05-04")", R"("3rd of May")", "1"}},
      {R"({"x-normal":"date"})", {"null"}, {"12"}},
      {R"({"x-normal":"number"})",
       {"12", "1250.5", "1.2505e3", R"("12")", R"("1250.5")", "3"},
       {"13", R"("1,250.50")", "-12"}},
      {R"({"x-normal":"phone","type":"string"})", {R"("+49301234567")"}, {R"("0301234567")"}},
      {R"({"x-normal":"number","x-copy":{"from":"notes"}})", {}, {"12", R"("12")"}},
  });
}

TEST(ValueOrigins, GroundedValuesStandInTheInput) {
  check({
      {R"({"x-grounded":true,"type":"object","properties":{"city":{"type":"string"},"n":{"type":"number"},"class":{"enum":["eco","business"]},"id":{"x-enum-from":"ids"},"note":{"x-copy":"notes"},"l":{"type":"array","items":{"type":"string"}}}})",
       {R"({"city":"New York","n":12,"class":"eco","id":"r-17","note":"no nuts","l":["Book","May"]})",
        R"({"n":1250.5})", R"({"other":["York",{"x":3}],"b":true})"},
       {R"({"city":"Paris"})", R"({"n":7})", R"({"class":"first"})", R"({"id":"York"})", R"({"note":"York"})",
        R"({"l":["no"]})", R"({"other":"Paris"})", R"({"other":[{"x":"no"}]})", R"({"other":13})"}},
      {R"({"x-grounded":true,"properties":{"c":{"anyOf":[{"const":"any"},{"type":"string","maxLength":8}]},"d":{"$ref":"#/$defs/e"}},"$defs":{"e":{"enum":["x"]}}})",
       {R"({"c":"any","d":"x"})", R"({"c":"New York"})"},
       {R"({"c":"else"})", R"({"c":"New York on"})", R"({"d":"York"})"}},
      {R"({"x-grounded":true,"allOf":[{"properties":{"a":{"const":"free"}}}],"properties":{"b":{"x-grounded":false,"properties":{"t":{"type":"string"}}}}})",
       {R"({"a":"free","b":{"t":"anything"}})", R"({"z":"York"})"},
       {R"({"z":"free"})"}},
      {R"({"x-grounded":true,"if":{"properties":{"k":{"type":"string"}},"required":["k"]},"then":{"properties":{"v":{"enum":["w"]}}},"not":{"required":["q"]}})",
       {R"({"k":"York","v":"w"})", R"({"v":"York"})"},
       {R"({"v":"w"})", R"({"k":"Paris"})", R"({"q":1})"}},
      {R"({"$schema":"http://json-schema.org/draft-07/schema#","x-grounded":true,"properties":{"a":{"$ref":"#/definitions/s"}},"definitions":{"s":{"type":"string"}}})",
       {R"({"a":"York"})"},
       {R"({"a":"Paris"})"}},
      {R"({"x-grounded":true,"items":false,"prefixItems":[true]})", {R"(["York"])"}, {R"(["Paris"])", R"(["York",1])"}},
  });
}

TEST(ValueOrigins, MistakesAreNamedWithTheirPath) {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {R"({"properties":{"a":{"x-copy":{"unit":"wrod"}}}})", "#/properties/a/x-copy/unit"},
      {R"({"x-copy":{"fold":"upper"}})", "#/x-copy/fold"},
      {R"({"x-copy":{"fold":["case",1]}})", "#/x-copy/fold"},
      {R"({"x-copy":{"from":[]}})", "#/x-copy/from"},
      {R"({"x-copy":{"from":""}})", "#/x-copy/from"},
      {R"({"x-copy":{"form":"input"}})", "#/x-copy/form"},
      {R"({"x-copy":{"minWords":-1}})", "#/x-copy/minWords"},
      {R"({"x-copy":{"maxWords":1001}})", "#/x-copy/maxWords"},
      {R"({"x-copy":{"unit":"char","maxWords":2}})", "#/x-copy"},
      {R"({"x-copy":true})", "#/x-copy"},
      {R"({"x-normal":"time"})", "#/x-normal"},
      {R"({"x-normal":"date","x-copy":{"unit":"line"}})", "#/x-copy"},
      {R"({"x-enum-from":7})", "#/x-enum-from"},
      {R"({"x-grounded":"yes"})", "#/x-grounded"},
  };
  for (const auto& [schema, path] : rows) {
    const auto result = read_schema(schema);
    ASSERT_FALSE(result.ok()) << schema;
    EXPECT_EQ(result.error().message.substr(0, path.size() + 1), path + ":") << result.error().message;
  }
}

TEST(ValueOrigins, WhatIsNotBoundIsNamed) {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {R"({"properties":{"a":{"x-copy":"mail"}}})", R"(#/properties/a/x-copy: the source "mail" is not bound)"},
      {R"({"x-copy":{"from":["input","mail"]}})", R"(#/x-copy: the source "mail" is not bound)"},
      {R"({"items":{"x-enum-from":"cells"}})", R"(#/items/x-enum-from: the set "cells" is not bound)"},
      {R"({"x-normal":"date","x-copy":"mail"})", R"(#/x-normal: the source "mail" is not bound)"},
  };
  const auto bindings = trip();
  for (const auto& [schema, message] : rows) {
    const auto bound = SchemaContract::compile(read(schema), SchemaMode::kAccept, bindings);
    ASSERT_FALSE(bound.ok()) << schema;
    EXPECT_EQ(bound.error().message.substr(0, message.size()), message);
    const auto validity = validate_document(*read(schema), JsonValue(), bindings.get());
    ASSERT_FALSE(validity.ok()) << schema;
    EXPECT_EQ(validity.error().message.substr(0, message.size()), message);
  }
  const auto unbound = SchemaContract::compile(R"({"x-grounded":true})", SchemaMode::kGenerate);
  ASSERT_FALSE(unbound.ok());
  EXPECT_EQ(unbound.error().message.substr(0, 45), "#/x-grounded: the source \"input\" is not bound");
}

TEST(ValueOrigins, BindingsHaveLimits) {
  Bindings bindings;
  EXPECT_EQ(bindings.bind_source("a", std::string(kSourceSizeBytesMax + 1, 'x')).error().code, ErrorCode::kLimit);
  EXPECT_EQ(bindings.bind_source("a", "\xFF").error().code, ErrorCode::kInvalid);
  EXPECT_TRUE(bindings.bind_source("a", std::string(kSourceSizeBytesMax, 'x')).ok());
  EXPECT_EQ(bindings.bind_source("a", "").error().code, ErrorCode::kInvalid);
  EXPECT_EQ(ValueSet::make(std::vector<std::string>(kSetValuesMax + 1)).error().code, ErrorCode::kLimit);
  EXPECT_EQ(ValueSet::make({"a", "\xC3"}).error().code, ErrorCode::kInvalid);
}

TEST(ValueOrigins, NothingToChooseFromIsSaid) {
  const auto bindings = test::bind("no such thing here");
  const auto contract = SchemaContract::compile(
      read(R"({"type":"object","properties":{"when":{"type":"string","x-normal":"date"}},"required":["when"]})"),
      SchemaMode::kGenerate, bindings);
  ASSERT_FALSE(contract.ok());
  EXPECT_NE(contract.error().message.find("#/properties/when/x-normal has nothing to choose from"), std::string::npos)
      << contract.error().message;
}

// ---- provenance -------------------------------------------------------------------------------------------------------------

std::string described(const Provenance& origin, const Bindings& bindings) {
  std::string text = origin.pointer + (origin.is_name ? "# " : " ");
  if (origin.kind == Provenance::Kind::kSet) return text + origin.source + "[" + std::to_string(origin.index) + "]";
  text += origin.kind == Provenance::Kind::kCopy ? "= " : "~ ";
  text += bindings.source(origin.source)->substr(origin.begin, origin.end - origin.begin) + " @" + origin.source;
  return origin.occurrences == 1 ? text : text + " x" + std::to_string(origin.occurrences);
}

TEST(Provenance, NamesTheSpanOfEveryValue) {
  const auto bindings = trip();
  const auto schema = read(
      R"({"type":"object","x-grounded":true,"properties":{"city":{"type":"string"},"when":{"x-normal":"date"},"n":{"type":"integer"},"id":{"x-enum-from":"ids"},"ids":{"type":"array","items":{"x-enum-from":"ids"}},"note":{"x-copy":{"from":"notes","fold":["case","space"]}},"c":{"anyOf":[{"x-copy":"notes"},{"const":"n"},{"type":"string"}]}}})");
  const auto document = parse_document(
      R"({"city":"New York","when":"2026-05-03","n":12,"id":42,"ids":["r-18"],"note":"MENU NO","c":"a","x":["on"]})");
  ASSERT_TRUE(document.ok());
  const auto origins = provenance(*schema, *bindings, *document);
  ASSERT_TRUE(origins.ok()) << origins.error().message;
  std::vector<std::string> found;
  for (const Provenance& origin : *origins) found.push_back(described(origin, *bindings));
  const std::vector<std::string> expected = {
      "/city = New York @input", "/when ~ 3rd of May @input",   "/n ~ twelve @input", "/id ids[1]",
      "/ids/0 ids[2]",           "/note = menu\r\n  no @notes", "/c = a @input",      "/x/0 = on @input"};
  EXPECT_EQ(found, expected);
}

TEST(Provenance, NamesMembersAndRefusesWhatIsNotValid) {
  const auto bindings = test::bind("to be or not to be");
  const auto schema = read(R"({"propertyNames":{"x-copy":{}},"additionalProperties":{"x-copy":{"maxWords":2}}})");
  const auto origins = provenance(*schema, *bindings, *parse_document(R"({"be":"to be"})"));
  ASSERT_TRUE(origins.ok());
  ASSERT_EQ(origins->size(), 2u);
  EXPECT_EQ(described((*origins)[0], *bindings), "/be# = be @input x2");
  EXPECT_EQ(described((*origins)[1], *bindings), "/be = to be @input x2");
  EXPECT_FALSE(provenance(*schema, *bindings, *parse_document(R"({"be":"or not to"})")).ok());
}

// ---- random documents -------------------------------------------------------------------------------------------------------

const std::vector<std::string>& bound_schemas() {
  static const std::vector<std::string> all = {
      R"({"type":"object","properties":{"a":{"type":"string","x-copy":{}},"b":{"type":"string","x-copy":{"minWords":1,"maxWords":3},"maxLength":12}},"required":["a","b"],"additionalProperties":false})",
      R"({"type":"object","x-grounded":true,"properties":{"a":{"type":"string"},"n":{"type":"number"},"e":{"enum":["x","the"]}},"required":["a"]})",
      R"({"type":"array","items":{"x-copy":{"unit":"token","fold":"case"},"type":"string"},"minItems":1,"maxItems":3})",
      R"({"type":"object","properties":{"id":{"x-enum-from":"ids"},"t":{"type":"string","x-copy":{"unit":"char","fold":"space"},"minLength":2,"maxLength":5}},"required":["t"],"additionalProperties":false})",
      R"({"anyOf":[{"type":"string","x-copy":{"unit":"line"}},{"type":"number","x-normal":"number"},{"type":"string","x-enum-from":"ids"}]})",
      R"({"type":"object","oneOf":[{"properties":{"k":{"const":"p"},"v":{"x-copy":{},"type":"string"}},"required":["k","v"]},{"properties":{"k":{"const":"q"},"v":{"x-enum-from":"ids","type":["string","integer"]}},"required":["k","v"]}]})",
      R"({"type":"string","x-copy":{},"not":{"x-copy":{"maxWords":1}}})",
      R"({"type":"array","x-grounded":true,"minItems":1,"maxItems":4})",
      R"({"type":"object","x-grounded":true,"anyOf":[{"properties":{"a":{"const":"zz"}}},{"properties":{"b":{"type":"string"}}}],"additionalProperties":{"type":["string","integer"]}})",
  };
  return all;
}

std::shared_ptr<Bindings> random_bindings(base::Random& random) {
  auto bindings = test::bind("the " + test::random_source(random, 14));
  std::vector<std::string> ids = {"id-1", "12", "1e400", "-0.5"};
  for (uint64_t i = random.below(4); i > 0; --i) ids.push_back(test::random_source(random, 3));
  bindings->bind_set("ids", ValueSet::make(std::move(ids)).value()).value();
  return bindings;
}

// Walks the bytes of generate mode within a budget; the text, or nothing if it got stuck.
std::optional<std::string> walk(Contract& contract, uint32_t budget, base::Random& random) {
  Contract::State state = contract.start();
  std::string text;
  for (uint32_t left = budget; left > 0; --left) {
    if (contract.complete(state) && random.below(3) == 0) return text;
    std::vector<char> ways;
    for (int byte = 0; byte < 256; ++byte) {
      const char c = static_cast<char>(byte);
      Contract::State next = state;
      if (contract.read(next, std::string_view(&c, 1)) && contract.distance(next) <= left - 1) ways.push_back(c);
    }
    if (ways.empty()) break;
    text.push_back(ways[random.below(ways.size())]);
    EXPECT_TRUE(contract.read(state, std::string_view(&text.back(), 1)));
  }
  return contract.complete(state) ? std::optional(text) : std::nullopt;
}

TEST(ValueOrigins, WalksEndWithinTheirBudgetInValidDocuments) {
  base::Random random(21);
  size_t written = 0, origins_found = 0;
  for (int round = 0; round < 60; ++round) {
    const auto bindings = random_bindings(random);
    for (const std::string& text : bound_schemas()) {
      const auto schema = read(text);
      const auto contract = SchemaContract::compile(schema, SchemaMode::kGenerate, bindings);
      if (!contract.ok()) continue;  // nothing to choose from
      const uint32_t budget = (*contract)->bytes_min() + static_cast<uint32_t>(random.below(40));
      const auto document_text = walk(**contract, budget, random);
      ASSERT_TRUE(document_text) << text << " | " << *bindings->source("input");
      const auto document = parse_document(*document_text);
      ASSERT_TRUE(document.ok()) << *document_text;
      const auto validity = validate_document(*schema, *document, bindings.get());
      ASSERT_TRUE(validity.ok());
      EXPECT_TRUE(validity->valid) << text << " | " << *bindings->source("input") << " | " << *document_text << " | "
                                   << validity->message;
      const auto accepting = SchemaContract::compile(schema, SchemaMode::kAccept, bindings).value();
      EXPECT_TRUE(accepting->accepts(*document_text).value()) << *document_text;
      origins_found += provenance(*schema, *bindings, *document).value().size();
      ++written;
    }
  }
  EXPECT_GT(written, 400u);
  EXPECT_GT(origins_found, 400u);
}

TEST(ValueOrigins, MachineAndValidatorAgreeOnMutations) {
  base::Random random(22);
  size_t accepted = 0, refused = 0;
  for (int round = 0; round < 40; ++round) {
    const auto bindings = random_bindings(random);
    for (const std::string& text : bound_schemas()) {
      const auto schema = read(text);
      const auto generating = SchemaContract::compile(schema, SchemaMode::kGenerate, bindings);
      const auto accepting = SchemaContract::compile(schema, SchemaMode::kAccept, bindings);
      ASSERT_TRUE(accepting.ok());
      if (!generating.ok()) continue;
      const auto written =
          walk(**generating, (*generating)->bytes_min() + static_cast<uint32_t>(random.below(30)), random);
      for (int i = 0; i < 12 && written; ++i) {
        std::string changed = *written;
        for (uint64_t edits = random.below(3); edits > 0; --edits) {
          const size_t at = random.below(changed.size() + 1);
          if (random.below(2) == 0)
            changed.erase(at, 1 + random.below(2));
          else
            changed.insert(at, std::string(1, "abtheTx12., \"-n"[random.below(15)]));
        }
        const auto document = parse_document(changed);
        const bool valid = document.ok() && validate_document(*schema, *document, bindings.get()).value().valid;
        EXPECT_EQ((*accepting)->accepts(changed).value(), valid)
            << text << " | " << *bindings->source("input") << " | " << changed;
        ++(valid ? accepted : refused);
      }
    }
  }
  EXPECT_GT(accepted, 800u);
  EXPECT_GT(refused, 800u);
}

// ---- masks ------------------------------------------------------------------------------------------------------------------

TEST(ValueOrigins, TheMaskIsWhatAdvanceTakes) {
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte) tokens.emplace_back(1, static_cast<char>(byte));
  for (const char* piece : {"the", " the", "ab",  "Ab",  " ab", "12",   "\":\"", "\",\"", "\"}",  "\"]",  "\xC3\xA9",
                            "caf", "\\n",  "a\"", "id-", "{\"", "b\":", "  ",    " \"",   "x\"}", "the\""})
    tokens.emplace_back(piece);
  tokens.emplace_back("<end>");
  const auto end = static_cast<uint32_t>(tokens.size() - 1);
  const auto vocabulary = Vocabulary::build(tokens, end).value();
  base::Random random(23);
  size_t states = 0;
  for (int round = 0; round < 6; ++round) {
    const auto bindings = random_bindings(random);
    for (const std::string& text : bound_schemas()) {
      for (const SchemaMode mode : {SchemaMode::kAccept, SchemaMode::kGenerate}) {
        const auto contract = SchemaContract::compile(read(text), mode, bindings);
        if (!contract.ok()) continue;
        const bool budgeted = mode == SchemaMode::kGenerate && random.below(2) == 0;
        auto constraint =
            Constraint::make(*contract, vocabulary, budgeted ? (*contract)->bytes_min() + 20 : kNoBudget).value();
        for (int step = 0; step < 20 && !constraint.ended(); ++step) {
          const TokenMask mask = constraint.mask();
          std::vector<uint32_t> ways;
          for (uint32_t token = 0; token < tokens.size(); ++token) {
            if (token == end) continue;
            Constraint trial = constraint;
            const bool taken = trial.advance(token);
            ASSERT_EQ(mask.allows(vocabulary->rank_of(token)), taken)
                << text << " | " << *bindings->source("input") << " | " << constraint.text() << " | " << tokens[token];
            if (taken) ways.push_back(token);
          }
          ++states;
          if (ways.empty()) break;
          ASSERT_TRUE(constraint.advance(ways[random.below(ways.size())]));
        }
      }
    }
  }
  EXPECT_GT(states, 800u);
}

TEST(ValueOrigins, LargeSetsAreChosenFrom) {
  std::vector<std::string> ids;
  for (int i = 0; i < 100'000; ++i) ids.push_back("customer-" + std::to_string(1'000'000 + i * 7));
  for (int i = 0; i < 50'000; ++i) ids.push_back(std::to_string(5'000'000 + i * 3));
  auto bindings = std::make_shared<Bindings>();
  bindings->bind_set("ids", ValueSet::make(std::move(ids)).value()).value();
  const auto schema = read(
      R"({"type":"object","properties":{"c":{"type":"string","x-enum-from":"ids"},"n":{"type":"integer","x-enum-from":"ids"}},"required":["c","n"],"additionalProperties":false})");
  const auto contract = SchemaContract::compile(schema, SchemaMode::kGenerate, bindings);
  ASSERT_TRUE(contract.ok()) << contract.error().message;
  EXPECT_EQ((*contract)->bytes_min(), std::string(R"({"c":"5000000","n":5000000})").size());
  base::Random random(3);
  for (int i = 0; i < 5; ++i) {
    const auto text = walk(**contract, 45, random);
    ASSERT_TRUE(text);
    EXPECT_TRUE(validate_document(*schema, *parse_document(*text), bindings.get()).value().valid) << *text;
  }
}

TEST(ValueOrigins, ToolsAreBoundLikeSchemas) {
  const auto tools = read_tools(
      R"([{"type":"function","function":{"name":"book","parameters":{"type":"object","x-grounded":true,"properties":{"city":{"type":"string"},"n":{"type":"integer"}},"required":["city"],"additionalProperties":false}}}])");
  ASSERT_TRUE(tools.ok());
  const auto set = ToolSet::make(*tools, ToolFormat::hermes(), {.choice = ToolChoice::kRequired}).value();
  const auto bindings = trip();
  const auto contract = SchemaContract::compile(set, SchemaMode::kAccept, bindings);
  ASSERT_TRUE(contract.ok()) << contract.error().message;
  const auto call = [](const std::string& arguments) {
    return "<tool_call>\n{\"name\": \"book\", \"arguments\": " + arguments + "}\n</tool_call>";
  };
  const std::string good = call(R"({"city": "New York", "n": 12})"), bad = call(R"({"city": "Paris"})");
  EXPECT_TRUE((*contract)->accepts(good).value());
  EXPECT_FALSE((*contract)->accepts(bad).value());
  EXPECT_TRUE(parse_tool_calls(good, *set, bindings.get()).ok());
  EXPECT_FALSE(parse_tool_calls(bad, *set, bindings.get()).ok());
  const auto unbound = SchemaContract::compile(set, SchemaMode::kAccept);
  ASSERT_FALSE(unbound.ok());
  EXPECT_EQ(unbound.error().message.substr(0, 59), "tool \"book\": #/x-grounded: the source \"input\" is not bound;");
  ASSERT_TRUE(SchemaContract::compile(set, SchemaMode::kGenerate, bindings).ok());
}

}  // namespace
}  // namespace cadre::contract
