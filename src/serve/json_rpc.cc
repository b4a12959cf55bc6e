// SPDX-License-Identifier: Apache-2.0
#include "serve/json_rpc.h"

namespace cadre::serve {
namespace {

RpcRead failed(RpcMessage message, int code, std::string text) {
  return {std::move(message), RpcError{code, std::move(text), {}}};
}

}  // namespace

RpcRead read_rpc(std::string_view text, int depth_max) {
  RpcMessage message;
  auto json = base::parse_json(text, depth_max);
  if (!json.ok()) return failed(message, kRpcParseError, "parse error: " + json.error().message);
  if (json->is_array()) return failed(message, kRpcInvalidRequest, "batches are not supported; send one message");
  if (!json->is_object()) return failed(message, kRpcInvalidRequest, "a message must be an object");
  const bool has_id = json->contains("id");
  if (has_id && ((*json)["id"].is_string() || (*json)["id"].is_number_integer())) message.id = (*json)["id"];
  if (!json->contains("jsonrpc") || (*json)["jsonrpc"] != "2.0") {
    return failed(message, kRpcInvalidRequest, "jsonrpc must be \"2.0\"");
  }
  if (has_id && message.id.is_null()) return failed(message, kRpcInvalidRequest, "id must be a string or an integer");
  if (!json->contains("method")) {
    if (!has_id || !(json->contains("result") || json->contains("error"))) {
      return failed(message, kRpcInvalidRequest, "method is missing");
    }
    message.kind = RpcMessage::Kind::kResponse;
    return {std::move(message), std::nullopt};
  }
  if (!(*json)["method"].is_string()) return failed(message, kRpcInvalidRequest, "method must be a string");
  message.method = (*json)["method"].get<std::string>();
  message.kind = has_id ? RpcMessage::Kind::kRequest : RpcMessage::Kind::kNotification;
  message.params = json->contains("params") ? (*json)["params"] : base::Json::object();
  if (!message.params.is_object()) return failed(message, kRpcInvalidParams, "params must be an object");
  return {std::move(message), std::nullopt};
}

base::Json rpc_error(const base::Json& id, const RpcError& error) {
  base::Json body = {{"code", error.code}, {"message", error.message}};
  if (!error.data.is_null()) body["data"] = error.data;
  base::Json out = {{"jsonrpc", "2.0"}};
  if (!id.is_null()) out["id"] = id;
  out["error"] = std::move(body);
  return out;
}

base::Json rpc_result(const base::Json& id, base::Json result) {
  return {{"jsonrpc", "2.0"}, {"id", id}, {"result", std::move(result)}};
}

base::Json rpc_notification(const std::string& method, base::Json params) {
  return {{"jsonrpc", "2.0"}, {"method", method}, {"params", std::move(params)}};
}

}  // namespace cadre::serve
