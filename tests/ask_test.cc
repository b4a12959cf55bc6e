// `cadre ask` from its options to its output, with a scripted specialist: every kind of table that people have, and every ending.
// SPDX-License-Identifier: Apache-2.0
#include "app/ask_command.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/test_parts.h"
#include "app/exit_codes.h"
#include "app/trace_command.h"
#include "base/file.h"
#include "base/json.h"
#include "base/sha256.h"
#include "literal_engine.h"
#include "store/sqlite.h"
#include "text/words.h"

namespace cadre::tests {
namespace {

using agent::ScriptedEngine;
using app::AskOptions;
using base::Json;
using contract::SqlCall;
using engine::SqlAttempt;
using ::testing::HasSubstr;
using ::testing::Not;

struct Output {
  int exit_status = 0;
  std::string out;
  std::string err;
  Json json() const { return base::parse_json(out).value(); }
};

class AskTest : public ::testing::Test {
 protected:
  AskTest() { EXPECT_TRUE(base::replace_file(path("pack.gguf"), "any file will do").ok()); }

  std::string path(const std::string& name) const { return folder_.path() + "/" + name; }
  std::string write(const std::string& name, const std::string& bytes) {
    EXPECT_TRUE(base::replace_file(path(name), bytes).ok());
    return path(name);
  }

  agent::LoadPack loader() {
    return [this](const std::string& path) -> Result<agent::Pack> {
      if (!attempt_) return load_literal_engine(path);
      return agent::scripted_pack("scripted@1", [this](ScriptedEngine& engine) { engine.on(question_, *attempt_); });
    };
  }
  AskOptions options(const std::string& table, const std::string& question) {
    return {.table = table,
            .specialist = path("pack.gguf"),
            .journal = path("journal.sqlite"),
            .question = question,
            .json = true};
  }
  Output run(const AskOptions& options) {
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    Output output;
    output.exit_status = app::run_ask(options, loader());
    std::fflush(stdout);
    output.out = testing::internal::GetCapturedStdout();
    output.err = testing::internal::GetCapturedStderr();
    return output;
  }
  Output trace(app::TraceOptions options) {
    options.journal = path("journal.sqlite");
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    Output output;
    output.exit_status = app::run_trace(options, loader());
    std::fflush(stdout);
    output.out = testing::internal::GetCapturedStdout();
    output.err = testing::internal::GetCapturedStderr();
    return output;
  }
  // The answer to a literal question; the file must be as it was.
  std::string answer(const std::string& table, const std::string& question) {
    const auto hash = [&] { return base::to_hex(base::sha256(base::read_file(table).value())); };
    const std::string before = hash();
    const Output output = run(options(table, question));
    EXPECT_EQ(hash(), before) << "the user's file changed";
    EXPECT_EQ(output.exit_status, app::kExitOk) << output.err << output.out;
    const Json json = output.json();
    return json["answer"].is_string() ? json["answer"].get<std::string>() : json["message"].get<std::string>();
  }
  // Answers `question_` with this attempt instead of literally.
  void script(const std::string& question, SqlAttempt attempt) {
    question_ = question;
    attempt_ = std::move(attempt);
  }

