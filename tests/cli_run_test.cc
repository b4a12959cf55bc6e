// `cadre run` and `cadre approve` over the example that ships: the plan, the person, the file, the exit status.
// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"
#include "base/json.h"
#include "cli_support.h"

namespace cadre::tests {
namespace {

using base::Json;
using ::testing::HasSubstr;

constexpr int kWaiting = 5;

class CliRun : public CliTest {
 protected:
  // The example in a folder of its own: what it writes stays here.
  void SetUp() override {
    const std::filesystem::path examples = std::filesystem::path(CADRE_SOURCE_DIR) / "examples";
    std::string file = base::read_file((examples / "office.yaml").string()).value();
    for (const std::string relative : {"../specialists/sql.gguf", "countries.csv"}) {
      const size_t at = file.find(": " + relative) + 2;
      file.replace(at, relative.size(), std::filesystem::weakly_canonical(examples / relative).string());
    }
    ASSERT_TRUE(base::replace_file(path("office.yaml"), file).ok());
    ASSERT_TRUE(base::make_directories(path("reports")).ok());
  }
  ProcessResult office(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--cadre", path("office.yaml"), "--journal", path("journal.sqlite"), "--json"});
    return cadre(std::move(arguments));
  }
};

TEST_F(CliRun, APlanWaitsForAPersonAndGoesOnInAnotherProcess) {
  const ProcessResult asked = office({"run", "report on Africa"});
  EXPECT_EQ(asked.exit_status, kWaiting) << asked.err;
  const Json waits = base::parse_json(asked.out).value();
  EXPECT_EQ(waits["status"], "waiting");
  EXPECT_EQ(waits["steps"].size(), 4U);
  EXPECT_FALSE(base::file_exists(path("reports/Africa.txt"))) << "written before anybody agreed";
  const auto id = waits["run"].get<std::string>();
  const ProcessResult approved = office({"approve", id, "--who", "ada"});
  EXPECT_EQ(approved.exit_status, 0) << approved.err;
  const Json answered = base::parse_json(approved.out).value();
  EXPECT_EQ(answered["status"], "answered");
  EXPECT_THAT(base::read_file(path("reports/Africa.txt")).value(), HasSubstr("Africa has 9 countries"));
  const ProcessResult replayed =
      cadre({"replay", id, "--verify", "--json", "--cadre", path("office.yaml"), "--journal", path("journal.sqlite")});
  EXPECT_EQ(replayed.exit_status, 0) << replayed.err;
  const Json tally = base::parse_json(replayed.out).value();
  EXPECT_EQ(tally["different"], 0);
  EXPECT_GT(tally["equal"].get<int>(), 12);
  const ProcessResult again = office({"approve", id});
  EXPECT_EQ(again.exit_status, 4);
  EXPECT_THAT(again.err, HasSubstr("waits for nobody"));
}

TEST_F(CliRun, WhatIsDeniedIsNotDone) {
  const Json waits = base::parse_json(office({"run", "report on Europe"}).out).value();
  const ProcessResult denied =
      office({"approve", waits["run"].get<std::string>(), "keep", "--deny", "--why", "not now"});
  EXPECT_EQ(denied.exit_status, 3);
  EXPECT_THAT(denied.out, HasSubstr("not now"));
  EXPECT_FALSE(base::file_exists(path("reports/Europe.txt")));
}

TEST_F(CliRun, RequestsThatAreNoneAreRefusedBeforeAnythingRuns) {
  EXPECT_EQ(office({"run"}).exit_status, 4);
  EXPECT_EQ(office({"run", "--specialist", "nobody", "hello"}).exit_status, 4);
  EXPECT_THAT(office({"run", "--specialist", "archive", "--input", R"({"path": 3})"}).err, HasSubstr("input"));
  EXPECT_THAT(office({"run", "--specialist", "archive", "--input", "{"}).err, HasSubstr("--input"));
  EXPECT_FALSE(office({"approve", "0"}).exit_status == 0);
}

}  // namespace
}  // namespace cadre::tests
