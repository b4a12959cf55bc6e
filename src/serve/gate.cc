// SPDX-License-Identifier: Apache-2.0
#include "serve/gate.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"

namespace cadre::serve {
namespace {

constexpr const char* kAllowedHeaders =
    "Authorization, Content-Type, Idempotency-Key, Last-Event-ID, Mcp-Method, Mcp-Name, MCP-Protocol-Version, "
    "MCP-Session-Id";
constexpr const char* kExposedHeaders = "X-Cadre-Run, MCP-Session-Id, Retry-After";

bool holds(const std::vector<std::string>& list, const std::string& item) {
  return std::any_of(list.begin(), list.end(), [&](const std::string& each) { return each == "*" || each == item; });
}

// "[::1]:80" and "localhost:80" without their port.
std::string without_port(const std::string& host) {
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

// The secret of "Authorization: Bearer SECRET"; empty: none.
std::string bearer(const net::InboundRequest& request) {
  const auto* value = request.header("authorization");
  if (value == nullptr || base::ascii_lower(value->substr(0, 7)) != "bearer ") return "";
  const size_t begin = value->find_first_not_of(' ', 7);
  return begin == std::string::npos ? "" : value->substr(begin);
}

}  // namespace

Gate::Gate(GateOptions options, const base::Clock& clock)
    : options_(std::move(options)),
      local_{.name = "local", .scopes = static_cast<uint32_t>(Scope::kAdmin)},
      rates_(clock, options_.requests_per_second) {}

bool Gate::is_allowed_host(const std::string& host) const {
  const auto name = base::ascii_lower(without_port(host));
  return name == "localhost" || name == "127.0.0.1" || name == "[::1]" || holds(options_.allowed_hosts, name);
}

std::optional<ApiError> Gate::check_origin(const net::InboundRequest& request) const {
  const auto* host = request.header("host");
  if (host != nullptr && !is_allowed_host(*host)) {
    return ApiError{403, "this server does not go by the name in Host; add it to the allowed hosts", "host_not_allowed",
                    ""};
  }
  const auto* origin = request.header("origin");
  if (origin == nullptr || holds(options_.allowed_origins, *origin)) return std::nullopt;
  if (host != nullptr && (*origin == "http://" + *host || *origin == "https://" + *host)) return std::nullopt;
  return ApiError{403, "pages of this Origin may not call this server; add it to the allowed origins",
                  "origin_not_allowed", ""};
}

Gate::Passed Gate::check_key(const net::InboundRequest& request, Scope scope) {
  const auto secret = bearer(request);
  const ApiKey* key = secret.empty() ? nullptr : options_.keys.find(secret);
  const bool is_open = request.is_peer_loopback && (options_.keys.empty() || options_.is_loopback_trusted);
  if (key == nullptr && is_open) key = &local_;
  if (key == nullptr) {
    return {.error = ApiError{
                401, secret.empty() ? "send an API key as Authorization: Bearer KEY" : "the API key is unknown",
                "invalid_api_key", ""}};
  }
  if (!key->may(scope)) {
    return {.error = ApiError{403, fmt::format("the API key \"{}\" lacks the scope {}", key->name, scope_name(scope)),
                              "missing_scope", ""}};
  }
  const int64_t wait_ms = rates_.take(*key);
  if (wait_ms == 0) return {.key = key};
  return {.error = ApiError{429,
                            fmt::format("over {} requests per second; try again in {} ms", key->requests_per_second,
                                        wait_ms),
                            "rate_limit_exceeded", ""},
          .retry_after_ms = wait_ms};
}

void Gate::add_cors(const std::string* origin, net::Reply& reply) const {
  if (origin == nullptr) return;
  reply.headers.push_back({"Access-Control-Allow-Origin", *origin});
  reply.headers.push_back({"Access-Control-Expose-Headers", kExposedHeaders});
  reply.headers.push_back({"Vary", "Origin"});
}

net::Reply Gate::preflight(const net::InboundRequest& request) const {
  net::Reply reply{.status = 204};
  add_cors(request.header("origin"), reply);
  reply.headers.push_back({"Access-Control-Allow-Methods", "GET, POST, DELETE"});
  reply.headers.push_back({"Access-Control-Allow-Headers", kAllowedHeaders});
  reply.headers.push_back({"Access-Control-Max-Age", "600"});
  return reply;
}

}  // namespace cadre::serve
