// Runs the built binary as a user would, in a folder of its own, and says what came of it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"

namespace cadre::tests {

struct ProcessResult {
  int exit_status = -1;  // -1: ended by a signal
  int signal = 0;
  std::string out;
  std::string err;
};

struct ProcessOptions {
  std::string program = CADRE_BINARY;
  std::vector<std::string> arguments;
  std::vector<std::string> environment;  // NAME=VALUE; nothing else is inherited
};

// Reads both pipes to their ends, so that neither can fill up and block the child.
inline void read_both(int out_fd, int err_fd, ProcessResult& result) {
  std::array<pollfd, 2> fds = {{{out_fd, POLLIN, 0}, {err_fd, POLLIN, 0}}};
  std::array<char, 65536> buffer{};
  int open_count = 2;
  while (open_count > 0 && poll(fds.data(), fds.size(), 60'000) > 0) {
    for (size_t i = 0; i < fds.size(); ++i) {
      if (fds[i].fd < 0 || fds[i].revents == 0) continue;
      const ssize_t size = read(fds[i].fd, buffer.data(), buffer.size());
      if (size > 0) {
        (i == 0 ? result.out : result.err).append(buffer.data(), static_cast<size_t>(size));
      } else {
        fds[i].fd = -1;
        --open_count;
      }
    }
  }
}

// The child's side of fork(): never returns.
[[noreturn]] inline void become(const ProcessOptions& options, int out_fd, int err_fd) {
  std::vector<char*> arguments = {const_cast<char*>(options.program.c_str())};
  for (const std::string& argument : options.arguments) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  std::vector<char*> environment;
  for (const std::string& variable : options.environment) environment.push_back(const_cast<char*>(variable.c_str()));
  environment.push_back(nullptr);
  const int null_fd = open("/dev/null", O_RDONLY);
  dup2(null_fd, STDIN_FILENO);
  dup2(out_fd, STDOUT_FILENO);
  dup2(err_fd, STDERR_FILENO);
  execve(options.program.c_str(), arguments.data(), environment.data());
  _exit(127);
}

inline ProcessResult run_process(const ProcessOptions& options) {
  ProcessResult result;
  std::array<int, 2> out{};
  std::array<int, 2> err{};
  if (pipe2(out.data(), O_CLOEXEC) != 0 || pipe2(err.data(), O_CLOEXEC) != 0) return result;
  const pid_t child = fork();
  if (child == 0) become(options, out[1], err[1]);
  close(out[1]);
  close(err[1]);
  read_both(out[0], err[0], result);
  close(out[0]);
  close(err[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFEXITED(status)) result.exit_status = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
  return result;
}

// A folder with a CADRE_HOME, into which a test writes its files.
class CliTest : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return folder_.path() + "/" + name; }
  std::string write(const std::string& name, const std::string& bytes) {
    const auto written = base::replace_file(path(name), bytes);
    EXPECT_TRUE(written.ok());
    return path(name);
  }
  ProcessResult cadre(std::vector<std::string> arguments) {
    return run_process(
        {.arguments = std::move(arguments), .environment = {"CADRE_HOME=" + path("home"), "HOME=" + folder_.path()}});
  }

  base::TemporaryDirectory folder_ = base::TemporaryDirectory::make().value();
};

}  // namespace cadre::tests
