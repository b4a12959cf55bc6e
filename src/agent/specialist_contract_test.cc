// SPDX-License-Identifier: Apache-2.0
#include "agent/specialist_contract.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/condition_types.h"
#include "base/file.h"

namespace cadre::agent {
namespace {

using base::Json;
using testing::HasSubstr;

constexpr const char* kAmounts = R"yaml(
name: amounts
version: "1"
purpose: finds the amount of money that a letter is about
instruction: Find the amount, its currency and who pays.
input_schema:
  type: object
  properties: {letter: {type: string}, payers: {type: array, items: {type: string}}}
  required: [letter]
  additionalProperties: false
output_schema:
  type: object
  properties:
    amount: {type: number, x-normal: number, x-copy: letter}
    currency: {enum: [EUR, CHF]}
    payer: {type: string, x-enum-from: payers}
    reason: {type: string, x-copy: {from: letter, minWords: 1}}
  required: [amount, currency]
  additionalProperties: false
question_member: letter
answer_member: reason
grounded: {at: [/amount], counts: true}
conditions:
  before: ["call.amount > 0 and size(input.letter) > 3"]
  after: ["result.amount == call.amount"]
retry: {attempts: 2, transient_retries: 1, backoff_ms: 1, timeout_ms: 5000, excluded_calls: [{amount: 0, currency: EUR}]}
sampling: {samples: 3, temperature: 0.7, seed: 4, answer_tokens_max: 200}
calibration: {threshold: 0.6, points: [[0, 0], [0.5, 0.3], [1, 0.9]]}
approval: unsure
self_tests:
  - name: a plain amount
    input: {letter: "We owe you CHF 120."}
    expect: {output: {amount: 120, currency: CHF}}
  - name: no amount
    input: {letter: "Good morning."}
    expect: {refusal: "amount"}
licence: Apache-2.0
)yaml";

// With one line in place of another.
std::string with(const std::string& before, const std::string& after) {
  std::string text = kAmounts;
  const size_t at = text.find(before);
  EXPECT_NE(at, std::string::npos) << before;
  return text.replace(at, before.size(), after);
}

std::string problem_of(const std::string& text) {
  const auto contract = parse_contract(text, "c.yaml");
  return contract.ok() ? std::string("accepted") : contract.error().message;
}

TEST(SpecialistContract, SaysEverythingThatASpecialistIsHeldTo) {
  const auto contract = parse_contract(kAmounts, "c.yaml");
  ASSERT_TRUE(contract.ok()) << contract.error().message;
  EXPECT_EQ(contract->id(), "amounts@1");
  EXPECT_EQ(contract->asked.samples, 3);
  EXPECT_EQ(contract->asked.excluded.size(), 1U);
  EXPECT_EQ(contract->asked.calibration.size(), 3U);
  EXPECT_EQ(contract->asked.before.size(), 1U);
  const StepPolicy policy = policy_under(contract->terms, {});
  EXPECT_EQ(policy.attempts_max, 2);
  EXPECT_EQ(policy.retries_max, 1);
  EXPECT_EQ(policy.confidence_min, 0.6);
  EXPECT_EQ(policy.approval, Approval::kUnsure);
  ASSERT_EQ(contract->self_tests.size(), 2U);
  EXPECT_EQ(contract->self_tests[1].reason, "amount");
}

TEST(SpecialistContract, ItsCanonicalFormIsAFixedPointAndMeansTheSame) {
  const auto contract = parse_contract(kAmounts, "c.yaml").value();
  const std::string text = base::dump_json(contract.canonical);
  const auto again = contract_from_json(text, "pack");
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(base::dump_json(again->canonical), text);
  EXPECT_EQ(again->canonical.begin().key(), "name");
  // Members of a schema keep their order: it is the order in which a model writes them.
  EXPECT_EQ(again->asked.output_schema["properties"].begin().key(), "amount");
}

TEST(SpecialistContract, JsonIsReadAsWellAndItsPlacesArePointers) {
  Json json = parse_contract(kAmounts, "c.yaml")->canonical;
  EXPECT_TRUE(parse_contract("\n " + base::dump_json(json, 2), "c.json").ok());
  json["retry"]["attempts"] = 99;
  EXPECT_THAT(problem_of(base::dump_json(json)),
              HasSubstr("c.yaml: /retry/attempts: \"attempts\" must be a whole number from 1 to 16"));
}

TEST(SpecialistContract, WhatIsWrongIsRefusedAtItsLine) {
  const struct {
    const char* before;
    const char* after;
    const char* problem;
  } cases[] = {
      {"purpose: finds", "propose: finds", "c.yaml:4:1: unknown key \"propose\""},
      {"version: \"1\"", "version: 1", "c.yaml:3:1: \"version\" must be a text, not 1"},
      {"name: amounts", "name: a b", "is no name"},
      {"name: amounts", "name: amounts\nkind: sounds", "\"kind\" must be json, text, sql, decision or verifier"},
      {"question_member: letter", "question_member: lettre", "c.yaml:20:1: no input has \"lettre\""},
      {"answer_member: reason", "answer_member: why", "no output has \"why\""},
      {"[/amount]", "[/amonut]", "no call has \"/amonut\""},
      {"call.amount > 0", "call.amonut > 0",
       "c.yaml:24:12: \"call.amonut > 0 and size(input.letter) > 3\": at 1: there can never be a \"amonut\""},
      {"call.amount > 0", "call.amount",
       "c.yaml:24:12: \"call.amount and size(input.letter) > 3\": at 1: number where boolean is needed"},
      {"call.amount > 0", "call.currency - 1 > 0 and input.letter < 3", "text and number have no order"},
      {"call.amount > 0", "result.amount > 0", "nothing is called \"result\" here"},
      {"result.amount == call.amount", "result.amount ==", "the expression ends too early"},
      {"attempts: 2", "attempts: 0", "\"attempts\" must be a whole number from 1 to 16, not 0"},
      {"attempts: 2", "atempts: 2", "unknown key \"atempts\""},
      {"temperature: 0.7", "temperature: 0", "agree without meaning anything"},
      {"temperature: 0.7", "temperature: hot", "\"temperature\" must be a number from 0 to 2"},
      {"threshold: 0.6", "threshold: 6", "must be a probability"},
      {"[0.5, 0.3], [1, 0.9]", "[0.5, 0.3], [0.4, 0.9]", "ascending"},
      {"approval: unsure", "approval: maybe", "must be never, unsure or always"},
      {"type: number, x-normal: number", "type: numbre", "c.yaml:11:1: "},
      {"x-copy: letter}", "x-copy: lettre}", "x-copy from \"lettre\": no input has that member"},
      {"x-enum-from: payers", "x-enum-from: people", "neither \"known\" nor an input has that list"},
      {"{letter: {type: string}, payers", "{letter: {type: string, x-copy: input}, payers", "come from whoever asks"},
      {"input: {letter: \"Good morning.\"}", "input: {lettr: \"Good morning.\"}",
       "c.yaml:35:5: the whole value: \"letter\" is missing"},
      {"{amount: 120, currency: CHF}", "{amount: 120, currency: USD}", "/currency"},
      {"{amount: 120, currency: CHF}", "{amount: 121, currency: CHF}", "/amount"},
      {"{amount: 120, currency: CHF}", "{amount: 120, currency: CHF, iban: X}", "iban"},
      {"expect: {refusal: \"amount\"}", "expect: {refusal: 1}", "must be a text that stands in the reason"},
      {"expect: {refusal: \"amount\"}", "expect: {}", "one of \"call\", \"output\" and \"refusal\""},
      {"name: no amount", "name: a plain amount", "two tests are called"},
      {"approval: unsure", "tool: {kind: sql, effect: read}", "needs a \"call_schema\""},
      {"approval: unsure", "tool: {kind: telepathy}", "is no kind of tool; there are sql, http"},
      {"approval: unsure", "tool: {effect: sometimes}", "must be read, idempotent or once"},
      {"excluded_calls: [{amount: 0, currency: EUR}]", "excluded_calls: 7", "must be a list of at most 64 calls"},
      {"instruction: Find", "call_schema: {$ref: \"#/$defs/none\"}\ninstruction: Find", "$ref"},
  };
  for (const auto& each : cases)
    EXPECT_THAT(problem_of(with(each.before, each.after)), HasSubstr(each.problem)) << each.after;
}

TEST(SpecialistContract, EveryProblemIsSaidAtOnceInTheOrderOfTheFile) {
  std::string text = with("version: \"1\"", "version: 1");
  text.replace(text.find("attempts: 2"), 11, "attempts: x");
  const std::string problem = problem_of(text);
  EXPECT_THAT(problem, HasSubstr("c.yaml:3:1: "));
  EXPECT_LT(problem.find("c.yaml:3:1"), problem.find("\"attempts\""));
}

TEST(SpecialistContract, AToolThatChangesSomethingIsTestedByItsCallAlone) {
  const std::string head = R"yaml(
name: booking
version: "1"
purpose: books a table
instruction: Book it.
input_schema: {type: object}
call_schema: {type: object, properties: {guests: {type: integer}}, required: [guests]}
output_schema: {type: object, properties: {id: {type: integer}}}
)yaml";
  const std::string tests = "self_tests: [{name: t, input: {}, expect: {output: {id: 1}}}]\n";
  EXPECT_THAT(problem_of(head + "tool: {kind: http, effect: once}\n" + tests), HasSubstr("expect the call"));
  EXPECT_EQ(problem_of(head + "tool: {kind: http, effect: read}\n" + tests), "accepted");
  EXPECT_EQ(
      problem_of(head + "tool: {effect: once}\nself_tests: [{name: t, input: {}, expect: {call: {guests: 2}}}]\n"),
      "accepted");
  EXPECT_THAT(problem_of(head + "tool: {}\nself_tests: [{name: t, input: {}, expect: {call: {guests: two}}}]\n"),
              HasSubstr("/guests"));
}