  base::TemporaryDirectory folder_ = base::TemporaryDirectory::make().value();
  std::string question_;
  std::optional<SqlAttempt> attempt_;
};

TEST_F(AskTest, ReadsTheTablesThatPeopleHave) {
  EXPECT_EQ(answer(write("plain.csv", "City,Land\nParis,France\nRome,Italy\n"), "City where Land is Italy"), "Rome");
  EXPECT_EQ(answer(write("semicolon.csv", "City;Land\r\nParis;France\r\n"), "City where Land is France"), "Paris");
  EXPECT_EQ(answer(write("quoted.csv", "City,Note\nParis,\"two\nlines, one comma\"\n"), "Note where City is Paris"),
            "two\nlines, one comma");
  EXPECT_EQ(answer(write("ragged.csv", "City,Land,Note\nParis,France\nRome,Italy,x,,\n"), "City where Land is Italy"),
            "Rome");
  EXPECT_EQ(answer(write("latin.csv", "City,Land\nK\xf6ln,Germany\n"), "City where Land is Germany"), "Köln");
  EXPECT_EQ(answer(write("none.csv", "City,Land\n"), "City where Land is"), "None: the table has no such row.");
}

TEST_F(AskTest, ReadsAThousandColumns) {
  std::string header;
  std::string row;
  for (int i = 0; i < 1000; ++i) {
    header += fmt::format("{}col{}", i == 0 ? "" : ",", i);
    row += fmt::format("{}cell{}", i == 0 ? "" : ",", i);
  }
  EXPECT_EQ(answer(write("wide.csv", header + "\n" + row + "\n"), "col777 where col3 is cell3"), "cell777");
}

TEST_F(AskTest, ReadsADatabaseThatAnotherProcessHasOpen) {
  auto database = store::Database::open(path("t.sqlite"), {});
  ASSERT_TRUE(database->exec("CREATE TABLE t(City, Land); INSERT INTO t VALUES('Paris', 'France')").ok());
  EXPECT_EQ(answer(path("t.sqlite"), "City where Land is France"), "Paris");
  ASSERT_TRUE(database->exec("BEGIN EXCLUSIVE").ok());
  const Output locked = run(options(path("t.sqlite"), "City where Land is France"));
  EXPECT_EQ(locked.exit_status, app::kExitBadInput);
  EXPECT_THAT(locked.err, HasSubstr("lock"));
}

TEST_F(AskTest, SaysInJsonAllThatLedToTheAnswer) {
  const Output output =
      run(options(write("t.csv", "City,Land\nParis,France\nLyon,France\n"), "City where Land is France"));
  const Json json = output.json();
  EXPECT_EQ(json["status"], "answered");
  EXPECT_EQ(json["answer"], "Paris and Lyon");
  EXPECT_EQ(json["sql"], "SELECT \"City\" FROM \"t\" WHERE \"Land\" = 'France'");
  EXPECT_EQ(json["columns"], Json::array({"City"}));
  EXPECT_EQ(json["rows"], Json::parse(R"([["Paris"],["Lyon"]])"));
  EXPECT_DOUBLE_EQ(json["probability"].get<double>(), 0.9);
  EXPECT_EQ(json["run"].get<std::string>().size(), 36U);
  for (const char* stage :
       {"open", "dispatch", "features", "encoder", "heads", "verify", "execute", "journal", "total"}) {
    EXPECT_TRUE(json["timings_ms"].contains(stage)) << stage;
  }
  const Json& condition = json["evidence"][1];
  EXPECT_EQ(condition["role"], "condition");
  EXPECT_EQ(condition["column"], "Land");
  EXPECT_EQ(condition["value"], "France");
  EXPECT_EQ(condition["origin"], "cell");
  EXPECT_EQ(condition["words"][0], Json::parse(R"({"begin":19,"end":25,"text":"France"})"));
}

TEST_F(AskTest, SaysItInWordsToo) {
  AskOptions text = options(write("t.csv", "City,Land\nParis,Fran\x1b[2Jce\n"), "City where Land is Fran [2Jce");
  text.json = false;
  const Output output = run(text);
  EXPECT_THAT(output.out, ::testing::StartsWith("Paris\n"));
  EXPECT_THAT(output.out, HasSubstr("SELECT \"City\""));
  EXPECT_THAT(output.out, HasSubstr("because"));
  EXPECT_THAT(output.out, Not(HasSubstr("\x1b"))) << "what a file says must not reach the terminal raw";
}

TEST_F(AskTest, DeclinesVisiblyAndSaysWhatToDo) {
  const std::string table = write("t.csv", "City,Land\nParis,France\n");
  script("City of Atlantis", {.candidates = {{{.select_column = 0}, 0.9}}, .unmatched_values = {{2, 3}}});
  const Output unmatched = run(options(table, "City of Atlantis"));
  EXPECT_EQ(unmatched.exit_status, app::kExitDeclined);
  EXPECT_EQ(unmatched.json()["reason"], "unmatched_value");
  EXPECT_THAT(unmatched.json()["message"].get<std::string>(), HasSubstr("Atlantis"));
  script("how many moons does Paris have", {.candidates = {{{.select_column = 0}, 0.9}}, .answerable = 0.01});
  EXPECT_EQ(run(options(table, "how many moons does Paris have")).json()["reason"], "not_answerable");
  EXPECT_EQ(run(options(table, "write me a poem")).json()["reason"], "out_of_scope")
      << "the shipped router declines it first";
  script("which City", {.candidates = {{{.select_column = 0}, 0.2}}});
  const Output unsure = run(options(table, "which City"));
  EXPECT_EQ(unsure.json()["reason"], "low_confidence");
  EXPECT_TRUE(unsure.json()["answer"].is_null());
  AskOptions bold = options(table, "which City");
  bold.confidence_min = 0.1;
  EXPECT_EQ(run(bold).exit_status, app::kExitOk) << "the user may ask for less certainty";
}

TEST_F(AskTest, AnswersAFileOfQuestionsLineByLineInOneProcess) {
  AskOptions many = options(write("t.csv", "City,Land\nParis,France\nRome,Italy\n"), "");
  many.questions = write("questions.txt", "City where Land is Italy\n\nLand where City is Paris\n");
  const Output output = run(many);
  std::vector<Json> lines;
  std::istringstream stream(output.out);
  for (std::string line; std::getline(stream, line);) lines.push_back(base::parse_json(line).value());
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0]["answer"], "Rome");
  EXPECT_EQ(lines[1]["status"], "failed") << "an empty line is a question that is none";
  EXPECT_EQ(lines[2]["answer"], "France");
  EXPECT_EQ(output.exit_status, app::kExitFailed);
}

