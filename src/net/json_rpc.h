// JSON-RPC 2.0 messages (jsonrpc.org/specification) as the Model Context Protocol uses them, for both of its sides: no batches, ids are strings or
// integers. Thread safety: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace cadre::net {

inline constexpr int kRpcParseError = -32700;
inline constexpr int kRpcInvalidRequest = -32600;
inline constexpr int kRpcMethodNotFound = -32601;
inline constexpr int kRpcInvalidParams = -32602;
inline constexpr int kRpcInternalError = -32603;

struct RpcError {
  int64_t code = 0;
  std::string message;
  base::Json data;  // null: none
};

struct RpcMessage {
  enum class Kind : uint8_t { kRequest, kNotification, kResponse };
  Kind kind = Kind::kRequest;
  // A string or an integer; null for a notification, and for an error in answer to a message whose id could not be read.
  base::Json id;
  std::string method;
  base::Json params;                // an object, perhaps empty
  base::Json result;                // of a response, unless it is
  std::optional<RpcError> failure;  // an error
};

struct RpcRead {
  RpcMessage message;
  std::optional<RpcError> error;  // then message.id is what could be read of it
};
// At most `depth_max` deep.
RpcRead read_rpc(std::string_view text, int depth_max = 64);

base::Json rpc_request(const base::Json& id, const std::string& method, base::Json params);
// `id` null: none could be read.
base::Json rpc_error(const base::Json& id, const RpcError& error);
base::Json rpc_result(const base::Json& id, base::Json result);
base::Json rpc_notification(const std::string& method, base::Json params);

}  // namespace cadre::net
