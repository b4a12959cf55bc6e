// SPDX-License-Identifier: Apache-2.0
#include "agent/driver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/event_json.h"
#include "agent/test_parts.h"
#include "base/file.h"

namespace cadre::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class DriverTest : public ::testing::Test {
 protected:
  DriverTest() { engine_.on(kTestQuestion, test_attempt()); }

  std::string path() const { return folder_.path() + "/journal.sqlite"; }
  ActParts parts() { return {&base::system_clock(), dispatcher_, &engine_, &table_}; }
  Result<RunReport> ask(const std::string& question = kTestQuestion) {
    return Driver(journal_, parts()).ask({.question = question, .specialist = engine_.name()}, {}, {});
  }
  std::vector<std::string> kinds(const store::RunId& run) {
    std::vector<std::string> result;
    const auto records = journal_.read_run(run);
    for (const store::Record& record : *records) result.push_back(record.kind);
    return result;
  }

  base::TemporaryDirectory folder_ = base::TemporaryDirectory::make().value();
  store::Journal journal_ = store::Journal::open(path()).value();
  contract::Table table_ = test_table();
  ScriptedEngine engine_;
  AcceptAll accept_all_;
  Dispatcher* dispatcher_ = &accept_all_;
};

TEST_F(DriverTest, AnswersFromTheRowsAndJournalsEveryStep) {
  const auto report = ask();
  ASSERT_TRUE(report.ok()) << report.error().message;
  ASSERT_TRUE(report->state.answer.has_value()) << report->state.outcome->message;
  EXPECT_EQ(report->state.answer->text,
            "3 (sum of Goals where Player = \"Kane\" and Venue = \"away\" and Year = 2019)");
  EXPECT_THAT(kinds(report->run),
              ElementsAre("run.begin", "dispatch.returned", "attempt.returned", "candidate.verified", "call.intended",
                          "call.returned", "candidate.verified", "answer.composed", "run.done"));
  EXPECT_EQ(journal_.run_summary(report->run)->state, store::RunState::kDone);
  EXPECT_TRUE(journal_.verify_all().ok());
}

TEST_F(DriverTest, TheRunIsInTheJournalBeforeItsIdIsTold) {
  int told = 0;
  const auto acknowledge = [&](const store::RunId& run) {
    ++told;
    const auto reader = store::Journal::open(path(), {.read_only = true});
    ASSERT_TRUE(reader.ok()) << reader.error().message;
    EXPECT_TRUE(reader->run_summary(run).ok());
    EXPECT_EQ(engine_.attempts(), 0);
  };
  const auto report =
      Driver(journal_, parts()).ask({.question = kTestQuestion, .specialist = "scripted@1"}, {}, {}, acknowledge);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(told, 1);
}

TEST_F(DriverTest, WhatTheDispatcherDeclinesNeverReachesTheSpecialist) {
  ScriptedDispatcher declines(DispatchDecision{false, 0.99, "linear", "not a question to a table"});
  dispatcher_ = &declines;
  const auto report = ask();
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->state.outcome->reason, Reason::kOutOfScope);
  EXPECT_EQ(engine_.attempts(), 0);
  EXPECT_EQ(journal_.run_summary(report->run)->state, store::RunState::kDeclined);
}

TEST_F(DriverTest, ADispatcherThatFailsLeavesTheDecisionToTheSpecialist) {
  ScriptedDispatcher fails(Error{ErrorCode::kCorrupt, "bad router"});
  dispatcher_ = &fails;
  const auto report = ask();
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->state.outcome->status, Status::kAnswered);
}

TEST_F(DriverTest, ACandidateWithAnInventedValueIsRefusedAndTheNextOneAnswers) {
  engine::SqlAttempt attempt = test_attempt(0.3);
  contract::SqlCall invented = test_call();
  invented.conditions[0].value = "Ronaldo";
  attempt.candidates.insert(attempt.candidates.begin(), {invented, 0.6});
  engine_.on(kTestQuestion, attempt);
  const auto report = ask();
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->state.outcome->status, Status::kAnswered) << report->state.outcome->message;
  EXPECT_NEAR(report->state.outcome->confidence, 0.75, 1e-9) << "0.3 of the 0.4 that were left";
  EXPECT_EQ(report->state.chosen->candidate.call, test_call());
}

TEST_F(DriverTest, AColumnThatDoesNotExistIsTheEnginesFault) {
  engine::SqlAttempt attempt = test_attempt();
  attempt.candidates[0].call.select_column = 17;
  engine_.on(kTestQuestion, attempt);
  const auto report = ask();
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->state.outcome->reason, Reason::kEngineError);
}

TEST_F(DriverTest, NamesTheWordsThatNoCellSays) {
  engine_.on("goals of Kane in Atlantis", {.candidates = {{test_call(), 0.9}}, .unmatched_values = {{4, 5}, {3, 99}}});
  const auto report = ask("goals of Kane in Atlantis");
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->state.outcome->reason, Reason::kUnmatchedValue);
  EXPECT_THAT(report->state.outcome->message, HasSubstr("\"Atlantis\""));
}

TEST_F(DriverTest, AnEngineThatFailsFailsTheRunVisibly) {
  engine_.on(kTestQuestion, [](const auto&, const auto&) -> Result<engine::SqlAttempt> {
    return Error{ErrorCode::kCorrupt, "bad weights"};
  });
  const auto report = ask();
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->state.outcome->status, Status::kFailed);
  EXPECT_EQ(report->state.outcome->message, "bad weights");
  EXPECT_EQ(journal_.run_summary(report->run)->state, store::RunState::kFailed);
}

TEST_F(DriverTest, AQuestionThatIsNoneBeginsNoRun) {
  EXPECT_FALSE(ask("").ok());
  EXPECT_FALSE(ask(std::string(contract::kQuestionSizeBytesMax + 1, 'a')).ok());
  EXPECT_FALSE(ask("not \xff utf-8").ok());
  EXPECT_TRUE(journal_.list_runs(10)->empty());
}

TEST_F(DriverTest, RowsBeyondTheLimitAreCutAndTheAnswerSaysSo) {
  std::vector<std::vector<std::string>> rows;
  for (int i = 0; i < 50; ++i) rows.push_back({std::string(100'000, static_cast<char>('a' + i % 26))});
  table_ = contract::Table::from_rows({"t", {{"Name", "Name", contract::ColumnType::kText}}}, rows).value();
  engine_.on("which name", {.candidates = {{{.select_column = 0}, 0.9}}});
  const auto report = ask("which name");
  ASSERT_TRUE(report.ok()) << report.error().message;
  ASSERT_TRUE(report->state.chosen.has_value()) << report->state.outcome->message;
  EXPECT_EQ(report->state.chosen->result.rows.size(), kResultBytesMax / 100'000);
  EXPECT_TRUE(report->state.chosen->result.truncated);
  EXPECT_THAT(report->state.answer->text, HasSubstr("at least"));
}

TEST_F(DriverTest, TheJournalAloneTellsTheWholeRun) {
  const auto report = ask();
  ASSERT_TRUE(report.ok());
  const auto replayed = replay_run(journal_, report->run);
  ASSERT_TRUE(replayed.ok()) << replayed.error().message;
  EXPECT_TRUE(replayed->closed);
  EXPECT_EQ(replayed->state.answer, report->state.answer);
  EXPECT_EQ(replayed->state.chosen->result.rows, report->state.chosen->result.rows);
  EXPECT_EQ(replayed->state.outcome->confidence, report->state.outcome->confidence);
}

}  // namespace
}  // namespace cadre::agent
