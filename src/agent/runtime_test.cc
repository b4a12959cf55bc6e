// SPDX-License-Identifier: Apache-2.0
#include "agent/runtime.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "agent/live_run.h"
#include "agent/plan_events.h"
#include "agent/test_parts.h"
#include "agent/test_replay.h"
#include "base/file.h"

namespace cadre::agent {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* kGoals =
    "Player,Venue,Goals,Year\nKane,away,3,2019\nKane,home,5,2019\nKane,away,2,2020\nSon,away,4,2019\n";
constexpr const char* kCities = "City,Country\nLima,Peru\nOslo,Norway\n";
constexpr int64_t kLong_ms = 60'000;

// Holds every attempt until it is opened.
class Gate {
 public:
  void close() { set(false); }
  void open() { set(true); }
  void pass() {
    std::unique_lock lock(mutex_);
    ++arrived_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return is_open_; });
  }
  void wait_for_arrivals(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return arrived_ >= count; });
  }

 private:
  void set(bool is_open) {
    const std::lock_guard lock(mutex_);
    is_open_ = is_open;
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_open_ = true;
  int arrived_ = 0;
};

// Knows the goals: sure where the table has that many columns, unsure elsewhere.
class GoalsEngine final : public engine::SpecialistEngine {
 public:
  GoalsEngine(Gate& gate, std::string name) : gate_(gate), name_(std::move(name)) {}
  std::string name() const override { return name_; }
  Result<engine::SqlAttempt> attempt_sql(const contract::Table& table, const contract::SqlTask& task, size_t) override {
    gate_.pass();
    if (task.question == "break") return Error{ErrorCode::kCorrupt, "bad weights"};
    const bool is_goals = table.schema().columns.size() == 4;
    const bool is_about_goals = task.question == kTestQuestion;
    if (is_goals && is_about_goals) return test_attempt();
    if (!is_goals && !is_about_goals) return engine::SqlAttempt{.candidates = {{{.select_column = 0}, 0.8}}};
    return engine::SqlAttempt{.candidates = {{{.select_column = 0}, 0.6}}, .answerable = 0.1};
  }

 private:
  Gate& gate_;
  std::string name_;
};

class RuntimeTest : public ::testing::Test {
 protected:
  RuntimeTest() {
    write("goals.csv", kGoals);
    write("cities.csv", kCities);
    file_.name = "test";
    file_.journal = path("state/journal.sqlite");
    file_.specialists = {entry("goals"), entry("cities")};
  }
  ~RuntimeTest() override { gate_.open(); }
  void TearDown() override {
    gate_.open();
    if (runtime_ == nullptr || leaves_runs_of_others_) return;
    EXPECT_TRUE(runtime_->drain(kLong_ms).ok());
    runtime_.reset();
    const auto cadre = open_cadre(file_, parts().loaders).value();
    std::set<std::string> done;
    expect_replays(store::Journal::open(file_.journal, {.read_only = true}).value(), cadre->specialists,
                   *cadre->planner, done);
  }

  std::string path(const std::string& name) const { return folder_.path() + "/" + name; }
  void write(const std::string& name, const std::string& bytes) {
    ASSERT_TRUE(base::replace_file(path(name), bytes).ok());
  }
  SpecialistEntry entry(const std::string& name) const {
    return {.name = name, .purpose = "about " + name, .pack = "goals.gguf", .table = path(name + ".csv")};
  }
  RuntimeParts parts() {
    RuntimeParts parts;
    parts.loaders.load_pack = [this](const std::string&) -> Result<Pack> {
      const std::string name = pack_name_;
      return Pack{name, policy_of_contract(base::Json::object()),
                  [this, name] { return std::make_unique<GoalsEngine>(gate_, name); }};
    };
    parts.loaders.load_scope = [](const std::string&) -> Result<DecideScope> {
      return DecideScope([](std::string_view) {
        return ScopeDecision{false, 0.9, "linear", "not a question to a table"};
      });
    };
    return parts;
  }
  void open() {
    runtime_.reset();
    auto runtime = Runtime::open(file_, parts());
    ASSERT_TRUE(runtime.ok()) << runtime.error().message;
    runtime_ = std::move(*runtime);
  }
  RunView ask(const RunRequest& request) {
    const auto run = runtime_->start(request);
    EXPECT_TRUE(run.ok()) << run.error().message;
    if (!run.ok()) return {};
    return runtime_->wait(*run, kLong_ms, nullptr).value();
  }
  // Leaves a run that began and whose process is gone, as a runtime of this file would have begun it; planned if asked for.
  store::RunId leave_unfinished_run(RunRequest asked, const std::string& idempotency_key = "",
                                    bool is_planned = false) {
    open();
    const RunView model = ask(asked);
    const auto first = runtime_->events(model.run, -1, 2).value();
    runtime_.reset();
    asked.idempotency_key = idempotency_key;
    auto journal = store::Journal::open(file_.journal).value();
    const char* kind = idempotency_key.empty() ? kServedRun : kKeyedRun;
    const store::RunId run = journal.begin_run(kind, event_to_json(RunBegun{request_to_json(asked), {}})).value();
    if (is_planned) {
      EXPECT_TRUE(journal.append(run, first[1].kind, first[1].payload).ok());
    }
    return run;
  }

