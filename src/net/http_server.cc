// A connection is one coroutine on its own strand: read a request, hand it to a worker, wait for the reply, write it, again.
// While a request is handled, a second operation waits for the socket to become readable: an end of stream there is a client gone.
// SPDX-License-Identifier: Apache-2.0
#include "net/http_server.h"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <boost/asio.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "base/check.h"

namespace cadre::net {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using Strand = asio::strand<asio::io_context::executor_type>;
using Socket = asio::basic_stream_socket<tcp, Strand>;
using Timer =
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Strand>;

constexpr size_t kWriteSizeBytes = 64 << 10;
constexpr size_t kDiscardedSizeBytesMax = 64
                                          << 20;  // of what a refused client still sends, so that it gets to read why
constexpr int64_t kDiscardMs = 2'000;
constexpr auto kToken = asio::as_tuple(asio::use_awaitable);

class Connection;

}  // namespace

class HttpServer::Core : public std::enable_shared_from_this<HttpServer::Core> {
 public:
  Core(HttpServerOptions opts, HttpHandler handle, HttpRefusal refuse)
      : options(std::move(opts)), handler(std::move(handle)), refusal(std::move(refuse)) {}

  Result<void> listen();
  void run();
  bool drain(int64_t deadline_ms);
  asio::awaitable<void> accept();
  void refuse_connection(Socket& socket);
  bool has_room() const;
  void add(const std::shared_ptr<Connection>& connection);
  void remove(const Connection* connection);
  std::vector<std::shared_ptr<Connection>> connections();

  const HttpServerOptions options;
  const HttpHandler handler;
  const HttpRefusal refusal;

  asio::io_context io;
  asio::io_context workers;
  asio::executor_work_guard<asio::io_context::executor_type> io_guard{io.get_executor()};
  asio::executor_work_guard<asio::io_context::executor_type> worker_guard{workers.get_executor()};
  Strand accept_strand{io.get_executor()};
  asio::basic_socket_acceptor<tcp, Strand> acceptor{accept_strand};
  uint16_t port = 0;
  std::vector<std::thread> threads;

  std::atomic<bool> is_draining{false};
  std::atomic<int64_t> queued{0};  // for the workers
  std::atomic<int64_t> accepted{0};
  std::atomic<int64_t> connections_refused{0};
  std::atomic<int64_t> requests{0};
  std::atomic<int64_t> requests_refused{0};
  std::atomic<int64_t> streams_open{0};
  std::atomic<int64_t> clients_gone{0};

  std::mutex drain_mutex;   // one drain at a time
  bool is_drained = false;  // guarded by drain_mutex
  mutable std::mutex mutex;
  std::condition_variable changed;
  std::unordered_map<const Connection*, std::shared_ptr<Connection>> open;  // guarded by mutex
};

namespace {

using Core = HttpServer::Core;

class ConnectionWaker final : public Waker {
 public:
  explicit ConnectionWaker(std::weak_ptr<Connection> connection) : connection_(std::move(connection)) {}
  void wake() override;

 private:
  std::weak_ptr<Connection> connection_;
};

enum class AfterReply : uint8_t { kNextRequest, kClose };

class Connection final : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<Core> core, Socket socket)
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

  std::shared_ptr<Core> core_;
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

void ConnectionWaker::wake() {
  if (const auto connection = connection_.lock()) connection->wake();
}

