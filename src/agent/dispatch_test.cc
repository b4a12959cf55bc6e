// The dispatcher's tiers and the type check of plans.
// SPDX-License-Identifier: Apache-2.0
#include "agent/dispatch_tiers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/plan_types.h"
#include "agent/test_parts.h"

namespace cadre::agent {
namespace {

using base::Json;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(SplitQuestions, AtEndsOfSentencesAndBeforeWordsThatAsk) {
  EXPECT_THAT(split_questions("how many goals did Kane score"), ElementsAre("how many goals did Kane score"));
  EXPECT_THAT(split_questions("how many goals? which player scored most?"),
              ElementsAre("how many goals?", "which player scored most?"));
  EXPECT_THAT(split_questions("how many goals; which player"), ElementsAre("how many goals", "which player"));
  EXPECT_THAT(split_questions("how many goals and which player scored them"),
              ElementsAre("how many goals", "which player scored them"));
  EXPECT_THAT(split_questions("List all players, and then show the venues.\n"),
              ElementsAre("List all players", "show the venues."));
  EXPECT_THAT(split_questions("who plays for Tom and Jerry F.C. in 2019"),
              ElementsAre("who plays for Tom and Jerry F.C. in 2019"));
  EXPECT_THAT(split_questions("is 3.5 more than 2. 7"), ElementsAre("is 3.5 more than 2. 7"));
  EXPECT_THAT(split_questions(" ;\n "), ElementsAre());
}

constexpr const char* kOther = "which players are there";

// Two specialists over one kind of table: the first knows the goals, the second the players.
std::unique_ptr<Cadre> two_specialists(DecideScope scope = {}) {
  auto cadre = std::make_unique<Cadre>();
  const auto add = [&](const std::string& name, const std::string& question, double probability) {
    const Pack pack = scripted_pack(name + "@1", [question, probability](ScriptedEngine& engine) {
      engine.on(question, test_attempt(probability));
      engine.on("broken", [](const auto&, const auto&) -> Result<engine::SqlAttempt> {
        return Error{ErrorCode::kCorrupt, "bad weights"};
      });
    });
    cadre->specialists.push_back(
        CheckedSpecialist::make(
            std::make_shared<TableSpecialist>(
                TableSpecialistOptions{.name = name, .identity = name, .policy = pack.policy}, pack, test_table()))
            .value());
  };
  add("goals", kTestQuestion, 0.9);
  add("players", kOther, 0.8);
  cadre->planner = make_planner(cadre->specialists, base::system_clock(), std::move(scope));
  return cadre;
}

Planned plan_of(const Cadre& cadre, Json request) {
  return cadre.planner->plan(request, nullptr);
}

TEST(Dispatch, TheSurestSpecialistIsChosen) {
  const auto cadre = two_specialists();
  const Planned planned = plan_of(*cadre, {{"text", kOther}});
  ASSERT_TRUE(planned.accepted) << planned.reason;
  EXPECT_EQ(planned.tier, "attempts");
  EXPECT_EQ(planned.plan.steps[0].assignments[0].specialist, "players");
  EXPECT_NEAR(planned.confidence, 0.8, 1e-9);
  ASSERT_EQ(planned.tiers.size(), 3U);
  EXPECT_EQ(planned.tiers[0].tier, "named");
  EXPECT_EQ(planned.tiers[0].said, "passed on");
}

TEST(Dispatch, ANamedSpecialistIsAskedAtOnce) {
  const auto cadre = two_specialists([](std::string_view) { return ScopeDecision{false, 1, "linear", "no"}; });
  const Planned planned = plan_of(*cadre, {{"text", "anything"}, {"specialist", "players"}});
  EXPECT_EQ(planned.tier, "named");
  EXPECT_EQ(planned.plan.steps[0].assignments[0].specialist, "players");
  EXPECT_EQ(planned.tiers.size(), 1U);
}

TEST(Dispatch, TwoQuestionsAreTwoStepsAtOnce) {
  const auto cadre = two_specialists();
  const Planned planned = plan_of(*cadre, {{"text", std::string(kTestQuestion) + "; " + kOther}});
  ASSERT_TRUE(planned.accepted) << planned.reason;
  EXPECT_EQ(planned.tier, "split");
  ASSERT_EQ(planned.plan.steps.size(), 2U);
  EXPECT_EQ(planned.plan.steps[0].assignments[0].specialist, "goals");
  EXPECT_EQ(planned.plan.steps[1].assignments[0].specialist, "players");
  EXPECT_TRUE(dependencies_of(planned.plan, 1).empty());
}

TEST(Dispatch, TheRouterDeclinesOrPassesOn) {
  const auto scope = [](std::string_view text) {
    return text == "tell me a joke" ? ScopeDecision{false, 0.93, "net", "not for us"}
                                    : ScopeDecision{true, 0.97, "linear", ""};
  };
  const auto cadre = two_specialists(scope);
  const Planned declined = plan_of(*cadre, {{"text", "tell me a joke"}});
  EXPECT_FALSE(declined.accepted);
  EXPECT_EQ(declined.tier, "net");
  EXPECT_EQ(declined.reason, "not for us");
  EXPECT_NEAR(declined.confidence, 0.93, 1e-9);
  EXPECT_EQ(plan_of(*cadre, {{"text", kOther}}).tier, "attempts");
}

TEST(Dispatch, WhereAllFailTheFirstFailureIsTold) {
  const auto cadre = two_specialists();
  const Planned planned = plan_of(*cadre, {{"text", "broken"}});
  ASSERT_TRUE(planned.error.has_value());
  EXPECT_EQ(planned.error->message, "bad weights");
  EXPECT_EQ(planned.tiers.back().said, "bad weights");
}

TEST(Dispatch, AnInputIsReferredToAndNeverReadAsAReference) {
  const auto cadre = two_specialists();
  const Json request = {{"specialist", "goals"}, {"input", {{"question", "$request.specialist"}}}};
  const Planned planned = plan_of(*cadre, request);
  ASSERT_TRUE(planned.accepted) << planned.error->message;
  EXPECT_EQ(planned.plan.steps[0].input, Json({{"question", "$request.input.question"}}));
  EXPECT_EQ(resolve_references(planned.plan.steps[0].input, {{"request", &request}}).value(), request["input"]);
}

// ---- types ----------------------------------------------------------------------------------------------------------

Error type_error(const Plan& plan, const Json& request = {{"text", "hello"}, {"input", {{"n", 3}}}}) {
  const auto cadre = two_specialists();
  EXPECT_TRUE(check_plan(plan).ok());
  const auto checked = check_plan_types(plan, request, cadre->specialists);
  // With a memory that is shared by all plans of these specialists, asked for the first time and again.
  static FitMemory memory;
  for (int i = 0; i < 2; ++i) {
    const auto remembered = check_plan_types(plan, request, cadre->specialists, &memory);
    EXPECT_EQ(remembered.ok(), checked.ok());
    if (!remembered.ok()) {
      EXPECT_EQ(remembered.error().message, checked.error().message);
    }
  }
  return checked.ok() ? Error{ErrorCode::kInternal, ""} : checked.error();
}

PlanStep typed_step(const std::string& id, Json input) {
  return {.id = id, .input = std::move(input), .assignments = {{.specialist = "goals"}}};
}

TEST(PlanTypes, WhatFitsOrMayFitPasses) {
  EXPECT_EQ(type_error({{typed_step("a", {{"question", "$request.text"}})}}).message, "");
  EXPECT_EQ(type_error({{typed_step("a", {{"question", "how many"}})}}).message, "");
  EXPECT_EQ(
      type_error({{typed_step("a", {{"question", "q"}}), typed_step("b", {{"question", "$a.rows.0.0"}})}}).message, "");
  EXPECT_EQ(type_error({{typed_step("a", {{"question", "q"}}), typed_step("b", {{"question", "$a.sql"}})}}).message,
            "");
}

TEST(PlanTypes, WhatCanNeverFitIsNamed) {
  const auto expect = [](const Plan& plan, const std::string& part) {
    EXPECT_THAT(type_error(plan).message, HasSubstr(part));
  };
  expect({{typed_step("a", {{"question", 3}})}}, "step \"a\", specialist goals, input.question: the value never fits");
  expect({{typed_step("a", Json::object())}}, "its members never fits");
  expect({{typed_step("a", {{"question", "q"}, {"more", 1}})}}, "specialist goals, input");
  expect({{typed_step("a", {{"question", "$request.input.n"}})}}, "$request.input.n never fits");
  expect({{typed_step("a", {{"question", "$request.nothing"}})}}, "there is no \"nothing\"");
  expect({{typed_step("a", {{"question", "q"}}), typed_step("b", {{"question", "$a.truncated"}})}},
         "$a.truncated never fits");
  expect({{typed_step("a", {{"question", "q"}}), typed_step("b", {{"question", "$a.total"}})}},
         "goals yields no \"total\"");
  expect({{PlanStep{.id = "a", .assignments = {{.specialist = "nobody"}}}}}, "there is no specialist \"nobody\"");
}

}  // namespace
}  // namespace cadre::agent
