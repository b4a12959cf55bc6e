// SPDX-License-Identifier: Apache-2.0
#include "serve/server.h"

#include <fmt/format.h>

#include <array>
#include <atomic>

#include "serve/chat.h"
#include "serve/mcp_http.h"
#include "serve/replies.h"
#include "serve/runs.h"

namespace cadre::serve {
namespace {

constexpr std::array kSurfaces = {"health", "metrics", "models", "chat", "runs", "decisions", "mcp", "none"};
constexpr size_t kStatusClasses = 6;

bool is_loopback(const std::string& address) {
  return address.starts_with("127.") || address == "::1";
}

using Handler = std::function<net::Handled(const net::InboundRequest&, const std::string& asker)>;

struct Route {
  size_t surface = kSurfaces.size() - 1;
  Scope scope = Scope::kAdmin;
  Handler handler;       // null: no such path, or no such method there
  std::string methods;   // that the path has; empty: no such path
  bool is_open = false;  // needs no key
};

}  // namespace

class Server::Impl {
 public:
  Impl(GateOptions gate, agent::RunService& service, const base::Clock& clock)
      : gate_(std::move(gate), clock), around_{service, clock, [this] { return is_draining(); }}, mcp_(around_) {}

  net::Handled handle(net::InboundRequest request);
  // The server may ask before it has told us where it is: the first requests come while it starts.
  void serve_with(std::unique_ptr<net::HttpServer> server) {
    http_ = std::move(server);
    started_ = http_.get();
  }
  net::HttpServer& http() const { return *http_; }
  bool is_draining() const {
    const auto* const server = started_.load();
    return server != nullptr && server->is_draining();
  }

 private:
  Route route(const net::InboundRequest& request);
  Route route_runs(const net::InboundRequest& request);
  net::Handled answer(const net::InboundRequest& request, const Route& route);
  net::Reply health(const net::InboundRequest& request) const;
  net::Reply metrics() const;
  net::Handled finished(net::Handled handled, size_t surface, std::optional<std::string> origin);
  void count(size_t surface, int status) { ++replies_[surface][static_cast<size_t>(status / 100)]; }

