// Runs with real threads and scripted specialists: several steps at once, people, effects, failures, time.
// SPDX-License-Identifier: Apache-2.0
#include "agent/live_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "agent/recover.h"
#include "agent/run_view.h"
#include "agent/test_replay.h"
#include "agent/thread_executor.h"
#include "base/file.h"

namespace cadre::agent {
namespace {

using base::Json;
using testing::HasSubstr;

// A tool whose calls are written down; fails as often as it is told to.
class ScriptedTool final : public Tool {
 public:
  explicit ScriptedTool(ToolDefinition definition) : definition_(std::move(definition)) {}
  const ToolDefinition& definition() const override { return definition_; }
  ToolReturn call(const ToolCall& call) override {
    const std::lock_guard lock(mutex_);
    keys.push_back(call.key);
    if (!failures.empty()) {
      ToolReturn failed = failures.front();
      failures.erase(failures.begin());
      return failed;
    }
    return {.result = Json{{"did", call.arguments}}};
  }

  std::vector<std::string> keys;
  std::vector<ToolReturn> failures;

 private:
  std::mutex mutex_;
  ToolDefinition definition_;
};

// Proposes what it is told to, for any input.
class ScriptedSpecialist final : public Specialist {
 public:
  ScriptedSpecialist(const std::string& name, std::vector<Candidate> candidates,
                     std::shared_ptr<ScriptedTool> tool = nullptr)
      : candidates_(std::move(candidates)), tool_(std::move(tool)) {
    definition_.name = name;
    definition_.identity = name + "@1";
    definition_.policy.backoff_ms = 1;
  }
  const SpecialistDefinition& definition() const override { return definition_; }
  Tool* tool() const override { return tool_.get(); }
  AttemptReturned attempt(const StepTask& task, const AttemptLimits&) const override {
    ++attempts;
    if (task.feedback) feedback = task.feedback->message;
    if (before_attempt) before_attempt();
    return {.candidates = candidates_, .is_exhaustive = true};
  }
  std::vector<Verdict> verify_call(const StepTask&, const Candidate& candidate) const override {
    return {{"good", candidate.call.value("good", true), "it says so"}};
  }
  CheckedResult verify_result(const StepTask&, const Candidate&, const Json& result) const override {
    return {{}, result};
  }
  StepAnswer answer(const StepTask& task, const Candidate&, const Json& output) const override {
    return {definition_.name + " says " + base::dump_json(output) + " of " + base::dump_json(task.input), nullptr};
  }

  SpecialistDefinition definition_;
  mutable std::atomic<int> attempts = 0;
  mutable std::string feedback;
  std::function<void()> before_attempt;

 private:
  std::vector<Candidate> candidates_;
  std::shared_ptr<ScriptedTool> tool_;
};

class FixedTier final : public Tier {
 public:
  explicit FixedTier(Plan plan) : plan_(std::move(plan)) {}
  std::string name() const override { return "rules"; }
  Result<TierDecision> decide(const Json&, const base::Cancel*) const override {
    return TierDecision{.verdict = TierVerdict::kAccepted, .confidence = 1, .plan = plan_};
  }

 private:
  Plan plan_;
};

class LiveRunTest : public testing::Test {
 protected:
  void TearDown() override {
    for (const auto& specialist : added_) specialist->before_attempt = nullptr;
    std::set<std::string> done;
    SerialExecutor none;
    parts(none);
    expect_replays(journal_, specialists_, *planner_, done);
  }
  std::shared_ptr<ScriptedSpecialist> add(const std::string& name, std::vector<Candidate> candidates,
                                          std::shared_ptr<ScriptedTool> tool = nullptr) {
    auto specialist = std::make_shared<ScriptedSpecialist>(name, std::move(candidates), std::move(tool));
    added_.push_back(specialist);
    return specialist;
  }
  static std::shared_ptr<ScriptedTool> tool(ToolEffect effect, bool is_fenced = false) {
    return std::make_shared<ScriptedTool>(ToolDefinition{.name = "tool", .effect = effect, .is_fenced = is_fenced});
  }
  void step(const std::string& id, const ScriptedSpecialist& specialist, Json input = Json::object()) {
    plan_.steps.push_back({.id = id, .input = std::move(input), .assignments = {assignment_to(specialist)}});
  }
  RunParts parts(Executor& executor) {
    specialists_.clear();
    for (const auto& specialist : added_) specialists_.push_back(CheckedSpecialist::make(specialist).value());
    std::vector<std::unique_ptr<Tier>> tiers;
    tiers.push_back(std::make_unique<FixedTier>(plan_));
    planner_ = std::make_unique<Planner>(specialists_, base::system_clock(), std::move(tiers));
    return {&journal_, &base::system_clock(), &specialists_, planner_.get(), &executor};
  }
  RunView run(const Budget& budget = {}) {
    SerialExecutor executor;
    const auto live = LiveRun::begin(parts(executor), kServedRun, {{"text", "do it"}}, budget).value();
    const RunSnapshot ended = carry_out(*live, executor);
    run_ = live->id();
    return view_of_run(live->id(), ended.state, ended.is_finished);
  }
  std::vector<std::string> kinds() const {
    std::vector<std::string> kinds;
    const auto records = journal_.read_run(run_).value();
    for (const store::Record& record : records) kinds.push_back(record.kind);
    return kinds;
  }

