// Recorded runs made again: the same bytes from the same specialists, differences from others, refusal where that cannot be told.
// SPDX-License-Identifier: Apache-2.0
#include "agent/replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/recover.h"
#include "agent/test_parts.h"
#include "base/file.h"

namespace cadre::agent {
namespace {

using testing::HasSubstr;

class ReplayTest : public testing::Test {
 protected:
  store::RunId ask(const Cadre& cadre, const std::string& text = kTestQuestion) {
    SerialExecutor executor;
    const RunParts parts{&journal_, &base::system_clock(), &cadre.specialists, cadre.planner.get(), &executor};
    const auto run = LiveRun::begin(parts, kAskRun, {{"text", text}}, {}).value();
    EXPECT_TRUE(carry_out(*run, executor).is_finished);
    return run->id();
  }
  Result<std::vector<ReplayedRecord>> replay(const store::RunId& run, const Cadre& cadre, bool with_others = false) {
    return replay_records(journal_, run, cadre.specialists, *cadre.planner, with_others);
  }

  base::TemporaryDirectory folder_ = base::TemporaryDirectory::make().value();
  store::Journal journal_ = store::Journal::open(folder_.path() + "/journal.sqlite").value();
};

TEST_F(ReplayTest, TheSameSpecialistSaysTheSame) {
  const store::RunId run = ask(*test_cadre());
  const auto records = replay(run, *test_cadre()).value();
  std::map<std::string, ReplayOutcome> outcomes;
  for (const ReplayedRecord& record : records) outcomes[record.kind] = record.outcome;
  EXPECT_EQ(outcomes, (std::map<std::string, ReplayOutcome>{{"run.begin", ReplayOutcome::kRecorded},
                                                            {"plan.made", ReplayOutcome::kEqual},
                                                            {"attempt.returned", ReplayOutcome::kEqual},
                                                            {"call.verified", ReplayOutcome::kEqual},
                                                            {"call.returned", ReplayOutcome::kRecorded},
                                                            {"result.verified", ReplayOutcome::kEqual},
                                                            {"answer.composed", ReplayOutcome::kEqual},
                                                            {"run.done", ReplayOutcome::kRecorded}}));
}

TEST_F(ReplayTest, ARunThatWasDeclinedIsReplayedAsFarAsItWent) {
  const store::RunId run = ask(*test_cadre(), "something else entirely");
  const auto records = replay(run, *test_cadre()).value();
  EXPECT_EQ(records.back().kind, "run.declined");
  for (const ReplayedRecord& record : records) EXPECT_NE(record.outcome, ReplayOutcome::kDifferent) << record.kind;
}

// The same name, and another opinion.
std::unique_ptr<Cadre> other_cadre() {
  auto cadre = std::make_unique<Cadre>();
  const Pack pack =
      scripted_pack("scripted@2", [](ScriptedEngine& engine) { engine.on(kTestQuestion, test_attempt(0.7)); });
  cadre->specialists.push_back(
      CheckedSpecialist::make(std::make_shared<TableSpecialist>(
                                  TableSpecialistOptions{.name = "goals", .identity = "another", .policy = pack.policy},
                                  pack, test_table()))
          .value());
  cadre->planner = make_planner(cadre->specialists, base::system_clock(), {});
  return cadre;
}

TEST_F(ReplayTest, AnotherSpecialistIsRefusedUnlessItIsAskedFor) {
  const store::RunId run = ask(*test_cadre());
  EXPECT_THAT(replay(run, *other_cadre()).error().message, HasSubstr("are not those that the run was planned with"));
  const auto records = replay(run, *other_cadre(), true).value();
  const auto attempt = std::find_if(records.begin(), records.end(),
                                    [](const ReplayedRecord& record) { return record.kind == "attempt.returned"; });
  ASSERT_NE(attempt, records.end());
  EXPECT_EQ(attempt->outcome, ReplayOutcome::kDifferent);
  EXPECT_EQ(attempt->step, "answer");
  EXPECT_THAT(attempt->recorded, HasSubstr("0.9"));
  EXPECT_THAT(attempt->now, HasSubstr("0.7"));
}

TEST_F(ReplayTest, ErasedPayloadsCannotBeReplayed) {
  const store::RunId run = ask(*test_cadre());
  ASSERT_TRUE(journal_.erase_payloads(std::vector<store::RunId>{run}).ok());
  EXPECT_THAT(replay(run, *test_cadre()).error().message, HasSubstr("erased"));
}

}  // namespace
}  // namespace cadre::agent
