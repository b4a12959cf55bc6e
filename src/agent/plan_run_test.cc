// Single runs told event by event; plan_simulation_test.cc has the promises in random worlds.
// SPDX-License-Identifier: Apache-2.0
#include "agent/plan_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace cadre::agent {
namespace {

using base::Json;
using testing::HasSubstr;

PlanStep step(const std::string& id, Assignment assignment, Json input = Json::object()) {
  PlanStep made;
  made.id = id;
  made.input = std::move(input);
  made.assignments.push_back(std::move(assignment));
  return made;
}

Assignment reader(const std::string& name) {
  return {.specialist = name, .tool = name};
}

Assignment writer(const std::string& name) {
  return {.specialist = name, .tool = name, .effect = ToolEffect::kOnce};
}

class PlanRun : public testing::Test {
 protected:
  // What is due after the event.
  std::vector<Effect> on(const Event& event) {
    auto effects = advance(state_, event);
    EXPECT_TRUE(effects.ok()) << effects.error().message;
    if (!effects.ok()) return {};
    for (const Effect& effect : *effects) {
      if (const auto* record = std::get_if<Record>(&effect)) records_.push_back({record->kind, record->payload});
    }
    return std::move(*effects);
  }
  std::vector<Effect> begin(std::vector<PlanStep> steps, const Budget& budget = {}) {
    on(RunBegun{{{"text", "do it"}}, budget});
    return on(Planned{true, 1, "rules", "", Plan{std::move(steps)}, {}});
  }
  std::vector<Effect> propose(size_t at, std::vector<Candidate> candidates) {
    return on(AttemptReturned{at, std::nullopt, std::move(candidates)});
  }
  std::vector<Effect> pass_call(size_t at) { return on(CallVerified{at, {{"schema", true}}}); }
  std::vector<Effect> refuse_call(size_t at) { return on(CallVerified{at, {{"schema", false, "wrong"}}}); }
  // From a proposal to the end of the step.
  std::vector<Effect> carry_through(size_t at, const Json& output) {
    propose(at, {{{{"n", 1}}, 0.9}});
    pass_call(at);
    on(CallReturned{at, std::nullopt, false, output});
    return on(ResultVerified{at, {}, output});
  }
  StepPhase phase(size_t at) const { return state_.steps[at].phase; }

