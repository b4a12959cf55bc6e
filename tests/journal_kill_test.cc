// kill -9 at random moments: a child process appends to a journal from several threads and tells of every acknowledgement through
// a pipe; the parent kills it, opens the journal and looks for everything it was told of. Then the next child resumes what the
// dead one left and goes on in the same file.
//
// The ordinary test kills 25 times. The long form:
//   CADRE_KILLS=500 build/release/cadre_cross_test --gtest_filter='JournalKill.*'
// CADRE_KILL_SEED=N chooses other moments. A kill leaves the system's cache intact, so a missing sync cannot show here; it does in
// journal_crash_test.cc. An early acknowledgement does show, and is planted below.
//
// The child is this same program, started again with CADRE_JOURNAL_KILL_CHILD=FILE: the environment below then takes over.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <thread>

#include "base/check.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/random.h"
#include "store/journal.h"

namespace cadre::test {
namespace {

using base::Json;
using store::Journal;
using store::JournalOptions;
using store::Owner;
using store::RunId;
using store::RunState;

constexpr const char* kChildVariable = "CADRE_JOURNAL_KILL_CHILD";
constexpr const char* kFaultVariable = "CADRE_JOURNAL_KILL_FAULT";
constexpr int kReportFd = 3;  // the child's end of the pipe
constexpr int kThreads = 6;
constexpr int64_t kEventsPerRun = 40;

// The child

// One line, at most PIPE_BUF bytes, so that lines of several threads do not mix: a kind, a run, a number.
void report(char kind, const RunId& run, int64_t number) {
  const std::string line = fmt::format("{} {} {}\n", kind, run.text(), number);
  if (::write(kReportFd, line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::_Exit(3);
}

void append_runs_for_ever(Journal& journal, size_t padding_bytes) {
  const std::string padding(padding_bytes, 'p');
  while (true) {
    const auto run = journal.begin_run("ask", {{"number", 0}});
    if (!run.ok()) std::_Exit(4);
    report('a', *run, 0);
    for (int64_t number = 1; number < kEventsPerRun; ++number) {
      if (!journal.append(*run, "step", {{"number", number}, {"padding", padding}}).ok()) std::_Exit(5);
      report('a', *run, number);
    }
    if (!journal.finish_run(*run, RunState::kDone, {{"number", kEventsPerRun}}).ok()) std::_Exit(6);
    report('f', *run, kEventsPerRun);
  }
}

void fail_what_the_dead_left(Journal& journal) {
  const auto unfinished = journal.unfinished_runs();
  if (!unfinished.ok()) std::_Exit(7);
  for (const auto& summary : *unfinished) {
    if (summary.owner != Owner::kDead) std::_Exit(8);
    if (!journal.resume_run(summary.run, {{"number", summary.records}}).ok()) std::_Exit(9);
    if (!journal.finish_run(summary.run, RunState::kFailed, {{"number", summary.records + 1}}).ok()) std::_Exit(10);
    report('f', summary.run, summary.records + 1);
  }
}

[[noreturn]] void be_the_child(const char* path) {
  const bool is_faulty = std::getenv(kFaultVariable) != nullptr;
  auto journal = Journal::open(
      path, {.checkpoint_every_records = 100, .log_pages_max = 64, .test = {.acknowledge_before_commit = is_faulty}});
  if (!journal.ok()) std::_Exit(2);
  fail_what_the_dead_left(*journal);
  std::vector<std::thread> threads;
  // A faulty child writes long payloads, so that there is time between the early acknowledgement and the commit.
  for (int i = 0; i < (is_faulty ? 1 : kThreads); ++i)
    threads.emplace_back([&] { append_runs_for_ever(*journal, is_faulty ? 4 << 20 : 100); });
  for (auto& thread : threads) thread.join();
  std::_Exit(0);
}

class ChildEnvironment : public testing::Environment {
 public:
  void SetUp() override {
    if (const char* path = std::getenv(kChildVariable)) be_the_child(path);
  }
};
const auto* const kChildEnvironment = testing::AddGlobalTestEnvironment(new ChildEnvironment);

// The parent

// What a child reported: the last acknowledged number of each run, and whether it was finished.
struct Told {
  int64_t last_number = -1;
  bool is_finished = false;
};
using ToldRuns = std::map<RunId, Told>;

class Child {
 public:
  Child(const std::string& journal, bool is_faulty) {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    read_fd_ = ends[0];
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], kReportFd);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    const std::string child = fmt::format("{}={}", kChildVariable, journal);
    const std::string fault = fmt::format("{}=1", kFaultVariable);
    std::vector<char*> environment = {const_cast<char*>(child.c_str())};
    if (is_faulty) environment.push_back(const_cast<char*>(fault.c_str()));
    for (char** variable = environ; *variable != nullptr; ++variable) environment.push_back(*variable);
    environment.push_back(nullptr);
    char* arguments[] = {const_cast<char*>("journal_kill_child"), nullptr};
    const int failed = ::posix_spawn(&pid_, "/proc/self/exe", &actions, nullptr, arguments, environment.data());
    CADRE_CHECK(failed == 0, "this program can be started again");
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
  }
  Child(const Child&) = delete;
  ~Child() {
    end();
    ::close(read_fd_);
  }

  // Reads reports until so many came, or the time is over, or the child is gone.
  void listen(int64_t reports, int64_t milliseconds) {
    const int64_t end_ns = base::system_clock().monotonic_ns() + milliseconds * 1'000'000;
    while (count_ < reports) {
      const int64_t left_ms = (end_ns - base::system_clock().monotonic_ns()) / 1'000'000;
      pollfd ready{.fd = read_fd_, .events = POLLIN};
      if (left_ms < 0 || ::poll(&ready, 1, static_cast<int>(left_ms)) <= 0 || !read_some()) return;
    }
  }

  // SIGKILL, then everything that still stands in the pipe. False: it had ended by itself, which it never should.
  bool kill() {
    const int status = end();
    while (read_some()) {
    }
    exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    return WIFSIGNALED(status);
  }

  const ToldRuns& told() const { return told_; }
  int64_t count() const { return count_; }
  int exit_code() const { return exit_code_; }

 private:
  // Once only: a process number is somebody else's after the wait, and -1 would be everybody.
  int end() {
    int status = 0;
    if (pid_ <= 0) return status;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, &status, 0);
    pid_ = 0;
    return status;
  }

