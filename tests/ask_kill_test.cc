// A process that answers questions is killed again and again, at a random moment after a random number of answers.
//
// What must hold each time: every answer that was printed is in the journal with its run finished, and replays to the same text; the
// journal verifies; at most the one run that was in progress is unfinished, and the next process carries it to its end.
// CADRE_KILLS=500 kills more often (the default is 20).
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>

#include "agent/recover.h"
#include "app/ask_command.h"
#include "app/table_cadre.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/random.h"
#include "literal_engine.h"

namespace cadre::tests {
namespace {

constexpr int kKillsPerJournal = 25;  // verifying reads all of it each time
constexpr int64_t kSpinMax_ns = 8'000'000;
constexpr uint64_t kLinesMax = 5;

int kills_from_environment() {
  const char* text = std::getenv("CADRE_KILLS");
  return text == nullptr ? 20 : std::max(1, std::atoi(text));
}

class AskKillTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string table = "City,Land\n";
    std::string questions;
    for (int i = 0; i < 200; ++i) {
      table += fmt::format("town{},land{}\n", i, i);
      questions += fmt::format("City where Land is land{}\n", i);
    }
    ASSERT_TRUE(base::replace_file(path("t.csv"), table).ok());
    ASSERT_TRUE(base::replace_file(path("questions.txt"), questions).ok());
    ASSERT_TRUE(base::replace_file(path("pack.gguf"), "any file will do").ok());
  }

  std::string path(const std::string& name) const { return folder_.path() + "/" + name; }
  app::AskOptions options(const std::string& journal) const {
    return {.table = path("t.csv"),
            .specialist = path("pack.gguf"),
            .journal = journal,
            .questions = path("questions.txt"),
            .json = true};
  }

  // Starts a child that answers all questions, kills it and returns what it had printed, whole lines only.
  std::vector<std::string> answers_before_kill(const std::string& journal, uint64_t lines, int64_t spin_ns) const {
    std::array<int, 2> channel{};
    if (pipe(channel.data()) != 0) return {};
    const pid_t child = fork();
    if (child == 0) {
      dup2(channel[1], STDOUT_FILENO);
      close(channel[0]);
      close(channel[1]);
      _exit(app::run_ask(options(journal), load_literal_engine));
    }
    close(channel[1]);
    std::string text;
    read_lines(channel[0], lines, text);
    const int64_t until_ns = base::system_clock().monotonic_ns() + spin_ns;
    while (base::system_clock().monotonic_ns() < until_ns) {
    }
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    read_lines(channel[0], SIZE_MAX, text);  // what it printed before it died
    close(channel[0]);
    return whole_lines(text);
  }

  static void read_lines(int fd, uint64_t lines, std::string& text) {
    std::array<char, 4096> buffer{};
    while (static_cast<uint64_t>(std::count(text.begin(), text.end(), '\n')) < lines) {
      const ssize_t size = read(fd, buffer.data(), buffer.size());
      if (size <= 0) return;
      text.append(buffer.data(), static_cast<size_t>(size));
    }
  }
  static std::vector<std::string> whole_lines(const std::string& text) {
    std::vector<std::string> lines;
    size_t begin = 0;
    for (size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
      lines.push_back(text.substr(begin, end - begin));
      begin = end + 1;
    }
    return lines;
  }

  void expect_in_journal(const store::Journal& journal, const std::string& line) {
    const auto json = base::parse_json(line);
    ASSERT_TRUE(json.ok()) << line;
    const auto run = store::RunId::parse((*json)["run"].get<std::string>());
    ASSERT_TRUE(run.ok()) << line;
    const auto replayed = agent::replay_run(journal, *run);
    ASSERT_TRUE(replayed.ok()) << replayed.error().message;
    EXPECT_TRUE(replayed->closed) << "an acknowledged answer whose run is not finished";
    ASSERT_EQ(replayed->state.outcome->status, agent::Status::kAnswered);
    EXPECT_EQ(replayed->state.answer_text, (*json)["answer"].get<std::string>());
  }

  base::TemporaryDirectory folder_ = base::TemporaryDirectory::make().value();
};

TEST_F(AskKillTest, NoAnswerThatWasGivenIsLostAndNoRunStaysOpen) {
  const int kills = kills_from_environment();
  base::Random random(20);
  size_t answers = 0;
  size_t taken_up = 0;
  for (int round = 0; round < kills; ++round) {
    SCOPED_TRACE(fmt::format("kill {} of {}", round, kills));
    const std::string journal_path = path(fmt::format("journal{}.sqlite", round / kKillsPerJournal));
    const auto lines =
        answers_before_kill(journal_path, random.below(kLinesMax), static_cast<int64_t>(random.below(kSpinMax_ns)));
    answers += lines.size();
    if (!base::file_exists(journal_path)) continue;  // killed before it made one
    auto journal = store::Journal::open(journal_path);
    ASSERT_TRUE(journal.ok()) << journal.error().message;
    const auto verified = journal->verify_all();
    ASSERT_TRUE(verified.ok()) << verified.error().message;
    for (const std::string& line : lines) expect_in_journal(*journal, line);
    EXPECT_LE(journal->unfinished_runs()->size(), 1U);
    const auto recovered =
        agent::recover_runs(*journal, base::system_clock(), app::table_cadre_opener(load_literal_engine), 8);
    ASSERT_TRUE(recovered.ok()) << recovered.error().message;
    for (const agent::Recovered& run : *recovered) EXPECT_TRUE(run.went_on) << run.why;
    EXPECT_TRUE(journal->unfinished_runs()->empty());
    taken_up += recovered->size();
    if (HasFailure()) return;
  }
  RecordProperty("answers", static_cast<int>(answers));
  RecordProperty("taken_up", static_cast<int>(taken_up));
  EXPECT_GT(answers, 0U);
  EXPECT_GT(taken_up, 0U) << "no kill hit a run in progress";
}

}  // namespace
}  // namespace cadre::tests
