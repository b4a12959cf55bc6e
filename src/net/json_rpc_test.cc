// SPDX-License-Identifier: Apache-2.0
#include "net/json_rpc.h"

#include <gtest/gtest.h>

namespace cadre::net {
namespace {

using Kind = RpcMessage::Kind;

TEST(JsonRpc, ReadsEachKindOfMessage) {
  const auto request = read_rpc(R"({"jsonrpc":"2.0","id":7,"method":"m","params":{"a":1}})");
  ASSERT_FALSE(request.error);
  EXPECT_EQ(request.message.kind, Kind::kRequest);
  EXPECT_EQ(request.message.id, 7);
  EXPECT_EQ(request.message.params["a"], 1);
  EXPECT_EQ(read_rpc(R"({"jsonrpc":"2.0","method":"m"})").message.kind, Kind::kNotification);
  const auto result = read_rpc(R"({"jsonrpc":"2.0","id":"x","result":null})");
  EXPECT_EQ(result.message.kind, Kind::kResponse);
  EXPECT_FALSE(result.error);
  EXPECT_FALSE(result.message.failure);
  const auto failure = read_rpc(R"({"jsonrpc":"2.0","id":"x","error":{"code":-32602,"message":"no","data":[1]}})");
  ASSERT_TRUE(failure.message.failure);
  EXPECT_EQ(failure.message.failure->code, -32602);
  EXPECT_EQ(failure.message.failure->data[0], 1);
  for (const char* unread : {R"({"jsonrpc":"2.0","error":{"code":-32700,"message":"no"}})",
                             R"({"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"no"}})"}) {
    const auto read = read_rpc(unread);
    EXPECT_FALSE(read.error);
    EXPECT_EQ(read.message.kind, Kind::kResponse);
    EXPECT_TRUE(read.message.id.is_null());
  }
}

TEST(JsonRpc, RefusesWhatIsNone) {
  const struct {
    const char* text;
    int code;
  } cases[] = {{"", kRpcParseError},
               {"{", kRpcParseError},
               {"1", kRpcInvalidRequest},
               {"[]", kRpcInvalidRequest},
               {R"({"id":1,"method":"m"})", kRpcInvalidRequest},
               {R"({"jsonrpc":"1.0","id":1,"method":"m"})", kRpcInvalidRequest},
               {R"({"jsonrpc":"2.0","id":1.5,"method":"m"})", kRpcInvalidRequest},
               {R"({"jsonrpc":"2.0","id":null,"method":"m"})", kRpcInvalidRequest},
               {R"({"jsonrpc":"2.0","id":null,"result":1})", kRpcInvalidRequest},
               {R"({"jsonrpc":"2.0","result":1})", kRpcInvalidRequest},
               {R"({"jsonrpc":"2.0","id":1})", kRpcInvalidRequest},
               {R"({"jsonrpc":"2.0","id":1,"method":2})", kRpcInvalidRequest},
               {R"({"jsonrpc":"2.0","id":1,"method":"m","params":[]})", kRpcInvalidParams},
               {R"({"jsonrpc":"2.0","id":1,"result":1,"error":{"code":1,"message":""}})", kRpcInvalidRequest},
               {R"({"jsonrpc":"2.0","id":1,"error":"no"})", kRpcInvalidRequest},
               {R"({"jsonrpc":"2.0","id":1,"error":{"code":"1","message":""}})", kRpcInvalidRequest}};
  for (const auto& each : cases) {
    const auto read = read_rpc(each.text);
    ASSERT_TRUE(read.error) << each.text;
    EXPECT_EQ(read.error->code, each.code) << each.text;
  }
  EXPECT_TRUE(read_rpc(R"({"jsonrpc":"2.0","method":"m","params":{"a":[[[]]]}})", 3).error);
}

TEST(JsonRpc, WhatIsWrittenIsRead) {
  EXPECT_EQ(read_rpc(base::dump_json(rpc_request(1, "m", base::Json::object()))).message.kind, Kind::kRequest);
  EXPECT_EQ(read_rpc(base::dump_json(rpc_notification("m", base::Json::object()))).message.kind, Kind::kNotification);
  EXPECT_EQ(read_rpc(base::dump_json(rpc_result("a", 1))).message.result, 1);
  EXPECT_EQ(read_rpc(base::dump_json(rpc_error({}, {5, "e", {}}))).message.failure->code, 5);
}

}  // namespace
}  // namespace cadre::net
