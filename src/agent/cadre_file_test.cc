// SPDX-License-Identifier: Apache-2.0
#include "agent/cadre_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"

namespace cadre::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

Result<CadreFile> parse(std::string_view text) {
  return parse_cadre_file(text, "/office/cadre.yaml",
                          [](const std::string& path) { return path != "/office/gone.csv"; });
}

std::string problems_of(std::string_view text) {
  const auto file = parse(text);
  return file.ok() ? "none" : file.error().message;
}

constexpr const char* kSmallest =
    "cadre: 1\n"
    "name: office\n"
    "specialists:\n"
    "  sales: {pack: sql.gguf, table: sales.csv, purpose: what was sold}\n";

TEST(CadreFile, TheSmallestOneHasDefaultsForTheRest) {
  const CadreFile file = parse(kSmallest).value();
  EXPECT_EQ(file.name, "office");
  ASSERT_EQ(file.specialists.size(), 1U);
  EXPECT_EQ(file.specialists[0].name, "sales");
  EXPECT_EQ(file.specialists[0].pack, "/office/sql.gguf");
  EXPECT_EQ(file.specialists[0].table, "/office/sales.csv");
  EXPECT_EQ(file.serve.address, "127.0.0.1") << "nobody else reaches it unless the file says so";
  EXPECT_EQ(file.budgets.time_ms, 30'000);
  EXPECT_TRUE(file.router.empty());
  EXPECT_TRUE(file.journal.empty());
}

TEST(CadreFile, EveryFieldIsRead) {
  const CadreFile file = parse(R"(
cadre: 1
name: ward-3
specialists:
  beds:
    pack: ../packs/sql.gguf
    table: /data/ward.sqlite
    table_name: beds
    verifier: ../packs/verifier.gguf
    purpose: which bed is free
    policy: {confidence_min: 0.9, answerable_min: 0, attempts_max: 3, candidates_max: 4}
  drugs: {pack: sql.gguf, table: drugs.csv, purpose: what is in stock}
router: scope.gguf
budgets: {attempts: 1, calls: 2, rows: 3, sqlite_steps: 4000, time_ms: 5, runs_at_once: 6, runs_waiting: 7}
journal: state/journal.sqlite
serve:
  address: 0.0.0.0
  port: 0
  keys: keys.txt
  origins: ["https://ward.example"]
  body_bytes_max: 2048
  connections_max: 9
  requests_per_minute: 60
  drain_ms: 100
)")
                             .value();
  ASSERT_EQ(file.specialists.size(), 2U);
  const SpecialistEntry& beds = file.specialists[0];
  EXPECT_EQ(beds.pack, "/packs/sql.gguf");
  EXPECT_EQ(beds.verifier, "/packs/verifier.gguf");
  EXPECT_EQ(beds.table, "/data/ward.sqlite");
  EXPECT_EQ(beds.table_name, "beds");
  EXPECT_EQ(beds.purpose, "which bed is free");
  EXPECT_EQ(file.router, "/office/scope.gguf");
  EXPECT_EQ(file.journal, "/office/state/journal.sqlite");
  EXPECT_EQ(file.budgets.runs_at_once, 6);
  EXPECT_EQ(file.budgets.runs_waiting, 7);
  EXPECT_EQ(file.serve.keys, "/office/keys.txt");
  EXPECT_THAT(file.serve.origins, ElementsAre("https://ward.example"));
  EXPECT_EQ(file.serve.port, 0);
  EXPECT_EQ(file.serve.body_bytes_max, 2048);
  EXPECT_EQ(file.serve.connections_max, 9);
  EXPECT_EQ(file.serve.requests_per_minute, 60);
  EXPECT_EQ(file.serve.drain_ms, 100);

  const Budget budget = budget_of(file);
  EXPECT_EQ(budget.attempts_max, file.budgets.attempts);
  EXPECT_EQ(budget.calls_max, 2);
  EXPECT_EQ(budget.time_ms_max, 5);
  const StepPolicy own{
      .attempts_max = 1, .candidates_max = 2, .confidence_min = 0.4, .answerable_min = 0.3, .doubt_keeps = 0.2};
  const StepPolicy policy = policy_of(file, beds, own);
  EXPECT_EQ(policy.attempts_max, 3) << "the file's before the specialist's own";
  EXPECT_EQ(policy.candidates_max, 4);
  EXPECT_EQ(policy.rows_max, 3);
  EXPECT_EQ(policy.work_max, 4000);
  EXPECT_EQ(policy.confidence_min, 0.9);
  EXPECT_EQ(policy.answerable_min, 0);
  EXPECT_EQ(policy.doubt_keeps, 0.2);
  EXPECT_EQ(policy_of(file, file.specialists[1], own).attempts_max, 1);
}

TEST(CadreFile, StepsGrowWithTheTableUnlessTheFileSaysHowMany) {
  EXPECT_LT(sqlite_steps_for(10), sqlite_steps_for(10'000'000));
  const CadreFile file = parse(kSmallest).value();
  EXPECT_EQ(policy_of(file, file.specialists[0], {.work_max = 77}).work_max, 77);
}

TEST(CadreFile, AllProblemsAreReportedEachWithItsPlace) {
  const std::string problems = problems_of(
      "cadre: 2\n"
      "nmae: office\n"
      "specialists:\n"
      "  sales:\n"
      "    pack: 5\n"
      "    table: gone.csv\n"
      "    policy: {confidence_min: 90}\n"
      "  \"two words\": {pack: sql.gguf, table: t.csv, purpose: p}\n"
      "toolz: {}\n"
      "budgets:\n"
      "  calls: many\n"
      "  rows: 0\n"
      "serve: {port: 70000, origins: [1]}\n");
  std::vector<std::string> lines;
  for (size_t begin = 0; begin < problems.size();) {
    const size_t end = std::min(problems.find('\n', begin), problems.size());
    lines.push_back(problems.substr(begin, end - begin));
    begin = end + 1;
  }
  EXPECT_THAT(lines,
              ElementsAre(StartsWith("/office/cadre.yaml:1:1: this version reads cadre files of format 1, not 2"),
                          StartsWith("/office/cadre.yaml:1:1: key \"name\" needs a value"),
                          StartsWith("/office/cadre.yaml:2:1: unknown key \"nmae\"; known here: cadre, name"),
                          StartsWith("/office/cadre.yaml:4:3: key \"purpose\" needs a value"),
                          StartsWith("/office/cadre.yaml:5:5: \"pack\" must be a text, not 5"),
                          StartsWith("/office/cadre.yaml:6:5: \"table\": there is no file \"/office/gone.csv\""),
                          StartsWith("/office/cadre.yaml:7:14: \"confidence_min\" must be a probability"),
                          StartsWith("/office/cadre.yaml:8:3: \"two words\" is no name"),
                          StartsWith("/office/cadre.yaml:9:1: unknown key \"toolz\""),
                          StartsWith("/office/cadre.yaml:11:3: \"calls\" must be a whole number from 1 to 10000"),
                          StartsWith("/office/cadre.yaml:12:3: \"rows\" must be a whole number"),
                          StartsWith("/office/cadre.yaml:13:9: \"port\" must be a whole number"),
                          StartsWith("/office/cadre.yaml:13:32: \"origins\" lists texts")))
      << problems;
}

TEST(CadreFile, WhatIsNoCadreFileIsRefused) {
  EXPECT_THAT(problems_of("[1, 2]"), HasSubstr(":1:1: a map of keys is expected here, not a list"));
  EXPECT_THAT(problems_of("just a text"), HasSubstr("a map of keys is expected"));
  EXPECT_THAT(problems_of("cadre: 1\nname: a\nspecialists: []\n"), HasSubstr(":3:1: \"specialists\" must be a map"));
  EXPECT_THAT(problems_of("cadre: 1\nname: a\nspecialists: {}\n"), HasSubstr(":3:1: \"specialists\" must be a map"));
  EXPECT_THAT(problems_of("cadre: 1\nname: a\nspecialists: {s: 3}\n"),
              HasSubstr(":3:15: a map of keys is expected here, not 3"));
  EXPECT_THAT(problems_of("cadre: 1\nname: a\nspecialists:\n  s: {}\n  s: {}\n"),
              HasSubstr(":5:3: key \"s\" appears twice"));
  EXPECT_THAT(problems_of("cadre:\nname: a\n"), HasSubstr(":1:1: key \"cadre\" needs a value"));
  EXPECT_THAT(problems_of("cadre: 1\n\"x\\ny\": 2\n"), HasSubstr("unknown key \"x\\ny\"")) << "one line";
  EXPECT_THAT(problems_of(std::string(kSmallest) + "router: \"a\\0b\"\n"), HasSubstr("is no path"));
  EXPECT_EQ(load_cadre_file("/nowhere/cadre.yaml").ok(), false);
}

TEST(CadreFile, PathsAreRelativeToTheFile) {
  const auto folder = base::TemporaryDirectory::make().value();
  for (const char* name : {"sql.gguf", "sales.csv"})
    ASSERT_TRUE(base::replace_file(folder.path() + "/" + name, "x").ok());
  ASSERT_TRUE(base::replace_file(folder.path() + "/cadre.yaml", kSmallest).ok());
  const auto file = load_cadre_file(folder.path() + "/cadre.yaml");
  ASSERT_TRUE(file.ok()) << file.error().message;
  EXPECT_EQ(file->specialists[0].table, folder.path() + "/sales.csv");
}

TEST(CadreFile, TheWindowOfAnEndpointAndWhatMayBeShortenedForIt) {
  const std::string head =
      std::string(kSmallest) +
      "  say: {kind: endpoint, purpose: says, endpoint: local, instruction: say, shortened: [/passages]}\n"
      "endpoints:\n";
  const CadreFile file =
      parse(head + "  local: {url: \"http://127.0.0.1:1/v1\", model: m, window_tokens: 8192}\n").value();
  EXPECT_EQ(file.endpoints[0].window_tokens, 8'192);
  EXPECT_EQ(file.specialists[1].asked.shortened, std::vector<std::string>{"/passages"});
  EXPECT_THAT(problems_of(head + "  local: {url: \"http://127.0.0.1:1/v1\", model: m, window_tokens: 3}\n"),
              HasSubstr("window_tokens"));
}

TEST(CadreFile, WhatIsShownOfManyIsSetForPlannersAndChatsAndErrorsNameTheLine) {
  const std::string head = std::string(kSmallest) +
                           "  talk: {kind: chat, purpose: talks, endpoint: local, retrieval: {above: 9, best: 4}}\n"
                           "endpoints:\n"
                           "  local: {url: \"http://127.0.0.1:1/v1\", model: m}\n"
                           "planner:\n"
                           "  endpoint: local\n";
  const CadreFile file = parse(head + "  retrieval: {above: 100, best: 30}\n").value();
  EXPECT_EQ(file.specialists[1].chat_retrieval.best, 4);
  EXPECT_EQ(file.planner.plans.retrieval.above, 100);
  EXPECT_EQ(file.planner.plans.retrieval.best, 30);
  EXPECT_EQ(file.orchestrator.plans.retrieval.best, 20) << "the default";
  EXPECT_THAT(problems_of(head + "  retrieval: {above: 10, best: 30}\n"),
              HasSubstr("cadre.yaml:10:26: of more than 10"));
  EXPECT_THAT(problems_of(head + "  retrieval: {above: 0}\n"), HasSubstr("cadre.yaml:10:"));
  EXPECT_THAT(problems_of(head + "  retrieval: {worst: 1}\n"), HasSubstr("unknown key \"worst\""));
}

}  // namespace
}  // namespace cadre::agent