  base::TemporaryDirectory folder_ = base::TemporaryDirectory::make().value();
  Gate gate_;
  std::string pack_name_ = "goals@1";
  CadreFile file_;
  bool leaves_runs_of_others_ = false;  // of another table or pack than the one at the end: they are not made again
  std::unique_ptr<Runtime> runtime_;
};

TEST_F(RuntimeTest, AnswersWithValueEvidenceAndSteps) {
  open();
  const RunView view = ask({.text = kTestQuestion, .specialist = "goals"});
  EXPECT_EQ(view.status, RunStatus::kAnswered) << view.message;
  EXPECT_EQ(view.reason, "none");
  EXPECT_THAT(view.text, HasSubstr("3 (sum of Goals"));
  EXPECT_EQ(base::dump_json(view.value["rows"]), "[[3]]");
  EXPECT_THAT(view.value["sql"].get<std::string>(), HasSubstr("SUM"));
  EXPECT_EQ(view.evidence.size(), 5U);
  ASSERT_EQ(view.steps.size(), 1U);
  EXPECT_EQ(view.steps[0]["specialist"], "goals");
  EXPECT_EQ(view.steps[0]["status"], "done");
  EXPECT_EQ(view.usage.attempts, 1);
  EXPECT_EQ(view.usage.calls, 1);
}

TEST_F(RuntimeTest, OfSeveralSpecialistsTheSurestOneAnswers) {
  open();
  EXPECT_EQ(ask({.text = kTestQuestion}).steps[0]["specialist"], "goals");
  const RunView cities = ask({.text = "which cities are there"});
  EXPECT_EQ(cities.steps[0]["specialist"], "cities");
  EXPECT_EQ(cities.value["rows"].size(), 2U);
  const auto events = runtime_->events(cities.run, -1, 100).value();
  EXPECT_EQ(events[1].kind, "plan.made");
  EXPECT_EQ(events[1].payload["tier"], "attempts");
  EXPECT_EQ(events[1].payload["plan"]["steps"][0]["assignments"][0]["specialist"], "cities");
  const RunView broken = ask({.text = "break"});
  EXPECT_EQ(broken.status, RunStatus::kFailed);
  EXPECT_EQ(broken.message, "bad weights");
}

TEST_F(RuntimeTest, TheRouterDeclinesOnlyWhereNobodyIsNamed) {
  file_.router = "scope.gguf";
  open();
  const RunView declined = ask({.text = kTestQuestion});
  EXPECT_EQ(declined.status, RunStatus::kDeclined);
  EXPECT_EQ(declined.reason, "out_of_scope");
  EXPECT_EQ(ask({.text = kTestQuestion, .specialist = "goals"}).status, RunStatus::kAnswered);
}

