// The learned verifier at work: its verdict in a run, in the journal, in a replay, and where a cadre file names it.
// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "agent/json_values.h"
#include "agent/live_run.h"
#include "agent/recover.h"
#include "agent/replay.h"
#include "agent/test_parts.h"
#include "agent/verifiers.h"
#include "base/file.h"
#include "model/router_test_models.h"

namespace cadre::agent {
namespace {

using base::Json;
using testing::HasSubstr;

// One net, of random weights, with any calibration: its opinions mean nothing, but they are always the same ones.
std::shared_ptr<const model::Verifier> verifier_with(const model::VerifierCalibration& calibration,
                                                     const std::string& version = "1") {
  const Json contract = {{"name", "verifier"}, {"version", version}, {"training", {{"specialist", "scripted@1"}}}};
  return std::make_shared<const model::Verifier>(
      model::Verifier::make({model::random_net(256, 16, 8, 1, 3), calibration}, contract).value());
}

contract::SqlCall other_call() {
  contract::SqlCall call = test_call();
  call.aggregate = contract::Aggregate::kMax;
  return call;
}

std::unique_ptr<Cadre> cadre_with(std::shared_ptr<const model::Verifier> verifier) {
  auto cadre = std::make_unique<Cadre>();
  const Pack pack = scripted_pack("scripted@1", [](ScriptedEngine& engine) {
    engine.on(kTestQuestion, engine::SqlAttempt{.candidates = {{test_call(), 0.7}, {other_call(), 0.2}}});
  });
  TableSpecialistOptions options{.name = "goals", .policy = pack.policy};
  options.identity = identity_of_table("scripted@1", "f1", "", verifier.get());
  options.verifier = std::move(verifier);
  cadre->specialists.push_back(
      CheckedSpecialist::make(std::make_shared<TableSpecialist>(std::move(options), pack, test_table())).value());
  cadre->planner = make_planner(cadre->specialists, base::system_clock(), {});
  return cadre;
}

class LearnedVerdict : public testing::Test {
 protected:
  store::RunId ask(const Cadre& cadre) {
    SerialExecutor executor;
    const RunParts parts{&journal_, &base::system_clock(), &cadre.specialists, cadre.planner.get(), &executor};
    const auto run = LiveRun::begin(parts, kAskRun, {{"text", kTestQuestion}}, {}).value();
    EXPECT_TRUE(carry_out(*run, executor).is_finished);
    return run->id();
  }

  // The learned verdicts of a run, as they stand in the journal.
  std::vector<Verdict> verdicts_of(const store::RunId& run) {
    std::vector<Verdict> found;
    const auto records = journal_.read_run(run).value();
    for (const store::Record& record : records) {
      if (record.kind != "call.verified") continue;
      for (const Json& json : (*record.payload)["verdicts"]) {
        Verdict verdict = verdict_from_json(json).value();
        if (verdict.rule == "learned") found.push_back(std::move(verdict));
      }
    }
    return found;
  }

