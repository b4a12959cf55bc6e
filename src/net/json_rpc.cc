// SPDX-License-Identifier: Apache-2.0
#include "net/json_rpc.h"

namespace cadre::net {
namespace {

using base::Json;

RpcRead failed(RpcMessage message, int code, std::string text) {
  return {std::move(message), RpcError{code, std::move(text), {}}};
}

RpcRead read_response(RpcMessage message, const Json& json) {
  message.kind = RpcMessage::Kind::kResponse;
  const bool is_failure = json.contains("error");
  if (is_failure == json.contains("result"))
    return failed(std::move(message), kRpcInvalidRequest, "a response has either a result or an error");
  if (!is_failure) {
    message.result = json["result"];
    return {std::move(message), std::nullopt};
  }
  const Json& error = json["error"];
  const bool is_error = error.is_object() && error.contains("code") && error["code"].is_number_integer() &&
                        error.contains("message") && error["message"].is_string();
  if (!is_error) return failed(std::move(message), kRpcInvalidRequest, "error must have a code and a message");
  message.failure = RpcError{error["code"].get<int64_t>(), error["message"].get<std::string>(),
                             error.contains("data") ? error["data"] : Json()};
  return {std::move(message), std::nullopt};
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
  const bool has_method = json->contains("method");
  const bool answers_the_unreadable = !has_method && json->contains("error") && (!has_id || (*json)["id"].is_null());
  if (has_id && message.id.is_null() && !answers_the_unreadable)
    return failed(message, kRpcInvalidRequest, "id must be a string or an integer");
  if (!has_method) {
    const bool is_response =
        answers_the_unreadable || (has_id && (json->contains("result") || json->contains("error")));
    if (!is_response) return failed(message, kRpcInvalidRequest, "method is missing");
    return read_response(std::move(message), *json);
  }
  if (!(*json)["method"].is_string()) return failed(message, kRpcInvalidRequest, "method must be a string");
  message.method = (*json)["method"].get<std::string>();
  message.kind = has_id ? RpcMessage::Kind::kRequest : RpcMessage::Kind::kNotification;
  message.params = json->contains("params") ? (*json)["params"] : Json::object();
  if (!message.params.is_object()) return failed(message, kRpcInvalidParams, "params must be an object");
  return {std::move(message), std::nullopt};
}

Json rpc_request(const Json& id, const std::string& method, Json params) {
  return {{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", std::move(params)}};
}

Json rpc_error(const Json& id, const RpcError& error) {
  Json body = {{"code", error.code}, {"message", error.message}};
  if (!error.data.is_null()) body["data"] = error.data;
  Json out = {{"jsonrpc", "2.0"}};
  if (!id.is_null()) out["id"] = id;
  out["error"] = std::move(body);
  return out;
}

Json rpc_result(const Json& id, Json result) {
  return {{"jsonrpc", "2.0"}, {"id", id}, {"result", std::move(result)}};
}

Json rpc_notification(const std::string& method, Json params) {
  return {{"jsonrpc", "2.0"}, {"method", method}, {"params", std::move(params)}};
}

}  // namespace cadre::net
