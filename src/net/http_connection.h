// One connection of an HTTP server: a coroutine on its own strand that reads a request, hands it to a worker, waits for the reply, writes it,
// again. While a request is handled, a second operation waits for the socket to become readable: an end of stream there is a client gone.
// Internal. Thread safety: what says so; the rest belongs to the strand.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "net/http_server_core.h"

namespace cadre::net {

namespace http = boost::beast::http;

enum class AfterReply : uint8_t { kNextRequest, kClose };

class HttpConnection final : public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(std::shared_ptr<HttpServer::Core> core, Socket socket)
      : core_(std::move(core)),
        socket_(std::move(socket)),
        wake_timer_(socket_.get_executor()),
        deadline_(socket_.get_executor()) {}

  asio::awaitable<void> serve();

  // From any thread.
  void wake() {
    if (woken_.exchange(true)) return;
    asio::post(socket_.get_executor(), [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->wake_timer_.cancel();
    });
  }
  // A drain has begun: an idle connection closes, a source that may end does.
  void drain() {
    asio::post(socket_.get_executor(), [self = shared_from_this()] {
      if (self->is_idle_) self->close();
      self->woken_ = true;
      self->wake_timer_.cancel();
    });
  }
  // The drain ran out of time.
  void abandon() {
    asio::post(socket_.get_executor(), [self = shared_from_this()] { self->client_gone(); });
  }
  Strand executor() { return socket_.get_executor(); }

 private:
  struct Read {
    std::optional<InboundRequest> request;
    int minor = 1;
    bool keeps_alive = false;
    bool is_head = false;
  };
  using Parser = http::request_parser<http::string_body>;

  asio::awaitable<bool> wait_for_bytes();
  asio::awaitable<Read> read_request();
  asio::awaitable<bool> read_body(Parser& parser);
  Result<InboundRequest> request_of(http::request<http::string_body> message);
  asio::awaitable<void> refuse(int status, std::string message);
  asio::awaitable<Reply> handle(InboundRequest request);
  asio::awaitable<AfterReply> send(Reply& reply, const Read& read);
  asio::awaitable<AfterReply> send_source(Reply& reply, const Read& read, bool keeps_alive);
  asio::awaitable<bool> write(std::string bytes);
  asio::awaitable<void> wait_for_wake(int64_t timeout_ms);
  asio::awaitable<void> discard_input();

  // Runs `work` on a worker thread; the coroutine goes on, on its strand, once it is done.
  template <class Work>
  asio::awaitable<void> on_worker(Work work) {
    auto initiate = [this, work = std::move(work)](auto done) mutable {
      asio::post(core_->workers,
                 [strand = socket_.get_executor(), work = std::move(work), done = std::move(done)]() mutable {
                   work();
                   asio::post(strand, std::move(done));
                 });
    };
    co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(std::move(initiate), asio::use_awaitable);
  }

  void set_deadline(int64_t ms) {
    const uint64_t generation = ++deadline_generation_;
    is_late_ = false;
    deadline_.expires_after(std::chrono::milliseconds(ms));
    deadline_.async_wait([self = shared_from_this(), generation](error_code ec) {
      if (ec || generation != self->deadline_generation_) return;
      self->is_late_ = true;
      error_code ignored;
      self->socket_.cancel(ignored);
    });
  }
  void clear_deadline() {
    ++deadline_generation_;
    deadline_.cancel();
  }
  void watch_client();
  void stop_watching() {
    ++watch_generation_;
    error_code ignored;
    socket_.cancel(ignored);
  }
  void client_gone() {
    is_gone_ = true;
    if (cancel_) cancel_->request();
    close();
    woken_ = true;
    wake_timer_.cancel();
  }
  void close() {
    error_code ignored;
    socket_.close(ignored);
  }

  std::shared_ptr<HttpServer::Core> core_;
  Socket socket_;
  boost::beast::flat_buffer buffer_;
  Timer wake_timer_;
  Timer deadline_;
  std::atomic<bool> woken_{false};
  std::shared_ptr<base::Cancel> cancel_;  // of the request being handled
  uint64_t deadline_generation_ = 0;
  uint64_t watch_generation_ = 0;
  bool is_late_ = false;  // the deadline ended the last operation
  bool is_idle_ = false;
  bool is_gone_ = false;
};

}  // namespace cadre::net