TEST_F(RuntimeTest, RequestsThatAreNoneAreRefusedAndBeginNoRun) {
  open();
  EXPECT_EQ(runtime_->start({.text = ""}).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(runtime_->start({.text = std::string(9000, 'a')}).error().code, ErrorCode::kLimit);
  EXPECT_EQ(runtime_->start({.text = "a", .specialist = "nobody"}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(runtime_->start({.text = "a", .chat = base::Json::object()}).error().code, ErrorCode::kUnsupported);
  EXPECT_TRUE(runtime_->list(10)->empty());
  EXPECT_EQ(runtime_->start({.input = {{"question", kTestQuestion}}}).error().code, ErrorCode::kInvalid) << "for whom?";
  EXPECT_EQ(runtime_->start({.text = "\xff"}).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(runtime_->start({.specialist = "goals", .input = {{"query", "a"}}}).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(ask({.specialist = "goals", .input = {{"question", kTestQuestion}}}).status, RunStatus::kAnswered);
}

TEST_F(RuntimeTest, AKeyIsOneRunAlsoAfterARestart) {
  open();
  const RunRequest request = {.text = kTestQuestion, .idempotency_key = "k", .asker = "a"};
  const store::RunId run = runtime_->start(request).value();
  EXPECT_EQ(runtime_->start(request).value(), run);
  RunRequest other = request;
  other.asker = "b";
  EXPECT_NE(runtime_->start(other).value(), run) << "a key belongs to its asker";
  other = request;
  other.text = "which cities are there";
  EXPECT_EQ(runtime_->start(other).error().code, ErrorCode::kInvalid) << "a key is for one request";
  runtime_->wait(run, kLong_ms, nullptr).value();
  open();
  EXPECT_EQ(runtime_->start(request).value(), run);
  EXPECT_EQ(runtime_->start(other).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(runtime_->list(10)->size(), 2U);
}

TEST_F(RuntimeTest, AKeyUsedByManyThreadsAtOnceIsOneRun) {
  open();
  std::mutex mutex;
  std::set<std::string> runs;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      const auto run = runtime_->start({.text = kTestQuestion, .idempotency_key = "k"});
      const std::lock_guard lock(mutex);
      runs.insert(run.ok() ? run->text() : run.error().message);
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(runs.size(), 1U);
}

TEST_F(RuntimeTest, ManyThreadsAskWatchAndReadAtOnce) {
  file_.budgets.runs_at_once = 4;
  open();
  std::atomic<int> answered = 0;
  std::atomic<int> changes = 0;  // heard of, any number
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      for (int j = 0; j < 10; ++j) {
        const auto run = runtime_->start({.text = kTestQuestion});
        if (!run.ok()) continue;
        const auto token = runtime_->watch(*run, [&] { ++changes; });
        (void)runtime_->metrics();
        const auto view = runtime_->wait(*run, kLong_ms, nullptr);
        if (view.ok() && view->status == RunStatus::kAnswered) ++answered;
        (void)runtime_->list(3);
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(answered, 80);
  ASSERT_TRUE(runtime_->drain(kLong_ms).ok());
  EXPECT_THAT(runtime_->metrics(),
              AllOf(HasSubstr("cadre_runs_total{status=\"answered\"} 80\n"),
                    HasSubstr("cadre_steps_total{specialist=\"goals\",status=\"done\"} 80\n"),
                    HasSubstr("cadre_tier_asked_total{tier=\"named\"} 80\n"), HasSubstr("cadre_runs_waiting 0\n"),
                    HasSubstr("cadre_runs_working 0\n"), HasSubstr("cadre_dispatches_total{tier=\"attempts\"} 80\n"),
                    HasSubstr("cadre_run_seconds_count 80\n")));
  runtime_.reset();
  EXPECT_TRUE(store::Journal::open(file_.journal).value().verify_all().ok());
}

TEST_F(RuntimeTest, AWatcherHearsOfTheEndUntilItsTokenDies) {
  open();
  gate_.close();
  const store::RunId run = runtime_->start({.text = kTestQuestion}).value();
  std::atomic<int> heard = 0;
  std::atomic<int> unheard = 0;
  const auto token = runtime_->watch(run, [&] { ++heard; });
  runtime_->watch(run, [&] { ++unheard; }).reset();
  gate_.open();
  ASSERT_TRUE(runtime_->drain(kLong_ms).ok());
  runtime_.reset();  // the threads have ended, and so has what they told
  EXPECT_GE(heard, 1);
  EXPECT_EQ(unheard, 0);
}

TEST_F(RuntimeTest, MoreThanMayWaitIsBusy) {
  file_.budgets.runs_at_once = 1;
  file_.budgets.runs_waiting = 2;
  open();
  gate_.close();
  ASSERT_TRUE(runtime_->start({.text = kTestQuestion}).ok());
  gate_.wait_for_arrivals(1);
  EXPECT_TRUE(runtime_->start({.text = kTestQuestion}).ok());
  EXPECT_TRUE(runtime_->start({.text = kTestQuestion}).ok());
  EXPECT_EQ(runtime_->start({.text = kTestQuestion}).error().code, ErrorCode::kBusy);
  EXPECT_EQ(runtime_->start({.text = kTestQuestion, .idempotency_key = "k"}).error().code, ErrorCode::kBusy);
  EXPECT_THAT(runtime_->metrics(),
              AllOf(HasSubstr("cadre_runs_waiting 2\n"), HasSubstr("cadre_runs_refused_total 2\n")));
  EXPECT_EQ(runtime_->drain(0).error().code, ErrorCode::kTimeout);
  gate_.open();
  EXPECT_TRUE(runtime_->drain(kLong_ms).ok());
  EXPECT_EQ(runtime_->start({.text = kTestQuestion}).error().code, ErrorCode::kUnavailable);
  const std::vector<RunView> views = runtime_->list(10).value();
  for (const RunView& view : views) EXPECT_EQ(view.status, RunStatus::kAnswered);
}

TEST_F(RuntimeTest, AWaitEndsWithItsTimeOrWhenNobodyWaitsAnyMore) {
  open();
  gate_.close();
  const store::RunId run = runtime_->start({.text = kTestQuestion}).value();
  EXPECT_EQ(runtime_->wait(run, 1, nullptr)->status, RunStatus::kRunning);
  base::Cancel cancel;
  cancel.request();
  EXPECT_EQ(runtime_->wait(run, kLong_ms, &cancel)->status, RunStatus::kRunning);
  EXPECT_FALSE(runtime_->wait(store::RunId{}, 1, nullptr).ok());
}

TEST_F(RuntimeTest, ACancelledRunAsksNoSpecialistAndSaysWho) {
  file_.budgets.runs_at_once = 1;
  open();
  gate_.close();
  const store::RunId working = runtime_->start({.text = kTestQuestion, .specialist = "goals"}).value();
  gate_.wait_for_arrivals(1);
  const store::RunId waits = runtime_->start({.text = kTestQuestion}).value();
  ASSERT_TRUE(runtime_->cancel(waits, "eve").ok());
  const RunView view = runtime_->view(waits).value();
  EXPECT_EQ(view.status, RunStatus::kCancelled);
  EXPECT_EQ(view.message, "cancelled by eve");
  EXPECT_EQ(view.usage.attempts, 0);
  EXPECT_TRUE(runtime_->cancel(waits, "eve").ok()) << "twice is once";
  EXPECT_TRUE(runtime_->cancel(working, "eve").ok());
  gate_.open();
  EXPECT_EQ(runtime_->wait(working, kLong_ms, nullptr)->status, RunStatus::kCancelled) << "before its next act";
  const RunView answered = ask({.text = kTestQuestion});
  EXPECT_EQ(runtime_->cancel(answered.run, "eve").error().code, ErrorCode::kInvalid);
  EXPECT_EQ(runtime_->cancel(store::RunId{}, "eve").error().code, ErrorCode::kNotFound);
}

TEST_F(RuntimeTest, NobodyIsWaitedFor) {
  open();
  const RunView view = ask({.text = kTestQuestion});
  EXPECT_THAT(runtime_->decide(view.run, "1", true, "eve", "").error().message, HasSubstr("is over"));
  EXPECT_EQ(runtime_->decide(store::RunId{}, "1", true, "eve", "").error().code, ErrorCode::kNotFound);
}

TEST_F(RuntimeTest, EventsComeInOrderAndFromWhereOneLeftOff) {
  open();
  const RunView view = ask({.text = kTestQuestion, .specialist = "goals", .subject = "p-1", .asker = "ward"});
  const auto all = runtime_->events(view.run, -1, 100).value();
  ASSERT_EQ(all.size(), 8U);
  EXPECT_EQ(all.front().kind, "run.begin");
  EXPECT_EQ(all.front().payload["request"]["asker"], "ward");
  EXPECT_EQ(all.front().payload["request"]["subject"], "p-1");
  EXPECT_EQ(all.back().kind, "run.done");
  const auto some = runtime_->events(view.run, 3, 2).value();
  ASSERT_EQ(some.size(), 2U);
  EXPECT_EQ(some[0].sequence, 4);
}

TEST_F(RuntimeTest, WhatWaitedIsCarriedOnByTheNextRuntime) {
  const store::RunId named = leave_unfinished_run({.text = kTestQuestion, .specialist = "goals"}, "k");
  open();
  const RunView view = runtime_->wait(named, kLong_ms, nullptr).value();
  EXPECT_EQ(view.status, RunStatus::kAnswered) << view.message;
  EXPECT_EQ(runtime_->start({.text = kTestQuestion, .specialist = "goals", .idempotency_key = "k"}).value(), named);
  const auto events = runtime_->events(named, -1, 100).value();
  EXPECT_EQ(events[1].kind, "run.resume");
}

TEST_F(RuntimeTest, ClosingLosesNoRunThatWasStarted) {
  open();
  std::vector<store::RunId> runs;
  for (int i = 0; i < 20; ++i) runs.push_back(runtime_->start({.text = kTestQuestion}).value());
  open();
  for (const store::RunId& run : runs) EXPECT_EQ(runtime_->wait(run, kLong_ms, nullptr)->status, RunStatus::kAnswered);
}

TEST_F(RuntimeTest, WhatWasNotDispatchedYetIsDispatchedAgain) {
  leaves_runs_of_others_ = true;
  const store::RunId run = leave_unfinished_run({.text = "which cities are there"});
  write("cities.csv", "City,Country\nLima,Peru\n");  // nothing of the old table was used
  open();
  const RunView view = runtime_->wait(run, kLong_ms, nullptr).value();
  EXPECT_EQ(view.status, RunStatus::kAnswered) << view.message;
  EXPECT_EQ(view.value["rows"].size(), 1U);
}

TEST_F(RuntimeTest, ARunWhoseTableChangedMeanwhileFailsVisibly) {
  leaves_runs_of_others_ = true;
  const store::RunId run = leave_unfinished_run({.text = kTestQuestion, .specialist = "goals"}, "", true);
  write("goals.csv", std::string(kGoals) + "Son,home,9,2021\n");
  open();
  const RunView view = runtime_->wait(run, kLong_ms, nullptr).value();
  EXPECT_EQ(view.status, RunStatus::kFailed);
  EXPECT_EQ(view.reason, "abandoned");
  EXPECT_THAT(view.message, HasSubstr("changed"));
}

TEST_F(RuntimeTest, ARunWhoseSpecialistIsAnotherFailsVisibly) {
  leaves_runs_of_others_ = true;
  const store::RunId run = leave_unfinished_run({.text = kTestQuestion, .specialist = "goals"}, "", true);
  pack_name_ = "goals@2";
  open();
  EXPECT_THAT(runtime_->wait(run, kLong_ms, nullptr)->message, HasSubstr("specialist \"goals\""));
}

TEST_F(RuntimeTest, RunsOfOthersAreLeftAlone) {
  {
    ASSERT_TRUE(base::make_directories(path("state")).ok());
    auto journal = store::Journal::open(file_.journal).value();
    ASSERT_TRUE(journal.begin_run(kAskRun, event_to_json(RunBegun{{{"text", "q"}}, {}})).ok());
  }
  open();
  EXPECT_EQ(runtime_->list(10)->front().status, RunStatus::kRunning);
}

TEST_F(RuntimeTest, TimeIsABudget) {
  leaves_runs_of_others_ = true;
  base::ManualClock clock(1'000'000'000);
  file_.budgets.time_ms = 50;
  RuntimeParts slow = parts();
  slow.clock = &clock;
  slow.loaders.load_pack = [&](const std::string&) -> Result<Pack> {
    return Pack{"slow@1", policy_of_contract(base::Json::object()), [&clock] {
                  auto engine = std::make_unique<ScriptedEngine>("slow@1");
                  engine->on(kTestQuestion, [&clock](const auto&, const auto&) -> Result<engine::SqlAttempt> {
                    clock.advance_us(60'000);
                    return test_attempt();
                  });
                  return engine;
                }};
  };
  runtime_ = Runtime::open(file_, slow).value();
  const store::RunId run = runtime_->start({.text = kTestQuestion, .specialist = "goals"}).value();
  ASSERT_TRUE(runtime_->drain(kLong_ms).ok());
  const RunView view = runtime_->view(run).value();
  EXPECT_EQ(view.reason, "budget");
  EXPECT_THAT(view.message, HasSubstr("50 ms"));
}

TEST_F(RuntimeTest, WhatCannotBeOpenedIsNamed) {
  file_.specialists[1].table = path("nowhere.csv");
  const auto runtime = Runtime::open(file_, parts());
  ASSERT_FALSE(runtime.ok());
  EXPECT_THAT(runtime.error().message, AllOf(HasSubstr("specialist cities"), HasSubstr("nowhere.csv")));
}

TEST_F(RuntimeTest, SpecialistsAreDescribed) {
  open();
  const auto specialists = runtime_->specialists();
  ASSERT_EQ(specialists.size(), 2U);
  EXPECT_EQ(specialists[0].name, "goals");
  EXPECT_EQ(specialists[0].version, "goals@1");
  EXPECT_EQ(specialists[0].input_schema["required"][0], "question");
  EXPECT_TRUE(specialists[0].is_read_only);
}

}  // namespace
}  // namespace cadre::agent
