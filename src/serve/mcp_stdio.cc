// One thread: poll() on the input and on an eventfd that the runs' watchers write to.
// SPDX-License-Identifier: Apache-2.0
#include "serve/mcp_stdio.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>

#include "serve/mcp.h"

namespace cadre::serve {
namespace {

constexpr int kPollMs = 1'000;

class EventWaker final : public net::Waker {
 public:
  EventWaker() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  ~EventWaker() override { ::close(fd_); }
  void wake() override {
    const uint64_t one = 1;
    (void)!::write(fd_, &one, sizeof one);
  }
  void clear() {
    uint64_t count = 0;
    (void)!::read(fd_, &count, sizeof count);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

class Conversation {
 public:
  Conversation(const Surroundings& around, const McpStdioOptions& options) : methods_(around), options_(options) {}

  Result<void> run() {
    while (!has_ended_ || !calls_.empty()) {
      TRY(wait());
      TRY(answer_calls());
      if (has_ended_ && clock().monotonic_ns() >= finish_by_ns_) calls_.clear();  // their followers cancel the runs
    }
    return {};
  }

 private:
  struct Call {
    base::Json id;
    McpEra era = McpEra::kLegacy;
    McpCall call;
    std::unique_ptr<Follower> follower;
    std::unique_ptr<agent::EventReader> progress_reader;
  };

  const base::Clock& clock() const { return methods_.around().clock; }

  Result<void> wait() {
    pollfd ready[2] = {{waker_->fd(), POLLIN, 0}, {options_.input_fd, POLLIN, 0}};
    if (::poll(ready, has_ended_ ? 1 : 2, kPollMs) < 0 && errno != EINTR) {
      return Error{ErrorCode::kIo, std::string("poll: ") + std::strerror(errno)};
    }
    waker_->clear();
    if (!has_ended_ && ready[1].revents != 0) return read_input();
    return {};
  }

  Result<void> read_input() {
    char bytes[64 << 10];
    const ssize_t got = ::read(options_.input_fd, bytes, sizeof bytes);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return {};
    if (got <= 0) {
      has_ended_ = true;
      finish_by_ns_ = clock().monotonic_ns() + options_.finish_ms_max * 1'000'000;
      return {};
    }
    input_.append(bytes, static_cast<size_t>(got));
    size_t begin = 0;
    for (size_t end; (end = input_.find('\n', begin)) != std::string::npos; begin = end + 1) {
      TRY(take_line(std::string_view(input_).substr(begin, end - begin)));
    }
    input_.erase(0, begin);
    if (input_.size() > options_.line_size_bytes_max) {
      return Error{ErrorCode::kLimit,
                   "MCP input: a line is over " + std::to_string(options_.line_size_bytes_max) + " bytes"};
    }
    return {};
  }

  Result<void> take_line(std::string_view line) {
    if (line.find_first_not_of(" \r\t") == std::string_view::npos) return {};
    const auto read = read_rpc(line);
    if (read.error) return send(rpc_error(read.message.id, *read.error));
    const auto& message = read.message;
    if (message.method == "notifications/cancelled") {
      cancel(base::dump_json(message.params.value("requestId", base::Json())));
      return {};
    }
    const auto era = McpMethods::era_of(message);
    auto outcome = methods_.handle(message, era, options_.asker);
    if (outcome.call) return begin_call(message.id, era, std::move(*outcome.call));
    if (outcome.reply.is_null()) return {};
    return send(outcome.reply);
  }

  Result<void> begin_call(const base::Json& id, McpEra era, McpCall call) {
    const auto key = base::dump_json(id);
    if (calls_.contains(key))
      return send(rpc_error(id, {kRpcInvalidRequest, "a request of this id is being answered", {}}));
    if (calls_.size() >= options_.calls_max)
      return send(rpc_error(id, {kRpcInternalError, "too many calls at once", {}}));
    const auto run = methods_.around().service.start(call.run);
    if (!run.ok()) return send(methods_.call_response(id, era, call, run.error()));
    auto follower =
        std::make_unique<Follower>(methods_.around(), *run, waker_, WhenAbandoned::kCancelRun, options_.asker);
    calls_.emplace(key, Call{id, era, std::move(call), std::move(follower)});
    waker_->wake();  // it may have ended before it was watched
    return {};
  }

  // A cancelled request gets no response.
  void cancel(const std::string& key) { calls_.erase(key); }

  Result<void> answer_calls() {
    for (auto it = calls_.begin(); it != calls_.end();) {
      auto& call = it->second;
      TRY(send_progress(call));
      const auto view = call.follower->poll();
      if (view) TRY(send(methods_.call_response(call.id, call.era, call.call, *view)));
      it = view ? calls_.erase(it) : std::next(it);
    }
    return {};
  }

  Result<void> send_progress(Call& call) {
    for (const base::Json& progress : methods_.progress(call.follower->run(), call.call, call.progress_reader))
      TRY(send(progress));
    return {};
  }

  Result<void> send(const base::Json& message) {
    const auto line = base::dump_json(message) + "\n";
    for (size_t done = 0; done < line.size();) {
      const ssize_t wrote = ::write(options_.output_fd, line.data() + done, line.size() - done);
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote <= 0) return Error{ErrorCode::kIo, std::string("MCP output: ") + std::strerror(errno)};
      done += static_cast<size_t>(wrote);
    }
    return {};
  }

  const McpMethods methods_;
  const McpStdioOptions& options_;
  const std::shared_ptr<EventWaker> waker_ = std::make_shared<EventWaker>();
  std::string input_;
  std::map<std::string, Call> calls_;  // by the request's id, as JSON
  bool has_ended_ = false;
  int64_t finish_by_ns_ = 0;
};

}  // namespace

Result<void> serve_mcp_stdio(const Surroundings& around, const McpStdioOptions& options) {
  return Conversation(around, options).run();
}

}  // namespace cadre::serve
