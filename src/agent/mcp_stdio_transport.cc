// A program that is a server of the protocol: one message a line on its standard input and output.
//
// Whoever waits for an answer reads for all that wait: one of them at a time is the reader, and hands over when it has its own answer. A line that is no
// message is skipped, up to kStrayLinesMax of them: many programs print something. What a program that ended, or a line that was cut off, leaves open is
// answered with kUnavailable.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>

#include "agent/mcp_transport.h"

namespace cadre::agent {
namespace {

using base::Json;
using net::RpcMessage;

constexpr int kStrayLinesMax = 1'000;
constexpr int64_t kSliceMs = 100;
constexpr auto kPipeLook = std::chrono::milliseconds(20);
constexpr int64_t kStdioReplyMs = 1'000;
constexpr int64_t kStdioStopMs = 500;
constexpr int kStdioDepthMax = 200;

// One run of the program.
class Conversation {
 public:
  explicit Conversation(net::Process process) : process_(std::move(process)) {}
  ~Conversation() { process_.stop(kStdioStopMs); }

  bool is_over() const {
    const std::lock_guard lock(mutex_);
    return over_.has_value();
  }

  bool take_tools_changed() {
    const std::lock_guard lock(mutex_);
    return std::exchange(tools_changed_, false);
  }

  McpAnswer ask(const McpRequest& request, const Deadline& deadline) {
    if (!process_.is_running()) end(Error{ErrorCode::kUnavailable, "the MCP server has ended"});
    {
      const std::lock_guard lock(mutex_);
      if (over_) return {.error = over_};
      waiting_.emplace(request.id, std::nullopt);
    }
    McpAnswer answer;
    if (auto sent = send(net::rpc_request(request.id, request.method, request.params), deadline); sent.ok()) {
      answer = wait(request, deadline);
    } else {
      answer = {.error = std::move(sent).error(), .may_have_arrived = true};
    }
    const std::lock_guard lock(mutex_);
    waiting_.erase(request.id);
    return answer;
  }

  void tell(const std::string& method, Json params, int64_t timeout_ms) {
    (void)send(net::rpc_notification(method, std::move(params)), Deadline::for_ms(timeout_ms, nullptr));
  }

 private:
  // Lines go one after the other; one that was cut off ends the conversation.
  Result<void> send(const Json& message, const Deadline& deadline) {
    const std::lock_guard lock(write_mutex_);
    auto written = process_.write(base::dump_json(message) + "\n", deadline.left_ms(), deadline.cancel);
    if (!written.ok()) end(written.error());
    return written;
  }

  void end(const Error& why) {
    const std::lock_guard lock(mutex_);
    if (over_) return;
    std::string said = process_.log_tail();
    while (!said.empty() && (said.back() == '\n' || said.back() == ' ')) said.pop_back();
    over_ = Error{ErrorCode::kUnavailable, why.message + (said.empty() ? "" : "; it said: " + said)};
    changed_.notify_all();
  }

  McpAnswer wait(const McpRequest& request, const Deadline& deadline) {
    std::unique_lock lock(mutex_);
    while (true) {
      if (auto& mine = waiting_[request.id]) return {.message = std::move(*mine)};
      if (over_) return {.error = over_, .may_have_arrived = true};
      if (auto checked = deadline.check("an MCP server"); !checked.ok()) {
        lock.unlock();
        if (request.may_be_cancelled)
          tell("notifications/cancelled", {{"requestId", request.id}, {"reason", "no longer needed"}}, kMcpCancelMs);
        return {.error = std::move(checked).error(), .may_have_arrived = true};
      }
      if (is_reading_) {
        changed_.wait_for(lock, kPipeLook);
        continue;
      }
      is_reading_ = true;
      lock.unlock();
      read(deadline);
      lock.lock();
      is_reading_ = false;
      changed_.notify_all();
    }
  }

  // One line, or none within a slice of time.
  void read(const Deadline& deadline) {
    auto line = process_.read_line(std::min(deadline.left_ms(), kSliceMs), kMcpMessageBytesMax, deadline.cancel);
    if (!line.ok()) {
      const ErrorCode code = line.error().code;
      if (code != ErrorCode::kTimeout && code != ErrorCode::kCancelled) end(line.error());
    } else if (!line->has_value()) {
      end(Error{ErrorCode::kUnavailable, "the MCP server has ended"});
    } else {
      take(**line);
    }
  }

  void take(const std::string& line) {
    const net::RpcRead read = net::read_rpc(line, kStdioDepthMax);
    if (read.error) {
      if (++stray_line_count_ > kStrayLinesMax)
        end(Error{ErrorCode::kInvalid, "the MCP server prints what is no message of the protocol"});
      return;
    }
    const RpcMessage& message = read.message;
    if (message.kind == RpcMessage::Kind::kRequest) {
      (void)send(mcp_reply_to(message), Deadline::for_ms(kStdioReplyMs, nullptr));
      return;
    }
    const std::lock_guard lock(mutex_);
    if (message.kind == RpcMessage::Kind::kNotification) {
      tools_changed_ = tools_changed_ || message.method == "notifications/tools/list_changed";
      return;
    }
    if (!message.id.is_number_integer()) return;
    const auto found = waiting_.find(message.id.get<int64_t>());
    if (found != waiting_.end()) found->second = message;  // else nobody waits any more
  }

  net::Process process_;
  std::mutex write_mutex_;    // held while a line is written
  int stray_line_count_ = 0;  // the reader's

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // All below: guarded by mutex_.
  std::map<int64_t, std::optional<RpcMessage>> waiting_;  // by id
  std::optional<Error> over_;
  bool is_reading_ = false;
  bool tools_changed_ = false;
};

class StdioTransport final : public McpTransport {
 public:
  explicit StdioTransport(net::ProcessOptions options) : options_(std::move(options)) {}

  Result<void> open() override {
    set(nullptr);  // the old one ends before the new one begins
    set(std::make_shared<Conversation>(TRY(net::Process::start(options_))));
    return {};
  }

  bool is_open() const override {
    const auto conversation = current();
    return conversation != nullptr && !conversation->is_over();
  }

  McpAnswer ask(const McpRequest& request, const Deadline& deadline) override {
    const auto conversation = current();
    if (conversation == nullptr) return {.error = Error{ErrorCode::kUnavailable, "the MCP server is not running"}};
    return conversation->ask(request, deadline);
  }

  void tell(const std::string& method, Json params, const McpSpoken&, int64_t timeout_ms) override {
    if (const auto conversation = current()) conversation->tell(method, std::move(params), timeout_ms);
  }

  // A server of before may say nothing to a question it does not know, or end.
  bool is_sign_of_legacy(const McpAnswer& answer) const override {
    return answer.error && (answer.error->code == ErrorCode::kTimeout || answer.error->code == ErrorCode::kUnavailable);
  }

  bool take_tools_changed() override {
    const auto conversation = current();
    return conversation != nullptr && conversation->take_tools_changed();
  }

 private:
  std::shared_ptr<Conversation> current() const {
    const std::lock_guard lock(mutex_);
    return conversation_;
  }
  void set(std::shared_ptr<Conversation> conversation) {
    const std::lock_guard lock(mutex_);
    conversation_.swap(conversation);
  }  // the old one is let go after the lock: its program takes a while to end

  const net::ProcessOptions options_;
  mutable std::mutex mutex_;
  std::shared_ptr<Conversation> conversation_;  // guarded by mutex_
};

}  // namespace

std::unique_ptr<McpTransport> make_mcp_stdio_transport(net::ProcessOptions options) {
  return std::make_unique<StdioTransport>(std::move(options));
}

}  // namespace cadre::agent
