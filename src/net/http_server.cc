// SPDX-License-Identifier: Apache-2.0
#include "net/http_server.h"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>

#include "net/http_connection.h"
#include "net/http_server_core.h"

namespace cadre::net {
namespace {

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
    auto connection = std::make_shared<HttpConnection>(self, std::move(socket));
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

void HttpServer::Core::add(const std::shared_ptr<HttpConnection>& connection) {
  const std::lock_guard lock(mutex);
  open.emplace(connection.get(), connection);
}

void HttpServer::Core::remove(const HttpConnection* connection) {
  const std::lock_guard lock(mutex);
  open.erase(connection);
  changed.notify_all();
}

std::vector<std::shared_ptr<HttpConnection>> HttpServer::Core::connections() {
  std::vector<std::shared_ptr<HttpConnection>> all;
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
