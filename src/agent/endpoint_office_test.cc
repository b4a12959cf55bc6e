// A cadre with models behind an endpoint, from its file to its answer: a planner's plan, an extraction, an orchestrator that takes over.
// The endpoint is a script of the shape of OpenAI's API; what it says is written down here and no model's result.
// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/test_endpoint.h"
#include "agent/test_office.h"

namespace cadre::agent {
namespace {

using base::Json;
using testing::HasSubstr;

constexpr const char* kSpecialists = R"yaml(
specialists:
  goals:
    pack: goals.gguf
    table: goals.csv
    purpose: who scored when
  summary:
    kind: template
    purpose: says a count in a sentence
    text: "{n} goals were scored."
    input_schema: {type: object, properties: {n: {}}, required: [n], additionalProperties: false}
  writer: {kind: chat, endpoint: model, purpose: writes, policy: {attempts_max: 2}}
  amounts:
    kind: endpoint
    endpoint: model
    purpose: finds the amount of money that a letter is about
    instruction: Find the amount and its currency.
    input_schema: {type: object, properties: {letter: {type: string}}, required: [letter], additionalProperties: false}
    output_schema: {type: object, properties: {amount: {type: number}, currency: {enum: [EUR, CHF]}}, required: [amount, currency], additionalProperties: false}
    grounded: ["/amount"]
    policy: {attempts_max: 2, confidence_min: 0.4, backoff_ms: 1}
)yaml";

class EndpointOffice : public OfficeFixture {
 protected:
  void open(const std::string& more, const std::string& budgets = "cost: 1") {
    const std::string port = std::to_string(script_.port());
    open_text("cadre: 1\nname: office\naddresses: [\"127.0.0.1:" + port +
              "\"]\nendpoints:\n  model: {url: \"http://127.0.0.1:" + port +
              "/v1\", model: scripted, price_in: 1}\nbudgets: {" + budgets + "}\n" + more + kSpecialists);
  }

