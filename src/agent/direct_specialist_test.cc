// Specialists without a model, and the sentences that they make.
// SPDX-License-Identifier: Apache-2.0
#include "agent/direct_specialist.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/text_template.h"

namespace cadre::agent {
namespace {

using base::Json;
using testing::HasSubstr;

std::string rendered(const std::string& text, const Json& value) {
  const auto parsed = TextTemplate::parse(text);
  if (!parsed.ok()) return "refused: " + parsed.error().message;
  const auto made = parsed->render(value);
  return made.ok() ? made->text : "failed: " + made.error().message;
}

TEST(TextTemplate, PutsValuesIntoTheirPlaces) {
  const Json value = {{"n", 3},          {"x", 0.5},   {"who", {{"name", "Mia"}}}, {"list", {"a", 1, nullptr}},
                      {"none", nullptr}, {"yes", true}};
  EXPECT_EQ(rendered("{n} orders of {who.name}", value), "3 orders of Mia");
  EXPECT_EQ(rendered("{x} {none} {yes} {list}", value), "0.5 (empty) true a, 1, (empty)");
  EXPECT_EQ(rendered("{list.1}{who}", value), R"(1{"name":"Mia"})");
  EXPECT_EQ(rendered("{{n}} is not {n}", value), "{n} is not 3");
  EXPECT_EQ(rendered("", value), "");
  EXPECT_EQ(rendered("no place", value), "no place");
}

TEST(TextTemplate, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(rendered("a {b", {}), "refused: at 2: \"{\" is not closed; write \"{{\" for a brace");
  EXPECT_THAT(rendered("a } b", {}), HasSubstr("at 2"));
  EXPECT_THAT(rendered("{}", {}), HasSubstr("needs a name"));
  EXPECT_THAT(rendered("{a..b}", {}), HasSubstr("needs a name"));
  for (const char* missing : {"{m}", "{who.m}", "{list.3}", "{list.x}", "{n.a}", "{list.-1}"})
    EXPECT_THAT(rendered(missing, {{"n", 1}, {"who", Json::object()}, {"list", {1, 2, 3}}}),
                HasSubstr("failed: there is no"))
        << missing;
  EXPECT_THAT(rendered("{a}", {{"a", std::string(kRenderedSizeMax + 1, 'x')}}), HasSubstr("bytes"));
}

// A value is never read as a template, whatever it says.
TEST(TextTemplate, WhatIsPutInIsNotReadAgain) {
  EXPECT_EQ(rendered("{a}", {{"a", "{b} {{"}, {"b", "secret"}}), "{b} {{");
}

class EchoTool final : public Tool {
 public:
  explicit EchoTool(Json input_schema) {
    definition_ = {
        .name = "book", .input_schema = std::move(input_schema), .effect = ToolEffect::kOnce, .is_fenced = true};
  }
  const ToolDefinition& definition() const override { return definition_; }
  ToolReturn call(const ToolCall& call) override { return {.result = call.arguments}; }