  Gate gate_;
  const Surroundings around_;
  McpHttp mcp_;
  std::array<std::array<std::atomic<int64_t>, kStatusClasses>, kSurfaces.size()> replies_{};
  std::atomic<net::HttpServer*> started_{nullptr};
  std::unique_ptr<net::HttpServer> http_;  // last: its handlers use all of the above
};

net::Handled Server::Impl::handle(net::InboundRequest request) {
  std::optional<std::string> origin;
  if (const auto* header = request.header("origin")) origin = *header;
  if (const auto error = gate_.check_origin(request))
    return finished(error_reply(*error), kSurfaces.size() - 1, std::nullopt);
  if (request.method == "OPTIONS" && origin) {
    count(kSurfaces.size() - 1, 204);
    return gate_.preflight(request);
  }
  const auto found = route(request);
  return finished(answer(request, found), found.surface, std::move(origin));
}

net::Handled Server::Impl::answer(const net::InboundRequest& request, const Route& route) {
  if (route.methods.empty()) {
    return error_reply({404, request.method + " " + request.path + ": there is no such path", "not_found", ""});
  }
  if (!route.handler) {
    auto reply = error_reply({405, request.path + " takes " + route.methods, "method_not_allowed", ""});
    reply.headers.push_back({"Allow", route.methods});
    return reply;
  }
  if (route.is_open) return route.handler(request, "");
  const auto passed = gate_.check_key(request, route.scope);
  if (!passed.error) return route.handler(request, passed.key->name);
  auto reply = error_reply(*passed.error);
  if (passed.retry_after_ms > 0)
    reply.headers.push_back({"Retry-After", std::to_string((passed.retry_after_ms + 999) / 1000)});
  return reply;
}

// Counts the reply, now or when it is there, and lets the page that asked read it.
net::Handled Server::Impl::finished(net::Handled handled, size_t surface, std::optional<std::string> origin) {
  auto finish = [this, surface, origin = std::move(origin)](net::Reply& reply) {
    count(surface, reply.status);
    gate_.add_cors(origin ? &*origin : nullptr, reply);
  };
  if (handled.reply) {
    finish(*handled.reply);
    return handled;
  }
  auto later = [finish, pending = std::move(handled.pending)]() {
    auto reply = pending();
    if (reply) finish(*reply);
    return reply;
  };
  return net::Handled(net::Pending(std::move(later)), handled.ask_within_ms);
}

Route Server::Impl::route(const net::InboundRequest& request) {
  const auto& path = request.segments;
  const auto& method = request.method;
  const bool is_get = method == "GET" || method == "HEAD";
  const size_t depth = path.size();
  Route none;
  if (depth == 0) return none;
  if (path[0] == "health" && (depth == 1 || (depth == 2 && (path[1] == "live" || path[1] == "ready")))) {
    Route found{0, Scope::kAdmin, nullptr, "GET", true};
    if (is_get) found.handler = [this](const auto& each, const auto&) { return health(each); };
    return found;
  }
  if (path[0] == "metrics" && depth == 1) {
    Route found{1, Scope::kMetrics, nullptr, "GET"};
    if (is_get) found.handler = [this](const auto&, const auto&) { return metrics(); };
    return found;
  }
  if (path[0] == "mcp" && depth == 1) {
    Route found{6, Scope::kMcp, nullptr, "POST, DELETE"};
    if (method == "POST")
      found.handler = [this](const auto& each, const auto& asker) { return mcp_.post(each, asker); };
    if (method == "DELETE")
      found.handler = [this](const auto& each, const auto& asker) { return mcp_.end_session(each, asker); };
    return found;
  }
  if (path[0] != "v1" || depth < 2) return none;
  if (path[1] == "models" && depth <= 3) {
    Route found{2, Scope::kChat, nullptr, "GET"};
    if (is_get && depth == 2) found.handler = [this](const auto&, const auto&) { return list_models(around_); };
    if (is_get && depth == 3)
      found.handler = [this, name = path[2]](const auto&, const auto&) { return show_model(around_, name); };
    return found;
  }
  if (path[1] == "chat" && depth == 3 && path[2] == "completions") {
    Route found{3, Scope::kChat, nullptr, "POST"};
    if (method == "POST")
      found.handler = [this](const auto& each, const auto& asker) { return complete_chat(around_, each, asker); };
    return found;
  }
  if (path[1] == "decisions" && depth == 2) {
    Route found{5, Scope::kRunsWrite, nullptr, "POST"};
    if (method == "POST")
      found.handler = [this](const auto& each, const auto& asker) { return decide(around_, each, asker); };
    return found;
  }
  return path[1] == "runs" ? route_runs(request) : none;
}

Route Server::Impl::route_runs(const net::InboundRequest& request) {
  const auto& path = request.segments;
  const bool is_get = request.method == "GET" || request.method == "HEAD";
  const bool is_post = request.method == "POST";
  if (path.size() == 2) {
    Route found{4, is_get ? Scope::kRunsRead : Scope::kRunsWrite, nullptr, "GET, POST"};
    if (is_get) found.handler = [this](const auto& each, const auto&) { return list_runs(around_, each); };
    if (is_post)
      found.handler = [this](const auto& each, const auto& asker) { return start_run(around_, each, asker); };
    return found;
  }
  const auto run = path[2];
  if (path.size() == 3) {
    Route found{4, Scope::kRunsRead, nullptr, "GET"};
    if (is_get) found.handler = [this, run](const auto& each, const auto&) { return show_run(around_, each, run); };
    return found;
  }
  if (path.size() != 4) return {};
  if (path[3] == "events") {
    Route found{4, Scope::kRunsRead, nullptr, "GET"};
    if (is_get) found.handler = [this, run](const auto& each, const auto&) { return run_events(around_, each, run); };
    return found;
  }
  if (path[3] == "approve") {
    Route found{4, Scope::kApprove, nullptr, "POST"};
    if (is_post)
      found.handler = [this, run](const auto& each, const auto& who) { return approve_run(around_, each, run, who); };
    return found;
  }
  if (path[3] == "cancel") {
    Route found{4, Scope::kRunsWrite, nullptr, "POST"};
    if (is_post) found.handler = [this, run](const auto&, const auto& who) { return cancel_run(around_, run, who); };
    return found;
  }
  return {};
}

net::Reply Server::Impl::health(const net::InboundRequest& request) const {
  const bool is_ready = !around_.is_draining();
  const bool is_live_only = request.segments.size() == 2 && request.segments[1] == "live";
  return json_reply(is_ready || is_live_only ? 200 : 503, {{"live", true}, {"ready", is_ready}});
}

net::Reply Server::Impl::metrics() const {
  std::string out = around_.service.metrics();
  if (!out.empty() && out.back() != '\n') out.push_back('\n');
  out +=
      "# HELP cadre_http_replies_total Replies by surface and class of status.\n# TYPE cadre_http_replies_total "
      "counter\n";
  for (size_t surface = 0; surface < kSurfaces.size(); ++surface) {
    for (size_t status = 2; status < kStatusClasses; ++status) {
      out += fmt::format("cadre_http_replies_total{{surface=\"{}\",status=\"{}xx\"}} {}\n", kSurfaces[surface], status,
                         replies_[surface][status].load());
    }
  }
  const auto* const server = started_.load();
  const auto stats = server == nullptr ? net::HttpServerStats() : server->stats();
  const auto add = [&out](const char* name, const char* type, const char* help, int64_t value) {
    out += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n{0} {3}\n", name, help, type, value);
  };
  add("cadre_http_connections", "gauge", "Open connections.", stats.connections_open);
  add("cadre_http_streams", "gauge", "Open streams.", stats.streams_open);
  add("cadre_http_connections_accepted_total", "counter", "Connections accepted.", stats.connections_accepted);
  add("cadre_http_connections_refused_total", "counter", "Connections over the limit.", stats.connections_refused);
  add("cadre_http_requests_total", "counter", "Requests that reached a surface.", stats.requests);
  add("cadre_http_requests_refused_total", "counter", "Requests malformed, too large, too slow or too many.",
      stats.requests_refused);
  add("cadre_http_clients_gone_total", "counter", "Clients that left before their reply was complete.",
      stats.clients_gone);
  net::Reply reply{.headers = {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}}};
  reply.body = std::move(out);
  return reply;
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() {
  drain(0);
}

Result<std::unique_ptr<Server>> Server::start(ServerOptions options, agent::RunService& service,
                                              const base::Clock& clock) {
  if (!is_loopback(options.http.address) && options.gate.keys.empty()) {
    return Error{ErrorCode::kDenied, fmt::format("serve on {}: only loopback goes without API keys; give a key file",
                                                 options.http.address)};
  }
  options.gate.allowed_hosts.push_back(options.http.address);
  auto impl = std::make_unique<Impl>(std::move(options.gate), service, clock);
  auto* const raw = impl.get();
  impl->serve_with(TRY(net::HttpServer::start(
      std::move(options.http), [raw](net::InboundRequest request) { return raw->handle(std::move(request)); },
      [](int status, const std::string& message) {
        return error_reply({status, message, "http_error", ""});
      })));
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

uint16_t Server::port() const {
  return impl_->http().port();
}

bool Server::drain(int64_t deadline_ms) {
  return impl_->http().drain(deadline_ms);
}

}  // namespace cadre::serve
