// SPDX-License-Identifier: Apache-2.0
#include "serve/mcp_http.h"

#include "base/base64.h"
#include "serve/replies.h"

namespace cadre::serve {
namespace {

constexpr const char* kSessionHeader = "MCP-Session-Id";

net::Reply rpc_reply(int status, const base::Json& message) {
  if (message.is_null()) return net::Reply{.status = status};
  return json_reply(status, message);
}

net::Reply rpc_failure(int status, const base::Json& id, int code, const std::string& what) {
  return rpc_reply(status, rpc_error(id, {code, what, {}}));
}

bool accepts(const net::InboundRequest& request, const std::string& type) {
  const auto* accept = request.header("accept");
  return accept == nullptr || accept->find(type) != std::string::npos || accept->find("*/*") != std::string::npos;
}

// The headers of the modern era repeat what the body says, for whoever routes by them; they must agree.
std::optional<std::string> header_mismatch(const net::InboundRequest& request, const RpcMessage& message) {
  const auto* version = request.header("mcp-protocol-version");
  const auto& meta = message.params.value("_meta", base::Json::object());
  if (version == nullptr) return "the header MCP-Protocol-Version is missing";
  if (meta.contains("io.modelcontextprotocol/protocolVersion") &&
      meta["io.modelcontextprotocol/protocolVersion"] != *version) {
    return "MCP-Protocol-Version differs from params._meta";
  }
  const auto* method = request.header("mcp-method");
  if (method == nullptr) return "the header Mcp-Method is missing";
  if (*method != message.method) return "Mcp-Method differs from the body's method";
  if (message.method != "tools/call") return std::nullopt;
  const auto* name = request.header("mcp-name");
  if (name == nullptr) return "the header Mcp-Name is missing";
  const auto decoded = decode_mcp_header(*name);
  if (!decoded.ok()) return decoded.error().message;
  if (message.params.value("name", base::Json()) != *decoded) return "Mcp-Name differs from params.name";
  return std::nullopt;
}

// Progress, then the response.
class CallSource final : public net::ReplySource {
 public:
  CallSource(std::shared_ptr<McpMethods> methods, std::shared_ptr<Follower> follower, base::Json id, McpEra era,
             McpCall call, std::shared_ptr<void> registration)
      : methods_(std::move(methods)),
        follower_(std::move(follower)),
        id_(std::move(id)),
        era_(era),
        call_(std::move(call)),
        registration_(std::move(registration)) {}

  Piece next() override {
    std::string text;
    for (const base::Json& progress : methods_->progress(follower_->run(), call_, progress_reader_))
      text += sse_event(base::dump_json(progress), "", "message");
    if (!text.empty()) return {std::move(text), State::kMore};
    const auto view = follower_->poll();
    if (!view) return {"", State::kWait};
    return {sse_event(base::dump_json(methods_->call_response(id_, era_, call_, *view)), "", "message"), State::kEnd};
  }

 private:
  const std::shared_ptr<McpMethods> methods_;
  const std::shared_ptr<Follower> follower_;
  const base::Json id_;
  const McpEra era_;
  const McpCall call_;
  const std::shared_ptr<void> registration_;
  std::unique_ptr<agent::EventReader> progress_reader_;
};

// A stream that says what it will send, which is nothing: the tools of a running cadre do not change.
class ListenSource final : public net::ReplySource {
 public:
  explicit ListenSource(base::Json id) : id_(std::move(id)) {}
  Piece next() override {
    if (has_acknowledged_) return {"", State::kWait};
    has_acknowledged_ = true;
    const auto message = rpc_notification(
        "notifications/subscriptions/acknowledged",
        {{"_meta", {{"io.modelcontextprotocol/subscriptionId", id_}}}, {"notifications", base::Json::object()}});
    return {sse_event(base::dump_json(message), "", "message"), State::kMore};
  }

