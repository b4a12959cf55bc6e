// Plans by a model: what it is shown, what is taken from it, and what is the registry's own.
// SPDX-License-Identifier: Apache-2.0
#include "agent/plan_tier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <set>

#include "agent/endpoint_specialist.h"
#include "engine/chat_endpoint.h"
#include "engine/oracle_server.h"

namespace cadre::agent {
namespace {

using base::Json;
using testing::HasSubstr;
using testing::Not;

class PlanningModel final : public engine::ChatModel {
 public:
  explicit PlanningModel(std::vector<std::string> script) : script_(std::move(script)) {}
  std::string identity() const override { return "scripted"; }
  engine::ChatOutcome chat(const engine::ChatRequest& request) const override {
    const std::string& text = script_[std::min(requests.size(), script_.size() - 1)];
    requests.push_back(request);
    if (stops) stops->request();
    if (!refusals.empty()) {
      engine::ChatOutcome refusal{.error = Error{ErrorCode::kBusy, "429"}, .retry_after_ms = refusals.front()};
      refusals.pop_front();
      return refusal;
    }
    if (error) return {.error = error, .usage = {10, 0, 1}};
    return {.choices = {{text}}, .usage = {10, 5, 7}};
  }
  mutable std::vector<engine::ChatRequest> requests;
  std::optional<Error> error;
  mutable std::deque<std::optional<int64_t>> refusals;  // the waits that the first answers ask for
  base::Cancel* stops = nullptr;                        // requested by every request

 private:
  std::vector<std::string> script_;
};

// A specialist that is only looked at.
class ShownSpecialist final : public Specialist {
 public:
  explicit ShownSpecialist(SpecialistDefinition definition) : definition_(std::move(definition)) {
    definition_.identity = definition_.name + "@1";
  }
  const SpecialistDefinition& definition() const override { return definition_; }
  AttemptReturned attempt(const StepTask&, const AttemptLimits&) const override { return {}; }
  std::vector<Verdict> verify_call(const StepTask&, const Candidate&) const override { return {}; }
  CheckedResult verify_result(const StepTask&, const Candidate&, const Json& result) const override {
    return {{}, result};
  }
  StepAnswer answer(const StepTask&, const Candidate&, const Json&) const override { return {}; }

 private:
  SpecialistDefinition definition_;
};

Json object_schema(const Json& properties) {
  Json required = Json::array();
  for (const auto& [name, schema] : properties.items()) required.push_back(name);
  return {{"type", "object"}, {"properties", properties}, {"required", required}, {"additionalProperties", false}};
}

const Json kText = {{"type", "string"}};
const Json kNumber = {{"type", "integer"}};

class PlanTierTest : public testing::Test {
 protected:
  PlanTierTest() {
    add({.name = "count",
         .purpose = "counts rows",
         .input_schema = object_schema({{"question", kText}}),
         .output_schema = object_schema({{"n", kNumber}})});
    add({.name = "mail",
         .purpose = "writes to people",
         .input_schema = object_schema({{"to", kText}, {"count", kNumber}})});
  }
  void add(SpecialistDefinition definition) {
    shown_.push_back(std::make_shared<ShownSpecialist>(std::move(definition)));
    specialists_.push_back(CheckedSpecialist::make(shown_.back()).value());
  }
  TierDecision decide(const std::vector<std::string>& script) {
    model_ = std::make_shared<PlanningModel>(script);
    const auto tier = PlannerTier::make(specialists_, model_, {.confidence = 0.7}).value();
    EXPECT_TRUE(tier->waits());
    return tier->decide(request_, nullptr).value();
  }

  std::vector<std::shared_ptr<const Specialist>> shown_;
  Specialists specialists_;
  std::shared_ptr<PlanningModel> model_;
  Json request_ = {{"text", "tell Ann how many orders there are"}, {"subject", "patient 7"}, {"asker", "key 3"}};
};

const char* const kGoodPlan = R"({"steps":[
  {"id":"n","specialist":"count","instruction":"count the orders","input":{"question":"how many orders"}},
  {"id":"tell","specialist":"mail","input":{"to":"Ann","count":"$n.n"}}]})";

