// SPDX-License-Identifier: Apache-2.0
#include "agent/self_tests.h"

#include <fmt/format.h>

#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "agent/json_values.h"
#include "agent/live_run.h"
#include "agent/run_view.h"
#include "agent/section.h"
#include "agent/thread_executor.h"
#include "base/file.h"
#include "base/utf8.h"
#include "store/journal.h"

namespace cadre::agent {
namespace {

using base::Json;

constexpr int64_t kTestTime_ms = int64_t{3600} * 1000;

// Stands before a tool: the same in everything but that a call is noted and not made.
class WithheldTool final : public Tool {
 public:
  explicit WithheldTool(Tool& tool) : tool_(tool) {}
  const ToolDefinition& definition() const override { return tool_.definition(); }
  Result<void> check(const Json& arguments) override { return tool_.check(arguments); }
  ToolReturn call(const ToolCall& call) override {
    const std::lock_guard lock(mutex_);
    if (!called_) called_ = call.arguments;
    return {.error = Error{ErrorCode::kDenied, "withheld: a self-test makes no such call"}};
  }
  bool waits() const override { return false; }
  std::optional<Json> called() const {
    const std::lock_guard lock(mutex_);
    return called_;
  }

 private:
  Tool& tool_;
  mutable std::mutex mutex_;
  std::optional<Json> called_;
};

// The specialist under test: its own but for the tool, and nobody is asked for leave.
class TestSubject final : public Specialist {
 public:
  TestSubject(std::shared_ptr<const Specialist> specialist, bool withholds)
      : specialist_(std::move(specialist)), definition_(specialist_->definition()) {
    definition_.policy.approval = Approval::kNever;
    if (withholds && specialist_->tool() != nullptr) withheld_ = std::make_unique<WithheldTool>(*specialist_->tool());
  }
  const SpecialistDefinition& definition() const override { return definition_; }
  Tool* tool() const override { return withheld_ ? withheld_.get() : specialist_->tool(); }
  AttemptReturned attempt(const StepTask& task, const AttemptLimits& limits) const override {
    return specialist_->attempt(task, limits);
  }
  std::vector<Verdict> verify_call(const StepTask& task, const Candidate& candidate) const override {
    return specialist_->verify_call(task, candidate);
  }
  CheckedResult verify_result(const StepTask& task, const Candidate& candidate, const Json& result) const override {
    return specialist_->verify_result(task, candidate, result);
  }
  StepAnswer answer(const StepTask& task, const Candidate& candidate, const Json& output) const override {
    return specialist_->answer(task, candidate, output);
  }
  Json details() const override { return specialist_->details(); }
  std::optional<Json> withheld_call() const { return withheld_ ? withheld_->called() : std::nullopt; }

 private:
  std::shared_ptr<const Specialist> specialist_;
  SpecialistDefinition definition_;
  std::unique_ptr<WithheldTool> withheld_;
};

// What a run came to, as far as a test looks at it.
struct TestOutcome {
  RunView view;
  std::optional<Json> withheld_call;
  bool is_unreachable = false;  // who should have answered did not
};

std::string shown_value(const Json& value) {
  const std::string text = base::dump_json(value);
  return text.size() <= 400 ? text : fmt::format("{}...", base::utf8_prefix(text, 400));
}

class Tester {
 public:
  Tester(const Budget& budget, const base::Clock& clock, store::Journal& journal)
      : budget_(budget), clock_(clock), journal_(journal), executor_(1, 1) {}

  Result<SelfTestResult> run(const OpenedSelfTest& opened) {
    const SelfTest& test = opened.test;
    const TestOutcome outcome = TRY(outcome_of(opened));
    SelfTestResult result{.specialist = opened.specialist, .test = test.name};
    result.expected = expected_of(test);
    result.got = got_of(outcome);
    if (test.expect == SelfTest::Expect::kRefusal) {
      const bool is_refused =
          !outcome.withheld_call && !outcome.is_unreachable &&
          (outcome.view.status == RunStatus::kDeclined || outcome.view.status == RunStatus::kFailed);
      result.passed = is_refused && outcome.view.message.find(test.reason) != std::string::npos;
      return result;
    }
    const std::optional<Json> value = value_of(test, outcome);
    if (!value) return result;
    result.passed = is_same_value(test.value, *value);
    if (!result.passed) result.difference = first_difference(test.value, *value);
    return result;
  }