 private:
  const base::Json id_;
  bool has_acknowledged_ = false;
};

}  // namespace

Result<std::string> decode_mcp_header(const std::string& value) {
  constexpr std::string_view kBegin = "=?base64?";
  constexpr std::string_view kEnd = "?=";
  if (!value.starts_with(kBegin) || !value.ends_with(kEnd) || value.size() < kBegin.size() + kEnd.size()) return value;
  std::string_view digits(value);
  digits = digits.substr(kBegin.size(), digits.size() - kBegin.size() - kEnd.size());
  auto decoded = base::from_base64(digits);
  if (!decoded.ok()) return std::move(decoded).error().with_context("Mcp-Name");
  return decoded;
}

net::Handled McpHttp::post(const net::InboundRequest& request, const std::string& asker) {
  if (!accepts(request, "application/json")) {
    return rpc_failure(406, {}, kRpcInvalidRequest, "Accept must name application/json and text/event-stream");
  }
  const auto* type = request.header("content-type");
  if (type == nullptr || !type->starts_with("application/json")) {
    return rpc_failure(415, {}, kRpcInvalidRequest, "send the message as Content-Type: application/json");
  }
  const auto read = read_rpc(request.body);
  if (read.error) return rpc_reply(400, rpc_error(read.message.id, *read.error));
  const auto* version = request.header("mcp-protocol-version");
  const bool is_modern =
      McpMethods::era_of(read.message) == McpEra::kModern || (version != nullptr && *version == kMcpModern);
  return is_modern ? post_modern(request, read.message, asker) : post_legacy(request, read.message, asker);
}

net::Handled McpHttp::post_modern(const net::InboundRequest& request, const RpcMessage& message,
                                  const std::string& asker) {
  if (message.kind == RpcMessage::Kind::kResponse) {
    return rpc_failure(400, {}, kRpcInvalidRequest, "a client sends no responses in this revision");
  }
  if (message.kind == RpcMessage::Kind::kNotification) return net::Reply{.status = 202};
  if (const auto mismatch = header_mismatch(request, message)) {
    return rpc_failure(400, message.id, kMcpHeaderMismatch, *mismatch);
  }
  if (message.method == "subscriptions/listen") {
    auto reply = sse_reply(std::make_unique<ListenSource>(message.id));
    reply.ends_on_drain = true;
    return reply;
  }
  auto outcome = methods_->handle(message, McpEra::kModern, asker);
  if (outcome.call) return call(request, message, McpEra::kModern, std::move(*outcome.call));
  return rpc_reply(outcome.http_status, outcome.reply);
}

net::Handled McpHttp::post_legacy(const net::InboundRequest& request, const RpcMessage& message,
                                  const std::string& asker) {
  if (message.method == "initialize" && message.kind == RpcMessage::Kind::kRequest) {
    const auto session = sessions_->open(asker);
    if (!session.ok()) return rpc_failure(500, message.id, kRpcInternalError, session.error().message);
    auto reply = rpc_reply(200, methods_->handle(message, McpEra::kLegacy, asker).reply);
    reply.headers.push_back({kSessionHeader, *session});
    return reply;
  }
  const auto* version = request.header("mcp-protocol-version");
  if (version != nullptr && *version != "2025-11-25" && *version != "2025-06-18" && *version != "2025-03-26") {
    return rpc_failure(400, message.id, kRpcInvalidRequest, "MCP-Protocol-Version: this server does not speak it");
  }
  const auto* session = request.header(kSessionHeader);
  if (session == nullptr) {
    return rpc_failure(400, message.id, kRpcInvalidRequest,
                       "open a session with initialize, or send a request of revision 2026-07-28");
  }
  if (!sessions_->use(*session, asker)) {
    return rpc_failure(404, message.id, kRpcInvalidRequest, "there is no such session any more; initialize again");
  }
  if (message.method == "notifications/cancelled") {
    sessions_->cancel_call(*session, base::dump_json(message.params.value("requestId", base::Json())));
  }
  auto outcome = methods_->handle(message, McpEra::kLegacy, asker);
  if (outcome.call) return call(request, message, McpEra::kLegacy, std::move(*outcome.call));
  return rpc_reply(outcome.http_status, outcome.reply);
}

net::Handled McpHttp::call(const net::InboundRequest& request, const RpcMessage& message, McpEra era, McpCall call) {
  const auto& around = methods_->around();
  const auto run = around.service.start(call.run);
  if (!run.ok()) return rpc_reply(200, methods_->call_response(message.id, era, call, run.error()));
  // In the legacy era a lost connection cancels nothing; a notification does.
  const auto when = era == McpEra::kModern ? WhenAbandoned::kCancelRun : WhenAbandoned::kLetRun;
  auto follower = std::make_shared<Follower>(around, *run, request.waker, when, call.run.asker);
  std::shared_ptr<void> registration;
  if (era == McpEra::kLegacy) {
    const auto session = *request.header(kSessionHeader);
    const auto key = base::dump_json(message.id);
    sessions_->add_call(
        session, key, [&service = around.service, id = *run, who = call.run.asker] { (void)service.cancel(id, who); });
    registration = std::shared_ptr<void>(
        nullptr, [sessions = sessions_, session, key](void*) { sessions->remove_call(session, key); });
  }
  if (!call.progress_token.is_null() && accepts(request, "text/event-stream")) {
    return sse_reply(std::make_unique<CallSource>(methods_, std::move(follower), message.id, era, std::move(call),
                                                  std::move(registration)));
  }
  auto ask = [methods = methods_, follower = std::move(follower), id = message.id, era, call = std::move(call),
              registration = std::move(registration)]() -> std::optional<net::Reply> {
    const auto view = follower->poll();
    if (!view) return std::nullopt;
    return rpc_reply(200, methods->call_response(id, era, call, *view));
  };
  if (auto reply = ask()) return std::move(*reply);
  return net::Handled(net::Pending(std::move(ask)));
}

net::Reply McpHttp::end_session(const net::InboundRequest& request, const std::string& asker) {
  const auto* session = request.header(kSessionHeader);
  if (session == nullptr) return rpc_failure(400, {}, kRpcInvalidRequest, "name the session in MCP-Session-Id");
  if (!sessions_->close(*session, asker)) return rpc_failure(404, {}, kRpcInvalidRequest, "there is no such session");
  return net::Reply{.status = 204};
}

}  // namespace cadre::serve