TEST(SpecialistContract, ATextHasNoCallSchemaAndNoTool) {
  const std::string head =
      "name: letter\nversion: \"1\"\npurpose: writes\nkind: text\ninput_schema: {type: object, properties: {n: {type: "
      "integer}}}\n"
      "grounded: {at: [\"\"]}\nconditions: {before: [\"size(call) < 400\"]}\n";
  EXPECT_EQ(problem_of(head), "accepted");
  EXPECT_THAT(problem_of(head + "call_schema: {type: string}\n"), HasSubstr("a text has no call schema"));
  EXPECT_THAT(problem_of(head + "tool: {}\n"), HasSubstr("a text is no call"));
}

TEST(SpecialistContract, HostileTextIsRefusedAndNothingElseHappens) {
  std::string deep = R"({"name":)";
  for (int i = 0; i < 100'000; ++i) deep += '[';
  EXPECT_THAT(problem_of(deep), HasSubstr("c.yaml"));
  EXPECT_THAT(problem_of("{\"name\": \"a\", \"name\": \"b\"}"), HasSubstr("name"));
  EXPECT_THAT(problem_of("{\"name\": \"" + std::string(10 << 20, 'x') + "\"}"), HasSubstr("at most"));
  EXPECT_THAT(problem_of("{\"name\": \"\xff\xfe\"}"), HasSubstr("UTF-8"));
  EXPECT_THAT(problem_of("[]"), HasSubstr("a map of keys is expected here"));
  EXPECT_NE(problem_of(""), "accepted");
  EXPECT_NE(problem_of("{}"), "accepted");
}

TEST(SpecialistContract, ATensionBetweenContractAndToolIsFoundBeforeAnyCall) {
  const Json input = {{"type", "object"},
                      {"properties", {{"city", {{"type", "string"}}}}},
                      {"required", {"city"}},
                      {"additionalProperties", false}};
  const ToolDefinition tool{.name = "weather", .input_schema = input, .effect = ToolEffect::kIdempotent};
  const auto problem = [&](const ToolBinding& binding, const Json& call) {
    const auto checked = check_tool_binding(binding, call, "http", tool);
    return checked.ok() ? std::string() : checked.error().message;
  };
  EXPECT_EQ(problem({}, input), "");
  EXPECT_THAT(problem({.kinds = {"sql", "file"}}, input),
              HasSubstr("is of kind http; the contract calls one of kind sql or file"));
  EXPECT_THAT(problem({.effect = ToolEffect::kRead}, input),
              HasSubstr("has effect idempotent; the contract allows at most read"));
  EXPECT_EQ(problem({.effect = ToolEffect::kOnce}, input), "");
  EXPECT_THAT(problem({}, {{"type", "array"}}), HasSubstr("takes none of the contract's calls"));
  EXPECT_THAT(problem({.input_schema = {{"type", "object"}}}, input), HasSubstr("does not take every input"));
  EXPECT_EQ(problem({.input_schema = input}, input), "");
}

TEST(ConditionTypes, ItemsOfListsAreKnownByTheirSchema) {
  const Json schema = {{"type", "object"},
                       {"properties",
                        {{"items",
                          {{"type", "array"},
                           {"items",
                            {{"type", "object"},
                             {"properties", {{"price", {{"type", "number"}}}}},
                             {"additionalProperties", false}}}}}}},
                       {"additionalProperties", false}};
  EXPECT_TRUE(check_condition("all(call.items, item, item.price >= 0)", {{"call", schema}}).ok());
  EXPECT_TRUE(check_condition("call.items[0].price > 1", {{"call", schema}}).ok());
  EXPECT_TRUE(check_condition("call.anything.goes", {{"call", Json()}}).ok());
  EXPECT_THAT(check_condition("all(call.items, item, item.prize >= 0)", {{"call", schema}}).error().message,
              HasSubstr("prize"));
  EXPECT_THAT(check_condition("sum(call.items, item, item.price >= 0) > 1", {{"call", schema}}).error().message,
              HasSubstr("number"));
  EXPECT_THAT(check_condition("all(call, item, true)", {{"call", schema}}).error().message,
              HasSubstr("object where array"));
}

TEST(MergedContracts, WhatWeightsFixCannotBeContradicted) {
  const Json fixed = {{"name", "sql"}, {"version", "1"}, {"purpose", "p"}, {"kind", "sql"}, {"tool", "sqlite.select"}};
  const Json test = Json::array(
      {{{"name", "t"}, {"table", "a\n1\n"}, {"input", {{"question", "how many"}}}, {"expect", {{"refusal", ""}}}}});
  const auto merged =
      merge_contracts(fixed, {{"name", "sql"}, {"retry", {{"attempts", 1}}}, {"self_tests", test}}, "c.yaml");
  ASSERT_TRUE(merged.ok()) << merged.error().message;
  const auto contract = contract_from_json(base::dump_json(*merged), "pack");
  ASSERT_TRUE(contract.ok()) << contract.error().message;
  EXPECT_EQ(contract->terms.attempts_max, 1);
  EXPECT_EQ(contract->self_tests[0].table, "a\n1\n");
  EXPECT_THAT(
      merge_contracts(fixed, {{"tool", "http"}, {"form", "x"}}, "c.yaml").error().message,
      testing::AllOf(HasSubstr("/tool: the pack's own contract fixes it: \"sqlite.select\""), HasSubstr("/form")));
}

}  // namespace
}  // namespace cadre::agent