TEST_F(AskTest, TraceShowsWhatWasTriedAndWhatWasRefused) {
  const std::string table = write("t.csv", "City,Land\nParis,France\n");
  SqlCall invented{.select_column = 0,
                   .conditions = {{1, contract::CompareOp::kEqual, "Narnia", {0, 1}, contract::ValueOrigin::kCell}}};
  script("which City", {.candidates = {{invented, 0.5}, {{.select_column = 0}, 0.4}}});
  const std::string run_id = run(options(table, "which City")).json()["run"];
  const Output text = trace({.run = run_id.substr(0, 20)});
  EXPECT_EQ(text.exit_status, app::kExitOk) << text.err;
  EXPECT_THAT(text.out, HasSubstr("contract REFUSED"));
  EXPECT_THAT(text.out, HasSubstr("Narnia"));
  EXPECT_THAT(text.out, HasSubstr("answer.composed"));
  const Json json = trace({.run = run_id, .json = true}).json();
  EXPECT_EQ(json["status"], "answered");
  EXPECT_EQ(json["records"][0]["kind"], "run.begin");
  const Output list = trace({.list = true});
  EXPECT_THAT(list.out, HasSubstr("which City"));
  const Output verified = trace({.verify = true});
  EXPECT_EQ(verified.exit_status, app::kExitOk);
  EXPECT_THAT(verified.out, HasSubstr("verified: 1 runs"));
}

TEST_F(AskTest, TraceTellsAJournalThatWasTamperedWith) {
  run(options(write("t.csv", "City,Land\nParis,France\n"), "City where Land is France"));
  {
    auto database = store::Database::open(path("journal.sqlite"), {});
    ASSERT_TRUE(
        database->exec("UPDATE records SET wall_us = wall_us + 1 WHERE rowid = (SELECT MAX(rowid) FROM records)").ok());
  }
  const Output verified = trace({.verify = true});
  EXPECT_EQ(verified.exit_status, app::kExitFailed);
  EXPECT_THAT(verified.err, HasSubstr("NOT"));
}

}  // namespace
}  // namespace cadre::tests