TEST_F(PlanTierTest, APlanThatHoldsIsAccepted) {
  const TierDecision decision = decide({kGoodPlan});
  ASSERT_EQ(decision.verdict, TierVerdict::kAccepted) << (decision.error ? decision.error->message : decision.reason);
  EXPECT_EQ(decision.confidence, 0.7);
  ASSERT_EQ(decision.plan.steps.size(), 2U);
  EXPECT_EQ(decision.plan.steps[0].instruction, "count the orders");
  EXPECT_EQ(decision.plan.steps[1].input["count"], "$n.n");
  EXPECT_EQ(decision.plan.steps[1].assignments, std::vector<Assignment>{assignment_to(*shown_[1])});
  EXPECT_EQ(decision.usage, (Usage{10, 5, 7}));
}

TEST_F(PlanTierTest, TheModelSeesTheRegistryAndTheRequestButNotWhoAsks) {
  (void)decide({kGoodPlan});
  const auto& asked = model_->requests.at(0);
  EXPECT_THAT(asked.messages.at(0).text, HasSubstr("counts rows"));
  EXPECT_EQ(Json::parse(asked.messages.at(1).text), Json({{"request", {{"text", request_["text"]}}}}));
  EXPECT_THAT(asked.messages.at(1).text, Not(HasSubstr("patient")));
  EXPECT_EQ(asked.schema, plan_schema(specialists_, 8));
}

TEST_F(PlanTierTest, ARefusedPlanIsAskedForOnceMoreWithTheTypedErrorAlone) {
  const std::pair<const char*, const char*> refused[] = {
      {"no plan", "parse: "},
      {R"({"steps":[{"id":"n","specialist":"root","input":{}}]})", "schema: "},
      {R"({"steps":[{"id":"n","specialist":"count","input":{"question":7}}]})", "schema: "},
      {R"({"steps":[{"id":"N!","specialist":"count","input":{"question":"q"}}]})", "schema: "},
      {R"({"steps":[{"id":"n","specialist":"count","input":{"question":"q"},"effect":"read"}]})", "schema: "},
      {R"({"steps":[{"id":"n","specialist":"count","input":{"question":"$m.n"}}]})", "m"},
      {R"({"steps":[{"id":"n","specialist":"count","input":{"question":"$n.n"}}]})", "n"},
      {R"({"steps":[{"id":"n","specialist":"count","input":{"question":"q"}},{"id":"t","specialist":"mail","input":{"to":"$n.n","count":1}}]})",
       "never fits"},
      {R"({"steps":[{"id":"n","specialist":"count","input":{"question":"q"}},{"id":"t","specialist":"mail","input":{"to":"a","count":"$n.total"}}]})",
       "can never be there"},
  };
  for (const auto& [text, says] : refused) {
    const TierDecision decision = decide({text, kGoodPlan});
    EXPECT_EQ(decision.verdict, TierVerdict::kAccepted) << text;
    EXPECT_EQ(decision.usage.cost_micros, 14) << "both were paid for";
    ASSERT_EQ(model_->requests.size(), 2U) << text;
    const Json data = Json::parse(model_->requests[1].messages.at(1).text);
    EXPECT_EQ(data["error"]["code"], "invalid");
    EXPECT_THAT(data["error"]["message"].get<std::string>(), HasSubstr(says)) << text;
    EXPECT_EQ(model_->requests[1].messages.size(), 2U) << "what was written before is not shown again";
  }
}

TEST_F(PlanTierTest, TwoRefusedPlansAreAFailureThatWasPaidFor) {
  const TierDecision decision = decide({"no plan"});
  ASSERT_TRUE(decision.error);
  EXPECT_EQ(decision.error->code, ErrorCode::kInvalid);
  EXPECT_EQ(decision.usage.cost_micros, 14);
  std::vector<std::unique_ptr<Tier>> tiers;
  tiers.push_back(PlannerTier::make(specialists_, model_, {.name = "orchestrator"}).value());
  const Planner planner(specialists_, base::system_clock(), std::move(tiers));
  const Planned planned = planner.plan(request_, nullptr);
  EXPECT_FALSE(planned.accepted);
  ASSERT_TRUE(planned.error);
  EXPECT_EQ(planned.usage.cost_micros, 14);
  EXPECT_EQ(planned.tiers.at(0).tier, "orchestrator");
  EXPECT_THAT(planned.tiers.at(0).said, HasSubstr("parse: "));
}

