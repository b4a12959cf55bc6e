// The door to other programs. No shell: an argument is an argument, whatever it holds.
//
// A program gets exactly the arguments, the environment and the three standard streams it is given: no other descriptor of ours, no
// variable that is not named, no terminal, no signal of ours, no way to gain privileges (set-user-id bits do nothing). It leads a process group of
// its own; when it ends, is stopped or is forgotten, everything in that group is killed. A descendant that leaves the group on
// purpose escapes this, but holds nobody up.
// Errors: kNotFound (no such program or folder), kDenied (not executable), kIo (the system refused), kTimeout, kLimit (too much output),
// kUnavailable (it is gone), kCancelled. Waiting looks at Cancel every 20 ms. Linux only (pidfd_open, kernel 5.3).
// Thread safety: any number of Processes at once; of one Process, one thread may read while another writes.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/cancel.h"
#include "base/descriptor.h"
#include "base/result.h"

namespace cadre::net {

// Of each process, not of the group. 0: no limit beyond ours.
struct ProcessLimits {
  int64_t address_space_bytes = 0;
  int64_t cpu_seconds = 0;
  int64_t file_size_bytes = 0;
  int64_t open_files = 256;
};

struct ProcessOptions {
  // argv[0] is a path, or a name looked for in the PATH that the program gets.
  std::vector<std::string> argv;
  std::string working_directory;  // empty: ours
  // The program's whole environment, after PATH=/usr/local/bin:/usr/bin:/bin and LANG=C.UTF-8, which it may replace.
  std::vector<std::pair<std::string, std::string>> environment;
  std::vector<std::string> inherited_variables;  // names whose value is taken from our environment, if it has one
  ProcessLimits limits;
};

struct ProcessExit {
  int code = 0;    // of exit(); 0 if a signal ended it
  int signal = 0;  // 0: none
  bool is_success() const { return code == 0 && signal == 0; }
};

struct ProcessInput {
  std::string bytes;  // given on standard input, which is then closed
  int64_t timeout_ms = 30'000;
  size_t output_size_bytes_max = 1 << 20;  // more is kLimit
  size_t log_size_bytes_max = 64 << 10;    // of standard error; what comes after is read and dropped
  const base::Cancel* cancel = nullptr;    // may be null
};

struct ProcessOutput {
  ProcessExit exit;
  std::string output;
  std::string log;  // standard error
  bool is_log_cut = false;
};

class Process {
 public:
  static Result<Process> start(const ProcessOptions& options);
  Process(Process&&) noexcept;
  Process& operator=(Process&&) = delete;
  ~Process();  // kills what still runs

  // Feeds it, collects what it says, and waits for its end. After an error it is dead.
  Result<ProcessOutput> run_to_end(const ProcessInput& input);

  // For a dialogue in lines. After kTimeout of write() the other side may have a part of `bytes`.
  Result<void> write(std::string_view bytes, int64_t timeout_ms, const base::Cancel* cancel = nullptr);
  // The next line without its end; nothing: there will be no more. kLimit: a line longer than `size_bytes_max`. Also empties standard error.
  Result<std::optional<std::string>> read_line(int64_t timeout_ms, size_t size_bytes_max,
                                               const base::Cancel* cancel = nullptr);
  void close_input();
  // The last kLogTailBytes it said on standard error, as far as read_line() has seen it. Any thread.
  std::string log_tail() const;
  static constexpr size_t kLogTailBytes = 4 << 10;

  bool is_running() const;
  ProcessExit kill() { return kill_and_reap(); }
  // Closes its input and waits, then asks it to end (SIGTERM) and waits, each `grace_ms`; then kills it.
  ProcessExit stop(int64_t grace_ms);

 private:
  Process() = default;
  bool wait_for_exit(int64_t timeout_ms) const;
  ProcessExit kill_and_reap();
  void read_log();

  pid_t pid_ = -1;  // -1: reaped
  ProcessExit exit_;
  base::Descriptor pidfd_, input_, output_, log_;
  std::string line_buffer_;
  size_t scanned_ = 0;  // bytes of line_buffer_ known to hold no line end
  bool is_output_over_ = false;
  mutable std::mutex log_mutex_;
  std::string log_tail_bytes_;  // guarded by log_mutex_
};

}  // namespace cadre::net
