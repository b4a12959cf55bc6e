// What stands before every surface: Host and Origin (DNS rebinding, foreign web pages), the API key and its scope, the rate.
//
// Without keys, a peer on loopback may do everything as "local" and nobody else anything; with keys everybody needs one, unless
// is_loopback_trusted. Thread safety: any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "net/http_inbound.h"
#include "serve/api_keys.h"
#include "serve/replies.h"

namespace cadre::serve {

struct GateOptions {
  ApiKeys keys;
  double requests_per_second = 0;          // of a key that names no rate, and of loopback without one; 0: not limited
  bool is_loopback_trusted = false;        // loopback needs no key though there are some
  std::vector<std::string> allowed_hosts;  // names besides localhost, 127.0.0.1, [::1]; without port; "*": any
  std::vector<std::string>
      allowed_origins;  // "https://console.example:8443"; "*": any. A page of this server itself always may
};

class Gate {
 public:
  Gate(GateOptions options, const base::Clock& clock);

  struct Passed {
    const ApiKey* key = nullptr;  // valid as long as the gate
    std::optional<ApiError> error;
    int64_t retry_after_ms = 0;  // with a 429
  };
  // Host and Origin alone.
  std::optional<ApiError> check_origin(const net::InboundRequest& request) const;
  // Key, scope and rate.
  Passed check_key(const net::InboundRequest& request, Scope scope);

  // The CORS headers that let the page which asked read the reply; none if no page did.
  void add_cors(const std::string* origin, net::Reply& reply) const;
  net::Reply preflight(const net::InboundRequest& request) const;

 private:
  bool is_allowed_host(const std::string& host) const;

  const GateOptions options_;
  const ApiKey local_;
  RateLimits rates_;
};

}  // namespace cadre::serve
