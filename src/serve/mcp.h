// A server of the Model Context Protocol: every specialist is a tool, and "ask" is the dispatcher.
//
// Speaks both eras of the protocol at once. A request whose _meta carries io.modelcontextprotocol/protocolVersion is served without
// state, as revision 2026-07-28 says (server/discover, per-request headers, result types, cache hints). A client that opens with
// initialize gets a session of revision 2025-11-25, 2025-06-18 or 2025-03-26. A tool call is a run; one that declines, fails or waits
// for an approval is a result with isError, which the calling model can read.
// Thread safety: any thread. Idea: modelcontextprotocol.io/specification.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/json.h"
#include "net/json_rpc.h"
#include "serve/follow.h"

namespace cadre::serve {

using net::kRpcInternalError;
using net::kRpcInvalidParams;
using net::kRpcInvalidRequest;
using net::kRpcMethodNotFound;
using net::kRpcParseError;
using net::read_rpc;
using net::rpc_error;
using net::rpc_notification;
using net::rpc_result;
using net::RpcMessage;

inline constexpr const char* kMcpModern = "2026-07-28";
inline constexpr int kMcpHeaderMismatch = -32020;
inline constexpr int kMcpUnsupportedVersion = -32022;
inline constexpr size_t kMcpSessionsMax = 10'000;
inline constexpr size_t kMcpCallsPerSessionMax = 1'000;
inline constexpr size_t kMcpProgressAtOnce = 100;

enum class McpEra : uint8_t { kModern, kLegacy };

// What a message asks for, once its method and parameters are checked.
struct McpCall {
  agent::RunRequest run;
  base::Json progress_token;  // null: no progress is asked for
  std::string tool;
  bool has_output_schema = false;
};

// Either a JSON-RPC message to send back at once, or a tool call to make.
struct McpOutcome {
  base::Json reply;       // null: none, the message was a notification or a call is to be made
  int http_status = 200;  // that goes with it
  std::optional<McpCall> call;
};

// What both transports share: one message in, what to do out. Holds no state.
class McpMethods {
 public:
  explicit McpMethods(Surroundings around) : around_(std::move(around)) {}

  McpOutcome handle(const RpcMessage& message, McpEra era, const std::string& asker) const;
  // The response to a tool call, from its run.
  base::Json call_response(const base::Json& id, McpEra era, const McpCall& call,
                           const Result<agent::RunView>& view) const;
  // Notifications of what `reader` has not given out of a call's run, one each and at most kMcpProgressAtOnce; makes the reader where it is null. Empty
  // where nothing new is there, or the call did not ask for progress.
  std::vector<base::Json> progress(const store::RunId& run, const McpCall& call,
                                   std::unique_ptr<agent::EventReader>& reader) const;
  // The era of a message by its own _meta, and whether that asks for a version that is not spoken.
  static McpEra era_of(const RpcMessage& message);
  const Surroundings& around() const { return around_; }

 private:
  base::Json initialize(const RpcMessage& message) const;
  base::Json discover() const;
  base::Json list_tools(McpEra era) const;
  McpOutcome call_tool(const RpcMessage& message, const std::string& asker) const;

  const Surroundings around_;
};

// The sessions of clients of the legacy era, and the calls that they may cancel.
class McpSessions {
 public:
  explicit McpSessions(const base::Clock& clock) : clock_(clock) {}

  Result<std::string> open(
      const std::string& asker);  // its id: 128 bits of chance; past the limit the one unused for longest goes
  bool use(const std::string& session, const std::string& asker);  // false: there is none, or it is somebody else's
  bool close(const std::string& session, const std::string& asker);
  void add_call(const std::string& session, const std::string& call, std::function<void()> cancel);
  void remove_call(const std::string& session, const std::string& call);
  void cancel_call(const std::string& session, const std::string& call);

 private:
  struct Session {
    std::string asker;
    int64_t used_ns = 0;
    std::map<std::string, std::function<void()>> calls;  // by the request's id, as JSON
  };
  const base::Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, Session> sessions_;  // guarded by mutex_
};

}  // namespace cadre::serve
