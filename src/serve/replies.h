// The replies that all HTTP surfaces share: JSON bodies, and one error object for everything that goes wrong.
//
//   {"error": {"message": "...", "type": "invalid_request_error", "param": "tools[0]", "code": "unsupported"}}
//
// This is the error object of OpenAI's API, so that its clients raise the right exception. Thread safety: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/json.h"
#include "base/result.h"
#include "net/http_inbound.h"

namespace cadre::serve {

struct ApiError {
  int status = 400;
  std::string message;
  std::string code;   // for programs: "invalid", "not_found", "rate_limit_exceeded", ...
  std::string param;  // the field at fault; empty: none
};

// The status that fits an error's code. Transient errors become 503 and 504, which clients repeat; all others do not repeat.
ApiError api_error_of(const Error& error);

base::Json error_json(const ApiError& error);
net::Reply json_reply(int status, const base::Json& body);
net::Reply error_reply(const ApiError& error);

// One server-sent event; `data` is one line. Empty id or event: without that field.
std::string sse_event(const std::string& data, const std::string& id = "", const std::string& event = "");
net::Reply sse_reply(std::unique_ptr<net::ReplySource> source);

// The body of a request as a JSON object, or why it is none: 415 unless its type is application/json, 400 unless it is JSON in UTF-8,
// at most `depth_max` deep, and an object.
struct BodyRead {
  base::Json json;
  std::optional<ApiError> error;
};
BodyRead read_json_body(const net::InboundRequest& request, int depth_max = 64);

}  // namespace cadre::serve