 private:
  ToolDefinition definition_;
};

const Json kBooking = {{"type", "object"},
                       {"properties", {{"amount", {{"type", "integer"}}}, {"currency", {{"type", "string"}}}}},
                       {"required", {"amount"}}};

struct Asked {
  Json input;
  std::vector<Json> refused;
  std::optional<Error> feedback;
  StepTask task() const { return {"", input, refused, feedback}; }
};

TEST(CallSpecialist, ItsInputIsTheCallUnderItsConditions) {
  const auto made = make_call_specialist(
      {.name = "booking",
       .terms = {.before = {"call.amount <= 500", "has(call.currency)"}, .after = {"result.amount == call.amount"}},
       .say = "booked {call.amount} {call.currency}"},
      std::make_shared<EchoTool>(kBooking));
  ASSERT_TRUE(made.ok()) << made.error().message;
  const Specialist& booking = **made;
  EXPECT_EQ(booking.definition().input_schema, kBooking);
  const Asked asked{{{"amount", 501}}};
  const AttemptReturned attempt = booking.attempt(asked.task(), {});
  ASSERT_EQ(attempt.candidates.size(), 1U);
  EXPECT_EQ(attempt.candidates[0].call, asked.input);
  EXPECT_TRUE(attempt.is_exhaustive);
  const auto verdicts = booking.verify_call(asked.task(), attempt.candidates[0]);
  ASSERT_EQ(verdicts.size(), 2U);
  EXPECT_FALSE(verdicts[0].passed);
  EXPECT_EQ(verdicts[0].evidence, "call.amount <= 500");
  EXPECT_FALSE(verdicts[1].passed);
  const Candidate good{{{"amount", 3}, {"currency", "CHF"}}, 1, nullptr};
  for (const Verdict& verdict : booking.verify_call(asked.task(), good))
    EXPECT_TRUE(verdict.passed) << verdict.evidence;
  EXPECT_TRUE(booking.verify_result(asked.task(), good, {{"amount", 3}}).verdicts[0].passed);
  EXPECT_FALSE(booking.verify_result(asked.task(), good, {{"amount", 4}}).verdicts[0].passed);
  EXPECT_FALSE(booking.verify_result(asked.task(), good, {{"sum", 4}}).verdicts[0].passed)
      << "a condition that cannot be looked at";
  EXPECT_EQ(booking.answer(asked.task(), good, {{"amount", 3}}).text, "booked 3 CHF");
  const Assignment assignment = assignment_to(booking);
  EXPECT_EQ(assignment.tool, "book");
  EXPECT_TRUE(assignment.is_fenced);
}

TEST(CallSpecialist, AnotherToolOrConditionIsAnotherIdentity) {
  const auto identity = [](const Json& schema, std::vector<std::string> before) {
    return make_call_specialist({.name = "b", .terms = {.before = std::move(before)}},
                                std::make_shared<EchoTool>(schema))
        .value()
        ->definition()
        .identity;
  };
  EXPECT_EQ(identity(kBooking, {}), identity(kBooking, {}));
  EXPECT_NE(identity(kBooking, {}), identity({{"type", "object"}}, {}));
  EXPECT_NE(identity(kBooking, {}), identity(kBooking, {"true"}));
}

TEST(CallSpecialist, ConditionsThatAreNoneAreRefused) {
  const auto tool = std::make_shared<EchoTool>(kBooking);
  EXPECT_THAT(make_call_specialist({.terms = {.before = {"call.amount +"}}}, tool).error().message,
              HasSubstr("call.amount +"));
  EXPECT_FALSE(make_call_specialist({.terms = {.before = {"result.amount > 1"}}}, tool).ok())
      << "there is no result before the call";
  EXPECT_FALSE(make_call_specialist({.say = "{"}, tool).ok());
}

TEST(TemplateSpecialist, ItsTextIsWhatTheInputSays) {
  const Json schema = {
      {"type", "object"}, {"properties", {{"n", {{"type", "integer"}}}}}, {"additionalProperties", false}};
  const auto made = make_template_specialist({.name = "summary", .input_schema = schema, .text = "{n} orders"});
  ASSERT_TRUE(made.ok()) << made.error().message;
  const Asked asked{{{"n", 3}}};
  const AttemptReturned attempt = (*made)->attempt(asked.task(), {});
  EXPECT_EQ(attempt.candidates[0].call, Json({{"text", "3 orders"}}));
  EXPECT_EQ(attempt.candidates[0].grounds, Json::array({{{"begin", 0}, {"end", 1}, {"path", "n"}}}));
  EXPECT_TRUE((*made)->verify_call(asked.task(), attempt.candidates[0])[0].passed);
  EXPECT_FALSE((*made)->verify_call(asked.task(), {{{"text", "4 orders"}}, 1, nullptr})[0].passed);
  EXPECT_EQ((*made)->attempt(Asked{Json::object()}.task(), {}).error->code, ErrorCode::kNotFound);
  EXPECT_THAT(make_template_specialist({.input_schema = schema, .text = "{m} orders"}).error().message,
              HasSubstr("no input has \"m\""));
}

}  // namespace
}  // namespace cadre::agent
