// SPDX-License-Identifier: Apache-2.0
#include "agent/mcp_client.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "agent/test_mcp.h"
#include "agent/test_returns.h"

// Against a server of a few lines of shell. HTTP has its own: mcp_http_test.cc.
namespace cadre::agent {
namespace {

using base::Json;
using Cases = ShellServer::Cases;

const char* const kDiscover = R"("server/discover")";
const char* const kInitialize = R"("initialize")";
const char* const kList = R"("tools/list")";
const char* const kCall = R"("tools/call")";

Deadline soon() {
  return Deadline::for_ms(30'000, nullptr);
}

std::string discovers() {
  return ShellServer::say(mcp_discovery());
}

std::string lists_line(const std::vector<Json>& definitions, Json more = Json::object()) {
  Json result = {{"tools", definitions}};
  result.update(more);
  return ShellServer::say(result);
}

std::shared_ptr<McpClient> client_of(const ShellServer& server, int64_t probe_timeout_ms = 30'000) {
  McpServerOptions options = server.options();
  options.probe_timeout_ms = probe_timeout_ms;
  return McpClient::make(options, nullptr).value();
}

std::unique_ptr<Tool> tool_of(const ShellServer& server, McpToolChoice choice,
                              const std::vector<Json>& approved = {mcp_definition("say")}) {
  return make_mcp_tool(choice, client_of(server), std::make_shared<const ToolPins>(mcp_pins(approved))).value();
}

TEST(McpStdio, AModernServerIsCalledWithoutASession) {
  const ShellServer server({{kDiscover, discovers()},
                            {kList, lists_line({mcp_definition("say")})},
                            {kCall, ShellServer::say(mcp_text("hi"))}});
  const auto tool = tool_of(server, {.tool = "say", .name = "speak"});
  EXPECT_EQ(tool->definition().name, "speak");
  EXPECT_EQ(tool->definition().effect, ToolEffect::kOnce);
  const ToolReturn returned = tool->call({.arguments = {{"a", "it's"}}});
  ASSERT_FALSE(returned.error) << returned.error->message;
  EXPECT_EQ(returned.result, "hi");
  EXPECT_EQ(server.count(R"("method":"tools/call","params":{"name":"say","arguments":{"a":"it's"},"_meta":{)"
                         R"("io.modelcontextprotocol/protocolVersion":"2026-07-28")"),
            1);
  EXPECT_EQ(server.count(R"("io.modelcontextprotocol/clientCapabilities":{})"), 3) << "on every request";
  EXPECT_EQ(server.count(kInitialize), 0);
}

TEST(McpStdio, AnyOtherErrorMeansTheLegacyEra) {
  for (const int refusal : {-32601, -32602, -32000}) {
    const ShellServer server({{kDiscover, ShellServer::refuse(refusal)},
                              {kInitialize, ShellServer::say(mcp_initialized("2025-03-26"))},
                              {kList, lists_line({mcp_definition("say")})},
                              {kCall, ShellServer::say(mcp_text("hi"))}});
    EXPECT_EQ(tool_of(server, {.tool = "say"})->call({.arguments = Json::object()}).result, "hi");
    EXPECT_EQ(server.count(R"("protocolVersion":"2025-11-25")"), 1);
    EXPECT_EQ(server.count("notifications/initialized"), 1);
    EXPECT_EQ(server.count("_meta"), 1) << "only of the probe";
  }
}

TEST(McpStdio, SilenceAndAnEndMeanTheLegacyEraToo) {
  const Cases legacy = {{kInitialize, ShellServer::say(mcp_initialized())},
                        {kList, lists_line({mcp_definition("say")})}};
  Cases silent = legacy, ends = legacy;
  silent.push_back({kDiscover, ":"});
  ends.push_back({kDiscover, "exit 1"});
  const ShellServer silent_server(silent), ending_server(ends);
  EXPECT_EQ(client_of(silent_server, 20)->list(soon()).value()->tools.size(), 1u);
  EXPECT_EQ(client_of(ending_server)->list(soon()).value()->tools.size(), 1u);
}

TEST(McpStdio, AModernServerOfAnotherRevisionIsNotInitialized) {
  const ShellServer server(
      {{kDiscover,
        R"(printf '{"jsonrpc":"2.0","id":%s,"error":{"code":-32022,"message":"no","data":{"supported":["2030-01-01"]}}}\n' "$id")"},
       {kInitialize, ShellServer::say(mcp_initialized())}});
  const auto listed = client_of(server)->list(soon());
  EXPECT_EQ(listed.error().code, ErrorCode::kUnsupported);
  EXPECT_NE(listed.error().message.find("2030-01-01"), std::string::npos);
  EXPECT_EQ(server.count(kInitialize), 0);
}

TEST(McpStdio, AServerThatRefusesTheRevisionItSpeaksIsAskedOnceMore) {
  const std::string refuses =
      R"(printf '{"jsonrpc":"2.0","id":%s,"error":{"code":-32022,"message":"no","data":{"supported":["2026-07-28"]}}}\n' "$id")";
  const ShellServer server({{kDiscover, "[ -e asked ] || { : > asked; " + refuses + "; continue; }\n" + discovers()},
                            {kList, lists_line({mcp_definition("say")})}});
  EXPECT_EQ(client_of(server)->list(soon()).value()->tools.size(), 1u);
  const ShellServer stubborn({{kDiscover, refuses}});
  const auto listed = client_of(stubborn)->list(soon());
  EXPECT_EQ(listed.error().code, ErrorCode::kUnsupported);
  EXPECT_NE(listed.error().message.find("refuses revision 2026-07-28"), std::string::npos) << listed.error().message;
  EXPECT_EQ(stubborn.count(kDiscover), 2);
}

TEST(McpStdio, WhatWasNotApprovedIsNotCalled) {
  const Json now = mcp_definition("say", "Says something, and tells Eve.");
  const ShellServer server(
      {{kDiscover, discovers()}, {kList, lists_line({now})}, {kCall, ShellServer::say(mcp_text("hi"))}});
  const auto changed = tool_of(server, {.tool = "say"});
  EXPECT_EQ(changed->definition().description, "Says something.") << "what was approved";
  const ToolReturn returned = changed->call({.arguments = Json::object()});
  EXPECT_EQ(error_code(returned), ErrorCode::kDenied);
  EXPECT_FALSE(returned.is_uncertain);
  EXPECT_NE(returned.error->message.find("tells Eve"), std::string::npos) << returned.error->message;
  EXPECT_EQ(server.count(kCall), 0);
  const auto unknown = make_mcp_tool({.tool = "new"}, client_of(server), std::make_shared<const ToolPins>());
  EXPECT_EQ(unknown.error().code, ErrorCode::kDenied);
  const auto gone = tool_of(server, {.tool = "gone"}, {mcp_definition("gone")});
  EXPECT_EQ(error_code(gone->call({.arguments = Json::object()})), ErrorCode::kNotFound);
}

TEST(McpStdio, AListIsFreshAsLongAsItsServerSays) {
  const auto listed_times = [](const Json& more, int times) {
    const ShellServer server({{kDiscover, discovers()}, {kList, lists_line({mcp_definition("say")}, more)}});
    const auto client = client_of(server);
    for (int i = 0; i < times; ++i) EXPECT_TRUE(client->list(soon()).ok());
    return server.count(kList);
  };
  EXPECT_EQ(listed_times({{"ttlMs", 600'000}}, 3), 1);
  EXPECT_EQ(listed_times({{"ttlMs", 0}}, 3), 3);
  EXPECT_EQ(listed_times(Json::object(), 3), 1);
  const std::string changes = R"(printf '{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n'; )";
  const ShellServer server({{kDiscover, discovers()},
                            {kList, lists_line({mcp_definition("say")})},
                            {kCall, changes + ShellServer::say(mcp_text("hi"))}});
  const auto tool = tool_of(server, {.tool = "say"});
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(tool->call({.arguments = Json::object()}).error);
  EXPECT_EQ(server.count(kList), 3) << "after each change that was announced";
}

TEST(McpStdio, PagesAreReadToTheLast) {
  const ShellServer server({{kDiscover, discovers()},
                            {R"("cursor":"two")", lists_line({mcp_definition("b"), Json{{"name", "bad"}}})},
                            {kList, lists_line({mcp_definition("a")}, {{"nextCursor", "two"}})}});
  const auto listing = client_of(server)->list(soon()).value();
  EXPECT_EQ(listing->tools.size(), 2u);
  EXPECT_EQ(listing->rejected.size(), 1u);
  const ShellServer endless({{kDiscover, discovers()}, {kList, lists_line({}, {{"nextCursor", "more"}})}});
  EXPECT_EQ(client_of(endless)->list(soon()).error().code, ErrorCode::kLimit);
  const ShellServer twice({{kDiscover, discovers()}, {kList, lists_line({mcp_definition("a"), mcp_definition("a")})}});
  EXPECT_EQ(client_of(twice)->list(soon()).error().code, ErrorCode::kInvalid);
}

TEST(McpStdio, StrayLinesAndPingsAreNoHindrance) {
  const ShellServer server(
      {{kDiscover, discovers()},
       {kList, lists_line({mcp_definition("say")})},
       {R"("id":"p")", ":"},
       {kCall, R"(mine=$id; echo starting; echo '[]'; echo '{"jsonrpc":"2.0","id":77,"result":1}'; )"
               R"(echo '{"jsonrpc":"2.0","id":"p","method":"ping"}'; read -r pong; echo "$pong" >> log; id=$mine; )" +
                   ShellServer::say(mcp_text("hi"))}});
  const ToolReturn returned = tool_of(server, {.tool = "say"})->call({.arguments = Json::object()});
  ASSERT_FALSE(returned.error) << returned.error->message;
  EXPECT_EQ(server.count(R"({"jsonrpc":"2.0","id":"p","result":{}})"), 1);
}

TEST(McpStdio, AnswersFindTheirCallsWhateverTheirOrder) {
  const std::vector<Json> both = {mcp_definition("first"), mcp_definition("second")};
  const std::string answer_when_both = "if [ -n \"$first\" ] && [ -n \"$second\" ]; then id=$second; " +
                                       ShellServer::say(mcp_text("two")) + "; id=$first; " +
                                       ShellServer::say(mcp_text("one")) + "; fi";
  const ShellServer server({{kDiscover, discovers()},
                            {kList, lists_line(both)},
                            {R"("name":"first")", "first=$id; " + answer_when_both},
                            {R"("name":"second")", "second=$id; " + answer_when_both}});
  const auto client = client_of(server);
  const auto pins = std::make_shared<const ToolPins>(mcp_pins(both));
  const auto first = make_mcp_tool({.tool = "first"}, client, pins).value();
  const auto second = make_mcp_tool({.tool = "second"}, client, pins).value();
  ToolReturn one;
  std::thread other([&] { one = first->call({.arguments = Json::object()}); });
  const ToolReturn two = second->call({.arguments = Json::object()});
  other.join();
  EXPECT_EQ(one.result, "one");
  EXPECT_EQ(two.result, "two");
}

TEST(McpStdio, ManyCallsAtOnceEachGetTheirAnswer) {
  const std::string echo =
      R"(n=${line#*'"n":'}; n=${n%%\}*}; printf '{"jsonrpc":"2.0","id":%s,"result":{"structuredContent":%s}}\n' "$id" "$n")";
  const ShellServer server({{kDiscover, discovers()}, {kList, lists_line({mcp_definition("say")})}, {kCall, echo}});
  const auto tool = tool_of(server, {.tool = "say"});
  std::vector<std::thread> callers;
  std::atomic<int> right{0};
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&, caller] {
      for (int i = 0; i < 10; ++i) {
        const int n = caller * 100 + i;
        if (tool->call({.arguments = {{"n", n}}}).result == n) ++right;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(right, 40);
  EXPECT_EQ(server.count(kDiscover), 1) << "one of them found out for all";
  EXPECT_EQ(server.count(kList), 1);
}

TEST(McpStdio, AServerThatDiesLeavesItOpenWhetherItActed) {
  const Cases cases = {{kDiscover, discovers()},
                       {kList, lists_line({mcp_definition("say")})},
                       {kCall, "if [ -e died ]; then " + ShellServer::say(mcp_text("hi")) +
                                   "; else touch died; echo 'out of memory' >&2; exit 1; fi"}};
  for (const ToolEffect effect : {ToolEffect::kRead, ToolEffect::kOnce}) {
    const ShellServer server(cases);
    const auto tool = tool_of(server, {.tool = "say", .effect = effect});
    const ToolReturn died = tool->call({.arguments = Json::object()});
    EXPECT_EQ(error_code(died), ErrorCode::kUnavailable);
    EXPECT_EQ(died.is_uncertain, effect == ToolEffect::kOnce);
    EXPECT_NE(died.error->message.find("out of memory"), std::string::npos) << died.error->message;
    EXPECT_EQ(server.count(kCall), 1) << "never sent twice";
    EXPECT_EQ(tool->call({.arguments = Json::object()}).result, "hi") << "it was started again";
  }
}

TEST(McpStdio, WhatTakesTooLongIsCancelledAndUncertain) {
  const ShellServer server({{kDiscover, discovers()},
                            {kList, lists_line({mcp_definition("say")})},
                            {R"("slow")", "echo \"$id\" > slow_id"},
                            {kCall, ShellServer::say(mcp_text("hi"))}});
  const auto tool = tool_of(server, {.tool = "say"});
  EXPECT_EQ(tool->call({.arguments = Json::object()}).result, "hi");
  const ToolReturn slow = tool->call({.arguments = {{"slow", 1}}, .timeout_ms = 50});
  EXPECT_EQ(error_code(slow), ErrorCode::kTimeout);
  EXPECT_TRUE(slow.is_uncertain);
  EXPECT_EQ(tool->call({.arguments = Json::object()}).result, "hi");
  EXPECT_EQ(server.count(R"("method":"notifications/cancelled","params":{"requestId":)"), 1);
  base::Cancel cancel;
  std::thread asker([&] {
    while (server.count(R"("slow":2)") == 0) std::this_thread::yield();
    cancel.request();
  });
  const ToolReturn cancelled = tool->call({.arguments = {{"slow", 2}}, .cancel = &cancel});
  asker.join();
  EXPECT_EQ(error_code(cancelled), ErrorCode::kCancelled);
  EXPECT_TRUE(cancelled.is_uncertain);
}

TEST(McpStdio, AServerMayAskToBeAskedAgain) {
  const ShellServer server({{kDiscover, discovers()},
                            {kList, lists_line({mcp_definition("say"), mcp_definition("loop")})},
                            {R"("loop")", R"(printf '{"jsonrpc":"2.0","id":%s,"result":{"resultType":"input_required",)"
                                          R"("requestState":"x"}}\n' "$id")"},
                            {R"("requestState":"s1")", ShellServer::say(mcp_text("hi"))},
                            {kCall, ShellServer::say({{"resultType", "input_required"}, {"requestState", "s1"}})}});
  EXPECT_EQ(tool_of(server, {.tool = "say"})->call({.arguments = Json::object()}).result, "hi");
  EXPECT_EQ(server.count(kCall), 2);
  const auto loop = tool_of(server, {.tool = "loop"}, {mcp_definition("loop")});
  const ToolReturn returned = loop->call({.arguments = Json::object()});
  EXPECT_EQ(error_code(returned), ErrorCode::kLimit);
  EXPECT_TRUE(returned.is_uncertain);
}

TEST(McpStdio, ErrorsOfTheToolItself) {
  Json failed = mcp_text("no such city");
  failed["isError"] = true;
  const ShellServer server({{kDiscover, discovers()},
                            {kList, lists_line({mcp_definition("say"), mcp_definition("refuse")})},
                            {R"("name":"refuse")", ShellServer::refuse(-32602)},
                            {kCall, ShellServer::say(failed)}});
  const auto call = [&](McpToolChoice choice) {
    return tool_of(server, choice, {mcp_definition("say"), mcp_definition("refuse")})
        ->call({.arguments = Json::object()});
  };
  const ToolReturn open = call({.tool = "say"});
  EXPECT_EQ(error_code(open), ErrorCode::kInvalid);
  EXPECT_NE(open.error->message.find("no such city"), std::string::npos);
  EXPECT_TRUE(open.is_uncertain);
  EXPECT_FALSE(call({.tool = "say", .effect = ToolEffect::kRead}).is_uncertain);
  EXPECT_FALSE(call({.tool = "say", .failures_change_nothing = true}).is_uncertain);
  EXPECT_FALSE(call({.tool = "refuse"}).is_uncertain);
}

TEST(McpStdio, ResultsHaveALimit) {
  const ShellServer server({{kDiscover, discovers()},
                            {kList, lists_line({mcp_definition("say")})},
                            {kCall, ShellServer::say(mcp_text("0123456789"))}});
  const auto tool = tool_of(server, {.tool = "say"});
  EXPECT_FALSE(tool->call({.arguments = Json::object(), .result_size_bytes_max = 12}).error);
  EXPECT_EQ(error_code(tool->call({.arguments = Json::object(), .result_size_bytes_max = 11})), ErrorCode::kLimit);
  EXPECT_EQ(error_code(tool->call({.arguments = Json::array()})), ErrorCode::kInvalid);
}

TEST(McpStdio, APlainProgramIsNoServer) {
  McpServerOptions options{.name = "test", .command = {"true"}};
  EXPECT_EQ(McpClient::make(options, nullptr).value()->list(soon()).error().code, ErrorCode::kUnavailable);
  options.command = {"/nonexistent/server"};
  EXPECT_EQ(McpClient::make(options, nullptr).value()->list(soon()).error().code, ErrorCode::kNotFound);
  options.command = {"yes"};
  EXPECT_EQ(McpClient::make(options, nullptr).value()->list(soon()).error().code, ErrorCode::kUnavailable);
}

TEST(McpTools, OptionsAreReadAndRefused) {
  const Json good = {{"name", "files"},
                     {"kind", "mcp"},
                     {"command", {"server", "--root"}},
                     {"pins", "pins.json"},
                     {"tools", {"read", {{"tool", "write"}, {"name", "put"}, {"effect", "idempotent"}}}}};
  const McpToolsOptions options = mcp_tools_options(good).value();
  EXPECT_EQ(options.tools.at(0).effect, ToolEffect::kOnce);
  EXPECT_EQ(options.tools.at(1).effect, ToolEffect::kIdempotent);
  EXPECT_EQ(make_mcp_tools(options, nullptr).error().code, ErrorCode::kDenied) << "nothing is approved";
  for (const Json& change :
       {Json{{"name", "a b"}}, Json{{"url", "http://x/"}}, Json{{"command", Json::array()}},
        Json{{"headers", {{"A", "b"}}}}, Json{{"tools", {1}}}, Json{{"tools", {{{"tool", "x"}, {"effect", "never"}}}}},
        Json{{"pins", 1}}, Json{{"commands", {"x"}}}, Json{{"probe_timeout_ms", 0}}}) {
    Json bad = good;
    bad.update(change);
    EXPECT_EQ(mcp_tools_options(bad).error().code, ErrorCode::kInvalid) << bad.dump();
  }
  Json web = good;
  web.erase("command");
  web["url"] = "http://127.0.0.1:1/mcp";
  EXPECT_TRUE(mcp_tools_options(web).ok());
  web["folder"] = "x";
  EXPECT_FALSE(mcp_tools_options(web).ok());
  McpServerOptions server{.name = "x", .url = "ftp://x/"};
  EXPECT_EQ(McpClient::make(server, nullptr).error().code, ErrorCode::kInvalid);
  server = {.name = "x", .command = {"x"}, .variables = {"CADRE_TEST_UNSET"}};
  EXPECT_EQ(McpClient::make(server, nullptr).error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace cadre::agent
