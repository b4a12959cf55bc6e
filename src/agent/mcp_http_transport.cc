// The streamable HTTP transport: each message is a POST, its answer one JSON object or a stream of events that ends with it.
//
// In the modern era what a message is about is repeated in headers, and closing the connection cancels a call. In the legacy one a session may be named
// in a header, and a call is cancelled by a notification. A stream that breaks off before its answer is not taken up again.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>

#include "agent/http_status.h"
#include "agent/mcp_transport.h"
#include "net/event_stream.h"

namespace cadre::agent {
namespace {

using base::Json;
using net::HttpHeader;
using net::HttpResponse;
using net::RpcMessage;

constexpr int64_t kReplyMs = 1'000;
constexpr int64_t kEndMs = 1'000;
constexpr int kDepthMax = 200;
constexpr const char* kSessionHeader = "mcp-session-id";

bool is_event_stream(const HttpResponse& head) {
  return head.header("content-type").value_or("").starts_with("text/event-stream");
}

class HttpTransport final : public McpTransport {
 public:
  HttpTransport(std::string url, std::vector<HttpHeader> headers, std::shared_ptr<const net::HttpClient> client)
      : url_(std::move(url)), headers_(std::move(headers)), client_(std::move(client)) {}
  ~HttpTransport() override { end_session(); }

  Result<void> open() override {
    end_session();
    is_open_ = true;
    return {};
  }
  bool is_open() const override { return is_open_; }

  McpAnswer ask(const McpRequest& request, const Deadline& deadline) override {
    const std::string session = this->session();
    net::HttpRequest http = request_for(request.spoken, session, deadline);
    http.body = base::dump_json(net::rpc_request(request.id, request.method, request.params));
    if (request.spoken.era == McpEra::kModern) add_modern_headers(http, request);
    Arriving arriving{.id = request.id, .spoken = request.spoken};
    http.sink = [this, &arriving](const HttpResponse& head, std::string_view bytes) {
      return take(arriving, head, bytes);
    };
    net::HttpExchange exchange = client_->exchange(http);
    exchange.response.body = std::move(arriving.body);
    if (exchange.error) {
      if (request.may_be_cancelled && request.spoken.era == McpEra::kLegacy && exchange.may_have_arrived)
        tell("notifications/cancelled", {{"requestId", request.id}, {"reason", "no longer needed"}}, request.spoken,
             kMcpCancelMs);
      return {.error = std::move(exchange.error), .may_have_arrived = exchange.may_have_arrived};
    }
    if (exchange.response.status == 404 && !session.empty()) {
      is_open_ = false;
      return {.error = http_status_error(exchange.response), .is_session_lost = true};
    }
    McpAnswer answer = answer_of(arriving, exchange.response);
    if (!answer.error && request.method == "initialize")
      set_session(exchange.response.header(kSessionHeader).value_or(""));
    return answer;
  }

  void tell(const std::string& method, Json params, const McpSpoken& spoken, int64_t timeout_ms) override {
    if (spoken.era == McpEra::kModern) return;  // it has no notification of a client's
    post(net::rpc_notification(method, std::move(params)), spoken, timeout_ms);
  }

  // What could not be reached, or would not let us in, says nothing about itself.
  bool is_sign_of_legacy(const McpAnswer& answer) const override {
    if (!answer.error) return false;
    const ErrorCode code = answer.error->code;
    return code == ErrorCode::kInvalid || code == ErrorCode::kNotFound;
  }

  bool take_tools_changed() override { return tools_changed_.exchange(false); }

 private:
  // What has come of an answer so far.
  struct Arriving {
    int64_t id = 0;
    McpSpoken spoken;
    std::string body;  // unless it is a stream
    net::EventStreamReader events{kMcpMessageBytesMax};
    std::optional<RpcMessage> found;
  };

  net::HttpRequest request_for(const McpSpoken& spoken, const std::string& session, const Deadline& deadline) const {
    net::HttpRequest http{.method = "POST",
                          .url = url_,
                          .headers = headers_,
                          .repeatable = net::Repeatable::kNo,
                          .timeout_ms = std::max<int64_t>(1, deadline.left_ms()),
                          .body_size_bytes_max = kMcpMessageBytesMax,
                          .cancel = deadline.cancel};
    http.headers.push_back({"Content-Type", "application/json"});
    http.headers.push_back({"Accept", "application/json, text/event-stream"});
    if (!spoken.version.empty()) http.headers.push_back({"MCP-Protocol-Version", spoken.version});
    if (!session.empty()) http.headers.push_back({"Mcp-Session-Id", session});
    return http;
  }

