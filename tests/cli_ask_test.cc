// The built binary with the pack that is shipped, on the tables of examples/ and on tables that are hard to read: it answers, it
// declines, it says the same each time, and it changes nothing of the user's.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "app/exit_codes.h"
#include "base/json.h"
#include "base/sha256.h"
#include "cli_support.h"

namespace cadre::tests {
namespace {

using app::kExitDeclined;
using app::kExitOk;
using base::Json;
using ::testing::AnyOf;
using ::testing::HasSubstr;

const std::string kPack = std::string(CADRE_SOURCE_DIR) + "/specialists/sql.gguf";
const std::string kExamples = std::string(CADRE_SOURCE_DIR) + "/examples/";

class CliAsk : public CliTest {
 protected:
  ProcessResult ask(const std::string& table, const std::string& question, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"ask", "--specialist", kPack, "--table", table, question};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto hash = [&] { return base::to_hex(base::sha256(base::read_file(table).value())); };
    const std::string before = hash();
    ProcessResult result = cadre(std::move(arguments));
    EXPECT_EQ(hash(), before) << "the user's file changed";
    EXPECT_EQ(result.signal, 0) << result.err;
    return result;
  }
  Json ask_json(const std::string& table, const std::string& question) {
    return base::parse_json(ask(table, question, {"--json"}).out).value();
  }
};

TEST_F(CliAsk, AnswersPlainQuestionsFromTheTable) {
  const struct {
    const char* table;
    const char* question;
    const char* answer;
  } kCases[] = {
      {"countries.csv", "what is the capital of Peru", "Lima"},
      {"countries.csv", "which country has the capital Nairobi", "Kenya"},
      {"elements.csv", "which element is liquid", "Bromine"},
  };
  for (const auto& test : kCases) {
    const Json json = ask_json(kExamples + test.table, test.question);
    EXPECT_EQ(json["answer"], test.answer) << test.question << ": " << json["message"];
  }
}

TEST_F(CliAsk, DeclinesWhatTheTableCannotAnswer) {
  for (const char* question :
       {"write me a poem", "what is the population of Atlantis", "book me a flight to Lima", "asdf qwer"}) {
    const ProcessResult result = ask(kExamples + "countries.csv", question);
    EXPECT_EQ(result.exit_status, kExitDeclined) << question << "\n" << result.out;
    EXPECT_THAT(result.out, HasSubstr("No answer: "));
  }
}

TEST_F(CliAsk, SaysTheSameEachTime) {
  const auto answer = [&] {
    Json json = ask_json(kExamples + "goals.csv", "which players scored at home on matchday 5");
    json.erase("run");
    json.erase("timings_ms");
    return base::dump_json(json);
  };
  const std::string first = answer();
  EXPECT_EQ(answer(), first);
}

TEST_F(CliAsk, TheRunIdOfAnAnswerLeadsToItsTrace) {
  const Json json = ask_json(kExamples + "countries.csv", "what is the capital of Peru");
  const ProcessResult trace = cadre({"trace", json["run"].get<std::string>()});
  EXPECT_EQ(trace.exit_status, kExitOk) << trace.err;
  EXPECT_THAT(trace.out, HasSubstr("what is the capital of Peru"));
  EXPECT_THAT(trace.out, HasSubstr("Lima"));
  EXPECT_EQ(cadre({"trace", "--verify"}).exit_status, kExitOk);
}

TEST_F(CliAsk, TablesThatAreHardToReadAreAnsweredOrDeclinedNeverACrash) {
  std::string wide = "id";
  std::string row = "1";
  for (int i = 0; i < 1000; ++i) {
    wide += fmt::format(",measure {}", i);
    row += fmt::format(",{}", i);
  }
  const std::pair<const char*, std::string> tables[] = {
      {"ragged.csv", "City,Land\nParis,France,,\nRome\nKyiv,Ukraine\n"},
      {"newlines.csv", "City,Note\nParis,\"two\nlines\"\nRome,\"a \"\"quote\"\"\"\n"},
      {"none.csv", "City,Land\n"},
      {"one.csv", "City\nParis\n"},
      {"blank.csv", ",,\n,,\n,,\n"},
      {"wide.csv", wide + "\n" + row + "\n"},
      {"latin.csv", "Stadt,Land\nK\xf6ln,Deutschland\nParis,Frankreich\n"},
      {"marks.csv",
       "\xef\xbb\xbf"
       "City;Land\r\nParis;France\r\n"},
      {"names.csv", "select,from,\"where \"\"x\"\"\",a'b\nParis,France,1,2\n"},
      {"long.csv", "City,Note\nParis," + std::string(100'000, 'x') + "\n"},
  };
  const std::string questions = write("questions.txt", "where is Paris\nhow many are there\nwhat is measure 777\n");
  for (const auto& [name, bytes] : tables) {
    const std::string table = write(name, bytes);
    const ProcessResult result = cadre({"ask", "--specialist", kPack, "--table", table, "--questions", questions});
    EXPECT_EQ(result.exit_status, kExitOk) << name << ": " << result.out << result.err;
    EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 3) << name;
    EXPECT_EQ(base::read_file(table).value(), bytes) << "the user's file changed";
  }
}

TEST_F(CliAsk, AQuestionOfAnyBytesIsAnsweredDeclinedOrRefusedNeverACrash) {
  const std::string questions[] = {"?",
                                   "'; DROP TABLE countries; --",
                                   "what is the capital of \"Peru\" OR 1=1",
                                   "\xff\xfe",
                                   std::string(8192, 'a'),
                                   "what 1e999 -0 0x10 99999999999999999999999999",
                                   "\xe2\x80\xae capital Peru",
                                   "東京 の capital",
                                   "--help-me",
                                   [] {
                                     std::string many;
                                     for (int i = 0; i < 900; ++i) many += "Peru ";
                                     return many;
                                   }()};
  for (const std::string& question : questions) {
    const ProcessResult result =
        cadre({"ask", "--specialist", kPack, "--table", kExamples + "countries.csv", "--", question});
    EXPECT_EQ(result.signal, 0) << question;
    EXPECT_THAT(result.exit_status, AnyOf(kExitOk, kExitDeclined, app::kExitBadInput)) << question << "\n"
                                                                                       << result.err;
  }
}

TEST_F(CliAsk, InspectShowsWhatThePackIs) {
  const ProcessResult text = cadre({"inspect", kPack});
  EXPECT_EQ(text.exit_status, kExitOk);
  for (const char* part : {"parameters", "Q8_0", "calibration", "evaluation", "recipe", "licence"})
    EXPECT_THAT(text.out, HasSubstr(part));
  const Json json = base::parse_json(cadre({"inspect", "--json", kPack}).out).value();
  EXPECT_EQ(json["metadata"]["cadre.contract"]["name"], "sql");
}

}  // namespace
}  // namespace cadre::tests
