// The server that puts all surfaces together: chat, runs, decisions, the Model Context Protocol, health and metrics.
//
// Thread safety: any thread; drain() and the destructor from one.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "agent/run_service.h"
#include "base/clock.h"
#include "base/result.h"
#include "net/http_server.h"
#include "serve/gate.h"

namespace cadre::serve {

struct ServerOptions {
  net::HttpServerOptions http;
  GateOptions gate;
};

class Server {
 public:
  // `service` and `clock` outlive the server. kDenied: an address that is not loopback without API keys.
  static Result<std::unique_ptr<Server>> start(ServerOptions options, agent::RunService& service,
                                               const base::Clock& clock = base::system_clock());
  ~Server();

  uint16_t port() const;
  // Not ready any more, takes no new connection, and finishes what runs within the deadline; true: nothing was cut off. Runs that go on
  // are the service's to finish or to resume.
  bool drain(int64_t deadline_ms);

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cadre::serve