 private:
  static bool withholds(const OpenedSelfTest& opened) {
    const Tool* tool = opened.subject.tool();
    return tool != nullptr &&
           (opened.test.expect != SelfTest::Expect::kOutput || tool->definition().effect != ToolEffect::kRead);
  }

  Result<TestOutcome> outcome_of(const OpenedSelfTest& opened) {
    const auto subject = std::make_shared<TestSubject>(opened.subject.shared(), withholds(opened));
    Specialists specialists;
    specialists.push_back(TRY(CheckedSpecialist::make(subject)));
    const auto planner = make_planner(specialists, clock_, {});
    const Json request = request_to_json({.specialist = subject->definition().name, .input = opened.test.input});
    TestOutcome outcome;
    if (auto checked = check_request(request, specialists); !checked.ok()) {
      outcome.view.status = RunStatus::kDeclined;
      outcome.view.message = checked.error().message;
      return outcome;
    }
    const RunParts parts{&journal_, &clock_, &specialists, planner.get(), &executor_};
    const auto run = TRY(LiveRun::begin(parts, kAskRun, request, budget_));
    run->go();
    run->wait(kTestTime_ms, nullptr);
    const RunSnapshot snapshot = run->snapshot();
    if (snapshot.stopped_by) return *snapshot.stopped_by;
    outcome.view = view_of_run(run->id(), snapshot.state, snapshot.is_finished);
    outcome.withheld_call = subject->withheld_call();
    outcome.is_unreachable = is_unreachable(snapshot.state, outcome.view.reason);
    return outcome;
  }

  // A refusal is a verdict on what was said; silence, a wrong key or a spent budget is none.
  static bool is_unreachable(const RunState& state, const std::string& reason) {
    if (reason == reason_name(Reason::kBudget) || reason == reason_name(Reason::kAbandoned)) return true;
    for (const StepState& step : state.steps) {
      if (step.reason != Reason::kEngineError || !step.feedback) continue;
      // What an endpoint itself could not do begins with its name (engine/chat_endpoint.cc), also where it found the request invalid.
      if (step.feedback->code != ErrorCode::kInvalid || step.feedback->message.starts_with("endpoint \"")) return true;
    }
    return false;
  }

  // What the test looks at; none: the run did not get there.
  static std::optional<Json> value_of(const SelfTest& test, const TestOutcome& outcome) {
    if (test.expect == SelfTest::Expect::kCall && outcome.withheld_call) return outcome.withheld_call;
    if (outcome.withheld_call || outcome.view.status != RunStatus::kAnswered) return std::nullopt;
    return outcome.view.value;
  }

  static std::string expected_of(const SelfTest& test) {
    if (test.expect == SelfTest::Expect::kRefusal)
      return test.reason.empty() ? "a refusal" : fmt::format("a refusal with {} in its reason", in_quotes(test.reason));
    return fmt::format("{} {}", test.expect == SelfTest::Expect::kCall ? "the call" : "the output",
                       shown_value(test.value));
  }

  static std::string got_of(const TestOutcome& outcome) {
    if (outcome.withheld_call) return fmt::format("the call {} (not made)", shown_value(*outcome.withheld_call));
    if (outcome.view.status == RunStatus::kAnswered)
      return fmt::format("the output {}", shown_value(outcome.view.value));
    return fmt::format("{}: {}", run_status_name(outcome.view.status), outcome.view.message);
  }

  const Budget& budget_;
  const base::Clock& clock_;
  store::Journal& journal_;
  ThreadExecutor executor_;
};

}  // namespace

Result<std::vector<SelfTestResult>> run_self_tests(const Cadre& cadre, const base::Clock& clock) {
  const auto folder = TRY(base::TemporaryDirectory::make());
  store::Journal journal = TRY(store::Journal::open(folder.path() + "/journal.sqlite"));
  Tester tester(cadre.budget, clock, journal);
  std::vector<SelfTestResult> results;
  results.reserve(cadre.self_tests.size());
  for (const OpenedSelfTest& opened : cadre.self_tests) {
    auto result = tester.run(opened);
    if (!result.ok())
      return std::move(result).error().with_context(
          fmt::format("specialist {}, self-test \"{}\"", opened.specialist, opened.test.name));
    results.push_back(std::move(*result));
  }
  return results;
}

}  // namespace cadre::agent
