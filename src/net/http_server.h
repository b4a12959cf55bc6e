// An HTTP/1.1 server. Its files (http_server*, http_connection*) are the ones that know Boost.Beast and Asio.
//
// Each connection is a coroutine on one of a few I/O threads; handlers run on worker threads and may block. A streamed reply and a
// Pending hold no thread while they wait. Keep-alive and pipelining work; requests of one connection are answered in order.
// Header, body, time, idle time and connections have limits, and what breaks one gets a status that says so and a closed connection:
// 400 malformed, 408 too slow, 413 body, 431 header, 503 too many. No TLS: loopback, or a proxy that ends it.
// A client that goes away is noticed at once: InboundRequest::cancel is requested. Writing to a closed socket raises no SIGPIPE.
// Thread safety: all methods from any thread; drain() and the destructor from one.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "net/http_inbound.h"

namespace cadre::net {

struct HttpServerOptions {
  std::string address = "127.0.0.1";  // an IPv4 or IPv6 address of this machine
  uint16_t port = 0;                  // 0: a free one
  int io_thread_count = 2;
  int worker_count = 16;
  int64_t requests_queued_max = 1024;  // that wait for a worker; past it 503
  size_t connections_max = 4096;       // past it 503 and closed
  uint32_t header_size_bytes_max = 32 << 10;
  uint64_t body_size_bytes_max = 4 << 20;  // the same for chunked bodies
  int64_t idle_ms_max = 75'000;            // between two requests of a connection
  int64_t header_ms_max = 10'000;          // from a header's first byte to its last
  int64_t body_ms_max = 30'000;
  int64_t write_ms_max = 30'000;   // for 64 KiB; a client that takes none for so long is closed
  int64_t keep_alive_ms = 15'000;  // a waiting source's Reply::keep_alive is sent so often
};

struct HttpServerStats {
  int64_t connections_open = 0;
  int64_t connections_accepted = 0;
  int64_t connections_refused = 0;  // over connections_max
  int64_t requests = 0;             // that reached a handler
  int64_t requests_refused = 0;     // malformed, too large, too slow, too many
  int64_t streams_open = 0;
  int64_t clients_gone = 0;  // before their reply was complete
};

// Runs on a worker thread.
using HttpHandler = std::function<Handled(InboundRequest)>;
// What a refusal by the server itself carries as its body (JSON, say): status and message.
using HttpRefusal = std::function<Reply(int status, const std::string& message)>;

class HttpServer {
 public:
  // Listens and serves. kInvalid: no such address; kBusy: the port is taken; kDenied: not allowed to this process.
  static Result<std::unique_ptr<HttpServer>> start(HttpServerOptions options, HttpHandler handler, HttpRefusal refusal);
  ~HttpServer();  // drain(0)

  uint16_t port() const;
  HttpServerStats stats() const;

  // Stops accepting, closes idle connections, lets what runs finish for at most `deadline_ms`, then cancels and closes the rest.
  // True: nothing had to be cancelled. Returns once no handler runs any more.
  bool drain(int64_t deadline_ms);
  bool is_draining() const;

  class Core;  // in the implementation

 private:
  explicit HttpServer(std::shared_ptr<Core> core);
  std::shared_ptr<Core> core_;
};

}  // namespace cadre::net