  ScriptedEndpoint script_;
};

TEST_F(EndpointOffice, AnAnswerThatIsNoneIsFollowedByAnotherAttempt) {
  open("");
  script_.say({{"amount", "many"}, {"currency", "EUR"}});
  script_.say({{"amount", 120}, {"currency", "CHF"}});
  const RunView view = ask({.specialist = "amounts", .input = {{"letter", "We owe you CHF 120."}}});
  ASSERT_EQ(view.status, RunStatus::kAnswered) << view.message;
  EXPECT_EQ(view.value, Json({{"amount", 120}, {"currency", "CHF"}}));
  EXPECT_EQ(script_.asked(), 2U);
  EXPECT_EQ(script_.last_request().find("many"), std::string::npos)
      << "the failed attempt is no part of the next one's context";
  EXPECT_EQ(view.usage.tokens_in, 200);
  EXPECT_EQ(view.usage.cost_micros, 200);
}

TEST_F(EndpointOffice, AFigureThatStandsNowhereIsRefused) {
  open("");
  script_.say({{"amount", 125}, {"currency", "CHF"}});
  const RunView view = ask({.specialist = "amounts", .input = {{"letter", "We owe you CHF 120."}}});
  EXPECT_EQ(view.status, RunStatus::kDeclined);
  EXPECT_THAT(view.message, HasSubstr("125"));
}

// One thread computes, and both runs are at the endpoint at the same time: neither is answered before the other one has asked.
TEST_F(EndpointOffice, ARunThatWaitsForAnEndpointLeavesItsPlaceToTheNext) {
  open("", "cost: 1, runs_at_once: 1");
  script_.say({{"amount", 120.5}, {"currency", "EUR"}});
  script_.hold_until(2);
  const RunRequest request{.specialist = "amounts", .input = {{"letter", "we owe you 120.5 EUR"}}};
  const auto first = runtime_->start(request);
  const auto second = runtime_->start(request);
  ASSERT_TRUE(first.ok() && second.ok());
  for (const auto& run : {*first, *second})
    EXPECT_EQ(runtime_->wait(run, 60'000, nullptr)->status, RunStatus::kAnswered);
  EXPECT_FALSE(script_.was_held_in_vain());
}

TEST_F(EndpointOffice, AnEndpointThatIsBusyIsAskedAgain) {
  open("");
  script_.fail(503);
  script_.say({{"amount", 120}, {"currency", "CHF"}});
  EXPECT_EQ(ask({.specialist = "amounts", .input = {{"letter", "CHF 120"}}}).status, RunStatus::kAnswered);
}

TEST_F(EndpointOffice, TheWaitThatABusyEndpointAsksForIsInTheJournalAndOneOverTheStepsTimeIsNotWaited) {
  open("");
  script_.fail(429, "Retry-After: 0\r\n");
  script_.fail(503, "Retry-After: 3600\r\n");
  const RunView view = ask({.specialist = "amounts", .input = {{"letter", "CHF 120"}}});
  EXPECT_EQ(view.status, RunStatus::kFailed);
  EXPECT_EQ(script_.asked(), 2U);
  std::vector<Json> asked;
  const auto records = runtime_->events(view.run, -1, 100).value();
  for (const RunEvent& record : records) {
    if (record.kind == "attempt.returned") asked.push_back(record.payload["retry_after"]["wait_ms"]);
  }
  EXPECT_EQ(asked, (std::vector<Json>{0, 3'600'000}));
}

TEST_F(EndpointOffice, MoneyIsABudget) {
  open("");
  script_.say({{"amount", "many"}, {"currency", "EUR"}});
  const RunView view = ask({.specialist = "amounts", .input = {{"letter", "CHF 120"}}});
  EXPECT_NE(view.status, RunStatus::kAnswered);
  EXPECT_LE(view.usage.cost_micros, 1'000'000);
}

TEST_F(EndpointOffice, ThePlannerWritesAPlanForWhatNobodyIsSureOf) {
  open("planner: {endpoint: model, confidence: 0.8}\n");
  script_.say({{"steps",
                {{{"id", "count"}, {"specialist", "goals"}, {"input", {{"question", kTestQuestion}}}},
                 {{"id", "say"}, {"specialist", "summary"}, {"input", {{"n", "$count.rows.0.0"}}}}}}});
  const RunView view = ask({.text = "write me a line about Kane's away goals in 2019"});
  ASSERT_EQ(view.status, RunStatus::kAnswered) << view.message;
  EXPECT_EQ(view.text, "3 goals were scored.");
  const auto records = runtime_->events(view.run, -1, 2).value();
  EXPECT_EQ(records[1].payload["tier"], "planner");
  EXPECT_EQ(script_.asked(), 1U);
  EXPECT_EQ(ask({.text = kTestQuestion}).status, RunStatus::kAnswered);
  EXPECT_EQ(script_.asked(), 1U) << "the small ones are sure of this one";
}

TEST_F(EndpointOffice, ABusyPlannerIsWaitedForWhereItsWaitFitsAndOtherwiseLeftForTheNextTier) {
  open("planner: {endpoint: model, timeout_ms: 30000}\norchestrator: {endpoint: model, timeout_ms: 30000}\n");
  const auto tiers_of = [&] {
    const RunView view = ask({.text = "write me a line about Kane's away goals in 2019"});
    EXPECT_EQ(view.status, RunStatus::kAnswered) << view.message;
    Json tiers = Json::object();
    const auto records = runtime_->events(view.run, -1, 2).value();
    for (const Json& tier : records[1].payload["tiers"]) tiers[tier["tier"].get<std::string>()] = tier;
    return tiers;
  };
  const Json plan = {{"steps", {{{"id", "say"}, {"specialist", "summary"}, {"input", {{"n", 3}}}}}}};
  script_.fail(429, "Retry-After: 0\r\n");
  script_.say(plan);
  const Json waited = tiers_of();
  EXPECT_EQ(waited["planner"]["said"], "accepted");
  EXPECT_EQ(waited["planner"]["retry_after"], (Json{{"wait_ms", 0}, {"fits", true}}));
  script_.fail(429, "Retry-After: 3600\r\n");
  script_.say(plan);
  script_.forget_first();
  const Json left = tiers_of();
  EXPECT_THAT(left["planner"]["said"].get<std::string>(), HasSubstr("status 429"));
  EXPECT_EQ(left["planner"]["retry_after"], (Json{{"wait_ms", 3'600'000}, {"fits", false}}));
  EXPECT_EQ(left["orchestrator"]["said"], "accepted");
}

TEST_F(EndpointOffice, APlanThatCannotBeCarriedOutIsAskedForOnceMore) {
  open("planner: {endpoint: model}\n");
  script_.say({{"steps", {{{"id", "say"}, {"specialist", "summary"}, {"input", {{"n", "$nothing.n"}}}}}}});
  const RunView view = ask({.text = "write me a line about goals"});
  EXPECT_NE(view.status, RunStatus::kAnswered);
  EXPECT_EQ(script_.asked(), 2U);
}

TEST_F(EndpointOffice, TheOrchestratorDoesTheStepThatTheSmallOneCouldNotUnderTheSameContract) {
  open("orchestrator: {endpoint: model, makes_plans: false, steps: [goals]}\n");
  script_.say({{"sql", "SELECT COUNT(\"Player\") FROM \"goals\" WHERE \"Player\" = 'Kane'"}});
  const RunView view = ask({.text = "on how many days did Kane score", .specialist = "goals"});
  ASSERT_EQ(view.status, RunStatus::kAnswered) << view.message;
  EXPECT_EQ(base::dump_json(view.value["rows"]), "[[2]]");
  EXPECT_EQ(view.steps[0]["specialist"], "orchestrator:goals");
}

TEST_F(EndpointOffice, WhatTheOrchestratorWritesOutsideTheContractIsRefused) {
  open("orchestrator: {endpoint: model, makes_plans: false, steps: [goals]}\n");
  for (const std::string sql : {"DROP TABLE goals", "SELECT * FROM sqlite_master",
                                "SELECT COUNT(\"Player\") FROM \"goals\" WHERE \"Player\" = 'Messi'"}) {
    script_.say({{"sql", sql}});
    const RunView view = ask({.text = "on how many days did Kane score", .specialist = "goals"});
    EXPECT_NE(view.status, RunStatus::kAnswered) << sql;
  }
}

TEST_F(EndpointOffice, AChatWithToolsIsAnsweredInsideItsContract) {
  open("");
  const Json chat = {
      {"messages", {{{"role", "user"}, {"content", "what time is it in Ulm"}}}},
      {"tools",
       {{{"type", "function"},
         {"function", {{"name", "now"}, {"parameters", {{"type", "object"}, {"required", {"city"}}}}}}}}},
      {"tool_choice", "required"}};
  script_.say_text("It is noon.");
  script_.say({{"tool_calls", {{{"name", "now"}, {"arguments", {{"city", "Ulm"}}}}}}});
  const RunView view = ask({.specialist = "writer", .chat = chat});
  ASSERT_EQ(view.status, RunStatus::kAnswered) << view.message;
  EXPECT_EQ(view.value["tool_calls"][0]["function"]["arguments"], R"({"city":"Ulm"})");
  EXPECT_EQ(script_.asked(), 2U);
  EXPECT_EQ(runtime_->start({.specialist = "goals", .chat = chat}).error().code, ErrorCode::kUnsupported);
  EXPECT_THAT(runtime_->start({.text = "hello", .specialist = "writer"}).error().message, HasSubstr("takes a chat"));
}

TEST_F(EndpointOffice, EndpointsThatAreNotThereAreNamed) {
  const auto problem = [&](const std::string& text) {
    const auto file = read(text);
    if (!file.ok()) return file.error().message;
    const auto cadre = open_cadre(*file, loaders_);
    return cadre.ok() ? std::string() : cadre.error().message;
  };
  const std::string head = "cadre: 1\nname: office\n";
  EXPECT_THAT(problem(head + kSpecialists), HasSubstr("specialist amounts: there is no endpoint \"model\""));
  EXPECT_THAT(problem(head + "endpoints: {model: {url: 7, model: m}}\n" + kSpecialists),
              HasSubstr("\"url\" must be a text"));
  EXPECT_THAT(
      problem(head + "endpoints: {model: {url: \"http://127.0.0.1:1/v1\", model: m, schema: maybe}}\n" + kSpecialists),
      HasSubstr("json_schema, json_object or none"));
  EXPECT_THAT(problem(head +
                      "endpoints: {model: {url: \"http://127.0.0.1:1/v1\", model: m}}\norchestrator: {endpoint: model, "
                      "steps: [nobody]}\n" +
                      kSpecialists),
              HasSubstr("there is no specialist \"nobody\""));
}

}  // namespace
}  // namespace cadre::agent