  RunState state_;
  std::vector<RecordView> records_;
};

template <class Wanted>
size_t count_of(const std::vector<Effect>& effects) {
  size_t count = 0;
  for (const Effect& effect : effects) count += std::holds_alternative<Wanted>(effect) ? 1 : 0;
  return count;
}

Durability durability_in(const std::vector<Effect>& effects) {
  return std::get<Record>(effects.front()).durability;
}

TEST_F(PlanRun, IndependentStepsRunAtOnceAndOthersGetTheirOutputs) {
  const auto first = begin(
      {step("a", reader("sql")), step("b", reader("crm")), step("c", reader("sum"), {{"x", "$a.n"}, {"y", "$b"}})});
  EXPECT_EQ(count_of<Attempt>(first), 2u);
  EXPECT_EQ(count_of<Attempt>(carry_through(1, "seen")), 0u);
  EXPECT_EQ(count_of<Attempt>(carry_through(0, {{"n", 4}})), 1u);
  EXPECT_EQ(state_.steps[2].input, Json({{"x", 4}, {"y", "seen"}}));
  EXPECT_EQ(count_of<Compose>(carry_through(2, "text")), 1u);
  on(AnswerComposed{std::nullopt, "text", "text", nullptr});
  EXPECT_EQ(state_.outcome->status, Status::kAnswered);
  EXPECT_NEAR(state_.outcome->confidence, std::pow(0.9, 3), 1e-9);
}

TEST_F(PlanRun, ARefusedCallIsNotProposedAgainAndItsReasonGoesAlong) {
  begin({step("a", reader("sql"))});
  propose(0, {{{{"n", 1}}, 0.6}});
  const auto again = refuse_call(0);
  ASSERT_EQ(count_of<Attempt>(again), 1u);
  EXPECT_THAT(state_.steps[0].feedback->message, HasSubstr("schema: wrong"));
  propose(0, {{{{"n", 1}}, 0.6}, {{{"n", 2}}, 0.3}});
  EXPECT_EQ(state_.steps[0].candidates[state_.steps[0].candidate].call, Json({{"n", 2}}));
  pass_call(0);
  on(CallReturned{0, std::nullopt, false, 5});
  on(ResultVerified{0, {}, 5});
  EXPECT_EQ(phase(0), StepPhase::kDone);
  EXPECT_NEAR(state_.steps[0].confidence, 0.3 / 0.4, 1e-9);
}

TEST_F(PlanRun, TheNextSpecialistTakesTheStepThatTheFirstCouldNotDo) {
  PlanStep shared = step("a", reader("small"));
  shared.assignments[0].policy.attempts_max = 1;
  shared.assignments.push_back(reader("large"));
  begin({shared});
  propose(0, {{{{"n", 1}}, 0.6}});
  EXPECT_EQ(count_of<Attempt>(refuse_call(0)), 1u);
  EXPECT_EQ(state_.steps[0].assignment, 1u);
  carry_through(0, 1);
  EXPECT_EQ(phase(0), StepPhase::kDone);
}

TEST_F(PlanRun, ACallThatChangesSomethingFollowsItsSyncedRecord) {
  begin({step("a", writer("pay"))});
  propose(0, {{{{"n", 1}}, 0.9}});
  const auto effects = pass_call(0);
  ASSERT_EQ(count_of<Execute>(effects), 1u);
  EXPECT_EQ(durability_in(effects), Durability::kSynced);
  EXPECT_EQ(durability_in(on(CallReturned{0, std::nullopt, false, 1})), Durability::kSynced);
}

TEST_F(PlanRun, AnUnsureCallChangesNothing) {
  begin({step("a", writer("pay"))});
  propose(0, {{{{"n", 1}}, 0.3}});
  EXPECT_EQ(count_of<Execute>(pass_call(0)), 0u);
  EXPECT_EQ(state_.outcome->reason, Reason::kLowConfidence);
}

TEST_F(PlanRun, APersonDecidesWhereThePolicySaysSo) {
  Assignment pay = writer("pay");
  pay.policy.approval = Approval::kUnsure;
  begin({step("a", pay)});
  propose(0, {{{{"n", 1}}, 0.3}});
  const auto parked = pass_call(0);
  EXPECT_EQ(durability_in(parked), Durability::kSynced);
  EXPECT_TRUE(is_parked(state_));
  EXPECT_EQ(count_of<Execute>(on(ApprovalDecided{0, true, "nurse", ""})), 1u);
  EXPECT_FALSE(advance(state_, ApprovalDecided{0, true, "nurse", ""}).ok());
}

TEST_F(PlanRun, WhatAPersonDeniesIsNotDone) {
  Assignment pay = writer("pay");
  pay.policy.approval = Approval::kAlways;
  begin({step("a", pay)});
  propose(0, {{{{"n", 1}}, 0.9}});
  pass_call(0);
  on(ApprovalDecided{0, false, "nurse", "too much"});
  EXPECT_EQ(state_.outcome->status, Status::kDeclined);
  EXPECT_EQ(state_.outcome->reason, Reason::kDenied);
  EXPECT_THAT(state_.outcome->message, HasSubstr("too much"));
}

TEST_F(PlanRun, ACrashDuringACallThatMustNotBeRepeatedIsReportedAsUncertain) {
  begin({step("a", writer("pay"))});
  propose(0, {{{{"n", 1}}, 0.9}});
  pass_call(0);
  auto replayed = replay(records_);
  ASSERT_TRUE(replayed.ok());
  state_ = replayed->state;
  EXPECT_EQ(count_of<Execute>(on(Resumed{"died"})), 0u);
  EXPECT_EQ(state_.outcome->reason, Reason::kUncertain);
  EXPECT_THAT(state_.outcome->message, HasSubstr("whether the call of a happened is not known"));
}

TEST_F(PlanRun, AFencedCallIsMadeAgainWithItsKey) {
  Assignment pay = writer("pay");
  pay.is_fenced = true;
  begin({step("a", pay)});
  propose(0, {{{{"n", 1}}, 0.9}});
  const auto first = pass_call(0);
  const auto second = on(Resumed{"died"});
  ASSERT_EQ(count_of<Execute>(second), 1u);
  EXPECT_EQ(std::get<Execute>(first.back()).key, std::get<Execute>(second.back()).key);
}

TEST_F(PlanRun, TransientFailuresBackOffTwiceAsLongEachTime) {
  begin({step("a", reader("sql"))});
  propose(0, {{{{"n", 1}}, 0.9}});
  pass_call(0);
  for (const int64_t wait_ms : {50, 100, 200}) {
    const auto waits = on(CallReturned{0, Error{ErrorCode::kUnavailable, "503"}});
    ASSERT_EQ(count_of<Wait>(waits), 1u);
    EXPECT_EQ(std::get<Wait>(waits.back()).wait_ms, wait_ms);
    EXPECT_EQ(count_of<Execute>(on(BackoffEnded{0})), 1u);
  }
  on(CallReturned{0, Error{ErrorCode::kUnavailable, "503"}});
  EXPECT_EQ(state_.outcome->reason, Reason::kToolError);
}

// Through the journal's form and back, as a replay reads it.
Event read_back(const Event& event) {
  return event_from_json(event_kind(event), event_to_json(event)).value();
}

TEST_F(PlanRun, TheWaitThatTheOtherSideAsksForIsWaited) {
  begin({step("a", reader("sql"))});
  propose(0, {{{{"n", 1}}, 0.9}});
  pass_call(0);
  const auto busy = [](std::optional<RetryAfter> asked) {
    return read_back(CallReturned{0, Error{ErrorCode::kBusy, "429"}, false, nullptr, {}, asked});
  };
  EXPECT_EQ(std::get<Wait>(on(busy(RetryAfter{3'000})).back()).wait_ms, 3'000);
  on(BackoffEnded{0});
  EXPECT_EQ(std::get<Wait>(on(busy(RetryAfter{1})).back()).wait_ms, 100) << "never sooner than the backoff";
  on(BackoffEnded{0});
  EXPECT_EQ(std::get<Wait>(on(busy(std::nullopt)).back()).wait_ms, 200) << "the wait asked for before is over";
}

TEST_F(PlanRun, WhoAsksForALongerWaitThanThereIsTimeForIsLeftAtOnce) {
  for (const RetryAfter asked : {RetryAfter{30'001, true}, RetryAfter{1, false}}) {
    state_ = {};
    PlanStep shared = step("a", reader("small"));
    shared.assignments.push_back(reader("large"));
    begin({shared});
    AttemptReturned busy{.error = Error{ErrorCode::kUnavailable, "503"}};
    busy.retry_after = asked;
    const auto next = on(read_back(busy));
    EXPECT_EQ(count_of<Wait>(next), 0U);
    EXPECT_EQ(count_of<Attempt>(next), 1U);
    EXPECT_EQ(state_.steps[0].assignment, 1U);
  }
}

TEST_F(PlanRun, EveryBudgetIsHard) {
  begin({step("a", reader("sql"))}, {.attempts_max = 1});
  propose(0, {{{{"n", 1}}, 0.6}});
  refuse_call(0);
  EXPECT_EQ(state_.outcome->reason, Reason::kBudget);
  state_ = {};
  begin({step("a", reader("sql"))}, {.calls_max = 0});
  propose(0, {{{{"n", 1}}, 0.6}});
  pass_call(0);
  EXPECT_EQ(state_.outcome->reason, Reason::kBudget);
  state_ = {};
  begin({step("a", reader("sql"))}, {.tokens_max = 10});
  on(AttemptReturned{.usage = {.tokens_in = 11}});
  EXPECT_EQ(state_.outcome->reason, Reason::kBudget);
  state_ = {};
  begin({step("a", reader("sql"))});
  on(AttemptReturned{.usage = {.cost_micros = 1}});
  EXPECT_EQ(state_.outcome->reason, Reason::kBudget);
}

TEST_F(PlanRun, AFailureWaitsForCallsUnderWayThatChangeSomething) {
  begin({step("a", writer("pay")), step("b", reader("sql"))});
  propose(0, {{{{"n", 1}}, 0.9}});
  pass_call(0);
  on(AttemptReturned{1, std::nullopt, {}, 0.1});
  EXPECT_EQ(state_.phase, Phase::kStopping);
  const auto end = on(CallReturned{0, std::nullopt, false, "receipt"});
  EXPECT_EQ(count_of<Finish>(end), 1u);
  EXPECT_EQ(phase(0), StepPhase::kDone);
  EXPECT_EQ(state_.steps[0].output, "receipt");
  EXPECT_EQ(state_.outcome->reason, Reason::kNotAnswerable);
  EXPECT_EQ(state_.outcome->step, "b");
}

TEST_F(PlanRun, APlanThatCannotBeCarriedOutEndsVisiblyAndReadsBack) {
  on(RunBegun{{{"text", "x"}}, {}});
  on(Planned{true, 1, "orchestrator", "", Plan{{step("a", reader("sql"), {{"x", "$nobody"}})}}, {}});
  EXPECT_EQ(state_.outcome->reason, Reason::kInvalidPlan);
  const auto replayed = replay(records_);
  ASSERT_TRUE(replayed.ok()) << replayed.error().message;
  EXPECT_TRUE(replayed->closed);
}

TEST_F(PlanRun, WhatIsNoProbabilityIsAnErrorOfTheEngine) {
  Assignment once = reader("sql");
  once.policy.attempts_max = 1;
  begin({step("a", once)});
  propose(0, {{{{"n", 1}}, std::nan("")}});
  EXPECT_EQ(state_.outcome->reason, Reason::kEngineError);
  EXPECT_TRUE(replay(records_).ok());
}

TEST_F(PlanRun, DamagedRecordsAreNamed) {
  begin({step("a", reader("sql"))});
  std::vector<RecordView> records = records_;
  records.push_back({"call.returned", Json{{"step", 0}}});
  EXPECT_THAT(replay(records).error().message, HasSubstr("call.returned"));
  records = records_;
  records.push_back({"backoff.ended", Json{{"step", 3}}});
  EXPECT_FALSE(replay(records).ok());
  EXPECT_FALSE(replay({}).ok());
}

// ---- what decides between candidates --------------------------------------------------------------------------------

TEST_F(PlanRun, ADoubtedCallAnswersWhereItIsStillLikelier) {
  begin({step("a", reader("sql"))});
  propose(0, {{{{"n", 1}}, 0.8}, {{{"n", 2}}, 0.15}});
  const auto doubted = [&](const Json& output) {
    on(ResultVerified{0, {{"non_empty", false, "", Severity::kDoubt}}, output});
  };
  pass_call(0);
  on(CallReturned{0, std::nullopt, false, "none"});
  doubted("none");  // keeps a quarter: 0.2 against 0.15
  pass_call(0);
  on(CallReturned{0, std::nullopt, false, "some"});
  on(ResultVerified{0, {{"non_empty", true}}, "some"});
  EXPECT_EQ(state_.steps[0].output, "none");
  EXPECT_NEAR(state_.steps[0].confidence, 0.25 * 0.8 / (1 - 0.75 * 0.8), 1e-9);
  EXPECT_EQ(state_.steps[0].chosen->call, Json({{"n", 1}}));
}

TEST_F(PlanRun, AVerdictMaySayByHowMuchItDoubtsOrVouches) {
  begin({step("a", reader("sql"))});
  propose(0, {{{{"n", 1}}, 0.6}, {{{"n", 2}}, 0.2}});
  on(CallVerified{0, {{"learned", false, "", Severity::kDoubt, 0.1}}});
  on(CallReturned{0, std::nullopt, false, "first"});
  on(ResultVerified{0, {{"executes", true}}, "first"});
  on(CallVerified{0, {{"learned", true, "", Severity::kDoubt, 3.0}}});
  on(CallReturned{0, std::nullopt, false, "second"});
  on(ResultVerified{0, {{"executes", true}}, "second"});
  EXPECT_EQ(state_.steps[0].output, "second");
  EXPECT_NEAR(state_.steps[0].confidence, 3 * 0.2 / (1 - 0.9 * 0.6 + 2 * 0.2), 1e-9);
}

TEST_F(PlanRun, AVouchedCallBecomesSurerButNeverCertain) {
  begin({step("a", reader("sql"))});
  propose(0, {{{{"n", 1}}, 0.9}});
  on(CallVerified{0, {{"learned", true, "", Severity::kDoubt, 5.0}}});
  on(CallReturned{0, std::nullopt, false, "some"});
  on(ResultVerified{0, {}, "some"});
  EXPECT_NEAR(state_.steps[0].confidence, 4.5 / 4.6, 1e-9) << "5 to 1 turns odds of 9 into 45";
}

TEST_F(PlanRun, ALearnedRefusalTakesTheNextCall) {
  begin({step("a", reader("sql"))});
  propose(0, {{{{"n", 1}}, 0.6}, {{{"n", 2}}, 0.3}});
  on(CallVerified{0, {{"learned", false, "unlikely", Severity::kReject, 0.001}}});
  EXPECT_EQ(state_.steps[0].refused, std::vector<Json>({{{"n", 1}}}));
  pass_call(0);
  on(CallReturned{0, std::nullopt, false, "second"});
  on(ResultVerified{0, {}, "second"});
  EXPECT_EQ(state_.steps[0].output, "second");
}

TEST_F(PlanRun, AVouchedCallIsNotHeldSurerThanItIsBeforeItChangesSomething) {
  Assignment terms = writer("bank");
  terms.policy.confidence_min = 0.8;
  begin({step("a", terms)});
  propose(0, {{{{"n", 1}}, 0.5}});
  on(CallVerified{0, {{"learned", true, "", Severity::kDoubt, 2.0}}});  // 2 to 3, not 1
  EXPECT_EQ(state_.outcome->reason, Reason::kLowConfidence);
}

TEST_F(PlanRun, AnUnknownValueIsNotGuessedAt) {
  begin({step("a", reader("sql"))});
  on(AttemptReturned{.candidates = {{{{"n", 1}}, 0.9}}, .unmatched_values = {"Atlantis"}});
  EXPECT_EQ(state_.outcome->status, Status::kDeclined);
  EXPECT_EQ(state_.outcome->reason, Reason::kUnmatchedValue);
  EXPECT_THAT(state_.outcome->message, HasSubstr("Atlantis"));
}

TEST_F(PlanRun, WhoHasNothingElseIsNotAskedAgain) {
  begin({step("a", reader("sql"))});
  on(AttemptReturned{.candidates = {{{{"n", 1}}, 0.6}}, .is_exhaustive = true});
  EXPECT_EQ(count_of<Attempt>(refuse_call(0)), 0u);
  EXPECT_EQ(state_.outcome->reason, Reason::kAllRejected);
  EXPECT_EQ(state_.attempts, 1);
}

TEST_F(PlanRun, APlannerThatFailedIsTheRunsFailure) {
  on(RunBegun{{{"text", "do it"}}, {}});
  on(Planned{.error = Error{ErrorCode::kUnavailable, "no planner answers"}});
  EXPECT_EQ(state_.outcome->status, Status::kFailed);
  EXPECT_EQ(state_.outcome->reason, Reason::kEngineError);
}

TEST(Posterior, IsTheShareOfWhatIsLeft) {
  EXPECT_DOUBLE_EQ(posterior(0.6, 1, 0), 0.6);
  EXPECT_DOUBLE_EQ(posterior(0.3, 1, 0.5), 0.6);
  EXPECT_DOUBLE_EQ(posterior(0.8, 0.25, 0.6), 0.5);
  EXPECT_DOUBLE_EQ(posterior(0.5, 1, 1), 1) << "more than certain is certain";
  EXPECT_DOUBLE_EQ(posterior(0, 1, 0.9), 0);
}

}  // namespace
}  // namespace cadre::agent