  base::TemporaryDirectory folder_ = base::TemporaryDirectory::make().value();
  store::Journal journal_ = store::Journal::open(folder_.path() + "/journal.sqlite").value();
};

TEST_F(LearnedVerdict, StandsInTheJournalWithWhatItSawAndDid) {
  const auto verdicts = verdicts_of(ask(*cadre_with(verifier_with({.verifier_weight = 0.5, .bias = 4}))));
  ASSERT_EQ(verdicts.size(), 1U) << "a call that is vouched for ends the search";
  EXPECT_TRUE(verdicts[0].passed);
  EXPECT_GT(verdicts[0].weight.value(), 1);
  EXPECT_THAT(verdicts[0].evidence, HasSubstr("with the specialist's 0.70"));
}

TEST_F(LearnedVerdict, ADoubtLowersTheConfidenceAndLooksAtTheNextCall) {
  const store::RunId run = ask(*cadre_with(verifier_with({.verifier_weight = 0, .bias = -1})));
  const auto verdicts = verdicts_of(run);
  ASSERT_EQ(verdicts.size(), 2U);
  for (const Verdict& verdict : verdicts) {
    EXPECT_FALSE(verdict.passed);
    EXPECT_EQ(verdict.severity, Severity::kDoubt);
    EXPECT_NEAR(verdict.weight.value(), 0.36787944117, 1e-9);
  }
}

TEST_F(LearnedVerdict, BelowItsThresholdACallIsRefusedBeforeItRuns) {
  const store::RunId run = ask(*cadre_with(verifier_with({.bias = -9, .refuse_below = 0.3})));
  const auto records = journal_.read_run(run).value();
  EXPECT_EQ(records.back().kind, "run.declined");
  EXPECT_TRUE(std::none_of(records.begin(), records.end(),
                           [](const store::Record& record) { return record.kind == "call.returned"; }));
  for (const Verdict& verdict : verdicts_of(run)) EXPECT_EQ(verdict.severity, Severity::kReject);
}

TEST_F(LearnedVerdict, IsTheSameWhenItIsReplayed) {
  const auto verifier = verifier_with({.confidence_weight = 0.7, .verifier_weight = 0.4, .bias = -0.3});
  const store::RunId run = ask(*cadre_with(verifier));
  const auto again = cadre_with(verifier);
  size_t verified = 0;
  const auto replayed = replay_records(journal_, run, again->specialists, *again->planner, false).value();
  for (const ReplayedRecord& record : replayed) {
    EXPECT_NE(record.outcome, ReplayOutcome::kDifferent) << record.kind << record.recorded << record.now;
    verified += record.kind == "call.verified" && record.outcome == ReplayOutcome::kEqual;
  }
  EXPECT_GE(verified, 1U);
  const auto other = cadre_with(verifier_with({.bias = 1}, "2"));
  EXPECT_THAT(replay_records(journal_, run, other->specialists, *other->planner, false).error().message,
              HasSubstr("are not those that the run was planned with"));
  const auto without = cadre_with(nullptr);
  EXPECT_FALSE(replay_records(journal_, run, without->specialists, *without->planner, false).ok());
}

TEST_F(LearnedVerdict, NamesThePartThatWeighsMostAgainstTheCall) {
  const contract::Table table = test_table();
  const auto task = contract::make_sql_task(table, kTestQuestion).value();
  const auto verifier = verifier_with({.bias = -2});
  const Verdict verdict = verify_learned(*verifier, table, task, test_call(), 0.9);
  const std::string part = verifier->weakest_part(model::CallReader(table, task).read(test_call()));
  ASSERT_FALSE(part.empty());
  EXPECT_THAT(verdict.evidence, HasSubstr("most against it: " + part));
}

class NamedVerifier : public testing::Test {
 protected:
  NamedVerifier() {
    write("t.csv", "Player,Goals\nKane,3\nSon,4\n");
    write("cadre.yaml",
          "cadre: 1\nname: office\nspecialists:\n"
          "  goals: {pack: sql.gguf, table: t.csv, purpose: who scored, verifier: v.gguf}\n");
    write("sql.gguf", "not read by the test's loader");
  }
  void write(const std::string& name, const std::string& bytes) {
    ASSERT_TRUE(base::replace_file(folder_.path() + "/" + name, bytes).ok());
  }
  Result<std::unique_ptr<Cadre>> open(const std::string& pack_name) {
    const auto file = load_cadre_file(folder_.path() + "/cadre.yaml");
    if (!file.ok()) return file.error();
    return open_cadre(*file, {.load_pack = [pack_name](const std::string&) -> Result<Pack> {
      return scripted_pack(pack_name, [](ScriptedEngine&) {});
    }});
  }
  std::string pack_bytes() const {
    const Json contract = {{"name", "verifier"}, {"version", "3"}, {"training", {{"specialist", "scripted@1"}}}};
    return model::encode_verifier_pack({model::random_net(256, 16, 8, 1, 3), {}}, contract);
  }

  base::TemporaryDirectory folder_ = base::TemporaryDirectory::make().value();
};

TEST_F(NamedVerifier, BelongsToTheIdentityOfTheSpecialist) {
  write("v.gguf", pack_bytes());
  const auto cadre = open("scripted@1").value();
  EXPECT_THAT(cadre->specialists[0].definition().identity, HasSubstr(" verified by verifier@3 over "));
  EXPECT_TRUE(cadre->notes.empty());
}

TEST_F(NamedVerifier, OneThatWasFittedToAnotherPackIsNoted) {
  write("v.gguf", pack_bytes());
  EXPECT_THAT(
      open("scripted@2").value()->notes,
      testing::ElementsAre("specialist goals: verifier verifier@3 was not fitted to the confidence of scripted@2"));
}

TEST_F(NamedVerifier, WhatIsNoVerifierIsRefusedWithTheSpecialistsName) {
  write("v.gguf", "GGUF but not really");
  EXPECT_THAT(open("scripted@1").error().message,
              testing::AllOf(HasSubstr("specialist goals: load verifier"), HasSubstr("v.gguf")));
}

}  // namespace
}  // namespace cadre::agent
