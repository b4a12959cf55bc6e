// SPDX-License-Identifier: Apache-2.0
#include "agent/mcp_messages.h"

#include <gtest/gtest.h>

namespace cadre::agent {
namespace {

using base::Json;
using net::RpcMessage;

RpcMessage result(Json value) {
  RpcMessage message;
  message.kind = RpcMessage::Kind::kResponse;
  message.id = 1;
  message.result = std::move(value);
  return message;
}

RpcMessage failure(int64_t code, Json data = {}) {
  RpcMessage message = result({});
  message.failure = net::RpcError{code, "because", std::move(data)};
  return message;
}

Json with_tools(const char* key, Json version) {
  return {{key, std::move(version)}, {"capabilities", {{"tools", Json::object()}}}};
}

TEST(McpMessages, AProbeTellsTheEra) {
  const auto era = [](const RpcMessage& answer) { return read_mcp_probe(answer); };
  EXPECT_EQ(era(result(with_tools("supportedVersions", {"2026-07-28", "2025-11-25"}))).value(), McpEra::kModern);
  EXPECT_EQ(era(result(with_tools("supportedVersions", {"2030-01-01", "2025-06-18"}))).value(), McpEra::kLegacy);
  EXPECT_EQ(era(result(with_tools("supportedVersions", Json::array({"2030-01-01"})))).error().code,
            ErrorCode::kUnsupported);
  EXPECT_EQ(era(result({{"supportedVersions", {"2026-07-28", "x"}}, {"capabilities", Json::object()}})).error().code,
            ErrorCode::kUnsupported)
      << "no tools";
  EXPECT_EQ(era(result(Json::object())).value(), McpEra::kLegacy) << "it answers to everything";
  for (const int code : {-32601, -32602, -32600, -32000, 0, 1}) EXPECT_EQ(era(failure(code)).value(), McpEra::kLegacy);
  EXPECT_EQ(era(failure(-32022, {{"supported", {"2025-11-25", "x"}}})).value(), McpEra::kLegacy);
  for (const RpcMessage& modern :
       {failure(-32022, {{"supported", {"2030-01-01", "x"}}}), failure(-32022, 7), failure(-32020), failure(-32021)})
    EXPECT_EQ(era(modern).error().code, ErrorCode::kUnsupported);
}

TEST(McpMessages, ALegacyServerChoosesARevisionWeSpeak) {
  for (const char* version : {"2025-11-25", "2025-06-18", "2025-03-26"})
    EXPECT_EQ(read_mcp_initialize(result(with_tools("protocolVersion", version))).value(), version);
  for (const RpcMessage& bad :
       {result(with_tools("protocolVersion", "2024-11-05")), result(with_tools("protocolVersion", 1)), result(Json()),
        result({{"protocolVersion", "2025-11-25"}}), failure(-32602)})
    EXPECT_EQ(read_mcp_initialize(bad).error().code, ErrorCode::kUnsupported);
}

Json tool(const char* name, Json input = {{"type", "object"}}) {
  return {{"name", name}, {"description", "d"}, {"inputSchema", std::move(input)}};
}

McpToolPage page(const Json& tools, McpEra era = McpEra::kModern) {
  return read_mcp_tool_page(result({{"tools", tools}}), era).value();
}

Json with_header(Json property) {
  return {{"type", "object"}, {"properties", {{"a", {{"type", "object"}, {"properties", {{"b", property}}}}}}}};
}

TEST(McpMessages, AToolIsTakenAsItIsListed) {
  Json listed = tool("t");
  listed["outputSchema"] = {{"type", "array"}};
  listed["annotations"] = {{"readOnlyHint", true}};
  const McpToolPage read = page(Json::array({listed}));
  ASSERT_EQ(read.tools.size(), 1u);
  const ToolDefinition& definition = read.tools[0].definition;
  EXPECT_EQ(definition.description, "d");
  EXPECT_EQ(definition.output_schema["type"], "array");
  EXPECT_EQ(definition.effect, ToolEffect::kOnce) << "a server's word is not enough";
}

TEST(McpMessages, OneBadDefinitionHurtsNoOther) {
  const Json string = {{"type", "string"}};
  Json huge = tool("huge");
  huge["description"] = std::string(kMcpDefinitionBytesMax, 'x');
  Json bad_output = tool("output");
  bad_output["outputSchema"] = 1;
  const Json bad = {
      Json::object(),
      1,
      {{"name", "n"}},
      tool(""),
      tool("array", {{"type", "array"}}),
      tool("schema", {{"type", "object"}, {"properties", 1}}),
      tool("far", {{"type", "object"}, {"properties", {{"a", {{"$ref", "http://x/y"}}}}}}),
      bad_output,
      huge,
      tool("number", with_header({{"type", "number"}, {"x-mcp-header", "A"}})),
      tool("empty", with_header({{"type", "string"}, {"x-mcp-header", ""}})),
      tool("break", with_header({{"type", "string"}, {"x-mcp-header", "A\r\nB: c"}})),
      tool("items", with_header({{"type", "array"}, {"items", {{"type", "string"}, {"x-mcp-header", "A"}}}})),
      tool("root", {{"type", "object"}, {"x-mcp-header", "A"}})};
  Json all = bad;
  all.push_back(tool("good"));
  const McpToolPage read = page(all);
  ASSERT_EQ(read.tools.size(), 1u);
  EXPECT_EQ(read.tools[0].definition.name, "good");
  EXPECT_EQ(read.rejected.size(), bad.size());
  const Json twice = {
      {"type", "object"},
      {"properties",
       {{"a", {{"type", "string"}, {"x-mcp-header", "A"}}}, {"b", {{"type", "string"}, {"x-mcp-header", "a"}}}}}};
  EXPECT_TRUE(page(Json::array({tool("twice", twice)})).tools.empty());
  EXPECT_EQ(page(Json::array({tool("twice", twice)}), McpEra::kLegacy).tools.size(), 1u) << "it means nothing there";
  for (const RpcMessage& none : {result(Json::object()), result({{"tools", 1}}), failure(-32603)})
    EXPECT_FALSE(read_mcp_tool_page(none, McpEra::kModern).ok());
}

TEST(McpMessages, ParametersAreRepeatedInHeaders) {
  const Json schema = {{"type", "object"},
                       {"properties",
                        {{"region", {{"type", "string"}, {"x-mcp-header", "Region"}}},
                         {"x-mcp-header", {{"type", "string"}}},
                         {"deep",
                          {{"type", "object"},
                           {"properties",
                            {{"count", {{"type", "integer"}, {"x-mcp-header", "Count"}}},
                             {"dry", {{"type", "boolean"}, {"x-mcp-header", "Dry"}}}}}}}}}};
  const McpToolPage read = page(Json::array({tool("t", schema)}));
  ASSERT_EQ(read.tools.size(), 1u) << read.rejected.at(0);
  const auto headers = [&](const Json& arguments) {
    const auto made = mcp_parameter_headers(read.tools[0], arguments).value();
    std::string text;
    for (const auto& [name, value] : made) text += name + "=" + value + ";";
    return text;
  };
  EXPECT_EQ(headers({{"region", "eu"}, {"deep", {{"count", -7}, {"dry", true}}}}),
            "Mcp-Param-Region=eu;Mcp-Param-Count=-7;Mcp-Param-Dry=true;");
  EXPECT_EQ(headers({{"region", nullptr}, {"deep", 1}}), "");
  for (const Json& bad :
       {Json{{"region", {1}}}, Json{{"deep", {{"count", 1.5}}}}, Json{{"deep", {{"count", int64_t{1} << 53}}}}})
    EXPECT_EQ(mcp_parameter_headers(read.tools[0], bad).error().code, ErrorCode::kInvalid) << bad.dump();
}

TEST(McpMessages, HeaderValuesAreThoseOfTheSpecification) {
  const struct {
    const char *text, *value;
  } cases[] = {{"us-west1", "us-west1"},
               {"", ""},
               {"a b", "a b"},
               {"Hello, 世界", "=?base64?SGVsbG8sIOS4lueVjA==?="},
               {" padded ", "=?base64?IHBhZGRlZCA=?="},
               {"line1\nline2", "=?base64?bGluZTEKbGluZTI=?="},
               {"=?base64?literal?=", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="}};
  for (const auto& each : cases) EXPECT_EQ(mcp_header_value(each.text), each.value);
}

TEST(McpMessages, PagesSayHowLongTheyHold) {
  const auto ttl = [](Json value) {
    return read_mcp_tool_page(result({{"tools", Json::array()}, {"ttlMs", std::move(value)}}), McpEra::kModern)->ttl_ms;
  };
  EXPECT_EQ(ttl(5), 5);
  EXPECT_EQ(ttl(-5), 0);
  EXPECT_EQ(ttl(UINT64_MAX), INT64_MAX);
  EXPECT_EQ(ttl("5"), std::nullopt);
  EXPECT_EQ(read_mcp_tool_page(result({{"tools", Json::array()}, {"nextCursor", "c"}}), McpEra::kModern)->next_cursor,
            "c");
}

Json text(const char* said) {
  return {{"type", "text"}, {"text", said}};
}

TEST(McpMessages, AResultIsWhatTheServerGave) {
  const Json image = {{"type", "image"}, {"data", "AA=="}, {"mimeType", "image/png"}};
  const struct {
    Json result;
    bool has_output_schema;
    const char* expected;
  } cases[] = {
      {{{"content", Json::array({text("a"), text("b")})}}, false, R"("a\nb")"},
      {{{"content", Json::array()}}, false, R"("")"},
      {Json::object(), false, R"("")"},
      {{{"content", Json::array({text("a"), image})}},
       false,
       R"([{"type":"text","text":"a"},{"type":"image","data":"AA==","mimeType":"image/png"}])"},
      {{{"content", Json::array({text("{}")})}, {"structuredContent", {{"x", 1}}}}, true, R"({"x":1})"},
      {{{"resultType", "complete"}, {"structuredContent", nullptr}}, true, "null"},
  };
  for (const auto& each : cases) {
    const McpCallAnswer answer = read_mcp_call(result(each.result), each.has_output_schema);
    EXPECT_FALSE(answer.error) << each.expected;
    EXPECT_EQ(answer.result.dump(), each.expected);
  }
}

TEST(McpMessages, WhatWentWrongIsCertainOnlyIfTheServerRefused) {
  const struct {
    RpcMessage answer;
    bool is_certain;
  } cases[] = {{failure(-32602), true},
               {failure(-32601), true},
               {failure(-32600), true},
               {failure(-32020), true},
               {failure(-32022), true},
               {failure(-32603), false},
               {failure(-32000), false},
               {failure(1), false},
               {result(7), false},
               {result({{"content", 1}}), false},
               {result({{"resultType", "task"}}), false},
               {result({{"resultType", "input_required"}}), false},
               {result({{"resultType", "input_required"}, {"requestState", 1}}), false},
               {result({{"content", Json::array({text("no")})}, {"isError", true}}), false}};
  for (const auto& each : cases) {
    const McpCallAnswer answer = read_mcp_call(each.answer, false);
    ASSERT_TRUE(answer.error);
    EXPECT_EQ(answer.is_certain, each.is_certain) << answer.error->message;
  }
  EXPECT_TRUE(read_mcp_call(result(Json::object()), true).error) << "the promised structure is not there";
  const McpCallAnswer said = read_mcp_call(result({{"content", Json::array({text("no")})}, {"isError", true}}), true);
  EXPECT_TRUE(said.is_tool_error);
  EXPECT_EQ(said.error->message, "no");
}

TEST(McpMessages, AStateAloneMeansAskAgain) {
  EXPECT_EQ(read_mcp_call(result({{"resultType", "input_required"}, {"requestState", "s"}}), false).request_state, "s");
  const McpCallAnswer asks = read_mcp_call(
      result({{"resultType", "input_required"},
              {"requestState", "s"},
              {"inputRequests", {{"who", {{"method", "elicitation/create"}, {"params", Json::object()}}}}}}),
      false);
  ASSERT_TRUE(asks.error);
  EXPECT_EQ(asks.error->code, ErrorCode::kUnsupported);
  EXPECT_NE(asks.error->message.find("elicitation/create"), std::string::npos);
}

}  // namespace
}  // namespace cadre::agent