void Connection::watch_client() {
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

asio::awaitable<void> Connection::serve() {
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

asio::awaitable<bool> Connection::wait_for_bytes() {
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

asio::awaitable<Connection::Read> Connection::read_request() {
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

asio::awaitable<bool> Connection::read_body(Parser& parser) {
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

Result<InboundRequest> Connection::request_of(http::request<http::string_body> message) {
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

asio::awaitable<void> Connection::refuse(int status, std::string message) {
  ++core_->requests_refused;
  Reply reply = core_->refusal(status, message);
  std::string bytes =
      reply_head(reply, {.keeps_alive = false, .is_chunked = false, .body_size_bytes = reply.body.size()}) + reply.body;
  if (co_await write(std::move(bytes))) co_await discard_input();
}

// Closing with unread input would reset the connection, and the client might never read the reply.
asio::awaitable<void> Connection::discard_input() {
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

asio::awaitable<Reply> Connection::handle(InboundRequest request) {
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

asio::awaitable<void> Connection::wait_for_wake(int64_t timeout_ms) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  while (!woken_.exchange(false) && !is_gone_) {
    wake_timer_.expires_at(until);
    auto [ec] = co_await wake_timer_.async_wait(kToken);
    if (!ec) break;
  }
}

asio::awaitable<AfterReply> Connection::send(Reply& reply, const Read& read) {
  const bool keeps_alive = read.keeps_alive && !core_->is_draining;
  if (reply.source && !read.is_head) co_return co_await send_source(reply, read, keeps_alive);
  ReplyFrame frame{.minor = read.minor, .keeps_alive = keeps_alive};
  if (reply.status != 204 && reply.status != 304) frame.body_size_bytes = reply.body.size();
  std::string bytes = reply_head(reply, frame);
  if (!read.is_head && frame.body_size_bytes) bytes += reply.body;
  const bool was_written = co_await write(std::move(bytes));
  co_return was_written&& keeps_alive ? AfterReply::kNextRequest : AfterReply::kClose;
}

asio::awaitable<AfterReply> Connection::send_source(Reply& reply, const Read& read, bool keeps_alive) {
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

asio::awaitable<bool> Connection::write(std::string bytes) {
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

Error listen_error(const HttpServerOptions& options, const error_code& ec) {
  const ErrorCode code = ec == asio::error::address_in_use     ? ErrorCode::kBusy
                         : ec == asio::error::access_denied    ? ErrorCode::kDenied
                         : ec == asio::error::invalid_argument ? ErrorCode::kInvalid
                                                               : ErrorCode::kIo;
  return Error{code, fmt::format("listen on {} port {}: {}", options.address, options.port, ec.message())};
}

void name_thread(const std::string& name) {
  pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
}

}  // namespace

Result<void> HttpServer::Core::listen() {
  error_code ec;
  const auto address = asio::ip::make_address(options.address, ec);
  if (ec) return Error{ErrorCode::kInvalid, fmt::format("listen on \"{}\": it is no IP address", options.address)};
  const tcp::endpoint endpoint(address, options.port);
  acceptor.open(endpoint.protocol(), ec);
  if (!ec) acceptor.set_option(asio::socket_base::reuse_address(true), ec);
  if (!ec) acceptor.bind(endpoint, ec);
  if (!ec) acceptor.listen(asio::socket_base::max_listen_connections, ec);
  if (!ec) port = acceptor.local_endpoint(ec).port();
  if (ec) return listen_error(options, ec);
  return {};
}

void HttpServer::Core::run() {
  for (int i = 0; i < std::max(1, options.io_thread_count); ++i) {
    threads.emplace_back([this] {
      name_thread("cadre-http-io");
      io.run();
    });
  }
  for (int i = 0; i < std::max(1, options.worker_count); ++i) {
    threads.emplace_back([this] {
      name_thread("cadre-http-work");
      workers.run();
    });
  }
  asio::co_spawn(accept_strand, accept(), asio::detached);
}

asio::awaitable<void> HttpServer::Core::accept() {
  const auto self = shared_from_this();
  while (!is_draining) {
    Socket socket(asio::make_strand(io));
    auto [ec] = co_await acceptor.async_accept(socket, kToken);
    if (is_draining || ec == asio::error::operation_aborted || ec == asio::error::bad_descriptor) break;
    if (ec) {  // out of file descriptors, say: what is open goes on
      Timer pause(accept_strand, std::chrono::milliseconds(20));
      co_await pause.async_wait(kToken);
      continue;
    }
    ++accepted;
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    if (!has_room()) {
      refuse_connection(socket);
      continue;
    }
    auto connection = std::make_shared<Connection>(self, std::move(socket));
    add(connection);
    auto serve = [connection]() -> asio::awaitable<void> { return connection->serve(); };
    auto done = [self, connection](std::exception_ptr) { self->remove(connection.get()); };
    asio::co_spawn(connection->executor(), std::move(serve), std::move(done));
  }
}

// Without reading what the client sends, and without waiting for it to take the reply.
void HttpServer::Core::refuse_connection(Socket& socket) {
  ++connections_refused;
  const Reply reply =
      refusal(503, fmt::format("{} connections are open already; try again later", options.connections_max));
  const std::string bytes =
      reply_head(reply, {.keeps_alive = false, .is_chunked = false, .body_size_bytes = reply.body.size()}) + reply.body;
  (void)::send(socket.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  error_code ignored;
  socket.shutdown(Socket::shutdown_send, ignored);
  socket.close(ignored);
}

bool HttpServer::Core::has_room() const {
  const std::lock_guard lock(mutex);
  return open.size() < options.connections_max;
}

void HttpServer::Core::add(const std::shared_ptr<Connection>& connection) {
  const std::lock_guard lock(mutex);
  open.emplace(connection.get(), connection);
}

void HttpServer::Core::remove(const Connection* connection) {
  const std::lock_guard lock(mutex);
  open.erase(connection);
  changed.notify_all();
}

std::vector<std::shared_ptr<Connection>> HttpServer::Core::connections() {
  std::vector<std::shared_ptr<Connection>> all;
  const std::lock_guard lock(mutex);
  for (const auto& [key, connection] : open) all.push_back(connection);
  return all;
}

bool HttpServer::Core::drain(int64_t deadline_ms) {
  const std::lock_guard one_at_a_time(drain_mutex);
  if (is_drained) return true;
  is_draining = true;
  asio::post(accept_strand, [self = shared_from_this()] {
    error_code ignored;
    self->acceptor.close(ignored);
  });
  for (const auto& connection : connections()) connection->drain();
  bool is_clean = true;
  {
    std::unique_lock lock(mutex);
    is_clean = changed.wait_for(lock, std::chrono::milliseconds(deadline_ms), [this] { return open.empty(); });
  }
  if (!is_clean) {
    for (const auto& connection : connections()) connection->abandon();
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return open.empty(); });
  }
  io_guard.reset();
  worker_guard.reset();
  for (auto& thread : threads) thread.join();
  is_drained = true;
  return is_clean;
}

HttpServer::HttpServer(std::shared_ptr<Core> core) : core_(std::move(core)) {}

HttpServer::~HttpServer() {
  drain(0);
}

Result<std::unique_ptr<HttpServer>> HttpServer::start(HttpServerOptions options, HttpHandler handler,
                                                      HttpRefusal refusal) {
  try {
    auto core = std::make_shared<Core>(std::move(options), std::move(handler), std::move(refusal));
    TRY(core->listen());
    core->run();
    return std::unique_ptr<HttpServer>(new HttpServer(std::move(core)));
  } catch (const std::exception& e) {
    return Error{ErrorCode::kIo, fmt::format("start the HTTP server: {}", e.what())};
  }
}

uint16_t HttpServer::port() const {
  return core_->port;
}

bool HttpServer::drain(int64_t deadline_ms) {
  return core_->drain(deadline_ms);
}

bool HttpServer::is_draining() const {
  return core_->is_draining;
}

HttpServerStats HttpServer::stats() const {
  HttpServerStats stats;
  {
    const std::lock_guard lock(core_->mutex);
    stats.connections_open = static_cast<int64_t>(core_->open.size());
  }
  stats.connections_accepted = core_->accepted;
  stats.connections_refused = core_->connections_refused;
  stats.requests = core_->requests;
  stats.requests_refused = core_->requests_refused;
  stats.streams_open = core_->streams_open;
  stats.clients_gone = core_->clients_gone;
  return stats;
}

}  // namespace cadre::net
