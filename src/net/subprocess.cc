// SPDX-License-Identifier: Apache-2.0
#include "net/subprocess.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/clock.h"

namespace cadre::net {
namespace {

using base::Descriptor;

constexpr int64_t kWaitCancelMs = 20;
constexpr size_t kArgumentBytesMax = 1 << 20;

Error system_error(std::string_view what) {
  return Error{ErrorCode::kIo, fmt::format("{}: {}", what, std::strerror(errno))};
}

int64_t now_ms() {
  return base::system_clock().monotonic_ns() / 1'000'000;
}

// Time that runs out, or somebody who asks to stop.
class Patience {
 public:
  Patience(int64_t timeout_ms, const base::Cancel* cancel)
      : timeout_ms_(timeout_ms), end_ms_(now_ms() + timeout_ms), cancel_(cancel) {}
  // For poll().
  int slice_ms() const {
    const int64_t left = std::max<int64_t>(0, end_ms_ - now_ms());
    return static_cast<int>(std::min<int64_t>(left, cancel_ == nullptr ? 1'000 : kWaitCancelMs));
  }
  Result<void> check(std::string_view what) const {
    if (cancel_ != nullptr && cancel_->requested())
      return Error{ErrorCode::kCancelled, fmt::format("{}: asked to stop", what)};
    if (now_ms() >= end_ms_)
      return Error{ErrorCode::kTimeout, fmt::format("{}: not done within {} ms", what, timeout_ms_)};
    return {};
  }

 private:
  int64_t timeout_ms_, end_ms_;
  const base::Cancel* cancel_;
};

struct Pipe {
  Descriptor read, write;
};

// Both ends above the standard streams, so that moving them there in the child overwrites nothing.
Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return system_error("create a pipe");
  Pipe pipe{Descriptor(ends[0]), Descriptor(ends[1])};
  for (Descriptor* end : {&pipe.read, &pipe.write}) {
    if (end->get() > 2) continue;
    const int moved = ::fcntl(end->get(), F_DUPFD_CLOEXEC, 3);
    if (moved < 0) return system_error("create a pipe");
    *end = Descriptor(moved);
  }
  return pipe;
}

Result<void> make_nonblocking(const Descriptor& end) {
  if (::fcntl(end.get(), F_SETFL, O_NONBLOCK) != 0) return system_error("set up a pipe");
  return {};
}

// "NAME=value" of everything the program will see.
Result<std::vector<std::string>> environment_of(const ProcessOptions& options) {
  std::vector<std::pair<std::string, std::string>> variables = {{"PATH", "/usr/local/bin:/usr/bin:/bin"},
                                                                {"LANG", "C.UTF-8"}};
  const auto set = [&](const std::string& name, const std::string& value) {
    std::erase_if(variables, [&](const auto& variable) { return variable.first == name; });
    variables.emplace_back(name, value);
  };
  for (const std::string& name : options.inherited_variables) {
    if (const char* value = std::getenv(name.c_str()); value != nullptr) set(name, value);
  }
  for (const auto& [name, value] : options.environment) {
    if (name.empty() || name.find('=') != std::string::npos || name.find('\0') != std::string::npos ||
        value.find('\0') != std::string::npos)
      return Error{ErrorCode::kInvalid, fmt::format("\"{}\" cannot be an environment variable", name)};
    set(name, value);
  }
  std::vector<std::string> lines;
  for (const auto& [name, value] : variables) lines.push_back(name + "=" + value);
  return lines;
}

bool is_executable_file(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

Result<std::string> find_program(const std::string& name, const std::vector<std::string>& environment) {
  if (name.find('/') != std::string::npos) return name;
  for (const std::string& line : environment) {
    if (!line.starts_with("PATH=")) continue;
    std::string_view rest = std::string_view(line).substr(5);
    while (!rest.empty()) {
      const size_t colon = rest.find(':');
      const std::string path = std::string(rest.substr(0, colon)) + "/" + name;
      if (path.front() == '/' && is_executable_file(path)) return path;
      rest = colon == std::string_view::npos ? std::string_view() : rest.substr(colon + 1);
    }
    return Error{ErrorCode::kNotFound, fmt::format("program \"{}\": not found in {}", name, line)};
  }
  return Error{ErrorCode::kNotFound, fmt::format("program \"{}\": not found; give its path", name)};
}

Result<void> check_arguments(const std::vector<std::string>& argv) {
  if (argv.empty() || argv[0].empty()) return Error{ErrorCode::kInvalid, "no program to start"};
  size_t size = 0;
  for (const std::string& argument : argv) {
    if (argument.find('\0') != std::string::npos)
      return Error{ErrorCode::kInvalid, fmt::format("program \"{}\": an argument holds a NUL", argv[0])};
    size += argument.size() + 1;
  }
  if (size > kArgumentBytesMax)
    return Error{ErrorCode::kLimit, fmt::format("program \"{}\": arguments of {} bytes, the limit is {}", argv[0], size,
                                                kArgumentBytesMax)};
  return {};
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

enum class Stage : int { kStreams, kLimits, kFolder, kExecute };

struct StartFailure {
  Stage stage;
  int error;
};

// Everything the child needs, prepared before the fork: after it nothing may allocate or lock.
struct Launch {
  const char* program;
  char** argv;
  char** environment;
  const char* folder;  // null: stay
  const ProcessLimits* limits;
  int input, output, log, report;
};

bool set_limit(__rlimit_resource resource, int64_t limit) {
  rlimit old{};
  if (::getrlimit(resource, &old) != 0) return false;
  const rlim_t wanted = std::min<rlim_t>(static_cast<rlim_t>(limit), old.rlim_max);
  const rlimit fresh{wanted, wanted};
  return ::setrlimit(resource, &fresh) == 0;
}

bool set_limits(const ProcessLimits& limits) {
  const rlimit no_core{0, 0};
  return ::setrlimit(RLIMIT_CORE, &no_core) == 0 &&
         (limits.address_space_bytes == 0 || set_limit(RLIMIT_AS, limits.address_space_bytes)) &&
         (limits.cpu_seconds == 0 || set_limit(RLIMIT_CPU, limits.cpu_seconds)) &&
         (limits.file_size_bytes == 0 || set_limit(RLIMIT_FSIZE, limits.file_size_bytes)) &&
         (limits.open_files == 0 || set_limit(RLIMIT_NOFILE, limits.open_files));
}

// Whatever of ours is open in other threads and was not opened close-on-exec.
void close_others_on_exec() {
  if (::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return;
  const long last = std::min(::sysconf(_SC_OPEN_MAX), 65536L);
  for (int fd = 3; fd < last; ++fd) {
    if (const int flags = ::fcntl(fd, F_GETFD); flags >= 0) ::fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
  }
}

[[noreturn]] void fail_child(const Launch& launch, Stage stage) {
  const StartFailure failure{stage, errno};
  (void)!::write(launch.report, &failure, sizeof failure);
  ::_exit(127);
}

// In the child, between fork and exec: only what is safe in a signal handler.
[[noreturn]] void become(const Launch& launch) {
  ::setsid();
  struct sigaction defaults {};
  defaults.sa_handler = SIG_DFL;
  for (int number = 1; number < 65; ++number) ::sigaction(number, &defaults, nullptr);
  if (::dup2(launch.input, 0) < 0 || ::dup2(launch.output, 1) < 0 || ::dup2(launch.log, 2) < 0)
    fail_child(launch, Stage::kStreams);
  close_others_on_exec();
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || !set_limits(*launch.limits)) fail_child(launch, Stage::kLimits);
  if (launch.folder != nullptr && ::chdir(launch.folder) != 0) fail_child(launch, Stage::kFolder);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execve(launch.program, launch.argv, launch.environment);
  fail_child(launch, Stage::kExecute);
}

pid_t fork_with_signals_blocked(const Launch& launch) {
  sigset_t all, old;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &old);
  const pid_t pid = ::fork();
  if (pid == 0) become(launch);
  ::pthread_sigmask(SIG_SETMASK, &old, nullptr);
  return pid;
}

Error start_error(const StartFailure& failure, const std::string& program, const std::string& folder) {
  const char* said = std::strerror(failure.error);
  const bool is_missing = failure.error == ENOENT || failure.error == ENOTDIR;
  const bool is_denied = failure.error == EACCES || failure.error == EPERM;
  const ErrorCode code = is_missing ? ErrorCode::kNotFound : is_denied ? ErrorCode::kDenied : ErrorCode::kIo;
  switch (failure.stage) {
    case Stage::kFolder:
      return Error{code, fmt::format("start \"{}\" in folder \"{}\": {}", program, folder, said)};
    case Stage::kExecute:
      return Error{code, fmt::format("start \"{}\": {}", program, said)};
    case Stage::kLimits:
      return Error{ErrorCode::kIo, fmt::format("start \"{}\": its limits cannot be set: {}", program, said)};
    case Stage::kStreams:
      break;
  }
  return Error{ErrorCode::kIo, fmt::format("start \"{}\": its streams cannot be set up: {}", program, said)};
}

// Nothing: the program runs.
std::optional<StartFailure> read_report(const Descriptor& report) {
  StartFailure failure{};
  ssize_t got = 0;
  do {
    got = ::read(report.get(), &failure, sizeof failure);
  } while (got < 0 && errno == EINTR);
  if (got == static_cast<ssize_t>(sizeof failure)) return failure;
  return std::nullopt;
}

// write() without the signal that would end us when nobody reads.
ssize_t write_without_signal(int fd, std::string_view bytes) {
  sigset_t pipe, old, pending;
  ::sigemptyset(&pipe);
  ::sigaddset(&pipe, SIGPIPE);
  ::sigpending(&pending);
  const bool was_pending = ::sigismember(&pending, SIGPIPE) == 1;
  ::pthread_sigmask(SIG_BLOCK, &pipe, &old);
  const ssize_t written = ::write(fd, bytes.data(), bytes.size());
  const int error = errno;
  if (written < 0 && error == EPIPE && !was_pending) {
    const timespec now{};
    while (::sigtimedwait(&pipe, nullptr, &now) < 0 && errno == EINTR) {
    }
  }
  ::pthread_sigmask(SIG_SETMASK, &old, nullptr);
  errno = error;
  return written;
}

// Appends what is there, at most 16 KiB; true if there was something. Closes at the end, or on an error.
bool read_once(Descriptor& end, std::string& bytes) {
  char buffer[16 << 10];
  if (!end.is_open()) return false;
  const ssize_t got = ::read(end.get(), buffer, sizeof buffer);
  if (got > 0) bytes.append(buffer, static_cast<size_t>(got));
  const bool is_open = got > 0 || (got < 0 && (errno == EINTR || errno == EAGAIN));
  if (!is_open) end.close();
  return got > 0;
}

// Appends what is there now, up to `size_bytes_max`, and drops the rest; true if there was a rest.
bool read_up_to(Descriptor& end, std::string& bytes, size_t size_bytes_max) {
  while (read_once(end, bytes)) {
    if (bytes.size() <= size_bytes_max) continue;
    bytes.resize(size_bytes_max);
    return true;  // the caller decides whether more is worth reading
  }
  return false;
}

}  // namespace

Result<Process> Process::start(const ProcessOptions& options) {
  TRY(check_arguments(options.argv));
  auto environment = TRY(environment_of(options));
  const std::string program = TRY(find_program(options.argv[0], environment));
  Pipe input = TRY(make_pipe()), output = TRY(make_pipe()), log = TRY(make_pipe()), report = TRY(make_pipe());
  TRY(make_nonblocking(input.write));
  TRY(make_nonblocking(output.read));
  TRY(make_nonblocking(log.read));

  auto arguments = options.argv;
  auto argument_pointers = pointers_to(arguments);
  auto environment_pointers = pointers_to(environment);
  const Launch launch{program.c_str(),
                      argument_pointers.data(),
                      environment_pointers.data(),
                      options.working_directory.empty() ? nullptr : options.working_directory.c_str(),
                      &options.limits,
                      input.read.get(),
                      output.write.get(),
                      log.write.get(),
                      report.write.get()};
  Process process;
  process.pid_ = fork_with_signals_blocked(launch);
  if (process.pid_ < 0) return system_error(fmt::format("start \"{}\"", program));
  process.pidfd_ = Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, process.pid_, 0)));
  report.write.close();
  if (const auto failure = read_report(report.read)) return start_error(*failure, program, options.working_directory);
  if (!process.pidfd_.is_open()) return system_error("watch a program (pidfd_open needs Linux 5.3)");
  process.input_ = std::move(input.write);
  process.output_ = std::move(output.read);
  process.log_ = std::move(log.read);
  return process;
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      exit_(other.exit_),
      pidfd_(std::move(other.pidfd_)),
      input_(std::move(other.input_)),
      output_(std::move(other.output_)),
      log_(std::move(other.log_)),
      line_buffer_(std::move(other.line_buffer_)),
      scanned_(other.scanned_),
      is_output_over_(other.is_output_over_),
      log_tail_bytes_(std::move(other.log_tail_bytes_)) {}

Process::~Process() {
  kill_and_reap();
}

bool Process::is_running() const {
  return pid_ > 0 && !wait_for_exit(0);
}

bool Process::wait_for_exit(int64_t timeout_ms) const {
  const Patience patience(timeout_ms, nullptr);
  while (true) {
    pollfd entry{pidfd_.get(), POLLIN, 0};
    if (::poll(&entry, 1, patience.slice_ms()) > 0) return true;
    if (!patience.check("").ok()) return false;
  }
}

// The group goes first: while its leader is not reaped, its number cannot be anybody else's.
ProcessExit Process::kill_and_reap() {
  if (pid_ <= 0) return exit_;
  ::kill(-pid_, SIGKILL);
  ::kill(pid_, SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  exit_ = WIFSIGNALED(status) ? ProcessExit{0, WTERMSIG(status)} : ProcessExit{WEXITSTATUS(status), 0};
  return exit_;
}

Result<ProcessOutput> Process::run_to_end(const ProcessInput& input) {
  const Patience patience(input.timeout_ms, input.cancel);
  ProcessOutput result;
  std::string_view rest = input.bytes;
  bool is_output_cut = false;
  while (true) {
    if (rest.empty()) input_.close();
    pollfd entries[] = {
        {pidfd_.get(), POLLIN, 0}, {output_.get(), POLLIN, 0}, {log_.get(), POLLIN, 0}, {input_.get(), POLLOUT, 0}};
    const bool has_news = ::poll(entries, 4, patience.slice_ms()) > 0;
    const bool has_ended = has_news && entries[0].revents != 0;
    if (has_ended) ::kill(-pid_, SIGKILL);  // nobody is left to write what is then read
    if (has_news) {
      is_output_cut = read_up_to(output_, result.output, input.output_size_bytes_max);
      result.is_log_cut = read_up_to(log_, result.log, input.log_size_bytes_max) || result.is_log_cut;
      if (input_.is_open() && entries[3].revents != 0) {
        const ssize_t written = write_without_signal(input_.get(), rest);
        if (written > 0) rest.remove_prefix(static_cast<size_t>(written));
        if (written < 0 && errno != EAGAIN && errno != EINTR) rest = {};  // it does not want the rest
      }
    }
    if (is_output_cut) {
      kill_and_reap();
      return Error{ErrorCode::kLimit,
                   fmt::format("a program's output is over the limit of {} bytes", input.output_size_bytes_max)};
    }
    if (has_ended) break;
    if (auto checked = patience.check("a program"); !checked.ok()) {
      kill_and_reap();
      return std::move(checked).error();
    }
  }
  result.exit = kill_and_reap();
  return result;
}

Result<void> Process::write(std::string_view bytes, int64_t timeout_ms, const base::Cancel* cancel) {
  const Patience patience(timeout_ms, cancel);
  while (!bytes.empty()) {
    if (!input_.is_open()) return Error{ErrorCode::kUnavailable, "the program's input is closed"};
    const ssize_t written = write_without_signal(input_.get(), bytes);
    if (written > 0) {
      bytes.remove_prefix(static_cast<size_t>(written));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return Error{ErrorCode::kUnavailable, "the program no longer reads its input"};
    TRY(patience.check("write to a program"));
    pollfd entry{input_.get(), POLLOUT, 0};
    ::poll(&entry, 1, patience.slice_ms());
  }
  return {};
}

void Process::read_log() {
  std::string fresh;
  read_up_to(log_, fresh, 64 << 10);
  if (fresh.empty()) return;
  const std::lock_guard lock(log_mutex_);
  log_tail_bytes_ += fresh;
  if (log_tail_bytes_.size() > kLogTailBytes) log_tail_bytes_.erase(0, log_tail_bytes_.size() - kLogTailBytes);
}

Result<std::optional<std::string>> Process::read_line(int64_t timeout_ms, size_t size_bytes_max,
                                                      const base::Cancel* cancel) {
  const Patience patience(timeout_ms, cancel);
  while (true) {
    const size_t end = line_buffer_.find('\n', scanned_);
    if (end != std::string::npos && end <= size_bytes_max) {
      std::string line = line_buffer_.substr(0, end);
      line_buffer_.erase(0, end + 1);
      scanned_ = 0;
      return std::optional(std::move(line));
    }
    scanned_ = line_buffer_.size();
    if (end != std::string::npos || scanned_ > size_bytes_max)
      return Error{ErrorCode::kLimit, fmt::format("a program's line is over the limit of {} bytes", size_bytes_max)};
    if (is_output_over_) return std::optional<std::string>();
    pollfd entries[] = {{output_.get(), POLLIN, 0}, {log_.get(), POLLIN, 0}, {pidfd_.get(), POLLIN, 0}};
    const bool has_news = ::poll(entries, 3, patience.slice_ms()) > 0;
    if (has_news) {
      read_log();
      const bool has_more = read_once(output_, line_buffer_);
      // A dead program's output ends here even if a descendant holds its pipe.
      is_output_over_ = !output_.is_open() || (!has_more && entries[2].revents != 0);
      continue;
    }
    TRY(patience.check("read from a program"));
  }
}

void Process::close_input() {
  input_.close();
}

std::string Process::log_tail() const {
  const std::lock_guard lock(log_mutex_);
  return log_tail_bytes_;
}

ProcessExit Process::stop(int64_t grace_ms) {
  close_input();
  if (pid_ <= 0) return exit_;
  if (!wait_for_exit(grace_ms)) {
    ::kill(-pid_, SIGTERM);
    wait_for_exit(grace_ms);
  }
  return kill_and_reap();
}

}  // namespace cadre::net
