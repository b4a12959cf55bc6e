// Runs of processes that really die: each child asks and is killed at one of the places where it looks at the clock, which it does
// before and after every act and every record.
// SPDX-License-Identifier: Apache-2.0
#include "agent/recover.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "agent/test_parts.h"
#include "agent/test_replay.h"
#include "base/file.h"

namespace cadre::agent {
namespace {

using ::testing::HasSubstr;

// Kills this process at the n-th look.
class DeadlyClock final : public base::Clock {
 public:
  explicit DeadlyClock(int looks) : looks_(looks) {}
  int64_t wall_us() const override { return base::system_clock().wall_us(); }
  int64_t monotonic_ns() const override {
    if (looks_-- == 0) kill(getpid(), SIGKILL);
    return base::system_clock().monotonic_ns();
  }

 private:
  mutable int looks_;
};

Result<std::unique_ptr<Cadre>> open_test_cadre(const base::Json&) {
  return test_cadre();
}

// True: the child was killed; false: it came to the end of its run.
bool ask_and_die(const std::string& path, int looks) {
  const pid_t child = fork();
  if (child == 0) {
    auto journal = store::Journal::open(path);
    if (!journal.ok()) _exit(3);
    const DeadlyClock clock(looks);
    const auto cadre = test_cadre("scripted@1", "f1", clock);
    SerialExecutor executor;
    const RunParts parts{&*journal, &clock, &cadre->specialists, cadre->planner.get(), &executor};
    const auto run = LiveRun::begin(parts, kAskRun, {{"text", kTestQuestion}}, {});
    if (!run.ok()) _exit(4);
    _exit(carry_out(**run, executor).is_finished ? 0 : 5);
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  if (WIFSIGNALED(status)) return true;
  EXPECT_EQ(WEXITSTATUS(status), 0);
  return false;
}

class RecoverTest : public ::testing::Test {
 protected:
  std::string path() const { return folder_.path() + "/journal.sqlite"; }
  store::Journal open_journal() { return store::Journal::open(path()).value(); }

  // Leaves one run that died after its beginning; dies later and later until it is one.
  store::RunId leave_unfinished_run() {
    for (int looks = 3; looks < 20; ++looks) {
      EXPECT_TRUE(ask_and_die(path(), looks));
      store::Journal journal = open_journal();
      const auto unfinished = journal.unfinished_runs().value();
      if (!unfinished.empty()) return unfinished[0].run;
    }
    ADD_FAILURE() << "no child left a run";
    return {};
  }

  base::TemporaryDirectory folder_ = base::TemporaryDirectory::make().value();
};

TEST_F(RecoverTest, ARunThatDiedAnywhereComesToTheSameAnswer) {
  int died = 0;
  for (int looks = 0; ask_and_die(path(), looks); ++looks) {
    ++died;
    ASSERT_LT(looks, 200);
    store::Journal journal = open_journal();
    const size_t left = journal.unfinished_runs()->size();
    const auto recovered = recover_runs(journal, base::system_clock(), open_test_cadre, 8);
    ASSERT_TRUE(recovered.ok()) << recovered.error().message;
    EXPECT_EQ(recovered->size(), left);
    for (const Recovered& run : *recovered) EXPECT_TRUE(run.went_on) << run.why;
    EXPECT_TRUE(journal.unfinished_runs()->empty());
  }
  EXPECT_GT(died, 15) << "the clock is looked at around every act and record";
  store::Journal journal = open_journal();
  const auto runs = journal.list_runs(1000).value();
  ASSERT_GT(runs.size(), 5U);
  const auto cadre = test_cadre();
  std::set<std::string> done;
  EXPECT_EQ(expect_replays(journal, cadre->specialists, *cadre->planner, done), runs.size());
  for (const store::RunSummary& summary : runs) {
    const auto replayed = replay_run(journal, summary.run);
    ASSERT_TRUE(replayed.ok()) << replayed.error().message;
    EXPECT_TRUE(replayed->closed);
    ASSERT_EQ(replayed->state.outcome->status, Status::kAnswered) << replayed->state.outcome->message;
    EXPECT_EQ(replayed->state.answer_text,
              "3 (sum of Goals where Player = \"Kane\" and Venue = \"away\" and Year = 2019)");
  }
}

TEST_F(RecoverTest, ARunThatWasNotPlannedYetIsPlannedAnew) {
  const store::RunId run = leave_unfinished_run();
  store::Journal journal = open_journal();
  const auto recovered = recover_run(
      journal, base::system_clock(), run,
      [](const base::Json&) -> Result<std::unique_ptr<Cadre>> { return test_cadre("scripted@1", "another"); });
  EXPECT_TRUE(recovered->went_on) << recovered->why;
}

// Its plan stands in the journal, its process is gone.
store::RunId leave_planned_run(store::Journal journal) {
  const auto cadre = test_cadre();
  const store::RunId run = journal.begin_run(kAskRun, event_to_json(RunBegun{{{"text", kTestQuestion}}, {}})).value();
  const Event planned = cadre->planner->plan({{"text", kTestQuestion}}, nullptr);
  EXPECT_TRUE(journal.append(run, event_kind(planned), event_to_json(planned)).ok());
  return run;
}

TEST_F(RecoverTest, APlannedRunWhoseTableChangedIsEndedAsFailed) {
  const store::RunId run = leave_planned_run(open_journal());
  store::Journal journal = open_journal();
  const auto recovered = recover_run(
      journal, base::system_clock(), run,
      [](const base::Json&) -> Result<std::unique_ptr<Cadre>> { return test_cadre("scripted@1", "another"); });
  ASSERT_TRUE(recovered.ok()) << recovered.error().message;
  EXPECT_FALSE(recovered->went_on);
  EXPECT_THAT(recovered->why, HasSubstr("changed"));
  const auto replayed = replay_run(journal, run);
  ASSERT_TRUE(replayed.ok()) << replayed.error().message;
  EXPECT_EQ(replayed->state.outcome->reason, Reason::kAbandoned);
  EXPECT_EQ(journal.run_summary(run)->state, store::RunState::kFailed);
}

TEST_F(RecoverTest, ARunWhoseTableIsGoneIsEndedAsFailed) {
  const store::RunId run = leave_planned_run(open_journal());
  store::Journal journal = open_journal();
  const auto recovered =
      recover_run(journal, base::system_clock(), run, [](const base::Json&) -> Result<std::unique_ptr<Cadre>> {
        return Error{ErrorCode::kNotFound, "no such file"};
      });
  ASSERT_TRUE(recovered.ok()) << recovered.error().message;
  EXPECT_FALSE(recovered->went_on);
  EXPECT_THAT(recovered->why, HasSubstr("no such file"));
  EXPECT_EQ(journal.run_summary(run)->state, store::RunState::kFailed);
}

TEST_F(RecoverTest, ATableThatIsLockedJustNowLeavesTheRunForLater) {
  const store::RunId run = leave_unfinished_run();
  store::Journal journal = open_journal();
  const auto locked = [](const base::Json&) -> Result<std::unique_ptr<Cadre>> {
    return Error{ErrorCode::kBusy, "locked"};
  };
  EXPECT_EQ(recover_run(journal, base::system_clock(), run, locked).error().code, ErrorCode::kBusy);
  EXPECT_EQ(journal.unfinished_runs()->size(), 1U);
  EXPECT_TRUE(recover_run(journal, base::system_clock(), run, open_test_cadre)->went_on);
}

TEST_F(RecoverTest, ARunThatLivesIsLeftAlone) {
  store::Journal living = open_journal();
  const store::RunId run = living.begin_run("ask", {}).value();
  store::Journal journal = open_journal();
  EXPECT_TRUE(recover_runs(journal, base::system_clock(), open_test_cadre, 8)->empty());
  EXPECT_EQ(journal.run_summary(run)->state, store::RunState::kRunning);
}

TEST_F(RecoverTest, ARunThatIsNotReadableIsEndedAsFailed) {
  store::RunId run;
  {
    store::Journal dying = open_journal();
    run = dying.begin_run("ask", {{"request", "not an object"}}).value();
  }
  store::Journal journal = open_journal();
  const auto recovered = recover_runs(journal, base::system_clock(), open_test_cadre, 8);
  ASSERT_TRUE(recovered.ok()) << recovered.error().message;
  ASSERT_EQ(recovered->size(), 1U);
  EXPECT_FALSE(recovered->front().went_on);
  EXPECT_EQ(journal.run_summary(run)->state, store::RunState::kFailed);
}

}  // namespace
}  // namespace cadre::agent