  bool read_some() {
    char buffer[4096];
    const ssize_t got = ::read(read_fd_, buffer, sizeof buffer);
    if (got <= 0) return false;
    text_.append(buffer, static_cast<size_t>(got));
    size_t begin = 0;
    for (size_t end; (end = text_.find('\n', begin)) != std::string::npos; begin = end + 1)
      note(std::string_view(text_).substr(begin, end - begin));
    text_.erase(0, begin);
    return true;
  }

  void note(std::string_view line) {
    const auto run = RunId::parse(line.substr(2, 36)).value();
    auto& told = told_[run];
    told.last_number = std::max<int64_t>(told.last_number, std::stoll(std::string(line.substr(39))));
    told.is_finished = told.is_finished || line[0] == 'f';
    count_ += 1;
  }

  pid_t pid_ = 0;
  int read_fd_ = -1;
  std::string text_;
  ToldRuns told_;
  int64_t count_ = 0;
  int exit_code_ = 0;
};

// How many acknowledged events are missing or wrong; explains each in `why`.
int64_t missing_events(const Journal& journal, const ToldRuns& told, std::string& why) {
  int64_t missing = 0;
  for (const auto& [run, expected] : told) {
    const auto records = journal.read_run(run);
    if (!records.ok()) {
      missing += expected.last_number + 1;
      why += records.error().message + "\n";
      continue;
    }
    const auto found = static_cast<int64_t>(records->size());
    if (found <= expected.last_number) {
      missing += expected.last_number + 1 - found;
      why += fmt::format("run {}: {} records, number {} was acknowledged\n", run.text(), found, expected.last_number);
    }
    for (int64_t i = 0; i < found; ++i) {
      if ((*(*records)[static_cast<size_t>(i)].payload)["number"] == i) continue;
      missing += 1;
      why += fmt::format("run {}: record {} is another's\n", run.text(), i);
    }
    if (expected.is_finished && journal.run_summary(run)->state == RunState::kRunning) {
      missing += 1;
      why += fmt::format("run {} is not finished\n", run.text());
    }
  }
  return missing;
}

int64_t number_from_environment(const char* name, int64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::max<int64_t>(1, std::atoll(text));
}

TEST(JournalKill, NothingAcknowledgedIsLost) {
  const int64_t kills = number_from_environment("CADRE_KILLS", 25);
  const int64_t seed = number_from_environment("CADRE_KILL_SEED", 1);
  base::Random random(static_cast<uint64_t>(seed));
  auto folder = base::TemporaryDirectory::make().value();
  const std::string path = folder.path() + "/journal.db";
  ToldRuns everything;
  int64_t reports = 0, killed_early = 0;
  for (int64_t kill = 0; kill < kills; ++kill) {
    Child child(path, false);
    // One in four dies while it starts or opens the journal, the others after some number of acknowledgements.
    if (random.chance(.25)) {
      child.listen(INT64_MAX, static_cast<int64_t>(random.below(60)));
    } else {
      child.listen(static_cast<int64_t>(1 + random.below(400)), 30'000);
    }
    ASSERT_TRUE(child.kill()) << "seed " << seed << ", kill " << kill << ": the child gave up with code "
                              << child.exit_code();
    reports += child.count();
    killed_early += child.count() == 0 ? 1 : 0;
    for (const auto& [run, told] : child.told()) everything[run] = told;
    if (!base::file_exists(path) || everything.empty()) continue;
    auto journal = Journal::open(path, {.read_only = true});
    ASSERT_TRUE(journal.ok()) << "seed " << seed << ", kill " << kill << ": " << journal.error().message;
    std::string why;
    ASSERT_EQ(missing_events(*journal, child.told(), why), 0) << "seed " << seed << ", kill " << kill << "\n" << why;
  }
  // What the children of all these lives were told, and every hash of the whole file.
  auto journal = Journal::open(path).value();
  std::string why;
  EXPECT_EQ(missing_events(journal, everything, why), 0) << why;
  const auto verified = journal.verify_all();
  ASSERT_TRUE(verified.ok()) << verified.error().message;
  std::printf(
      "%lld kills (%lld before the first acknowledgement), %lld acknowledgements, %lld records in %lld runs verified\n",
      static_cast<long long>(kills), static_cast<long long>(killed_early), static_cast<long long>(reports),
      static_cast<long long>(verified->records), static_cast<long long>(verified->runs));
  EXPECT_GT(reports, kills * 20);
}

TEST(JournalKill, AnEarlyAcknowledgementIsNoticed) {
  auto folder = base::TemporaryDirectory::make().value();
  int64_t missing = 0;
  for (int kill = 0; kill < 20 && missing == 0; ++kill) {
    const std::string path = fmt::format("{}/journal-{}.db", folder.path(), kill);
    Child child(path, true);
    child.listen(3, 30'000);
    ASSERT_TRUE(child.kill()) << child.exit_code();
    auto journal = Journal::open(path).value();
    std::string why;
    missing += missing_events(journal, child.told(), why);
  }
  EXPECT_GT(missing, 0);
}

}  // namespace
}  // namespace cadre::test
