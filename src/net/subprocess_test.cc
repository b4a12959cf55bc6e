// SPDX-License-Identifier: Apache-2.0
#include "net/subprocess.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>

#include <atomic>
#include <cstdlib>
#include <thread>

#include "base/file.h"

namespace cadre::net {
namespace {

ProcessOptions shell(const std::string& script) {
  return {.argv = {"/bin/sh", "-c", script}};
}

Result<ProcessOutput> run(const ProcessOptions& options, const ProcessInput& input = {}) {
  auto process = TRY(Process::start(options));
  return process.run_to_end(input);
}

// Until nobody of that number is alive. A zombie that somebody else has yet to reap counts as gone.
bool dies(pid_t pid) {
  for (int i = 0; i < 500; ++i) {
    const auto status = base::read_file("/proc/" + std::to_string(pid) + "/stat");
    if (!status.ok() || status->find(") Z") != std::string::npos) return true;
    std::this_thread::yield();
    ::poll(nullptr, 0, 10);
  }
  return false;
}

TEST(Subprocess, OutputLogAndExitComeBack) {
  const auto done = run(shell("cat; echo oops >&2; exit 3"), {.bytes = "in\0put"}).value();
  EXPECT_EQ(done.output, "in");
  EXPECT_EQ(done.log, "oops\n");
  EXPECT_EQ(done.exit.code, 3);
  EXPECT_FALSE(done.exit.is_success());
  EXPECT_EQ(run(shell("kill -9 $$")).value().exit.signal, SIGKILL);
}

TEST(Subprocess, AnArgumentIsAnArgument) {
  const std::vector<std::string> odd = {"a b", "", "$HOME", "`id`", "*", "'\"\\", "-n", "line\nline", "; exit 9"};
  ProcessOptions options{.argv = {"/bin/sh", "-c", "for a; do printf '%s|' \"$a\"; done", "sh"}};
  options.argv.insert(options.argv.end(), odd.begin(), odd.end());
  std::string expected;
  for (const std::string& argument : odd) expected += argument + "|";
  EXPECT_EQ(run(options).value().output, expected);
  EXPECT_EQ(run({.argv = {"printf", std::string("a\0b", 3)}}).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(run({.argv = {}}).error().code, ErrorCode::kInvalid);
}

TEST(Subprocess, TheEnvironmentIsWhatWasNamed) {
  ::setenv("CADRE_TEST_SECRET", "hidden", 1);
  ::setenv("CADRE_TEST_SHARED", "shown", 1);
  ProcessOptions options{.argv = {"env"}};
  EXPECT_EQ(run(options).value().output, "PATH=/usr/local/bin:/usr/bin:/bin\nLANG=C.UTF-8\n");
  options.environment = {{"A", "1=2"}, {"LANG", "C"}};
  options.inherited_variables = {"CADRE_TEST_SHARED", "CADRE_TEST_MISSING"};
  EXPECT_EQ(run(options).value().output, "PATH=/usr/local/bin:/usr/bin:/bin\nCADRE_TEST_SHARED=shown\nA=1=2\nLANG=C\n");
  options.environment = {{"A=B", "1"}};
  EXPECT_EQ(run(options).error().code, ErrorCode::kInvalid);
}

TEST(Subprocess, NoDescriptorOfOursIsOpenInIt) {
  const int leaked = ::open("/dev/null", O_RDONLY);  // not close-on-exec
  const auto done = run({.argv = {"ls", "/proc/self/fd"}}).value();
  ::close(leaked);
  EXPECT_EQ(done.output, "0\n1\n2\n3\n");  // 3 is the folder that ls reads
}

TEST(Subprocess, StartsInItsFolder) {
  const auto folder = base::TemporaryDirectory::make().value();
  EXPECT_EQ(run({.argv = {"pwd"}, .working_directory = folder.path()}).value().output, folder.path() + "\n");
  EXPECT_EQ(run({.argv = {"pwd"}, .working_directory = "/nonexistent"}).error().code, ErrorCode::kNotFound);
}

TEST(Subprocess, WhatCannotBeStartedSaysWhy) {
  EXPECT_EQ(run({.argv = {"/nonexistent/program"}}).error().code, ErrorCode::kNotFound);
  const auto unknown = run({.argv = {"no-such-program"}});
  EXPECT_EQ(unknown.error().code, ErrorCode::kNotFound);
  EXPECT_NE(unknown.error().message.find("no-such-program"), std::string::npos);
  EXPECT_EQ(run({.argv = {"/etc/passwd"}}).error().code, ErrorCode::kDenied);
}

TEST(Subprocess, ATimeoutKillsTheWholeGroup) {
  auto process = Process::start(shell("sleep 600 & echo $!; exec sleep 600")).value();
  const pid_t grandchild = std::atoi(process.read_line(10'000, 100).value().value().c_str());
  ASSERT_GT(grandchild, 1);
  const auto late = process.run_to_end({.timeout_ms = 50});
  EXPECT_EQ(late.error().code, ErrorCode::kTimeout);
  EXPECT_TRUE(dies(grandchild));
}

TEST(Subprocess, WhatItLeavesBehindIsKilledAndHoldsNobodyUp) {
  const auto done = run(shell("sleep 600 & echo $!")).value();
  EXPECT_TRUE(done.exit.is_success());
  EXPECT_TRUE(dies(std::atoi(done.output.c_str())));
}

TEST(Subprocess, AForgottenOneIsKilled) {
  pid_t child = 0;
  {
    auto process = Process::start(shell("echo $$; exec sleep 600")).value();
    child = std::atoi(process.read_line(10'000, 100).value().value().c_str());
    EXPECT_TRUE(process.is_running());
  }
  EXPECT_TRUE(dies(child));
}

TEST(Subprocess, OutputHasALimitAndTheLogIsCut) {
  EXPECT_EQ(run(shell("yes"), {.output_size_bytes_max = 10'000}).error().code, ErrorCode::kLimit);
  EXPECT_EQ(run(shell("printf 12345"), {.output_size_bytes_max = 5}).value().output, "12345");
  EXPECT_EQ(run(shell("printf 123456"), {.output_size_bytes_max = 5}).error().code, ErrorCode::kLimit);
  const auto loud = run(shell("head -c 3000000 /dev/zero >&2; echo end"), {.log_size_bytes_max = 1000}).value();
  EXPECT_EQ(loud.log.size(), 1000u);
  EXPECT_TRUE(loud.is_log_cut);
  EXPECT_EQ(loud.output, "end\n");
}

TEST(Subprocess, BigInputAndOutputDoNotBlockEachOther) {
  const std::string big(3'000'000, 'x');
  EXPECT_EQ(run({.argv = {"cat"}}, {.bytes = big, .output_size_bytes_max = big.size()}).value().output.size(),
            big.size());
  // One that reads nothing does not end us by a signal.
  EXPECT_TRUE(run({.argv = {"true"}}, {.bytes = big}).value().exit.is_success());
}

TEST(Subprocess, StopsWhenAsked) {
  base::Cancel cancel;
  cancel.request();
  EXPECT_EQ(run({.argv = {"sleep", "600"}}, {.cancel = &cancel}).error().code, ErrorCode::kCancelled);
}

TEST(Subprocess, LimitsHold) {
  ProcessOptions files = shell("ulimit -n; ulimit -c; ulimit -v; ulimit -t; ulimit -f");
  files.limits = {.address_space_bytes = 1 << 30, .cpu_seconds = 7, .file_size_bytes = 1 << 20, .open_files = 33};
  EXPECT_EQ(run(files).value().output, "33\n0\n1048576\n7\n2048\n");
}

// Asked of the system calls, not of /proc/self/status: some sandboxes have no line for signals or privileges there.
TEST(Subprocess, ItLeadsASessionWithoutATerminalAndGainsNoPrivileges) {
  const auto session =
      run(shell("read -r pid name state parent group session terminal rest </proc/self/stat; "
                "echo $((session == pid)) $terminal"));
  EXPECT_EQ(session.value().output, "1 0\n");
  const auto privileges = run({.argv = {"setpriv", "--dump"}}).value().output;
  EXPECT_NE(privileges.find("no_new_privs: 1"), std::string::npos) << privileges;
}

TEST(Subprocess, SignalsThatAreBlockedOrIgnoredHereWorkThere) {
  sigset_t blocked, old;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGUSR1);
  ASSERT_EQ(::pthread_sigmask(SIG_BLOCK, &blocked, &old), 0);
  const auto before = ::signal(SIGUSR2, SIG_IGN);
  EXPECT_EQ(run(shell("kill -USR1 $$; exit 0")).value().exit.signal, SIGUSR1);
  EXPECT_EQ(run(shell("kill -USR2 $$; exit 0")).value().exit.signal, SIGUSR2);
  ::signal(SIGUSR2, before);
  ::pthread_sigmask(SIG_SETMASK, &old, nullptr);
}

TEST(Subprocess, ADialogueInLines) {
  auto process =
      Process::start(
          shell("echo ready; while read -r line; do echo \"<$line>\"; echo \"saw $line\" >&2; done; echo bye"))
          .value();
  EXPECT_EQ(process.read_line(10'000, 100).value(), "ready");
  for (const std::string word : {"one", "", "two words"}) {
    ASSERT_TRUE(process.write(word + "\n", 10'000).ok());
    EXPECT_EQ(process.read_line(10'000, 100).value(), "<" + word + ">");
  }
  EXPECT_EQ(process.read_line(20, 100).error().code, ErrorCode::kTimeout);
  process.close_input();
  EXPECT_EQ(process.read_line(10'000, 100).value(), "bye");
  EXPECT_FALSE(process.read_line(10'000, 100).value().has_value());
  EXPECT_FALSE(process.read_line(10'000, 100).value().has_value());
  EXPECT_NE(process.log_tail().find("saw two words"), std::string::npos);
  EXPECT_EQ(process.write("x", 1'000).error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(process.stop(1'000).is_success());
}

TEST(Subprocess, ManyShortLinesAtOnceAreAllRead) {
  auto process = Process::start({.argv = {"seq", "100000"}}).value();
  int64_t sum = 0;
  while (true) {
    const auto line = process.read_line(10'000, 10).value();
    if (!line) break;
    sum += std::atoll(line->c_str());
  }
  EXPECT_EQ(sum, int64_t{100'000} * 100'001 / 2);
}

TEST(Subprocess, ALineOverTheLimitIsAnError) {
  auto exact = Process::start(shell("echo 12345; echo 123456; exec sleep 600")).value();
  EXPECT_EQ(exact.read_line(10'000, 5).value(), "12345");
  EXPECT_EQ(exact.read_line(10'000, 5).error().code, ErrorCode::kLimit);
  auto endless = Process::start(shell("exec cat /dev/zero")).value();
  EXPECT_EQ(endless.read_line(10'000, 100'000).error().code, ErrorCode::kLimit);
}

TEST(Subprocess, WritingToOneThatDoesNotReadIsATimeoutAndToADeadOneAnError) {
  auto deaf = Process::start({.argv = {"sleep", "600"}}).value();
  EXPECT_EQ(deaf.write(std::string(1 << 20, 'x'), 30).error().code, ErrorCode::kTimeout);
  auto dead = Process::start({.argv = {"true"}}).value();
  EXPECT_FALSE(dead.read_line(10'000, 10).value().has_value());
  EXPECT_EQ(dead.write(std::string(1 << 20, 'x'), 1'000).error().code, ErrorCode::kUnavailable);
}

TEST(Subprocess, OneThatIgnoresEverythingIsKilled) {
  auto stubborn = Process::start(shell("trap '' TERM; echo ready; while :; do sleep 0.01; done")).value();
  ASSERT_EQ(stubborn.read_line(10'000, 100).value(), "ready");
  EXPECT_EQ(stubborn.stop(20).signal, SIGKILL);
  auto polite = Process::start(shell("trap 'exit 5' TERM; echo ready; while :; do sleep 0.01; done")).value();
  ASSERT_EQ(polite.read_line(10'000, 100).value(), "ready");
  EXPECT_EQ(polite.stop(500).code, 5);
}

TEST(Subprocess, ManyThreadsStartProgramsAtOnce) {
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 5; ++i) {
        const std::string text = std::to_string(t * 100 + i);
        if (run({.argv = {"cat"}}, {.bytes = text}).value().output == text) ++right;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 40);
}

}  // namespace
}  // namespace cadre::net
