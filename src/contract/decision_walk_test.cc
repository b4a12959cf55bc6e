// Walks of decisions: what is asked, what is not, and that whatever is chosen ends valid.
// SPDX-License-Identifier: Apache-2.0
#include "contract/decision_walk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "contract/decision_outline.h"
#include "contract/decision_texts.h"
#include "contract/schema_validate.h"
#include "contract/tool_calls.h"

namespace cadre::contract {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Subject {
  std::shared_ptr<SchemaContract> contract;
  std::shared_ptr<DecisionPoints> points;
  std::shared_ptr<DecisionSource> input;

  DecisionWalk walk() const {
    auto walk = points->begin(input);
    EXPECT_TRUE(walk.ok()) << walk.error().message;
    return std::move(*walk);
  }
};

Subject subject(const std::string& schema, const std::string& input = "", const DecisionOptions& options = {}) {
  auto contract = SchemaContract::compile(schema, SchemaMode::kGenerate);
  EXPECT_TRUE(contract.ok()) << schema << ": " << contract.error().message;
  Subject made{*contract, *DecisionPoints::make(*contract, options), nullptr};
  if (!input.empty()) made.input = *made.points->read_input(input);
  return made;
}

std::vector<std::string> labels(const DecisionPoint& point) {
  std::vector<std::string> result;
  for (const Candidate& candidate : point.candidates()) result.push_back(candidate.label);
  return result;
}

void choose(DecisionWalk& walk, const std::string& label) {
  const auto all = labels(walk.decision());
  const auto found = std::find(all.begin(), all.end(), label);
  ASSERT_NE(found, all.end()) << label << " is not offered at " << walk.decision().path;
  walk.choose(static_cast<size_t>(found - all.begin()));
}

TEST(DecisionWalk, AFlatCallIsAskedMemberByMember) {
  const Subject made = subject(
      R"({"type":"object","properties":{"city":{"type":"string","description":"Where"},"unit":{"enum":["C","F"]},)"
      R"("days":{"type":"integer","minimum":1,"maximum":3},"kind":{"const":"forecast"}},"required":["city","kind"],)"
      R"("additionalProperties":false})",
      "weather in Oslo");
  DecisionWalk walk = made.walk();
  EXPECT_EQ(walk.text(), R"({"city":)");
  EXPECT_EQ(walk.decision().kind, DecisionKind::kOpen);
  EXPECT_EQ(walk.decision().path, "/city");
  EXPECT_EQ(walk.decision().description, "Where");
  EXPECT_THAT(labels(walk.decision()),
              ElementsAre("weather", "weather in", "weather in Oslo", "in", "in Oslo", "Oslo"));
  choose(walk, "Oslo");
  EXPECT_EQ(walk.decision().kind, DecisionKind::kMember);
  EXPECT_THAT(labels(walk.decision()), ElementsAre("unit", "absent"));
  walk.choose(1);
  EXPECT_EQ(walk.decision().path, "/days");
  walk.choose(0);
  EXPECT_EQ(walk.decision().kind, DecisionKind::kValue);
  EXPECT_THAT(labels(walk.decision()), ElementsAre("1", "2", "3"));
  walk.choose(2);
  ASSERT_TRUE(walk.is_done());
  EXPECT_EQ(walk.text(), R"({"city":"Oslo","days":3,"kind":"forecast"})");
  ASSERT_EQ(walk.decisions().size(), 4u);
  EXPECT_EQ(walk.decisions()[0].source, (SourceSpan{11, 15}));
  EXPECT_EQ(walk.text().substr(walk.decisions()[0].begin, walk.decisions()[0].end - walk.decisions()[0].begin),
            "\"Oslo\"");
}

TEST(DecisionWalk, WhereNothingFitsItMustAbstainOrBeSuppliedWithAValue) {
  const Subject made = subject(R"({"type":"object","properties":{"n":{"type":"integer","minimum":5}},"required":["n"],)"
                               R"("additionalProperties":false})",
                               "only 3 of them");
  DecisionWalk walk = made.walk();
  EXPECT_TRUE(walk.decision().must_abstain());
  EXPECT_EQ(walk.decision().kind, DecisionKind::kOpen);
  EXPECT_EQ(walk.decision().open, OpenKind::kNumber);
  for (const char* refused : {"4", "5.5", "\"5\"", "", "5,", "{}"}) EXPECT_FALSE(walk.supply(refused)) << refused;
  EXPECT_EQ(walk.text(), R"({"n":)");
  EXPECT_EQ(walk.shortest(), "5");
  EXPECT_TRUE(walk.supply("17"));
  EXPECT_EQ(walk.text(), R"({"n":17})");
  EXPECT_TRUE(walk.is_done());
}

TEST(DecisionWalk, NumbersStandInTheInputWithinTheBoundsOfTheSchema) {
  const Subject made =
      subject(R"({"type":"number","exclusiveMinimum":-4})", "from 1,200 down to -3.50 or .5, not -7 or seven");
  const DecisionWalk walk = made.walk();
  EXPECT_EQ(walk.decision().kind, DecisionKind::kNumber);
  EXPECT_THAT(labels(walk.decision()), ElementsAre("1200", "-3.5", "3.5", "0.5", "7"));
  EXPECT_EQ(walk.decision().candidates()[0].source, (SourceSpan{5, 10}));
}

TEST(DecisionWalk, TypesAreABranchAndFiniteTypesTogetherAreOneChoice) {
  const Subject mixed = subject(R"({"enum":[1,"a",null,false]})");
  EXPECT_THAT(labels(mixed.walk().decision()), ElementsAre("null", "false", "1", "a"));
  const Subject branch =
      subject(R"({"anyOf":[{"type":"null"},{"type":"string"},{"type":"array","items":{"type":"boolean"}}]})", "x");
  DecisionWalk walk = branch.walk();
  EXPECT_EQ(walk.decision().kind, DecisionKind::kBranch);
  EXPECT_THAT(labels(walk.decision()), ElementsAre("null", "string", "array"));
  DecisionWalk text = walk;
  choose(text, "string");
  choose(text, "x");
  EXPECT_EQ(text.text(), "\"x\"");
  choose(walk, "array");
  EXPECT_EQ(walk.decision().kind, DecisionKind::kItem);
  choose(walk, "another");
  EXPECT_EQ(walk.decision().path, "/0");
  EXPECT_EQ(walk.decision().outline_path, "/-");
  choose(walk, "true");
  EXPECT_EQ(walk.decision().count, 1u);
  choose(walk, "end");
  EXPECT_EQ(walk.text(), "[true]");
  EXPECT_TRUE(walk.is_done());
}

TEST(DecisionWalk, AlternativesOfObjectsNarrowAsMembersAreChosen) {
  const Subject made = subject(
      R"({"oneOf":[{"type":"object","properties":{"t":{"const":"circle"},"r":{"enum":[1,2]}},"required":["t","r"],"additionalProperties":false},)"
      R"({"type":"object","properties":{"t":{"const":"square"},"side":{"enum":[3,4]}},"required":["t","side"],"additionalProperties":false}]})");
  DecisionWalk walk = made.walk();
  EXPECT_THAT(labels(walk.decision()), ElementsAre("circle", "square"));
  choose(walk, "square");
  EXPECT_EQ(walk.text(), R"({"t":"square","side":)");
  choose(walk, "4");
  EXPECT_TRUE(walk.is_done());
}

TEST(DecisionWalk, MembersOfAnyNameAreOfferedWhereTheSchemaSpeaksOfThem) {
  const Subject map = subject(R"({"type":"object","additionalProperties":{"type":"boolean"}})", "a b");
  DecisionWalk walk = map.walk();
  EXPECT_EQ(walk.decision().kind, DecisionKind::kItem);
  choose(walk, "another");
  EXPECT_EQ(walk.decision().open, OpenKind::kName);
  choose(walk, "a");
  choose(walk, "true");
  choose(walk, "another");
  EXPECT_THAT(labels(walk.decision()), ElementsAre("a b", "b"));  // "a" stands there
  choose(walk, "b");
  choose(walk, "false");
  choose(walk, "end");
  EXPECT_EQ(walk.text(), R"({"a":true,"b":false})");
  const Subject open = subject(R"({"type":"object","properties":{"x":{"type":"null"}},"required":["x"]})", "a b");
  EXPECT_EQ(open.walk().text(), R"({"x":null})");
  const Subject patterned =
      subject(R"({"type":"object","patternProperties":{"^k[12]$":{"type":"null"}},"additionalProperties":false})");
  DecisionWalk names = patterned.walk();
  choose(names, "another");
  EXPECT_THAT(labels(names.decision()), ElementsAre("k1", "k2"));
}

TEST(DecisionWalk, DescriptionsAreNoPartOfWhatIsWrittenAndLimitsHold) {
  const std::string tree =
      R"({"$defs":{"n":{"type":"object","properties":{"v":{"enum":[1,2]},"kids":{"type":"array","items":{"$ref":"#/$defs/n"}}},)"
      R"("required":["v","kids"],"additionalProperties":false}},"$ref":"#/$defs/n"})";
  for (const auto& options : {DecisionOptions{.size_bytes_max = 300}, DecisionOptions{.decisions_max = 40},
                              DecisionOptions{.items_max = 2, .depth_max = 5}}) {
    const Subject made = subject(tree, "", options);
    DecisionWalk walk = made.walk();
    size_t decisions = 0;
    while (walk.is_choosing()) {
      const auto all = labels(walk.decision());
      const auto another = std::find(all.begin(), all.end(), "another");
      walk.choose(another == all.end() ? 0 : static_cast<size_t>(another - all.begin()));
      ASSERT_LT(++decisions, 2'000u);
    }
    ASSERT_TRUE(walk.is_done()) << walk.problem();
    EXPECT_LE(walk.size_bytes(), options.size_bytes_max);
    EXPECT_TRUE(validate_document(made.contract->schema(), *parse_document(walk.text()))->valid);
  }
  const Subject small = subject(tree, "", {.size_bytes_max = 10});
  EXPECT_FALSE(small.points->begin(nullptr).ok());
}

TEST(DecisionWalk, AcceptModeHasNoDecisions) {
  auto contract = SchemaContract::compile("{}", SchemaMode::kAccept);
  EXPECT_FALSE(DecisionPoints::make(*contract).ok());
}

TEST(DecisionWalk, TheToolIsTheFirstDecisionAndCallsParseAgain) {
  std::vector<Tool> tools = {
      {"add", "Adds",
       R"({"type":"object","properties":{"x":{"type":"integer"}},"required":["x"],"additionalProperties":false})"},
      {"stop", "", R"({"type":"object","additionalProperties":false})"}};
  for (const auto& format :
       {ToolFormat::hermes(), ToolFormat::llama3(), ToolFormat::mistral(), ToolFormat::functions()}) {
    const auto set = *ToolSet::make(tools, format, {.choice = ToolChoice::kAuto, .calls_max = 2});
    auto contract = SchemaContract::compile(set, SchemaMode::kGenerate);
    ASSERT_TRUE(contract.ok());
    const auto points = *DecisionPoints::make(*contract);
    DecisionWalk walk = *points->begin(*points->read_input("add 4"));
    EXPECT_EQ(walk.decision().kind, DecisionKind::kTool);
    EXPECT_THAT(labels(walk.decision()), ElementsAre("add: Adds", "stop", "no call"));
    DecisionWalk none = walk;
    choose(none, "no call");
    EXPECT_TRUE(none.is_done());
    EXPECT_EQ(none.text(), "");
    choose(walk, "add: Adds");
    EXPECT_EQ(walk.decision().path, "/x");
    EXPECT_EQ(walk.decision().tool, 0u);
    choose(walk, "4");
    EXPECT_THAT(labels(walk.decision()), ElementsAre("add: Adds", "stop", "end"));
    choose(walk, "stop");
    ASSERT_TRUE(walk.is_done()) << format.name;  // two calls are the most
    const auto answer = parse_tool_calls(walk.text(), *set);
    ASSERT_TRUE(answer.ok()) << walk.text() << answer.error().message;
    ASSERT_EQ(answer->calls.size(), 2u);
  }
}

// Random choices over schemas that combine what walks have to look after, with little and with much room.
TEST(DecisionWalk, WhateverIsChosenEndsValid) {
  const char* schemas[] = {
      R"({"type":"array","items":{"type":["string","number"]},"uniqueItems":true,"minItems":2})",
      R"({"type":"array","contains":{"const":3},"items":{"enum":[1,2,3]},"minItems":1})",
      R"({"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"}},"minProperties":1,"dependentRequired":{"a":["b"]}})",
      R"({"if":{"properties":{"k":{"const":"x"}},"required":["k"]},"then":{"required":["p"]},"else":{"required":["q"]},"type":"object",)"
      R"("properties":{"k":{"enum":["x","y"]},"p":{"type":"number"},"q":{"type":["string","null"]}}})",
      R"({"type":"object","propertyNames":{"maxLength":3},"additionalProperties":{"type":"string","maxLength":5},"minProperties":1})",
      R"({"oneOf":[{"type":"integer","minimum":3},{"type":"number","maximum":4},{"type":"string","pattern":"^[a-c]"}]})",
      R"({"type":"object","properties":{"a":{"not":{"type":"string"}},"z":{"items":{"anyOf":[{"type":"string"},{"type":"object"}]}}},"required":["z"]})"};
  base::Random random(11);
  for (const char* schema : schemas) {
    const Subject made = subject(schema, "abc 3 cab 4.5 and bad 12 -1 xyz");
    size_t done = 0;
    for (int round = 0; round < 60; ++round) {
      DecisionWalk walk = made.walk();
      while (walk.is_choosing() && !walk.decision().must_abstain())
        walk.choose(random.below(walk.decision().candidates().size()));
      ASSERT_TRUE(walk.is_done() || walk.is_choosing()) << schema << walk.problem() << walk.text();
      if (!walk.is_done()) continue;
      ++done;
      const auto document = parse_document(walk.text());
      ASSERT_TRUE(document.ok()) << walk.text();
      EXPECT_TRUE(validate_document(made.contract->schema(), *document)->valid) << schema << " " << walk.text();
    }
    EXPECT_GT(done, 20u) << schema;
  }
}

Subject bound_subject(const std::string& schema, std::shared_ptr<const Bindings> bindings) {
  auto read = std::make_shared<const Schema>(read_schema(schema).value());
  auto contract = SchemaContract::compile(read, SchemaMode::kGenerate, std::move(bindings));
  EXPECT_TRUE(contract.ok()) << schema << ": " << contract.error().message;
  return {*contract, *DecisionPoints::make(*contract), nullptr};
}

TEST(DecisionWalk, CopiesOutOfBoundSourcesAreSpansWithTheirPlaces) {
  auto bindings = std::make_shared<Bindings>();
  bindings->bind_source("input", "send it").value();
  bindings->bind_source("mail", "Ann moved to New\n York, id a-1/b").value();
  bindings->bind_set("ids", ValueSet::make({"k2", "k1"}).value()).value();
  const Subject made = bound_subject(
      R"({"type":"object","properties":{"city":{"type":"string","x-copy":{"from":"mail","maxWords":2,"fold":"space"}},)"
      R"("verb":{"x-copy":{"maxWords":1},"type":"string"},"id":{"type":"string","x-enum-from":"ids"},)"
      R"("any":{"type":"string","anyOf":[{"x-copy":{"from":"mail","unit":"token","maxWords":3}},{"const":"none"}],"minLength":4}},)"
      R"("required":["city","verb","id","any"],"additionalProperties":false})",
      bindings);
  DecisionWalk walk = made.walk();
  EXPECT_EQ(walk.decision().kind, DecisionKind::kSpan);
  EXPECT_THAT(labels(walk.decision()), ::testing::IsSupersetOf({"Ann", "Ann moved", "to New", "New York", "York"}));
  EXPECT_THAT(labels(walk.decision()), ::testing::Not(::testing::Contains("Ann moved to")));
  choose(walk, "New York");
  EXPECT_THAT(labels(walk.decision()), ElementsAre("send", "it"));
  EXPECT_EQ(walk.decision().candidates()[1].source_name, "input");
  EXPECT_EQ(walk.decision().candidates()[1].source, (SourceSpan{5, 7}));
  EXPECT_TRUE(walk.supply("\"it\""));
  EXPECT_EQ(walk.decision().kind, DecisionKind::kValue);
  EXPECT_THAT(labels(walk.decision()), ElementsAre("k1", "k2"));
  walk.choose(0);
  EXPECT_EQ(walk.decision().kind, DecisionKind::kSpan);
  EXPECT_EQ(labels(walk.decision()).back(), "none");
  choose(walk, "a-1/b");
  ASSERT_TRUE(walk.is_done()) << walk.problem();
  EXPECT_EQ(walk.text(), R"({"city":"New York","verb":"it","id":"k1","any":"a-1/b"})");
  EXPECT_EQ(walk.decisions()[0].source_name, "mail");
  EXPECT_EQ(walk.decisions()[0].source, (SourceSpan{13, 22}));
}

TEST(DecisionWalk, WhateverCopyIsChosenTheDocumentIsGroundedThere) {
  base::Random random(31);
  const std::string schema =
      R"({"type":"object","x-grounded":true,"properties":{"a":{"type":"string"},"b":{"type":"string","maxLength":9},)"
      R"("c":{"type":"array","items":{"type":"string","x-copy":{"from":["mail","input"],"unit":"line"}},"maxItems":3}},)"
      R"("required":["a"],"additionalProperties":false})";
  auto bindings = std::make_shared<Bindings>();
  bindings->bind_source("input", "book a table for two at Chez Marie, please").value();
  bindings->bind_source("mail", "first line\nsecond \"line\"\nthird").value();
  const Subject made = bound_subject(schema, bindings);
  const DecisionOutline outline = decision_outline(*made.points, nullptr);
  EXPECT_TRUE(std::ranges::any_of(outline.points, [](const auto& p) { return p.kind == DecisionKind::kSpan; }));
  for (int round = 0; round < 200; ++round) {
    DecisionWalk walk = made.walk();
    while (walk.is_choosing() && !walk.decision().must_abstain())
      walk.choose(random.below(walk.decision().candidates().size()));
    ASSERT_TRUE(walk.is_done()) << walk.text() << walk.problem();
    const auto document = parse_document(walk.text());
    ASSERT_TRUE(document.ok());
    const auto validity = validate_document(made.contract->schema(), *document, bindings.get());
    ASSERT_TRUE(validity.ok() && validity->valid) << walk.text();
    for (const DecisionMade& decision : walk.decisions()) {
      if (decision.kind != DecisionKind::kSpan) continue;
      const std::string copy = bindings->source(decision.source_name)
                                   ->substr(decision.source->begin, decision.source->end - decision.source->begin);
      EXPECT_EQ(*canonical_string(copy), walk.text().substr(decision.begin, decision.end - decision.begin));
    }
  }
}

}  // namespace
}  // namespace cadre::contract