  base::TemporaryDirectory folder_ = base::TemporaryDirectory::make().value();
  store::Journal journal_ = store::Journal::open(folder_.path() + "/journal.sqlite").value();
  std::vector<std::shared_ptr<ScriptedSpecialist>> added_;
  Specialists specialists_;
  std::unique_ptr<Planner> planner_;
  Plan plan_;
  store::RunId run_;
};

TEST_F(LiveRunTest, StepsTakeTheOutputsOfOthersAndTheLastOnesAnswer) {
  const auto count = add("count", {{{{"n", 3}}, 0.9}});
  const auto list = add("list", {{{{"names", {"a", "b"}}}, 0.8}});
  const auto sum = add("sum", {{{{"done", true}}, 1}});
  step("one", *count);
  step("two", *list);
  step("three", *sum, {{"n", "$one.n"}, {"first", "$two.names.0"}, {"asked", "$request.text"}});
  const RunView view = run();
  ASSERT_EQ(view.status, RunStatus::kAnswered) << view.message;
  EXPECT_EQ(view.text, R"(sum says {"done":true} of {"n":3,"first":"a","asked":"do it"})");
  EXPECT_EQ(view.value, Json({{"done", true}}));
  EXPECT_NEAR(view.confidence, 0.72, 1e-9);
  EXPECT_EQ(view.steps.size(), 3U);
}

TEST_F(LiveRunTest, StepsThatNeedNothingOfEachOtherRunAtOnce) {
  std::atomic<int> inside = 0;
  const auto meet = [&] {
    ++inside;
    for (int i = 0; i < 5'000 && inside < 2; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    EXPECT_EQ(inside, 2) << "the other step did not begin meanwhile";
  };
  const auto a = add("a", {{{{"n", 1}}, 1}});
  const auto b = add("b", {{{{"n", 2}}, 1}});
  a->before_attempt = meet;
  b->before_attempt = meet;
  step("one", *a);
  step("two", *b);
  ThreadExecutor executor(2, 1);
  const auto live = LiveRun::begin(parts(executor), kServedRun, {{"text", "do it"}}, {}).value();
  live->go();
  live->wait(60'000, nullptr);
  const RunSnapshot ended = live->snapshot();
  EXPECT_EQ(ended.state.answer_value, Json({{"one", {{"n", 1}}}, {"two", {{"n", 2}}}}));
}

TEST_F(LiveRunTest, AFailedAttemptIsFollowedByTheNextCandidate) {
  const auto a = add("a", {{{{"good", false}}, 0.6}, {{{"good", true}}, 0.3}});
  step("one", *a);
  const RunView view = run();
  ASSERT_EQ(view.status, RunStatus::kAnswered) << view.message;
  EXPECT_EQ(view.value, Json({{"good", true}}));
  EXPECT_NEAR(view.confidence, 0.75, 1e-9);
}

TEST_F(LiveRunTest, WhatTheSchemaForbidsNeverReachesTheTool) {
  const auto reads = tool(ToolEffect::kRead);
  const auto a = add("a", {{{{"n", "many"}}, 0.9}}, reads);
  a->definition_.call_schema = {{"properties", {{"n", {{"type", "integer"}}}}}};
  step("one", *a);
  const RunView view = run();
  EXPECT_EQ(view.reason, "all_rejected");
  EXPECT_THAT(view.message, HasSubstr("/n"));
  EXPECT_TRUE(reads->keys.empty());
  EXPECT_EQ(a->attempts, 1) << "it said that it has nothing else";
}

TEST_F(LiveRunTest, AnOutputOutsideItsSchemaIsRefused) {
  const auto a = add("a", {{{{"n", 1}}, 0.9}}, tool(ToolEffect::kRead));
  a->definition_.output_schema = {{"required", {"total"}}};
  step("one", *a);
  EXPECT_EQ(run().reason, "all_rejected");
}

TEST_F(LiveRunTest, AnInputOutsideItsSchemaIsAskedOnce) {
  const auto first = add("first", {{{{"n", "seven"}}, 1}});
  const auto a = add("a", {{{{"n", 1}}, 0.9}});
  a->definition_.input_schema = {{"properties", {{"n", {{"type", "integer"}}}}}};
  step("zero", *first);
  step("one", *a, {{"n", "$zero.n"}});
  const RunView view = run();
  EXPECT_EQ(view.reason, "engine_error");
  EXPECT_THAT(view.message, HasSubstr("input of a"));
  EXPECT_EQ(a->attempts, 0);
  EXPECT_EQ(view.usage.attempts, 2);
}

TEST_F(LiveRunTest, ATransientFailureRepeatsAReadWithTheSameKey) {
  const auto reads = tool(ToolEffect::kRead);
  reads->failures = {{.error = Error{ErrorCode::kBusy, "locked"}}, {.error = Error{ErrorCode::kTimeout, "slow"}}};
  step("one", *add("a", {{{{"n", 1}}, 0.9}}, reads));
  ASSERT_EQ(run().status, RunStatus::kAnswered);
  ASSERT_EQ(reads->keys.size(), 3U);
  EXPECT_EQ(reads->keys[0], run_.text() + ".one.1");
  EXPECT_EQ(reads->keys[1], reads->keys[0]);
}

TEST_F(LiveRunTest, AWaitThatIsLongerThanWhatIsLeftOfTheRunIsNotBegunAndTheRecordSaysSo) {
  const auto reads = tool(ToolEffect::kRead);
  reads->failures = {{.error = Error{ErrorCode::kBusy, "429"}, .retry_after_ms = 0},
                     {.error = Error{ErrorCode::kBusy, "429"}, .retry_after_ms = 20'000}};
  step("one", *add("a", {{{{"n", 1}}, 0.9}}, reads));
  const RunView view = run({.time_ms_max = 10'000});
  EXPECT_EQ(view.status, RunStatus::kFailed);
  EXPECT_EQ(view.reason, "tool_error");
  EXPECT_EQ(reads->keys.size(), 2U);
  std::vector<Json> asked;
  const auto records = journal_.read_run(run_).value();
  for (const store::Record& record : records) {
    if (record.kind == "call.returned") asked.push_back(record.payload->at("retry_after"));
  }
  ASSERT_EQ(asked.size(), 2U);
  EXPECT_EQ(asked[0], (Json{{"wait_ms", 0}, {"fits", true}}));
  EXPECT_EQ(asked[1], (Json{{"wait_ms", 20'000}, {"fits", false}}));
  EXPECT_EQ(replay_run(journal_, run_).value().state.outcome->reason, Reason::kToolError);
}

TEST_F(LiveRunTest, AnUncertainCallThatChangesSomethingIsReportedAndNotRepeated) {
  const auto writes = tool(ToolEffect::kOnce);
  writes->failures = {{.error = Error{ErrorCode::kTimeout, "no answer"}, .is_uncertain = true}};
  step("one", *add("a", {{{{"n", 1}}, 0.9}}, writes));
  const RunView view = run();
  EXPECT_EQ(view.status, RunStatus::kFailed);
  EXPECT_EQ(view.reason, "uncertain");
  EXPECT_EQ(writes->keys.size(), 1U);
}

TEST_F(LiveRunTest, AFencedCallIsRepeated) {
  const auto writes = tool(ToolEffect::kOnce, true);
  writes->failures = {{.error = Error{ErrorCode::kTimeout, "no answer"}, .is_uncertain = true}};
  step("one", *add("a", {{{{"n", 1}}, 0.9}}, writes));
  EXPECT_EQ(run().status, RunStatus::kAnswered);
  EXPECT_EQ(writes->keys.size(), 2U);
}

TEST_F(LiveRunTest, APersonDecides) {
  const auto writes = tool(ToolEffect::kOnce);
  const auto a = add("a", {{{{"n", 1}}, 0.9}}, writes);
  a->definition_.policy.approval = Approval::kAlways;
  step("one", *a);
  ThreadExecutor executor(1, 1);
  for (const bool approved : {true, false}) {
    const size_t calls_before = writes->keys.size();
    const auto live = LiveRun::begin(parts(executor), kServedRun, {{"text", "do it"}}, {}).value();
    live->go();
    live->wait(60'000, nullptr);
    ASSERT_TRUE(live->is_parked());
    const RunView waits = view_of_run(live->id(), live->snapshot().state, false);
    EXPECT_EQ(waits.status, RunStatus::kWaiting);
    ASSERT_EQ(waits.approvals.size(), 1U);
    EXPECT_EQ(waits.approvals[0].arguments, Json({{"n", 1}}));
    EXPECT_EQ(writes->keys.size(), calls_before) << "called before anybody approved";
    EXPECT_EQ(live->decide("two", true, "eve", "").error().code, ErrorCode::kNotFound);
    ASSERT_TRUE(live->decide("one", approved, "eve", "looks right").ok());
    live->wait(60'000, nullptr);
    EXPECT_EQ(live->snapshot().state.outcome->status, approved ? Status::kAnswered : Status::kDeclined);
    EXPECT_EQ(writes->keys.size(), calls_before + (approved ? 1 : 0));
    EXPECT_EQ(live->decide("one", true, "eve", "").error().code, ErrorCode::kInvalid) << "twice";
  }
}

TEST_F(LiveRunTest, ARunThatWaitsForAPersonGoesOnInAnotherProcess) {
  const auto writes = tool(ToolEffect::kOnce);
  const auto a = add("a", {{{{"n", 1}}, 0.9}}, writes);
  a->definition_.policy.approval = Approval::kAlways;
  step("one", *a);
  {
    SerialExecutor executor;
    const auto live = LiveRun::begin(parts(executor), kServedRun, {{"text", "do it"}}, {}).value();
    carry_out(*live, executor);
    ASSERT_TRUE(live->is_parked());
    run_ = live->id();
  }
  journal_ = store::Journal::open(folder_.path() + "/other.sqlite").value();  // closes the first
  journal_ = store::Journal::open(folder_.path() + "/journal.sqlite").value();
  SerialExecutor executor;
  const auto live = LiveRun::take_over(parts(executor), run_).value();
  carry_out(*live, executor);
  ASSERT_TRUE(live->is_parked());
  ASSERT_TRUE(live->decide("one", true, "eve", "").ok());
  executor.run([&] { return live->is_over(); });
  EXPECT_EQ(live->snapshot().state.outcome->status, Status::kAnswered);
  EXPECT_EQ(writes->keys.size(), 1U);
}

TEST_F(LiveRunTest, CancellingEndsARunThatWaits) {
  const auto a = add("a", {{{{"n", 1}}, 0.9}}, tool(ToolEffect::kOnce));
  a->definition_.policy.approval = Approval::kAlways;
  step("one", *a);
  ThreadExecutor executor(1, 1);
  const auto live = LiveRun::begin(parts(executor), kServedRun, {{"text", "do it"}}, {}).value();
  live->go();
  live->wait(60'000, nullptr);
  ASSERT_TRUE(live->cancel("eve").ok());
  EXPECT_EQ(live->snapshot().state.outcome->status, Status::kCancelled);
  EXPECT_EQ(live->cancel("eve").error().code, ErrorCode::kInvalid);
}

TEST_F(LiveRunTest, AToolThatHangsDoesNotHoldUpTheRunsEnd) {
  std::atomic<bool> let_go = false;
  const auto a = add("a", {{{{"n", 1}}, 0.9}});
  a->before_attempt = [&] {
    while (!let_go) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  };
  step("one", *a);
  ThreadExecutor executor(2, 1);
  const auto live = LiveRun::begin(parts(executor), kServedRun, {{"text", "do it"}}, {.time_ms_max = 20}).value();
  live->go();
  live->wait(60'000, nullptr);
  EXPECT_EQ(live->snapshot().state.outcome->reason, Reason::kBudget);
  let_go = true;
  executor.close();
}

TEST_F(LiveRunTest, TheJournalSaysWhatHappenedInOrder) {
  step("one", *add("a", {{{{"n", 1}}, 0.9}}, tool(ToolEffect::kOnce)));
  ASSERT_EQ(run().status, RunStatus::kAnswered);
  EXPECT_EQ(kinds(), (std::vector<std::string>{"run.begin", "plan.made", "attempt.returned", "call.verified",
                                               "call.returned", "result.verified", "answer.composed", "run.done"}));
  EXPECT_TRUE(replay_run(journal_, run_)->closed);
  EXPECT_TRUE(journal_.verify_all().ok());
}

TEST_F(LiveRunTest, APlanThatCannotFitNeverRuns) {
  const auto a = add("a", {{{{"n", 1}}, 0.9}});
  a->definition_.input_schema = {
      {"type", "object"}, {"required", {"n"}}, {"properties", {{"n", {{"type", "integer"}}}}}};
  step("one", *a, {{"n", "$request.text"}});
  const RunView view = run();
  EXPECT_EQ(view.status, RunStatus::kFailed);
  EXPECT_EQ(view.reason, "invalid_plan");
  EXPECT_THAT(view.message, HasSubstr("step \"one\", specialist a, input.n"));
  EXPECT_EQ(a->attempts, 0);
}

}  // namespace
}  // namespace cadre::agent
