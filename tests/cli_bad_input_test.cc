// What the binary does with input that cannot be used: one clear line, the documented exit status, no crash, and no byte of the
// user's files changed.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <map>

#include "app/exit_codes.h"
#include "base/json.h"
#include "base/random.h"
#include "base/sha256.h"
#include "cli_support.h"
#include "store/sqlite.h"
#include "tensor/gguf.h"

namespace cadre::tests {
namespace {

using app::kExitBadInput;
using app::kExitOk;
using app::kExitUsage;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

// Every file below a folder, by the hash of its bytes; the program's own home is left out.
std::map<std::string, std::string> hashes_below(const std::string& folder) {
  std::map<std::string, std::string> hashes;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const std::string path = entry.path().string();
    if (!entry.is_regular_file() || path.find("/home/") != std::string::npos) continue;
    hashes[path] = base::to_hex(base::sha256(base::read_file(path).value()));
  }
  return hashes;
}

class BadInput : public CliTest {
 protected:
  // One line on standard error, naming the command; nothing of the user's changed.
  ProcessResult refused(const std::vector<std::string>& arguments, int exit_status = kExitBadInput) {
    const auto before = hashes_below(folder_.path());
    ProcessResult result = cadre(arguments);
    EXPECT_EQ(result.signal, 0) << "crashed: " << result.err;
    EXPECT_EQ(result.exit_status, exit_status) << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
    EXPECT_THAT(result.err, HasSubstr("cadre " + arguments[0] + ": "));
    EXPECT_EQ(hashes_below(folder_.path()), before);
    return result;
  }
  void make_database(const std::string& sql) {
    auto database = store::Database::open(path("t.sqlite"), {});
    ASSERT_TRUE(database.ok()) << database.error().message;
    ASSERT_TRUE(database->exec(sql).ok());
  }
  ProcessResult ask(const std::string& table, const std::string& question = "how many goals") {
    return refused({"ask", "--table", table, question});
  }
};

TEST_F(BadInput, AQuestionThatIsNone) {
  const std::string table = write("t.csv", "a,b\n1,2\n");
  EXPECT_THAT(refused({"ask", "--table", table}).err, HasSubstr("empty"));
  EXPECT_THAT(ask(table, "").err, HasSubstr("empty"));
  EXPECT_THAT(ask(table, " \t\n").err, HasSubstr("empty"));
}

TEST_F(BadInput, AQuestionOf100Kilobytes) {
  const std::string table = write("t.csv", "a,b\n1,2\n");
  EXPECT_THAT(ask(table, std::string(100'000, 'x')).err, HasSubstr("at most 8192"));
}

TEST_F(BadInput, ATableThatIsNotThereOrIsNoFile) {
  EXPECT_THAT(ask(path("missing.csv")).err, HasSubstr("missing.csv"));
  EXPECT_THAT(ask(folder_.path()).err, HasSubstr(folder_.path()));
  EXPECT_THAT(ask("/dev/null").err, HasSubstr("/dev/null"));
  EXPECT_THAT(ask(write("empty.csv", "")).err, HasSubstr("empty"));
}

TEST_F(BadInput, ATableOfBytesThatAreNone) {
  base::Random random(7);
  std::string noise;
  for (int i = 0; i < 20'000; ++i) noise += static_cast<char>(random.below(256));
  const ProcessResult result = cadre({"ask", "--table", write("noise.csv", noise), "how many goals"});
  EXPECT_EQ(result.signal, 0);
  EXPECT_EQ(result.exit_status, kExitBadInput) << result.err;
  EXPECT_THAT(result.err, Not(HasSubstr("\x1b"))) << "what a file says must not reach the terminal raw";
}

TEST_F(BadInput, ADatabaseThatIsCorrupt) {
  EXPECT_THAT(ask(write("junk.sqlite", std::string("SQLite format 3\0", 16) + std::string(5000, 'x'))).err,
              HasSubstr("junk.sqlite"));
  make_database("CREATE TABLE t(a, b); INSERT INTO t VALUES(1, 2)");
  std::string bytes = base::read_file(path("t.sqlite")).value();
  ask(write("cut.sqlite", bytes.substr(0, bytes.size() / 2)));
}

TEST_F(BadInput, ADatabaseWithoutTheTableThatIsNamed) {
  make_database("CREATE TABLE one(a); CREATE TABLE two(b)");
  EXPECT_THAT(ask(path("t.sqlite")).err, HasSubstr("name one of"));
  EXPECT_THAT(refused({"ask", "--table", path("t.sqlite"), "--table-name", "three", "how many"}).err,
              HasSubstr("three"));
}

TEST_F(BadInput, ADatabaseThatAnotherProcessHasLocked) {
  make_database("CREATE TABLE t(name, goals); INSERT INTO t VALUES('a', 1), ('b', 2)");
  auto writer = store::Database::open(path("t.sqlite"), {});
  ASSERT_TRUE(writer.ok()) << writer.error().message;
  ASSERT_TRUE(writer->exec("BEGIN EXCLUSIVE").ok());
  const ProcessResult result = cadre({"ask", "--table", path("t.sqlite"), "how many goals"});
  EXPECT_EQ(result.signal, 0) << result.err;
  EXPECT_NE(result.exit_status, kExitOk);
  EXPECT_THAT(result.err, HasSubstr("t.sqlite"));
  EXPECT_THAT(result.err, HasSubstr("locked"));
}

TEST_F(BadInput, AJournalFolderThatCannotBeWritten) {
  const std::string table = write("t.csv", "name,goals\nann,1\nbob,2\n");
  const std::string file = write("notes.txt", "these are my notes");
  const ProcessResult result =
      refused({"ask", "--table", table, "--journal", file + "/journal.sqlite", "how many goals"}, app::kExitFailed);
  EXPECT_THAT(result.err, HasSubstr("notes.txt"));
  EXPECT_TRUE(result.out.empty()) << "no answer without a record of it";
}

TEST_F(BadInput, APackThatIsTruncatedOrHostile) {
  tensor::GgufBuilder builder;
  builder.add_string("general.architecture", "cadre-decider");
  builder.add_string("cadre.contract", "{\"name\": \"x\"}");
  const std::array<uint64_t, 1> dims = {8};
  const std::array<uint8_t, 32> weights{};
  builder.add_tensor("bias", tensor::TensorType::kF32, dims, weights);
  const std::string pack = builder.bytes();
  const std::string table = write("t.csv", "a,b\n1,2\n");
  for (const size_t size : {size_t{1}, size_t{4}, size_t{23}, pack.size() / 2, pack.size() - 1}) {
    const std::string cut = write("cut.gguf", pack.substr(0, size));
    refused({"inspect", cut});
    refused({"ask", "--table", table, "--specialist", cut, "how many"});
  }
  std::string huge = pack;
  for (size_t i = 8; i < 24; ++i) huge[i] = '\xff';  // 2^64 - 1 tensors and keys
  refused({"inspect", write("huge.gguf", huge)});
  refused({"ask", "--table", table, "--specialist", write("bare.gguf", pack), "how many"});
  refused({"inspect", path("missing.gguf")});
}

TEST_F(BadInput, APackOfNoiseNeverCrashes) {
  tensor::GgufBuilder builder;
  builder.add_string("general.architecture", "cadre-decider");
  builder.add_string("cadre.contract", "{\"name\": \"x\", \"calibration\": 3}");
  const std::string pack = builder.bytes();
  base::Random random(11);
  for (int i = 0; i < 20; ++i) {
    std::string damaged = pack;
    for (int flips = 0; flips < 4; ++flips)
      damaged[4 + random.below(damaged.size() - 4)] = static_cast<char>(random.below(256));
    const ProcessResult result = cadre({"inspect", write("damaged.gguf", damaged)});
    EXPECT_EQ(result.signal, 0) << "seed 11, round " << i;
    EXPECT_THAT(result.exit_status, AnyOf(kExitOk, kExitBadInput));
  }
}

TEST_F(BadInput, AJournalThatIsNone) {
  const std::string table = write("t.csv", "a,b\n1,2\n");
  const std::string other = write("notes.txt", "these are my notes");
  EXPECT_THAT(refused({"trace", "--list", "--journal", other}).err, HasSubstr("notes.txt"));
  EXPECT_THAT(refused({"trace", "--list"}).err, HasSubstr("no journal"));
}

TEST_F(BadInput, ARunThatIsNotThere) {
  const auto journal_exists = [&] { return base::file_exists(path("home/journal.sqlite")); };
  ASSERT_FALSE(journal_exists());
  EXPECT_THAT(refused({"trace", "abc"}).err, HasSubstr("no journal"));
  EXPECT_FALSE(journal_exists()) << "looking makes no journal";
}

TEST_F(BadInput, CommandLinesThatAreNotUnderstood) {
  const std::vector<std::vector<std::string>> lines = {
      {},
      {"ask", "how many"},
      {"ask", "--tabel", "t.csv", "how many"},
      {"ask", "--table", "t.csv", "how", "many"},
      {"dance"},
      {"trace"},
      {"inspect"},
      {"ask", "--table", "t.csv", "--candidates", "0", "x"},
      {"ask", "--table", "t.csv", "--rows", "many", "x"},
  };
  for (const auto& line : lines) {
    const ProcessResult result = cadre(line);
    EXPECT_EQ(result.exit_status, kExitUsage) << fmt::format("{}", fmt::join(line, " ")) << result.err;
    EXPECT_FALSE(result.err.empty());
    EXPECT_TRUE(result.out.empty());
  }
}

TEST_F(BadInput, JsonIsAskedForAndGivenForErrorsToo) {
  const ProcessResult result = refused({"ask", "--json", "--table", path("missing.csv"), "how many"});
  const auto json = base::parse_json(result.out);
  ASSERT_TRUE(json.ok()) << result.out;
  EXPECT_EQ((*json)["status"], "failed");
  EXPECT_EQ((*json)["reason"], "not_found");
}

TEST_F(BadInput, EveryCommandHasHelpWithAnExampleAndItsExitCodes) {
  const std::vector<std::vector<std::string>> commands = {
      {"ask"}, {"trace"}, {"inspect"}, {"train"}, {"eval", "wikisql"}};
  for (std::vector<std::string> command : commands) {
    const std::string name = fmt::format("  cadre {} ", fmt::join(command, " "));
    command.push_back("--help");
    const ProcessResult result = cadre(command);
    EXPECT_EQ(result.exit_status, kExitOk);
    EXPECT_THAT(result.out, HasSubstr(name));
    EXPECT_THAT(result.out, HasSubstr("Exit status:"));
  }
}

}  // namespace
}  // namespace cadre::tests
