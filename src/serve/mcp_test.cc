// SPDX-License-Identifier: Apache-2.0
#include "serve/mcp.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <set>

#include "net/test_client.h"
#include "serve/mcp_http.h"
#include "serve/mcp_stdio.h"
#include "serve/scripted_service.h"
#include "serve/server.h"

namespace cadre::serve {
namespace {

using base::Json;
using net::TestClient;
using net::TestReply;

constexpr const char* kAccept = "Accept: application/json, text/event-stream\r\n";

Json request(const std::string& method, Json params = Json::object(), const Json& id = 1) {
  return {{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", std::move(params)}};
}

Json modern(const std::string& method, Json params = Json::object()) {
  params["_meta"]["io.modelcontextprotocol/protocolVersion"] = kMcpModern;
  params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = Json::object();
  return request(method, std::move(params));
}

Json parse(const std::string& text) {
  auto json = base::parse_json(text);
  EXPECT_TRUE(json.ok()) << text;
  return json.ok() ? *json : Json();
}

struct ServedMcp {
  ScriptedService service;
  std::unique_ptr<Server> server;

  ServedMcp() {
    auto started = Server::start({}, service);
    EXPECT_TRUE(started.ok());
    server = std::move(*started);
  }
  TestReply post(const Json& message, const std::string& headers = "") const {
    return TestClient(server->port()).request("POST", "/mcp", base::dump_json(message), kAccept + headers);
  }
  TestReply post_modern(const Json& message, const std::string& more = "") const {
    return post(message, "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: " + message["method"].get<std::string>() +
                             "\r\n" + more);
  }
  std::string session() const {
    const auto reply = post(request("initialize", {{"protocolVersion", "2025-11-25"}}));
    return "MCP-Session-Id: " + reply.header("MCP-Session-Id") + "\r\n";
  }
};

TEST(Mcp, NegotiatesTheVersionsOfTheLegacyEra) {
  ServedMcp served;
  for (const auto& [asked, given] : std::map<std::string, std::string>{{"2025-11-25", "2025-11-25"},
                                                                       {"2025-06-18", "2025-06-18"},
                                                                       {"2025-03-26", "2025-03-26"},
                                                                       {"1999-01-01", "2025-11-25"}}) {
    const auto reply = served.post(request("initialize", {{"protocolVersion", asked}}));
    EXPECT_EQ(parse(reply.body)["result"]["protocolVersion"], given);
    EXPECT_EQ(reply.header("MCP-Session-Id").size(), 32U);
  }
}

TEST(Mcp, HoldsClientsOfTheLegacyEraToTheirSession) {
  ServedMcp served;
  const auto session = served.session();
  EXPECT_EQ(served.post(request("ping")).status, 400);
  EXPECT_EQ(served.post(request("ping"), "MCP-Session-Id: made-up\r\n").status, 404);
  EXPECT_EQ(parse(served.post(request("ping"), session).body)["result"], Json::object());
  EXPECT_EQ(served.post(request("ping"), session + "MCP-Protocol-Version: 1999-01-01\r\n").status, 400);
  const Json initialized = {{"jsonrpc", "2.0"}, {"method", "notifications/initialized"}};
  EXPECT_EQ(served.post(initialized, session).status, 202);
  EXPECT_EQ(parse(served.post(request("none"), session).body)["error"]["code"], kRpcMethodNotFound);
  EXPECT_EQ(TestClient(served.server->port()).request("GET", "/mcp").status, 405);
  EXPECT_EQ(TestClient(served.server->port()).request("DELETE", "/mcp", "", session).status, 204);
  EXPECT_EQ(served.post(request("ping"), session).status, 404);
}

TEST(Mcp, ListsToolsInOneOrder) {
  ServedMcp served;
  const auto result = parse(served.post(request("tools/list"), served.session()).body)["result"];
  ASSERT_EQ(result["tools"].size(), 4U);
  EXPECT_EQ(result["tools"][0]["name"], "cadre");
  EXPECT_EQ(result["tools"][1]["name"], "booker");
  EXPECT_EQ(result["tools"][1]["annotations"]["readOnlyHint"], false);
  EXPECT_EQ(result["tools"][2]["outputSchema"]["required"][0], "sql");
  EXPECT_FALSE(result.contains("ttlMs"));
  const auto later = parse(served.post_modern(modern("tools/list")).body)["result"];
  EXPECT_EQ(later["resultType"], "complete");
  EXPECT_GT(later["ttlMs"], 0);
  EXPECT_EQ(later["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "cadre");
}

TEST(Mcp, CallsTools) {
  ServedMcp served;
  const auto call = [&](const std::string& name, const Json& arguments) {
    return parse(
        served
            .post_modern(modern("tools/call", {{"name", name}, {"arguments", arguments}}), "Mcp-Name: " + name + "\r\n")
            .body);
  };
  const auto sql = call("sql", {{"question", "how many"}})["result"];
  EXPECT_EQ(sql["structuredContent"]["sql"], "SELECT 1");
  EXPECT_EQ(sql["isError"], false);
  EXPECT_EQ(served.service.last_request().input["question"], "how many");
  EXPECT_EQ(call("cadre", {{"text", "hello"}})["result"]["content"][0]["text"], "echo: hello");
  for (const char* text : {"decline", "fail", "approve"}) {
    const auto result = call("cadre", {{"text", text}})["result"];
    EXPECT_EQ(result["isError"], true);
    EXPECT_NE(result["content"][0]["text"], "");
  }
  EXPECT_EQ(call("cadre", {{"text", "refuse"}})["result"]["isError"], true);
  EXPECT_EQ(call("cadre", {{"text", "busy"}})["error"]["code"], kRpcInternalError);
  EXPECT_EQ(call("none", {})["error"]["code"], kRpcInvalidParams);
  EXPECT_EQ(call("cadre", Json::object())["error"]["code"], kRpcInvalidParams);
}

TEST(Mcp, ServesTheModernEraWithoutState) {
  ServedMcp served;
  const auto discovered = parse(served.post_modern(modern("server/discover")).body)["result"];
  EXPECT_EQ(discovered["supportedVersions"][0], kMcpModern);
  EXPECT_TRUE(discovered["capabilities"].contains("tools"));
  const auto reply = [&](const Json& message, const std::string& headers) {
    const auto got = served.post(message, headers);
    return std::pair<int, int>(got.status, parse(got.body)["error"]["code"].get<int>());
  };
  const std::string version = "MCP-Protocol-Version: 2026-07-28\r\n";
  const auto call = modern("tools/call", {{"name", "sql"}, {"arguments", Json::object()}});
  auto future = modern("tools/list");
  future["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] = "2030-01-01";
  auto bare = modern("tools/list");
  bare["params"]["_meta"].erase("io.modelcontextprotocol/clientCapabilities");
  const std::vector<std::tuple<Json, std::string, int, int>> cases = {
      {modern("ping"), version + "Mcp-Method: ping\r\n", 404, kRpcMethodNotFound},
      {modern("initialize"), version + "Mcp-Method: initialize\r\n", 404, kRpcMethodNotFound},
      {modern("tools/list"), "Mcp-Method: tools/list\r\n", 400, kMcpHeaderMismatch},
      {modern("tools/list"), version, 400, kMcpHeaderMismatch},
      {modern("tools/list"), version + "Mcp-Method: tools/call\r\n", 400, kMcpHeaderMismatch},
      {call, version + "Mcp-Method: tools/call\r\n", 400, kMcpHeaderMismatch},
      {call, version + "Mcp-Method: tools/call\r\nMcp-Name: =?base64?c3F!?=\r\n", 400, kMcpHeaderMismatch},
      {future, "MCP-Protocol-Version: 2030-01-01\r\nMcp-Method: tools/list\r\n", 400, kMcpUnsupportedVersion},
      {bare, version + "Mcp-Method: tools/list\r\n", 400, kRpcInvalidParams},
      {request("tools/list"), version + "Mcp-Method: tools/list\r\n", 400, kRpcInvalidParams},
  };
  for (const auto& [message, headers, status, code] : cases) {
    EXPECT_EQ(reply(message, headers), std::make_pair(status, code)) << message << headers;
  }
}

TEST(Mcp, SendsProgressWhenAsked) {
  ServedMcp served;
  auto message = modern("tools/call", {{"name", "cadre"}, {"arguments", {{"text", "slow"}}}});
  message["params"]["_meta"]["progressToken"] = "p1";
  const auto body = base::dump_json(message);
  TestClient client(served.server->port());
  client.send(
      "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nMCP-Protocol-Version: 2026-07-28\r\n"
      "Mcp-Method: tools/call\r\nMcp-Name: cadre\r\n" +
      std::string(kAccept) + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  EXPECT_NE(client.read_until("\"progressToken\":\"p1\",\"progress\":1"), "");
  EXPECT_NE(client.read_until("\"progressToken\":\"p1\",\"progress\":2"), "");
  const auto run = (*served.service.list(1))[0].run;
  served.service.add_record(run, "step.more");
  EXPECT_NE(client.read_until("\"progress\":3,\"message\":\"step.more\""), "");
  served.service.finish(run);
  EXPECT_NE(client.read_until("\"text\":\"finished\""), "");
}

TEST(Mcp, AcknowledgesASubscription) {
  ServedMcp served;
  const auto body = base::dump_json(modern("subscriptions/listen", {{"notifications", {{"toolsListChanged", true}}}}));
  TestClient client(served.server->port());
  client.send(
      "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nMCP-Protocol-Version: 2026-07-28\r\n"
      "Mcp-Method: subscriptions/listen\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n" + body);
  EXPECT_NE(client.read_until("notifications/subscriptions/acknowledged"), "");
}

TEST(Mcp, RefusesMessagesThatAreNone) {
  ServedMcp served;
  const std::vector<std::pair<std::string, int>> cases = {
      {"{", kRpcParseError},
      {"[]", kRpcInvalidRequest},
      {R"([{"jsonrpc":"2.0","id":1,"method":"ping"}])", kRpcInvalidRequest},
      {R"({"id":1,"method":"ping"})", kRpcInvalidRequest},
      {R"({"jsonrpc":"2.0","id":null,"method":"ping"})", kRpcInvalidRequest},
      {R"({"jsonrpc":"2.0","id":1.5,"method":"ping"})", kRpcInvalidRequest},
      {R"({"jsonrpc":"2.0","id":1})", kRpcInvalidRequest},
      {R"({"jsonrpc":"2.0","id":1,"method":7})", kRpcInvalidRequest},
      {R"({"jsonrpc":"2.0","id":1,"method":"ping","params":[]})", kRpcInvalidParams},
  };
  for (const auto& [text, code] : cases) {
    const auto reply = TestClient(served.server->port()).request("POST", "/mcp", text, kAccept);
    EXPECT_EQ(reply.status, 400) << text;
    EXPECT_EQ(parse(reply.body)["error"]["code"], code) << text;
  }
}

TEST(Mcp, DecodesHeaderValues) {
  EXPECT_EQ(*decode_mcp_header("plain"), "plain");
  EXPECT_EQ(*decode_mcp_header("=?base64?SGVsbG8sIOS4lueVjA==?="), "Hello, \xE4\xB8\x96\xE7\x95\x8C");
  EXPECT_EQ(*decode_mcp_header("=?base64?"
                               "?="),
            "");
  EXPECT_FALSE(decode_mcp_header("=?base64?abc?=").ok());
  EXPECT_FALSE(decode_mcp_header("=?base64?ab!d?=").ok());
}

// What a client gets that sends these lines and closes.
std::vector<Json> converse(ScriptedService& service, const std::string& input) {
  int in[2];
  int out[2];
  EXPECT_EQ(::pipe(in), 0);
  EXPECT_EQ(::pipe(out), 0);
  EXPECT_EQ(::write(in[1], input.data(), input.size()), static_cast<ssize_t>(input.size()));
  ::close(in[1]);
  const Surroundings around{service, base::system_clock(), [] { return false; }};
  EXPECT_TRUE(serve_mcp_stdio(around, {.input_fd = in[0], .output_fd = out[1]}).ok());
  ::close(out[1]);
  std::string text;
  char bytes[4096];
  for (ssize_t got; (got = ::read(out[0], bytes, sizeof bytes)) > 0;) text.append(bytes, static_cast<size_t>(got));
  ::close(in[0]);
  ::close(out[0]);
  std::vector<Json> messages;
  for (size_t at = 0; at < text.size(); at = text.find('\n', at) + 1)
    messages.push_back(parse(text.substr(at, text.find('\n', at) - at)));
  return messages;
}

TEST(McpStdio, ServesBothEras) {
  ScriptedService service;
  auto call = request("tools/call", {{"name", "cadre"}, {"arguments", {{"text", "hello"}}}}, "c");
  call["params"]["_meta"]["progressToken"] = 5;
  const auto messages =
      converse(service, base::dump_json(request("initialize")) + "\n\n" + base::dump_json(modern("server/discover")) +
                            "\n{\n" + base::dump_json(call) + "\n");
  ASSERT_EQ(messages.size(), 6U);
  EXPECT_EQ(messages[0]["result"]["protocolVersion"], "2025-11-25");
  EXPECT_EQ(messages[1]["result"]["resultType"], "complete");
  EXPECT_EQ(messages[2]["error"]["code"], kRpcParseError);
  for (int64_t i = 3; i < 5; ++i) {
    EXPECT_EQ(messages[i]["params"]["progressToken"], 5);
    EXPECT_EQ(messages[i]["params"]["progress"], i - 2);
  }
  EXPECT_EQ(messages[5]["id"], "c");
  EXPECT_EQ(messages[5]["result"]["content"][0]["text"], "echo: hello");
}

TEST(McpStdio, ACancelledCallGetsNoResponse) {
  ScriptedService service;
  const auto call = request("tools/call", {{"name", "cadre"}, {"arguments", {{"text", "slow"}}}}, 9);
  const Json cancelled = {{"jsonrpc", "2.0"}, {"method", "notifications/cancelled"}, {"params", {{"requestId", 9}}}};
  EXPECT_TRUE(converse(service, base::dump_json(call) + "\n" + base::dump_json(cancelled) + "\n").empty());
  EXPECT_EQ((*service.list(1))[0].status, agent::RunStatus::kCancelled);
}

}  // namespace
}  // namespace cadre::serve
