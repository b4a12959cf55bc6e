// How an MCP client's messages reach its server: as lines of a program (mcp_stdio_transport.cc) or as HTTP requests (mcp_http_transport.cc).
//
// A transport knows nothing of eras but how their messages are sent. Several requests may be under way at once, told apart by their ids.
// Thread safety: ask() and tell() from any thread; open() while no other thread opens.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/deadline.h"
#include "agent/mcp_messages.h"
#include "net/http_client.h"
#include "net/json_rpc.h"
#include "net/subprocess.h"

namespace cadre::agent {

// What is said about a conversation, beside its messages: which era, and, in the legacy one, which revision.
struct McpSpoken {
  McpEra era = McpEra::kModern;
  std::string version = kMcpModernVersion;
};

struct McpRequest {
  int64_t id = 0;  // of no other request of this client
  std::string method;
  base::Json params;
  McpSpoken spoken;
  std::string tool;                      // of tools/call
  std::vector<net::HttpHeader> headers;  // of its parameters
  bool may_be_cancelled = true;          // false: when nobody waits any more, the server is not told
};

struct McpAnswer {
  // kUnavailable: the server is gone, or went before it answered; kTimeout, kCancelled; kDenied; else as an HTTP status says.
  std::optional<Error> error;
  bool may_have_arrived = false;          // with an error
  bool is_session_lost = false;           // with an error: nothing was done, a new session is needed
  std::optional<int64_t> retry_after_ms;  // with a transient error: how long the server asks to be left alone
  net::RpcMessage message;                // a response, perhaps with its failure
};

class McpTransport {
 public:
  virtual ~McpTransport() = default;
  // A fresh start: a running program, no session.
  virtual Result<void> open() = 0;
  // False: open() again before anything is asked.
  virtual bool is_open() const = 0;
  virtual McpAnswer ask(const McpRequest& request, const Deadline& deadline) = 0;
  // A notification, given up after `timeout_ms`. Whether it arrives does not matter.
  virtual void tell(const std::string& method, base::Json params, const McpSpoken& spoken, int64_t timeout_ms) = 0;
  // Whether a failed server/discover shows a server of the legacy era rather than one that cannot be reached.
  virtual bool is_sign_of_legacy(const McpAnswer& answer) const = 0;
  // Whether the server has said since the last time that its tools have changed.
  virtual bool take_tools_changed() = 0;
};

// What a server that is slow to take a notification may hold up a call that is over.
inline constexpr int64_t kMcpCancelMs = 250;

// `options`: the program and its environment. Nothing is started before open().
std::unique_ptr<McpTransport> make_mcp_stdio_transport(net::ProcessOptions options);

// `headers` go with every request.
std::unique_ptr<McpTransport> make_mcp_http_transport(std::string url, std::vector<net::HttpHeader> headers,
                                                      std::shared_ptr<const net::HttpClient> client);

}  // namespace cadre::agent