TEST_F(PlanTierTest, NoStepsPassOnWithTheReason) {
  const TierDecision decision = decide({R"({"steps":[],"reason":"nobody paints"})"});
  EXPECT_EQ(decision.verdict, TierVerdict::kPassedOn);
  EXPECT_EQ(decision.reason, "nobody paints");
  EXPECT_FALSE(decision.error);
  EXPECT_EQ(model_->requests.size(), 1U);
}

TEST_F(PlanTierTest, AnEndpointThatFailsIsNotAskedAgain) {
  const auto model = std::make_shared<PlanningModel>(std::vector<std::string>{""});
  model->error = Error{ErrorCode::kBusy, "later"};
  const TierDecision decision = PlannerTier::make(specialists_, model).value()->decide(request_, nullptr).value();
  ASSERT_TRUE(decision.error);
  EXPECT_EQ(decision.error->code, ErrorCode::kBusy);
  EXPECT_EQ(model->requests.size(), 1U);
}

TEST_F(PlanTierTest, AWaitThatTheModelsServerAsksForIsWaitedAndAPlanAskedForAgain) {
  const auto model = std::make_shared<PlanningModel>(std::vector<std::string>{kGoodPlan});
  model->refusals = {0, 3};
  const TierDecision decision =
      PlannerTier::make(specialists_, model, {.timeout_ms = 50'000}).value()->decide(request_, nullptr).value();
  EXPECT_EQ(decision.verdict, TierVerdict::kAccepted);
  EXPECT_EQ(decision.retry_after, (RetryAfter{3, true}));
  ASSERT_EQ(model->requests.size(), 3U);
  EXPECT_EQ(model->requests[0].schema, model->requests[2].schema);
  EXPECT_LE(model->requests[2].timeout_ms, 50'000 - 3) << "a wait is part of the time that the tier has";
}

TEST_F(PlanTierTest, AWaitThatDoesNotFitOrComesAgainAndAgainEndsTheTierWhichSaysSo) {
  const auto report_of = [&](std::deque<std::optional<int64_t>> refusals, size_t asked) {
    const auto model = std::make_shared<PlanningModel>(std::vector<std::string>{kGoodPlan});
    model->refusals = std::move(refusals);
    std::vector<std::unique_ptr<Tier>> tiers;
    tiers.push_back(PlannerTier::make(specialists_, model, {.timeout_ms = 5'000}).value());
    const Planned planned = Planner(specialists_, base::system_clock(), std::move(tiers)).plan(request_, nullptr);
    EXPECT_EQ(model->requests.size(), asked);
    EXPECT_EQ(planned.error ? planned.error->code : ErrorCode::kInternal, ErrorCode::kBusy);
    const auto read = event_from_json("plan.made", event_to_json(planned));
    return std::get<Planned>(*read).tiers.at(0).retry_after;
  };
  EXPECT_EQ(report_of({5'000}, 1), (RetryAfter{5'000, false}));
  EXPECT_EQ(report_of({0, 0, 0, 0, 0}, 4), (RetryAfter{0, false}));
  EXPECT_EQ(report_of({std::nullopt}, 1), std::nullopt);
}

TEST_F(PlanTierTest, AWaitEndsWhenTheRunDoes) {
  base::Cancel cancel;
  const auto model = std::make_shared<PlanningModel>(std::vector<std::string>{kGoodPlan});
  model->refusals = {3'000'000};
  model->stops = &cancel;
  const TierDecision decision =
      PlannerTier::make(specialists_, model, {.timeout_ms = 3'600'000}).value()->decide(request_, &cancel).value();
  ASSERT_TRUE(decision.error);
  EXPECT_EQ(decision.error->code, ErrorCode::kCancelled);
  EXPECT_EQ(model->requests.size(), 1U);
}

TEST_F(PlanTierTest, AStepGetsItsOrchestratorAsAFurtherAssignment) {
  model_ = std::make_shared<PlanningModel>(std::vector<std::string>{kGoodPlan});
  specialists_.push_back(CheckedSpecialist::make(orchestrator_assignment(shown_[0], model_).value()).value());
  const TierDecision decision = decide({kGoodPlan});
  ASSERT_EQ(decision.verdict, TierVerdict::kAccepted);
  ASSERT_EQ(decision.plan.steps[0].assignments.size(), 2U);
  EXPECT_EQ(decision.plan.steps[0].assignments[1].specialist, "orchestrator:count");
  EXPECT_EQ(decision.plan.steps[1].assignments.size(), 1U);
  EXPECT_THAT(model_->requests.at(0).messages.at(0).text, Not(HasSubstr("orchestrator:")));
}

TEST_F(PlanTierTest, OptionsOutOfRangeAreRefused) {
  const auto model = std::make_shared<PlanningModel>(std::vector<std::string>{""});
  EXPECT_FALSE(PlannerTier::make(specialists_, model, {.confidence = 2}).ok());
  EXPECT_FALSE(PlannerTier::make(specialists_, model, {.steps_max = 0}).ok());
  EXPECT_FALSE(PlannerTier::make(specialists_, model, {.steps_max = 65}).ok());
  const Specialists nobody;
  EXPECT_FALSE(PlannerTier::make(nobody, model).ok());
}

TEST_F(PlanTierTest, ThroughTheOracleAndOnlyWhereThePolicyAllowsIt) {
  const auto oracle = engine::OracleServer::start({{"how many orders", Json::parse(kGoodPlan)}}, {}).value();
  const auto decide_within = [&](const char* allowed) {
    auto client = std::make_shared<net::HttpClient>(net::AddressPolicy::parse({allowed}).value());
    std::shared_ptr<const engine::ChatModel> model =
        engine::ChatEndpoint::make({.name = "oracle", .url = oracle->url(), .model = engine::kOracleModel}, client)
            .value();
    return PlannerTier::make(specialists_, model).value()->decide(request_, nullptr).value();
  };
  const TierDecision denied = decide_within("example.com");
  ASSERT_TRUE(denied.error);
  EXPECT_EQ(denied.error->code, ErrorCode::kDenied);
  EXPECT_EQ(oracle->stats().requests, 0);
  EXPECT_EQ(decide_within("127.0.0.1").verdict, TierVerdict::kAccepted);
}

TEST_F(PlanTierTest, OfManySpecialistsTheModelSeesThoseOfTheRequestAndTheRecordNamesThem) {
  for (int i = 0; i < 60; ++i) add({.name = "gauge_" + std::to_string(i), .purpose = "reads a dial on the wall"});
  request_["text"] = "count the rows. Then write to Ann, who is one of the people.";
  const TierDecision decision = decide({kGoodPlan});
  ASSERT_EQ(decision.verdict, TierVerdict::kAccepted) << (decision.error ? decision.error->message : decision.reason);
  ASSERT_EQ(decision.retrieved.size(), 20U);
  EXPECT_EQ((std::set<std::string>{decision.retrieved[0].name, decision.retrieved[1].name}),
            (std::set<std::string>{"count", "mail"}));
  EXPECT_LT(decision.retrieved[5].score, 0.1) << "it shares a \"the\" with the request, and no more";
  const auto& asked = model_->requests.at(0);
  EXPECT_EQ(asked.schema["properties"]["steps"]["items"]["anyOf"].size(), 20U);
  EXPECT_THAT(asked.messages.at(0).text, Not(HasSubstr("gauge_59")));
  const TierDecision unseen = decide({R"({"steps":[{"id":"n","specialist":"gauge_59","input":{}}]})"});
  EXPECT_TRUE(unseen.error.has_value()) << "what was not shown is in no plan";
  EXPECT_EQ(unseen.retrieved, decision.retrieved);
}

TEST_F(PlanTierTest, TheInputOfARequestCountsForWhatIsShown) {
  for (int i = 0; i < 60; ++i) add({.name = "gauge_" + std::to_string(i), .purpose = "reads a dial on the wall"});
  request_ = {{"text", "do that"}, {"input", {{"task", {"counts rows"}}}}};
  EXPECT_EQ(decide({kGoodPlan}).retrieved.at(0).name, "count");
}

TEST_F(PlanTierTest, RetrievalThatCouldShowNothingIsRefused) {
  model_ = std::make_shared<PlanningModel>(std::vector<std::string>{kGoodPlan});
  for (const RetrievalSettings wrong : {RetrievalSettings{0, 1}, {10, 0}, {10, 11}})
    EXPECT_EQ(PlannerTier::make(specialists_, model_, {.retrieval = wrong}).error().code, ErrorCode::kInvalid);
}

}  // namespace
}  // namespace cadre::agent
