// JSON-RPC 2.0 messages (jsonrpc.org/specification) as the Model Context Protocol uses them: no batches, ids are strings or integers.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace cadre::serve {

inline constexpr int kRpcParseError = -32700;
inline constexpr int kRpcInvalidRequest = -32600;
inline constexpr int kRpcMethodNotFound = -32601;
inline constexpr int kRpcInvalidParams = -32602;
inline constexpr int kRpcInternalError = -32603;

struct RpcError {
  int code = 0;
  std::string message;
  base::Json data;  // null: none
};

struct RpcMessage {
  enum class Kind : uint8_t { kRequest, kNotification, kResponse };
  Kind kind = Kind::kRequest;
  base::Json id;  // a string or an integer; null for a notification
  std::string method;
  base::Json params;  // an object, perhaps empty
};

struct RpcRead {
  RpcMessage message;
  std::optional<RpcError> error;  // then message.id is what could be read of it
};
// At most `depth_max` deep.
RpcRead read_rpc(std::string_view text, int depth_max = 64);

// `id` null: none could be read.
base::Json rpc_error(const base::Json& id, const RpcError& error);
base::Json rpc_result(const base::Json& id, base::Json result);
base::Json rpc_notification(const std::string& method, base::Json params);

}  // namespace cadre::serve