  static void add_modern_headers(net::HttpRequest& http, const McpRequest& request) {
    http.headers.push_back({"Mcp-Method", request.method});
    if (!request.tool.empty()) http.headers.push_back({"Mcp-Name", mcp_header_value(request.tool)});
    http.headers.insert(http.headers.end(), request.headers.begin(), request.headers.end());
  }

  Result<net::Flow> take(Arriving& arriving, const HttpResponse& head, std::string_view bytes) {
    if (!is_event_stream(head)) {
      arriving.body.append(bytes);
      return net::Flow::kMore;
    }
    const std::vector<net::StreamEvent> events = TRY(arriving.events.push(bytes));
    for (const net::StreamEvent& event : events) {
      const net::RpcRead read = net::read_rpc(event.data, kDepthMax);
      if (read.error) continue;
      take_message(arriving, read.message);
      if (arriving.found) return net::Flow::kStop;
    }
    return net::Flow::kMore;
  }

  void take_message(Arriving& arriving, const RpcMessage& message) {
    switch (message.kind) {
      case RpcMessage::Kind::kRequest:
        // In the modern era a server asks nothing.
        if (arriving.spoken.era == McpEra::kLegacy) post(mcp_reply_to(message), arriving.spoken, kReplyMs);
        break;
      case RpcMessage::Kind::kNotification:
        if (message.method == "notifications/tools/list_changed") tools_changed_ = true;
        break;
      case RpcMessage::Kind::kResponse:
        if (message.id == arriving.id) arriving.found = message;
        break;
    }
  }

  // A refusal may carry its reason as a message, whatever its status; but one for now (429, 503) is what its status says, so that it is asked again.
  static McpAnswer answer_of(Arriving& arriving, const HttpResponse& response) {
    if (response.status == 429 || response.status == 503) return failed(response);
    if (arriving.found) return {.message = std::move(*arriving.found)};
    const bool is_success = response.status >= 200 && response.status < 300;
    net::RpcRead read = net::read_rpc(response.body, kDepthMax);
    const bool is_response = !read.error && read.message.kind == RpcMessage::Kind::kResponse;
    const bool is_mine = is_response && (read.message.id == arriving.id ||
                                         (read.message.id.is_null() && read.message.failure.has_value()));
    if (is_mine && (is_success || read.message.failure)) return {.message = std::move(read.message)};
    if (!is_success) return failed(response);
    if (is_event_stream(response))
      return {.error = Error{ErrorCode::kUnavailable, "the stream ended before the answer"}, .may_have_arrived = true};
    return {.error = Error{ErrorCode::kInvalid, "the answer is no JSON-RPC response to the request"},
            .may_have_arrived = true};
  }

  static McpAnswer failed(const HttpResponse& response) {
    return {.error = http_status_error(response),
            .may_have_arrived = http_may_have_happened(response.status),
            .retry_after_ms = http_retry_after_ms(response)};
  }

  void post(const Json& message, const McpSpoken& spoken, int64_t timeout_ms) const {
    net::HttpRequest http = request_for(spoken, session(), Deadline::for_ms(timeout_ms, nullptr));
    http.body = base::dump_json(message);
    (void)client_->exchange(http);
  }

  void end_session() {
    const std::string old = session();
    if (old.empty()) return;
    net::HttpRequest http = request_for({McpEra::kLegacy, ""}, old, Deadline::for_ms(kEndMs, nullptr));
    http.method = "DELETE";
    (void)client_->exchange(http);
    set_session("");
  }

  std::string session() const {
    const std::lock_guard lock(mutex_);
    return session_;
  }
  // An id that cannot stand in a header is none.
  void set_session(const std::string& id) {
    const std::lock_guard lock(mutex_);
    session_ = net::is_header_value(id) ? id : "";
  }

  const std::string url_;
  const std::vector<HttpHeader> headers_;
  const std::shared_ptr<const net::HttpClient> client_;
  std::atomic<bool> is_open_{false};
  std::atomic<bool> tools_changed_{false};
  mutable std::mutex mutex_;
  std::string session_;  // guarded by mutex_; empty: none
};

}  // namespace

std::unique_ptr<McpTransport> make_mcp_http_transport(std::string url, std::vector<HttpHeader> headers,
                                                      std::shared_ptr<const net::HttpClient> client) {
  return std::make_unique<HttpTransport>(std::move(url), std::move(headers), std::move(client));
}

}  // namespace cadre::agent
