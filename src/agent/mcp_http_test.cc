// The MCP client over HTTP, against a server that the test speaks for.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <functional>

#include "agent/test_mcp.h"
#include "net/test_http_server.h"

namespace cadre::agent {
namespace {

using base::Json;
using net::http_answer;
using net::TestConnection;
using net::TestHttpServer;
using net::TestRequest;

const char* const kMcpJsonHeader = "Content-Type: application/json\r\n";

std::shared_ptr<McpClient> client_of(const std::string& url, McpServerOptions options = {}) {
  options.name = "test";
  options.url = url;
  auto http = std::make_shared<net::HttpClient>(net::AddressPolicy::parse({"127.0.0.1"}).value());
  return McpClient::make(options, std::move(http)).value();
}

std::unique_ptr<Tool> tool_of(const TestHttpServer& server, McpToolChoice choice = {.tool = "say"},
                              const std::vector<Json>& approved = {mcp_definition("say")}) {
  return make_mcp_tool(choice, client_of(server.url("/mcp")), std::make_shared<const ToolPins>(mcp_pins(approved)))
      .value();
}

// What a server does with one message: its id is the answer's.
using Answer = std::function<void(const Json& message, const TestRequest& request, TestConnection& connection)>;

TestHttpServer::Handler handler(std::map<std::string, Answer> answers) {
  return [answers = std::move(answers)](const TestRequest& request, TestConnection& connection) {
    const Json message = base::parse_json(request.body.empty() ? "{}" : request.body).value();
    const auto found = answers.find(message.value("method", request.line().substr(0, request.line().find(' '))));
    if (found == answers.end()) return (void)connection.send(http_answer(400, "no"));
    found->second(message, request, connection);
  };
}

Answer says(const Json& result, const std::string& headers = "") {
  return [=](const Json& message, const TestRequest&, TestConnection& connection) {
    connection.send(
        http_answer(200, base::dump_json(net::rpc_result(message["id"], result)), kMcpJsonHeader + headers));
  };
}

Answer refuses(int status, int code, const Json& data = {}) {
  return [=](const Json& message, const TestRequest&, TestConnection& connection) {
    connection.send(
        http_answer(status, base::dump_json(net::rpc_error(message["id"], {code, "no", data})), kMcpJsonHeader));
  };
}

Answer plain(int status) {
  return [=](const Json&, const TestRequest&, TestConnection& connection) { connection.send(http_answer(status, "")); };
}

// Cannot now: a status with its headers, and perhaps a failure as a message beside it.
Answer later(int status, const std::string& headers, bool has_message = false) {
  return [=](const Json& message, const TestRequest&, TestConnection& connection) {
    const Json body = net::rpc_error(message["id"], {-32000, "no", {}});
    connection.send(http_answer(status, has_message ? base::dump_json(body) : "", kMcpJsonHeader + headers));
  };
}

Answer lists(const std::vector<Json>& definitions) {
  return says({{"tools", definitions}, {"ttlMs", 600'000}});
}

std::vector<std::string> methods(const TestHttpServer& server) {
  std::vector<std::string> list;
  for (const TestRequest& request : server.requests())
    list.push_back(request.body.empty() ? request.line().substr(0, 6)
                                        : base::parse_json(request.body).value().value("method", "response"));
  return list;
}

using Methods = std::vector<std::string>;

TEST(McpHttp, AModernRequestSaysInHeadersWhatItIs) {
  Json definition = mcp_definition("sprich, Köln");
  definition["inputSchema"]["properties"] = {{"city", {{"type", "string"}, {"x-mcp-header", "City"}}}};
  const TestHttpServer server(handler({{"server/discover", says(mcp_discovery())},
                                       {"tools/list", lists({definition})},
                                       {"tools/call", says(mcp_text("hi"))}}));
  const auto tool = tool_of(server, {.tool = "sprich, Köln", .name = "speak"}, {definition});
  const ToolReturn returned = tool->call({.arguments = {{"city", "Köln"}}});
  ASSERT_FALSE(returned.error) << returned.error->message;
  EXPECT_EQ(returned.result, "hi");
  const auto requests = server.requests();
  ASSERT_EQ(methods(server), (Methods{"server/discover", "tools/list", "tools/call"}));
  for (const TestRequest& request : requests) {
    EXPECT_EQ(request.line(), "POST /mcp HTTP/1.1");
    EXPECT_EQ(request.header("MCP-Protocol-Version"), "2026-07-28");
    EXPECT_EQ(request.header("Accept"), "application/json, text/event-stream");
    EXPECT_EQ(request.header("Content-Type"), "application/json");
    EXPECT_EQ(request.header("Mcp-Session-Id"), "");
    const Json meta = base::parse_json(request.body).value()["params"]["_meta"];
    EXPECT_EQ(meta["io.modelcontextprotocol/protocolVersion"], "2026-07-28");
  }
  EXPECT_EQ(requests[0].header("Mcp-Method"), "server/discover");
  EXPECT_EQ(requests[0].header("Mcp-Name"), "");
  EXPECT_EQ(requests[2].header("Mcp-Method"), "tools/call");
  EXPECT_EQ(requests[2].header("Mcp-Name"), "=?base64?c3ByaWNoLCBLw7Zsbg==?=");
  EXPECT_EQ(requests[2].header("Mcp-Param-City"), "=?base64?S8O2bG4=?=");
}

TEST(McpHttp, AnAnswerMayComeAsAStream) {
  const Answer stream = [](const Json& message, const TestRequest&, TestConnection& connection) {
    const auto event = [](const Json& json) { return "event: message\ndata: " + base::dump_json(json) + "\n\n"; };
    connection.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: hello\n\n" +
                    event(net::rpc_notification("notifications/progress", {{"progress", 1}})) + "data: no message\n\n" +
                    event(net::rpc_result(99, mcp_text("not mine"))) +
                    event(net::rpc_result(message["id"], mcp_text("hi"))));
    connection.wait_until_closed();  // the answer is enough
  };
  const TestHttpServer server(handler({{"server/discover", says(mcp_discovery())},
                                       {"tools/list", lists({mcp_definition("say")})},
                                       {"tools/call", stream}}));
  EXPECT_EQ(tool_of(server)->call({.arguments = Json::object()}).result, "hi");
}

TEST(McpHttp, WhatIsNoModernAnswerMeansASession) {
  for (const Answer& probe : {plain(400), plain(404), plain(405), plain(500), refuses(400, -32600),
                              refuses(404, -32601), refuses(200, -32601), says(Json::object())}) {
    const TestHttpServer server(handler({{"server/discover", probe},
                                         {"initialize", says(mcp_initialized("2025-06-18"), "Mcp-Session-Id: s-1\r\n")},
                                         {"notifications/initialized", plain(202)},
                                         {"tools/list", lists({mcp_definition("say")})},
                                         {"tools/call", says(mcp_text("hi"))},
                                         {"DELETE", plain(204)}}));
    EXPECT_EQ(tool_of(server)->call({.arguments = Json::object()}).result, "hi");
    EXPECT_EQ(methods(server), (Methods{"server/discover", "initialize", "notifications/initialized", "tools/list",
                                        "tools/call", "DELETE"}));
    const auto requests = server.requests();
    EXPECT_EQ(requests[1].header("MCP-Protocol-Version"), "");
    for (size_t i = 2; i < requests.size(); ++i) EXPECT_EQ(requests[i].header("Mcp-Session-Id"), "s-1") << i;
    for (size_t i = 2; i < 5; ++i) EXPECT_EQ(requests[i].header("MCP-Protocol-Version"), "2025-06-18") << i;
    EXPECT_EQ(requests[4].header("Mcp-Method"), "");
  }
}

TEST(McpHttp, ARefusalThatIsModernOrNoneOfTheProtocolIsNotAnsweredWithInitialize) {
  const struct {
    Answer probe;
    ErrorCode code;
  } cases[] = {{refuses(400, -32022, {{"supported", {"2030-01-01", "x"}}}), ErrorCode::kUnsupported},
               {refuses(400, -32020), ErrorCode::kUnsupported},
               {refuses(400, -32021), ErrorCode::kUnsupported},
               {plain(401), ErrorCode::kDenied},
               {plain(403), ErrorCode::kDenied},
               {plain(429), ErrorCode::kUnavailable},
               {plain(503), ErrorCode::kUnavailable},
               {plain(302), ErrorCode::kUnsupported}};
  for (const auto& each : cases) {
    const TestHttpServer server(handler({{"server/discover", each.probe}, {"initialize", says(mcp_initialized())}}));
    const ToolReturn returned = tool_of(server)->call({.arguments = Json::object()});
    ASSERT_TRUE(returned.error);
    EXPECT_EQ(returned.error->code, each.code) << returned.error->message;
    EXPECT_FALSE(returned.is_uncertain);
    EXPECT_EQ(methods(server), (Methods{"server/discover"}));
  }
}

TEST(McpHttp, ASessionThatIsForgottenIsOpenedAgain) {
  std::atomic<int> sessions{0};
  const Answer initialize = [&](const Json& message, const TestRequest& request, TestConnection& connection) {
    says(mcp_initialized(), "Mcp-Session-Id: s-" + std::to_string(++sessions) + "\r\n")(message, request, connection);
  };
  const Answer call = [&](const Json& message, const TestRequest& request, TestConnection& connection) {
    if (request.header("Mcp-Session-Id") == "s-1") return refuses(404, -32600)(message, request, connection);
    says(mcp_text("hi"))(message, request, connection);
  };
  const TestHttpServer server(handler({{"initialize", initialize},
                                       {"notifications/initialized", plain(202)},
                                       {"tools/list", lists({mcp_definition("say")})},
                                       {"tools/call", call},
                                       {"DELETE", plain(405)}}));
  const auto tool = tool_of(server);
  EXPECT_EQ(tool->call({.arguments = Json::object()}).result, "hi");
  EXPECT_EQ(sessions, 2);
  const auto all = methods(server);
  EXPECT_EQ(std::count(all.begin(), all.end(), "tools/call"), 2);
  EXPECT_EQ(std::count(all.begin(), all.end(), "server/discover"), 1) << "the era is remembered";
}

TEST(McpHttp, MissingHeadersMakeTheListBeReadAgain) {
  Json definition = mcp_definition("say");
  std::atomic<int> calls{0};
  const Answer call = [&](const Json& message, const TestRequest& request, TestConnection& connection) {
    if (++calls == 1) return refuses(400, -32020)(message, request, connection);
    says(mcp_text("hi"))(message, request, connection);
  };
  const TestHttpServer server(
      handler({{"server/discover", says(mcp_discovery())}, {"tools/list", lists({definition})}, {"tools/call", call}}));
  EXPECT_EQ(tool_of(server)->call({.arguments = Json::object()}).result, "hi");
  EXPECT_EQ(methods(server), (Methods{"server/discover", "tools/list", "tools/call", "tools/list", "tools/call"}));
}

TEST(McpHttp, WhatBreaksOffIsUncertainAndNeverSentTwice) {
  const Answer half = [](const Json&, const TestRequest&, TestConnection& connection) {
    connection.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 3\r\n\r\n:\n\n");
  };
  const Answer hang_up = [](const Json&, const TestRequest&, TestConnection& connection) {
    connection.is_closing = true;
  };
  base::Cancel cancel;
  const Answer silence = [&](const Json&, const TestRequest&, TestConnection& connection) {
    cancel.request();
    connection.wait_until_closed();
  };
  const struct {
    Answer call;
    ErrorCode code;
    bool is_uncertain;
  } cases[] = {{half, ErrorCode::kUnavailable, true},        {hang_up, ErrorCode::kUnavailable, true},
               {plain(500), ErrorCode::kInvalid, true},      {plain(502), ErrorCode::kUnavailable, true},
               {plain(503), ErrorCode::kUnavailable, false}, {plain(401), ErrorCode::kDenied, false},
               {plain(200), ErrorCode::kInvalid, true},      {refuses(400, -32602), ErrorCode::kInvalid, false},
               {silence, ErrorCode::kCancelled, true}};
  for (const auto& each : cases) {
    const TestHttpServer server(handler({{"server/discover", says(mcp_discovery())},
                                         {"tools/list", lists({mcp_definition("say")})},
                                         {"tools/call", each.call}}));
    const auto client = client_of(server.url("/mcp"));
    ASSERT_TRUE(client->list(Deadline::for_ms(30'000, nullptr)).ok());
    const auto tool =
        make_mcp_tool({.tool = "say"}, client, std::make_shared<const ToolPins>(mcp_pins({mcp_definition("say")})))
            .value();
    const ToolReturn returned = tool->call({.arguments = Json::object(), .cancel = &cancel});
    ASSERT_TRUE(returned.error);
    EXPECT_EQ(returned.error->code, each.code) << returned.error->message;
    EXPECT_EQ(returned.is_uncertain, each.is_uncertain) << returned.error->message;
    EXPECT_EQ(methods(server).size(), 3u);
  }
}

TEST(McpHttp, AServerThatIsBusySaysHowLongItAsksToBeLeftAloneWhateverItWasAsked) {
  const std::map<std::string, Answer> modern = {{"server/discover", says(mcp_discovery())},
                                                {"tools/list", lists({mcp_definition("say")})},
                                                {"tools/call", says(mcp_text("hi"))}};
  const std::map<std::string, Answer> legacy = {{"initialize", says(mcp_initialized())},
                                                {"notifications/initialized", plain(202)},
                                                {"tools/list", lists({mcp_definition("say")})},
                                                {"tools/call", says(mcp_text("hi"))}};
  const struct {
    std::map<std::string, Answer> answers;
    const char* method;
    Answer refusal;
    std::optional<int64_t> wait_ms;
  } cases[] = {{modern, "server/discover", later(429, "Retry-After: 7\r\n"), 7'000},
               {legacy, "initialize", later(503, "Retry-After: 7\r\n"), 7'000},
               {modern, "tools/list", later(429, "Retry-After: 7\r\n"), 7'000},
               {legacy, "tools/list", later(503, "Retry-After: 0\r\n"), 0},
               {modern, "tools/call", later(429, "Retry-After: 120\r\n"), 120'000},
               {modern, "tools/call", later(429, "Retry-After: 7\r\n", true), 7'000},
               {legacy, "tools/call", later(503, "", true), std::nullopt},
               {modern, "tools/call", later(503, "Retry-After: soon\r\n"), std::nullopt}};
  for (const auto& each : cases) {
    auto answers = each.answers;
    answers[each.method] = each.refusal;
    const TestHttpServer server(handler(answers));
    const ToolReturn returned =
        tool_of(server, {.tool = "say", .effect = ToolEffect::kOnce})->call({.arguments = Json::object()});
    ASSERT_TRUE(returned.error) << each.method;
    EXPECT_EQ(returned.error->code, ErrorCode::kUnavailable) << returned.error->message;
    EXPECT_FALSE(returned.is_uncertain) << "it said that it did nothing";
    EXPECT_EQ(returned.retry_after_ms, each.wait_ms) << each.method << ": " << returned.error->message;
    EXPECT_EQ(methods(server).back(), each.method);
  }
}

TEST(McpHttp, ALegacyServersPingIsAnsweredWhileItsCallRuns) {
  const Answer call = [](const Json& message, const TestRequest&, TestConnection& connection) {
    connection.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: " +
                    base::dump_json(net::rpc_request("p", "ping", Json::object())) +
                    "\n\ndata: " + base::dump_json(net::rpc_result(message["id"], mcp_text("hi"))) + "\n\n");
    connection.is_closing = true;
  };
  const TestHttpServer server(handler({{"initialize", says(mcp_initialized())},
                                       {"notifications/initialized", plain(202)},
                                       {"tools/list", lists({mcp_definition("say")})},
                                       {"tools/call", call}}));
  EXPECT_EQ(tool_of(server)->call({.arguments = Json::object()}).result, "hi");
  EXPECT_EQ(server.requests().back().body, R"({"jsonrpc":"2.0","id":"p","result":{}})");
}

TEST(McpHttp, NoRequestLeavesWithoutThePolicysLeave) {
  McpServerOptions options{.name = "test", .url = "http://192.0.2.1/mcp"};
  auto http = std::make_shared<net::HttpClient>(net::AddressPolicy::parse({"127.0.0.1"}).value());
  const auto client = McpClient::make(options, http).value();
  EXPECT_EQ(client->list(Deadline::for_ms(30'000, nullptr)).error().code, ErrorCode::kDenied);
  ::setenv("CADRE_TEST_TOKEN", "Bearer t", 1);
  options.header_variables = {{"Authorization", "CADRE_TEST_TOKEN"}};
  const TestHttpServer server(handler({{"server/discover", says(mcp_discovery())}, {"tools/list", lists({})}}));
  EXPECT_TRUE(client_of(server.url("/mcp"), options)->list(Deadline::for_ms(30'000, nullptr)).ok());
  EXPECT_EQ(server.requests()[0].header("Authorization"), "Bearer t");
  options.headers = {{"A b", "c"}};
  EXPECT_EQ(McpClient::make(options, http).error().code, ErrorCode::kInvalid);
}

}  // namespace
}  // namespace cadre::agent
