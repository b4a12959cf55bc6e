// SPDX-License-Identifier: Apache-2.0
#include "serve/replies.h"

#include <algorithm>

namespace cadre::serve {
namespace {

int status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid:
    case ErrorCode::kUnsupported:
    case ErrorCode::kLimit:
      return 400;
    case ErrorCode::kNotFound:
      return 404;
    case ErrorCode::kDenied:
      return 403;
    case ErrorCode::kBusy:
    case ErrorCode::kUnavailable:
      return 503;
    case ErrorCode::kTimeout:
      return 504;
    case ErrorCode::kCancelled:
      return 422;
    case ErrorCode::kIo:
    case ErrorCode::kCorrupt:
    case ErrorCode::kInternal:
      return 500;
  }
  return 500;
}

const char* type_of(int status) {
  switch (status) {
    case 401:
      return "authentication_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 429:
      return "rate_limit_error";
    default:
      return status >= 500 ? "server_error" : "invalid_request_error";
  }
}

bool is_json_type(const net::InboundRequest& request) {
  const auto* type = request.header("content-type");
  if (type == nullptr) return false;
  std::string name = type->substr(0, type->find(';'));
  while (!name.empty() && name.back() == ' ') name.pop_back();
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  return name == "application/json";
}

}  // namespace

ApiError api_error_of(const Error& error) {
  return {.status = status_of(error.code), .message = error.message, .code = base::error_code_name(error.code)};
}

base::Json error_json(const ApiError& error) {
  base::Json body;
  body["message"] = error.message;
  body["type"] = type_of(error.status);
  body["param"] = error.param.empty() ? base::Json() : base::Json(error.param);
  body["code"] = error.code;
  return base::Json{{"error", std::move(body)}};
}

net::Reply json_reply(int status, const base::Json& body) {
  net::Reply reply{.status = status, .headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}}};
  reply.body = base::dump_json(body);
  return reply;
}

net::Reply error_reply(const ApiError& error) {
  auto reply = json_reply(error.status, error_json(error));
  if (error.status == 401) reply.headers.push_back({"WWW-Authenticate", "Bearer"});
  if (error.status == 503) reply.headers.push_back({"Retry-After", "1"});
  return reply;
}

std::string sse_event(const std::string& data, const std::string& id, const std::string& event) {
  std::string out;
  if (!event.empty()) out += "event: " + event + "\n";
  if (!id.empty()) out += "id: " + id + "\n";
  return out + "data: " + data + "\n\n";
}

net::Reply sse_reply(std::unique_ptr<net::ReplySource> source) {
  net::Reply reply{
      .headers = {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}}};
  reply.source = std::move(source);
  reply.keep_alive = ": waiting\n\n";
  return reply;
}

BodyRead read_json_body(const net::InboundRequest& request, int depth_max) {
  if (!is_json_type(request)) {
    return {.error = ApiError{415, "send the body as Content-Type: application/json", "unsupported_media_type", ""}};
  }
  auto json = base::parse_json(request.body, depth_max);
  if (!json.ok()) return {.error = ApiError{400, "request body: " + json.error().message, "invalid_json", ""}};
  if (!json->is_object()) return {.error = ApiError{400, "request body: it must be a JSON object", "invalid_json", ""}};
  return {.json = std::move(*json)};
}

}  // namespace cadre::serve
