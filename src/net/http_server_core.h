// What the connections of an HTTP server share: its options, its threads, and who is connected. Internal.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <boost/asio.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "net/http_server.h"

namespace cadre::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Strand = asio::strand<asio::io_context::executor_type>;
using Socket = asio::basic_stream_socket<tcp, Strand>;
using Timer =
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Strand>;

inline constexpr auto kToken = asio::as_tuple(asio::use_awaitable);  // errors are values

class HttpConnection;

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
  void add(const std::shared_ptr<HttpConnection>& connection);
  void remove(const HttpConnection* connection);
  std::vector<std::shared_ptr<HttpConnection>> connections();

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
  std::unordered_map<const HttpConnection*, std::shared_ptr<HttpConnection>> open;  // guarded by mutex
};

}  // namespace cadre::net
