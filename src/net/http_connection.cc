// SPDX-License-Identifier: Apache-2.0
#include "net/http_connection.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"

namespace cadre::net {
namespace {

constexpr size_t kWriteSizeBytes = 64 << 10;
constexpr size_t kDiscardedSizeBytesMax = 64
                                          << 20;  // of what a refused client still sends, so that it gets to read why
constexpr int64_t kDiscardMs = 2'000;

class ConnectionWaker final : public Waker {
 public:
  explicit ConnectionWaker(std::weak_ptr<HttpConnection> connection) : connection_(std::move(connection)) {}
  void wake() override;

 private:
  std::weak_ptr<HttpConnection> connection_;
};

}  // namespace

void ConnectionWaker::wake() {
  if (const auto connection = connection_.lock()) connection->wake();
}

void HttpConnection::watch_client() {
  const uint64_t generation = ++watch_generation_;
  socket_.async_wait(Socket::wait_read, [self = shared_from_this(), generation](error_code ec) {
    if (ec || generation != self->watch_generation_) return;
    char byte;
    const ssize_t got = ::recv(self->socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (got > 0) return;  // the next request, sent early: read after this one
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return self->watch_client();
    ++self->core_->clients_gone;
    self->client_gone();
  });
}

asio::awaitable<void> HttpConnection::serve() {
  for (;;) {
    if (core_->is_draining || !co_await wait_for_bytes()) break;
    Read read = co_await read_request();
    if (!read.request) break;
    if (core_->queued.load() >= core_->options.requests_queued_max) {
      co_await refuse(503, "too many requests wait for a worker; try again later");
      break;
    }
    ++core_->requests;
    Reply reply = co_await handle(std::move(*read.request));
    AfterReply after = AfterReply::kClose;
    if (!is_gone_) after = co_await send(reply, read);
    if (reply.source) {
      // What a source holds is let go where it may block.
      auto release = [&reply] { reply.source.reset(); };
      co_await on_worker(std::move(release));
    }
    stop_watching();
    cancel_.reset();
    if (after == AfterReply::kClose || is_gone_) break;
  }
  clear_deadline();
  close();
}

asio::awaitable<bool> HttpConnection::wait_for_bytes() {
  if (buffer_.size() > 0) co_return true;
  is_idle_ = true;
  set_deadline(core_->options.idle_ms_max);
  auto space = buffer_.prepare(4096);
  auto [ec, count] = co_await socket_.async_read_some(space, kToken);
  is_idle_ = false;
  clear_deadline();
  if (ec) co_return false;
  buffer_.commit(count);
  co_return true;
}

asio::awaitable<HttpConnection::Read> HttpConnection::read_request() {
  Read read;
  Parser parser;
  parser.header_limit(core_->options.header_size_bytes_max);
  parser.body_limit(core_->options.body_size_bytes_max);
  set_deadline(core_->options.header_ms_max);
  auto [ec, count] = co_await http::async_read_header(socket_, buffer_, parser, kToken);
  clear_deadline();
  if (ec) {
    if (is_late_) {
      co_await refuse(408, "the request's header did not arrive in time");
    } else if (ec == http::error::header_limit || ec == http::error::buffer_overflow) {
      co_await refuse(431, fmt::format("the request's header is over {} bytes", core_->options.header_size_bytes_max));
    } else if (ec == http::error::body_limit) {
      co_await refuse(413, fmt::format("the request's body is over {} bytes", core_->options.body_size_bytes_max));
    } else if (ec.category() == make_error_code(http::error::bad_line_ending).category() &&
               ec != http::error::end_of_stream && ec != http::error::partial_message) {
      co_await refuse(400, "malformed HTTP request: " + ec.message());
    }
    co_return read;
  }
  if (!co_await read_body(parser)) co_return read;
  auto message = parser.release();
  read.minor = message.version() >= 11 ? 1 : 0;
  read.keeps_alive = message.keep_alive();
  read.is_head = message.method() == http::verb::head;
  auto request = request_of(std::move(message));
  if (!request.ok()) {
    co_await refuse(400, request.error().message);
    co_return read;
  }
  read.request = std::move(*request);
  co_return read;
}

asio::awaitable<bool> HttpConnection::read_body(Parser& parser) {
  if (parser.is_done()) co_return true;
  const auto expectation = parser.get()[http::field::expect];
  if (!expectation.empty() && parser.get().version() >= 11 && buffer_.size() == 0) {
    if (!co_await write("HTTP/1.1 100 Continue\r\n\r\n")) co_return false;
  }
  set_deadline(core_->options.body_ms_max);
  auto [ec, count] = co_await http::async_read(socket_, buffer_, parser, kToken);
  clear_deadline();
  if (!ec) co_return true;
  if (is_late_) {
    co_await refuse(408, "the request's body did not arrive in time");
  } else if (ec == http::error::body_limit || ec == http::error::buffer_overflow) {
    co_await refuse(413, fmt::format("the request's body is over {} bytes", core_->options.body_size_bytes_max));
  } else if (ec.category() == make_error_code(http::error::bad_chunk).category() && ec != http::error::end_of_stream &&
             ec != http::error::partial_message) {
    co_await refuse(400, "malformed HTTP body: " + ec.message());
  }
  co_return false;
}

Result<InboundRequest> HttpConnection::request_of(http::request<http::string_body> message) {
  InboundRequest request;
  request.method = std::string(message.method_string());
  TRY(read_target(std::string_view(message.target().data(), message.target().size()), request));
  int hosts = 0;
  for (const auto& field : message) {
    request.headers.push_back({std::string(field.name_string()), std::string(field.value())});
    hosts += field.name() == http::field::host ? 1 : 0;
  }
  if (hosts > 1 || (hosts == 0 && message.version() >= 11)) {
    return Error{ErrorCode::kInvalid, "a request names its Host exactly once"};
  }
  request.body = std::move(message.body());
  error_code ec;
  const auto peer = socket_.remote_endpoint(ec);
  if (!ec) {
    request.peer = peer.address().to_string();
    request.is_peer_loopback = peer.address().is_loopback();
  }
  cancel_ = std::make_shared<base::Cancel>();
  request.cancel = cancel_;
  request.waker = std::make_shared<ConnectionWaker>(weak_from_this());
  return request;
}

asio::awaitable<void> HttpConnection::refuse(int status, std::string message) {
  ++core_->requests_refused;
  Reply reply = core_->refusal(status, message);
  std::string bytes =
      reply_head(reply, {.keeps_alive = false, .is_chunked = false, .body_size_bytes = reply.body.size()}) + reply.body;
  if (co_await write(std::move(bytes))) co_await discard_input();
}

// Closing with unread input would reset the connection, and the client might never read the reply.
asio::awaitable<void> HttpConnection::discard_input() {
  error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  set_deadline(kDiscardMs);
  std::vector<char> sink(kWriteSizeBytes);
  for (size_t total = 0; total < kDiscardedSizeBytesMax;) {
    auto [ec, count] = co_await socket_.async_read_some(asio::buffer(sink), kToken);
    if (ec) break;
    total += count;
  }
  clear_deadline();
}

asio::awaitable<Reply> HttpConnection::handle(InboundRequest request) {
  watch_client();
  std::optional<Handled> handled;
  ++core_->queued;
  auto first = [this, &request, &handled] {
    --core_->queued;
    try {
      handled.emplace(core_->handler(std::move(request)));
    } catch (const std::exception& e) {
      handled.emplace(core_->refusal(500, "the server failed on this request"));
    }
  };
  co_await on_worker(std::move(first));
  while (!handled->reply && !is_gone_) {
    co_await wait_for_wake(handled->ask_within_ms);
    if (is_gone_) break;
    auto again = [this, &handled] {
      try {
        handled->reply = handled->pending();
      } catch (const std::exception& e) {
        handled->reply = core_->refusal(500, "the server failed on this request");
      }
    };
    co_await on_worker(std::move(again));
  }
  if (!handled->reply) {
    // What a Pending holds is let go where it may block.
    auto release = [&handled] { handled->pending = nullptr; };
    co_await on_worker(std::move(release));
    co_return Reply{};
  }
  co_return std::move(*handled->reply);
}

asio::awaitable<void> HttpConnection::wait_for_wake(int64_t timeout_ms) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  while (!woken_.exchange(false) && !is_gone_) {
    wake_timer_.expires_at(until);
    auto [ec] = co_await wake_timer_.async_wait(kToken);
    if (!ec) break;
  }
}

asio::awaitable<AfterReply> HttpConnection::send(Reply& reply, const Read& read) {
  const bool keeps_alive = read.keeps_alive && !core_->is_draining;
  if (reply.source && !read.is_head) co_return co_await send_source(reply, read, keeps_alive);
  ReplyFrame frame{.minor = read.minor, .keeps_alive = keeps_alive};
  if (reply.status != 204 && reply.status != 304) frame.body_size_bytes = reply.body.size();
  std::string bytes = reply_head(reply, frame);
  if (!read.is_head && frame.body_size_bytes) bytes += reply.body;
  const bool was_written = co_await write(std::move(bytes));
  co_return was_written&& keeps_alive ? AfterReply::kNextRequest : AfterReply::kClose;
}

asio::awaitable<AfterReply> HttpConnection::send_source(Reply& reply, const Read& read, bool keeps_alive) {
  const bool is_chunked = read.minor == 1;
  const bool goes_on = keeps_alive && is_chunked;
  ++core_->streams_open;
  bool is_open =
      co_await write(reply_head(reply, {.minor = read.minor, .keeps_alive = goes_on, .is_chunked = is_chunked}));
  bool is_complete = false;
  auto frame = [is_chunked](std::string bytes) { return is_chunked ? http_chunk(bytes) : bytes; };
  while (is_open && !is_gone_ && !is_complete) {
    ReplySource::Piece piece;
    auto next = [&reply, &piece] {
      try {
        piece = reply.source->next();
      } catch (const std::exception& e) {
        piece = {};
      }
    };
    co_await on_worker(std::move(next));
    if (is_gone_) break;
    if (!piece.bytes.empty()) is_open = co_await write(frame(std::move(piece.bytes)));
    is_complete = piece.state == ReplySource::State::kEnd;
    while (is_open && !is_gone_ && piece.state == ReplySource::State::kWait) {
      is_complete = core_->is_draining && reply.ends_on_drain;
      if (is_complete) break;
      const auto before = std::chrono::steady_clock::now();
      co_await wait_for_wake(core_->options.keep_alive_ms);
      const auto waited = std::chrono::steady_clock::now() - before;
      if (is_gone_ || waited < std::chrono::milliseconds(core_->options.keep_alive_ms)) break;
      if (!reply.keep_alive.empty()) is_open = co_await write(frame(reply.keep_alive));
      break;
    }
  }
  --core_->streams_open;
  if (is_open && !is_gone_ && is_complete && is_chunked) is_open = co_await write("0\r\n\r\n");
  co_return is_open && !is_gone_ && is_complete && goes_on ? AfterReply::kNextRequest : AfterReply::kClose;
}

asio::awaitable<bool> HttpConnection::write(std::string bytes) {
  for (size_t done = 0; done < bytes.size();) {
    const size_t size = std::min(kWriteSizeBytes, bytes.size() - done);
    set_deadline(core_->options.write_ms_max);
    auto [ec, count] = co_await asio::async_write(socket_, asio::buffer(bytes.data() + done, size), kToken);
    clear_deadline();
    if (ec) {
      if (!is_gone_) {
        ++core_->clients_gone;
        client_gone();
      }
      co_return false;
    }
    done += size;
  }
  co_return true;
}

}  // namespace cadre::net
