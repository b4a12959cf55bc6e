// SPDX-License-Identifier: Apache-2.0
#include "agent/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cadre::agent {
namespace {

using base::Json;
using testing::ElementsAre;
using testing::HasSubstr;

PlanStep step_of(const std::string& id, Json input = Json::object()) {
  PlanStep made;
  made.id = id;
  made.input = std::move(input);
  made.assignments.push_back({.specialist = "sql"});
  return made;
}

Plan plan_of(std::vector<PlanStep> steps) {
  return Plan{std::move(steps)};
}

TEST(Plan, AStepWaitsForWhatItRefersTo) {
  PlanStep last = step_of("mail", {{"to", "$find.rows.0.email"}, {"text", {"$sum.text"}}, {"price", "$$5"}});
  last.after = {"log"};
  const Plan plan = plan_of({step_of("find"), step_of("log"), step_of("sum", {{"rows", "$find.rows"}}), last});
  ASSERT_TRUE(check_plan(plan).ok());
  EXPECT_THAT(dependencies_of(plan, 0), ElementsAre());
  EXPECT_THAT(dependencies_of(plan, 2), ElementsAre(0));
  EXPECT_THAT(dependencies_of(plan, 3), ElementsAre(0, 1, 2));
}

struct Refused {
  const char* name;
  Plan plan;
  const char* message;
};

TEST(Plan, RefusesWhatCannotBeCarriedOut) {
  PlanStep waits = step_of("a");
  waits.after = {"b"};
  PlanStep unsound = step_of("a");
  unsound.assignments[0].policy.confidence_min = 2;
  PlanStep nobody = step_of("a");
  nobody.assignments.clear();
  const std::vector<Refused> table = {
      {"no step", {}, "no step"},
      {"a capital", plan_of({step_of("Find")}), "no id of a step"},
      {"the request's name", plan_of({step_of("request")}), "no id of a step"},
      {"twice", plan_of({step_of("a"), step_of("a")}), "two steps are called \"a\""},
      {"unknown reference", plan_of({step_of("a", {{"x", "$b.y"}})}),
       "\"$b.y\" names a step that the plan does not have"},
      {"itself", plan_of({step_of("a", {{"x", "$a.y"}})}), "refers to itself"},
      {"unknown wait", plan_of({waits}), "waits for \"b\""},
      {"circle", plan_of({step_of("a", {{"x", "$b"}}), step_of("b", {{"x", "$a"}})}), "circle"},
      {"no object", plan_of({step_of("a", Json::array())}), "\"input\" is no object"},
      {"nobody", plan_of({nobody}), "no specialist"},
      {"policy", plan_of({unsound}), "out of range"},
      {"too many", plan_of(std::vector<PlanStep>(kPlanStepsMax + 1, step_of("a"))), "at most 64"},
  };
  for (const Refused& refused : table) {
    const auto checked = check_plan(refused.plan);
    ASSERT_FALSE(checked.ok()) << refused.name;
    EXPECT_THAT(checked.error().message, HasSubstr(refused.message)) << refused.name;
  }
}

TEST(Plan, ReferencesAreReplacedByValuesAndNothingElseIs) {
  const Json request = {{"text", "hello"}, {"input", {{"n", 3}}}};
  const Json find = {{"rows", {{{"id", 7}}, {{"id", 8}}}}};
  const std::vector<ReferenceScope> scopes = {{"request", &request}, {"find", &find}};
  const Json input = {{"a", "$request.text"},
                      {"b", {"$find.rows.1.id", "$request.input"}},
                      {"c", "$$cash"},
                      {"d", "5 $find"},
                      {"e", "$"}};
  const auto resolved = resolve_references(input, scopes);
  ASSERT_TRUE(resolved.ok());
  EXPECT_EQ(*resolved, Json({{"a", "hello"}, {"b", {8, {{"n", 3}}}}, {"c", "$cash"}, {"d", "5 $find"}, {"e", "$"}}));
}

TEST(Plan, AReferenceToWhatIsNotThereSaysWhat) {
  const Json find = {{"rows", Json::array()}};
  const std::vector<ReferenceScope> scopes = {{"find", &find}};
  const std::vector<std::pair<const char*, const char*>> table = {{"$find.row", "there is no \"row\""},
                                                                  {"$find.rows.0", "an array of 0 has no \"0\""},
                                                                  {"$find.rows.x", "an array of 0 has no \"x\""},
                                                                  {"$find.rows.-1", "has no \"-1\""},
                                                                  {"$sum.text", "no finished step has this name"}};
  for (const auto& [reference, message] : table) {
    const auto resolved = resolve_references(Json{{"x", reference}}, scopes);
    ASSERT_FALSE(resolved.ok()) << reference;
    EXPECT_THAT(resolved.error().message, HasSubstr(message));
  }
}

TEST(Plan, IsTheSameAfterTheJournal) {
  PlanStep first = step_of("find", {{"q", "$request.text"}});
  first.instruction = "who is late";
  first.assignments[0] = {"crm",   "crm_call",
                          "crm@1", ToolEffect::kOnce,
                          true,    {.attempts_max = 5, .work_max = 6, .rows_max = 7, .approval = Approval::kUnsure}};
  first.assignments.push_back({.specialist = "orchestrator"});
  PlanStep second = step_of("say");
  second.after = {"find"};
  const Plan plan = plan_of({first, second});
  const auto read = plan_from_json(plan_to_json(plan));
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(*read, plan);
  Json damaged = plan_to_json(plan);
  damaged["steps"][0]["assignments"][0]["effect"] = "maybe";
  const auto refused = plan_from_json(damaged);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("step 1: \"maybe\" is no effect"));
}

}  // namespace
}  // namespace cadre::agent
