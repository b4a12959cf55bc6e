// The learned verifier through the binary: trained, inspected, measured, at work in a run, replayed.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/json.h"
#include "base/sha256.h"
#include "cli_support.h"

namespace cadre::tests {
namespace {

using base::Json;
using ::testing::HasSubstr;

const std::string kSqlPack = std::string(CADRE_SOURCE_DIR) + "/specialists/sql.gguf";
const std::string kShipped = std::string(CADRE_SOURCE_DIR) + "/specialists/verifier.gguf";

constexpr const char* kSmallRecipe =
    "kind: verifier\nname: small\nversion: 0.0.1\npurpose: a test\nnet: {rows: 256, width: 8, hidden: 8, epochs: 1}\n";

class CliVerifier : public CliTest {
 protected:
  // A few tables with two questions each, one of them left out of training.
  void write_set() {
    std::string tables, questions;
    for (int i = 0, left_out = 0, made = 0; made < 8 || left_out < 1; ++i) {
      const std::string id = fmt::format("1-{}", i);
      const bool is_left_out = base::sha256(id)[0] % 32 == 0;
      if (is_left_out ? left_out++ >= 1 : made++ >= 8) continue;
      tables += fmt::format(
          R"({{"id": "{}", "header": ["Player", "Club", "Goals"], "types": ["text", "text", "real"], "rows": [["Ann", "Ajax", {}], ["Bea", "Brest", 2]]}})",
          id, i);
      questions += fmt::format(
          R"({{"table_id": "{}", "question": "how many goals did Ann score", "sql": {{"sel": 2, "agg": 0, "conds": [[0, 0, "Ann"]]}}, "cond_cells": ["Ann"]}})",
          id);
      tables += '\n';
      questions += '\n';
    }
    for (const char* split : {"train", "dev"}) {
      write(fmt::format("{}.tables.jsonl", split), tables);
      write(fmt::format("{}.jsonl", split), questions);
    }
  }
  ProcessResult train(const std::string& recipe) {
    return cadre({"train", write("recipe.yaml", recipe), "--data", folder_.path(), "--specialist", kSqlPack, "--out",
                  path("small.gguf"), "--date", "2026-01-02"});
  }
};

TEST_F(CliVerifier, IsTrainedInspectedAndMeasured) {
  write_set();
  const ProcessResult trained = train(kSmallRecipe);
  ASSERT_EQ(trained.exit_status, 0) << trained.err;
  const ProcessResult inspected = cadre({"inspect", path("small.gguf"), "--json"});
  ASSERT_EQ(inspected.exit_status, 0) << inspected.err;
  const Json contract = base::parse_json(inspected.out).value()["metadata"]["cadre.contract"];
  EXPECT_EQ(contract["kind"], "verifier");
  EXPECT_EQ(contract["evaluation"]["date"], "2026-01-02");
  EXPECT_EQ(contract["evaluation"]["scores"]["questions"], 9);
  EXPECT_THAT(contract["training"]["specialist"].get<std::string>(), HasSubstr("sql@"));
  EXPECT_THAT(contract["data"][0]["licence"].get<std::string>(), HasSubstr("BSD-3"));
  const ProcessResult measured = cadre({"eval", "verifier", "--data", folder_.path(), "--split", "dev", "--verifier",
                                        path("small.gguf"), "--specialist", kSqlPack, "--json"});
  ASSERT_EQ(measured.exit_status, 0) << measured.err;
  EXPECT_EQ(base::parse_json(measured.out).value(), contract["evaluation"]["scores"])
      << "the card is of this very file";
}

TEST_F(CliVerifier, MistakesAreNamed) {
  const ProcessResult misspelt = train(std::string(kSmallRecipe) + "refuse_bellow: 0.1\n");
  EXPECT_EQ(misspelt.exit_status, 4);
  EXPECT_THAT(misspelt.err, HasSubstr("refuse_bellow is not a setting of a verifier"));
  const ProcessResult no_data = train(kSmallRecipe);
  EXPECT_EQ(no_data.exit_status, 4);
  EXPECT_THAT(no_data.err, HasSubstr("train.tables.jsonl"));
  const ProcessResult other_pack =
      cadre({"eval", "verifier", "--data", folder_.path(), "--verifier", kSqlPack, "--specialist", kSqlPack});
  EXPECT_EQ(other_pack.exit_status, 4);
  EXPECT_THAT(other_pack.err, HasSubstr("architecture \"cadre-decider\", a verifier is \"cadre-verifier\""));
}

TEST_F(CliVerifier, ACadreFileNamesItAndItsVerdictsReplay) {
  write("t.csv", base::read_file(std::string(CADRE_SOURCE_DIR) + "/examples/countries.csv").value());
  write("cadre.yaml", fmt::format("cadre: 1\nname: office\nspecialists:\n  countries:\n    pack: {}\n    table: t.csv\n"
                                  "    purpose: countries\n    verifier: {}\n",
                                  kSqlPack, kShipped));
  const std::vector<std::string> place = {"--cadre", path("cadre.yaml"), "--journal", path("journal.sqlite"), "--json"};
  const auto with_place = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), place.begin(), place.end());
    return cadre(std::move(arguments));
  };
  const ProcessResult checked = cadre({"check", path("cadre.yaml")});
  EXPECT_EQ(checked.exit_status, 0) << checked.err;
  EXPECT_THAT(checked.out, HasSubstr("verifier.gguf"));
  EXPECT_THAT(checked.out, ::testing::Not(HasSubstr("not fitted"))) << "the shipped one belongs to the shipped pack";
  const ProcessResult asked = with_place({"run", "what is the capital of Peru"});
  ASSERT_EQ(asked.exit_status, 0) << asked.err;
  const auto id = base::parse_json(asked.out).value()["run"].get<std::string>();
  const ProcessResult traced = cadre({"trace", id, "--journal", path("journal.sqlite")});
  EXPECT_THAT(traced.out, HasSubstr("learned ok (right with probability"));
  const ProcessResult replayed = with_place({"replay", id, "--verify"});
  EXPECT_EQ(replayed.exit_status, 0) << replayed.err;
  EXPECT_EQ(base::parse_json(replayed.out).value()["different"], 0);
}

TEST_F(CliVerifier, AMissingOneIsRefusedWithItsPlaceInTheFile) {
  write("t.csv", "a,b\n1,2\n");
  write("cadre.yaml", fmt::format("cadre: 1\nname: office\nspecialists:\n  t:\n    pack: {}\n    table: t.csv\n"
                                  "    purpose: numbers\n    verifier: gone.gguf\n",
                                  kSqlPack));
  const ProcessResult checked = cadre({"check", path("cadre.yaml")});
  EXPECT_EQ(checked.exit_status, 4);
  EXPECT_THAT(checked.err + checked.out, HasSubstr("cadre.yaml:8:"));
  EXPECT_THAT(checked.err + checked.out, HasSubstr("gone.gguf"));
}

}  // namespace
}  // namespace cadre::tests
