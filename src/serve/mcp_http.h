// The Model Context Protocol over streamable HTTP, at one path: POST for messages, DELETE for the end of a session of the legacy era.
//
// A tool call with a progress token answers as server-sent events: a notification for each change of the run, then the response. All
// else answers as one JSON object. GET is refused (405): the server sends nothing on its own.
// Thread safety: any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "net/http_inbound.h"
#include "serve/mcp.h"

namespace cadre::serve {

class McpHttp {
 public:
  explicit McpHttp(const Surroundings& around)
      : methods_(std::make_shared<McpMethods>(around)), sessions_(std::make_shared<McpSessions>(around.clock)) {}

  net::Handled post(const net::InboundRequest& request, const std::string& asker);
  net::Reply end_session(const net::InboundRequest& request, const std::string& asker);

 private:
  net::Handled post_modern(const net::InboundRequest& request, const RpcMessage& message, const std::string& asker);
  net::Handled post_legacy(const net::InboundRequest& request, const RpcMessage& message, const std::string& asker);
  net::Handled call(const net::InboundRequest& request, const RpcMessage& message, McpEra era, McpCall call);

  std::shared_ptr<McpMethods> methods_;
  std::shared_ptr<McpSessions> sessions_;
};

// A header value in the protocol's Base64 form ("=?base64?...?=") decoded, any other as it is. kInvalid: broken Base64.
Result<std::string> decode_mcp_header(const std::string& value);

}  // namespace cadre::serve
