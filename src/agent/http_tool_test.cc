// SPDX-License-Identifier: Apache-2.0
#include "agent/http_tool.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "agent/test_returns.h"
#include "agent/url_template.h"
#include "base/utf8.h"
#include "net/test_http_server.h"

namespace cadre::agent {
namespace {

using base::Json;
using net::http_answer;
using net::TestConnection;
using net::TestHttpServer;
using net::TestRequest;

std::shared_ptr<const net::HttpClient> client(const std::vector<std::string>& allowed = {"127.0.0.1"}) {
  return std::make_shared<net::HttpClient>(net::AddressPolicy::parse(allowed).value());
}

Json object(const std::string& url, Json more = Json::object()) {
  Json tool = {{"name", "orders"}, {"kind", "http"}, {"url", url}};
  tool.update(more);
  return tool;
}

std::unique_ptr<Tool> tool(const Json& from) {
  return make_http_tool(http_tool_options(from).value(), client()).value();
}

const char* const kJsonUtf8Header = "Content-Type: application/json; charset=utf-8\r\n";

TEST(UrlTemplate, ArgumentsStayInTheirPlaces) {
  const auto url = UrlTemplate::parse("https://api.example.com/v1/orders/{id}/items?lang={lang}&x=1").value();
  EXPECT_EQ(url.fill({{"id", 7}, {"lang", "de"}}).value(), "https://api.example.com/v1/orders/7/items?lang=de&x=1");
  EXPECT_EQ(url.fill({{"id", "a/../b?c#d"}, {"lang", "x&admin=1"}}).value(),
            "https://api.example.com/v1/orders/a%2F..%2Fb%3Fc%23d/items?lang=x%26admin%3D1&x=1");
  EXPECT_EQ(url.fill({{"id", "..."}, {"lang", ""}}).value(), "https://api.example.com/v1/orders/.../items?lang=&x=1");
  for (const Json& bad :
       {Json{{"id", ".."}, {"lang", "a"}}, Json{{"id", "."}, {"lang", "a"}}, Json{{"id", ""}, {"lang", "a"}},
        Json{{"lang", "a"}}, Json{{"id", nullptr}, {"lang", "a"}}, Json{{"id", {1}}, {"lang", "a"}}, Json::array()})
    EXPECT_EQ(url.fill(bad).error().code, ErrorCode::kInvalid) << bad.dump();
  EXPECT_FALSE(UrlTemplate::parse("https://h/{a}{b}").value().fill({{"a", "."}, {"b", "."}}).ok());
  for (const char* bad : {"https://{host}/x", "https://h:{port}/", "{scheme}://h/", "https://h{x}", "/orders",
                          "https://h/{", "https://h/}", "https://h/{}", "https://h/a/../b", "https://h/x#y", "ftp://h/",
                          "https://user:pass@h/", "https://h/{a{b}}", ""})
    EXPECT_FALSE(UrlTemplate::parse(bad).ok()) << bad;
}

TEST(HttpTool, SendsArgumentsWhereTheyBelong) {
  TestHttpServer server(http_answer(200, R"({"ok":true,"items":[1,2]})", kJsonUtf8Header));
  ::setenv("CADRE_TEST_TOKEN", "Bearer s3cret", 1);
  const auto post =
      tool(object(server.url("/orders/{id}"), {{"method", "POST"},
                                               {"effect", "once"},
                                               {"fenced", true},
                                               {"query", {"tag", "page"}},
                                               {"body", {"city", "total"}},
                                               {"headers", {{"Accept", "application/json"}}},
                                               {"header_arguments", {{"X-Region", "region"}}},
                                               {"header_variables", {{"Authorization", "CADRE_TEST_TOKEN"}}}}));
  const ToolReturn returned = post->call(
      {.arguments =
           {{"id", "a b"}, {"tag", {"x", "y&z"}}, {"page", nullptr}, {"city", "Köln"}, {"total", 7}, {"region", "eu"}},
       .key = "run/1"});
  ASSERT_FALSE(returned.error.has_value()) << returned.error->message;
  EXPECT_EQ(returned.result.dump(), R"({"ok":true,"items":[1,2]})");
  const TestRequest request = server.requests().at(0);
  EXPECT_EQ(request.line(), "POST /orders/a%20b?tag=x&tag=y%26z HTTP/1.1");
  EXPECT_EQ(request.body, "{\"city\":\"Köln\",\"total\":7}");
  EXPECT_EQ(request.header("Authorization"), "Bearer s3cret");
  EXPECT_EQ(request.header("Idempotency-Key"), "run/1");
  EXPECT_EQ(request.header("X-Region"), "eu");
  EXPECT_EQ(request.header("Content-Type"), "application/json");
  // The secret is no part of what is shown or pinned.
  EXPECT_EQ(base::dump_json(post->definition().input_schema).find("s3cret"), std::string::npos);
  const ToolReturn bad = post->call({.arguments = {{"id", "1"}, {"region", "eu\r\nX-Admin: 1"}}, .key = "k"});
  EXPECT_EQ(error_code(bad), ErrorCode::kInvalid);
  EXPECT_EQ(bad.error->message.find("s3cret"), std::string::npos);
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST(HttpTool, AServerThatIsBusySaysHowLongItAsksToBeLeftAlone) {
  const std::pair<std::string, std::optional<int64_t>> cases[] = {
      {http_answer(429, "{}", "Retry-After: 7\r\n"), 7'000},
      {http_answer(503, "{}", "Retry-After: 0\r\n"), 0},
      {http_answer(503, "{}", "Retry-After: soon\r\n"), std::nullopt},
      {http_answer(503, "{}"), std::nullopt},
      {http_answer(404, "{}", "Retry-After: 7\r\n"), std::nullopt}};
  for (const auto& [answer, wait_ms] : cases) {
    TestHttpServer server(answer);
    const ToolReturn returned = tool(object(server.url("/")))->call({.arguments = Json::object()});
    ASSERT_TRUE(returned.error.has_value());
    EXPECT_EQ(returned.retry_after_ms, wait_ms) << answer;
  }
}

// The excerpt was cut at a byte once: an error with half a character in it is no UTF-8, which a record is not written with.
TEST(HttpTool, AnErrorQuotesWholeCharacters) {
  const std::string body = std::string(299, 'a') + "\u00e9\u00e9";
  const std::string wait = std::string(63, '1') + "\u00e9";
  TestHttpServer server(http_answer(500, body, "Retry-After: " + wait + "\r\n"));
  const ToolReturn returned = tool(object(server.url("/")))->call({.arguments = Json::object()});
  ASSERT_TRUE(returned.error.has_value());
  EXPECT_TRUE(base::is_valid_utf8(returned.error->message)) << returned.error->message;
  EXPECT_TRUE(returned.error->message.ends_with(": " + std::string(299, 'a'))) << returned.error->message;
}

TEST(HttpTool, ResultsAreJsonTextOrNothing) {
  TestHttpServer server([](const TestRequest& request, TestConnection& connection) {
    if (request.line().find("/json") != std::string::npos)
      return (void)connection.send(http_answer(200, "[1]", "Content-Type: application/vnd.x+json\r\n"));
    if (request.line().find("/text") != std::string::npos)
      return (void)connection.send(http_answer(200, "[1]", "Content-Type: text/plain\r\n"));
    if (request.line().find("/bad") != std::string::npos)
      return (void)connection.send(http_answer(200, "[1", kJsonUtf8Header));
    if (request.line().find("/deep") != std::string::npos)
      return (void)connection.send(
          http_answer(200, std::string(10'000, '[') + std::string(10'000, ']'), kJsonUtf8Header));
    connection.send(http_answer(204, ""));
  });
  const auto get = tool(object(server.url("/{kind}")));
  const auto result = [&](const char* kind) { return get->call({.arguments = {{"kind", kind}}}); };
  EXPECT_EQ(result("json").result.dump(), "[1]");
  EXPECT_EQ(result("text").result.dump(), "\"[1]\"");
  EXPECT_TRUE(result("none").result.is_null());
  EXPECT_FALSE(result("none").error.has_value());
  EXPECT_EQ(error_code(result("bad")), ErrorCode::kInvalid);
  EXPECT_EQ(error_code(result("deep")), ErrorCode::kLimit);
}

TEST(HttpTool, StatusesBecomeTypedErrors) {
  const struct {
    int status;
    ErrorCode code;
    bool is_uncertain;  // for a tool with an effect
  } cases[] = {
      {400, ErrorCode::kInvalid, false},     {401, ErrorCode::kDenied, false},
      {403, ErrorCode::kDenied, false},      {404, ErrorCode::kNotFound, false},
      {408, ErrorCode::kUnavailable, true},  {409, ErrorCode::kInvalid, false},
      {425, ErrorCode::kUnavailable, false}, {429, ErrorCode::kUnavailable, false},
      {500, ErrorCode::kInvalid, true},      {502, ErrorCode::kUnavailable, true},
      {503, ErrorCode::kUnavailable, false}, {504, ErrorCode::kUnavailable, true},
      {302, ErrorCode::kUnsupported, false},
  };
  for (const auto& c : cases) {
    TestHttpServer server(http_answer(c.status, "why", "Retry-After: 7\r\n"));
    const auto post = tool(object(server.url("/"), {{"method", "POST"}, {"effect", "once"}}));
    const ToolReturn returned = post->call({.arguments = Json::object()});
    EXPECT_EQ(error_code(returned), c.code) << c.status;
    EXPECT_EQ(returned.is_uncertain, c.is_uncertain) << c.status;
    EXPECT_NE(returned.error->message.find("Retry-After: 7"), std::string::npos);
    EXPECT_NE(returned.error->message.find("why"), std::string::npos);
    EXPECT_FALSE(tool(object(server.url("/")))->call({.arguments = Json::object()}).is_uncertain);
  }
  TestHttpServer created(http_answer(201, ""));
  EXPECT_EQ(error_code(tool(object(created.url("/"), {{"expect", {200, 404}}}))->call({.arguments = Json::object()})),
            ErrorCode::kInvalid);
  TestHttpServer missing(http_answer(404, ""));
  EXPECT_FALSE(
      tool(object(missing.url("/"), {{"expect", {200, 404}}}))->call({.arguments = Json::object()}).error.has_value());
}

TEST(HttpTool, ALostAnswerIsUncertainAndAnUnsentRequestIsNot) {
  TestHttpServer dies([](const TestRequest&, TestConnection& connection) { connection.is_closing = true; });
  const auto post = tool(object(dies.url("/"), {{"method", "POST"}, {"effect", "once"}}));
  const ToolReturn lost = post->call({.arguments = Json::object()});
  EXPECT_EQ(error_code(lost), ErrorCode::kUnavailable);
  EXPECT_TRUE(lost.is_uncertain);
  EXPECT_EQ(dies.requests().size(), 1u);
  const auto denied =
      make_http_tool(http_tool_options(object(dies.url("/"), {{"method", "POST"}, {"effect", "once"}})).value(),
                     client({}))
          .value();
  const ToolReturn refused = denied->call({.arguments = Json::object()});
  EXPECT_EQ(error_code(refused), ErrorCode::kDenied);
  EXPECT_FALSE(refused.is_uncertain);
  EXPECT_EQ(denied->check(Json::object()).error().code, ErrorCode::kDenied);
  EXPECT_EQ(dies.requests().size(), 1u);
}

TEST(HttpTool, ADryRunAsksItsOwnAddress) {
  TestHttpServer server([](const TestRequest& request, TestConnection& connection) {
    connection.send(http_answer(request.body.find("-1") == std::string::npos ? 200 : 422, "no negative totals"));
  });
  const auto post = tool(object(
      server.url("/orders"),
      {{"method", "POST"}, {"effect", "once"}, {"body", {"total"}}, {"dry_run_url", server.url("/orders/check")}}));
  EXPECT_TRUE(post->check({{"total", 1}}).ok());
  const auto refused = post->check({{"total", -1}});
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalid);
  EXPECT_NE(refused.error().message.find("no negative totals"), std::string::npos);
  for (const TestRequest& request : server.requests()) EXPECT_EQ(request.line(), "POST /orders/check HTTP/1.1");
}

TEST(HttpToolOptions, WhatCannotBeMeantIsRefusedByName) {
  const struct {
    Json object;
    const char* names;
  } cases[] = {
      {Json{{"name", "t"}}, "\"url\""},
      {object("https://{h}/"), "\"url\""},
      {object("https://h/", {{"method", "get"}}), "\"method\""},
      {object("https://h/", {{"method", "TRACE"}}), "\"method\""},
      {object("https://h/", {{"body", {"a"}}}), "\"body\""},
      {object("https://h/", {{"method", "POST"}, {"body", {"a"}}, {"body_argument", "b"}}), "\"body\""},
      {object("https://h/", {{"headers", {{"X\r\nY", "1"}}}}), "\"headers\""},
      {object("https://h/", {{"headers", {{"X", 1}}}}), "\"headers\""},
      {object("https://h/", {{"expect", {20}}}), "\"expect\""},
      {object("https://h/", {{"expect", 200}}), "\"expect\""},
      {object("https://h/", {{"query", "a"}}), "\"query\""},
      {object("https://h/", {{"timeout", 3}}), "\"timeout\""},
  };
  for (const auto& c : cases) {
    const auto options = http_tool_options(c.object);
    ASSERT_FALSE(options.ok()) << c.object.dump();
    EXPECT_NE(options.error().message.find(c.names), std::string::npos) << options.error().message;
  }
  auto unset =
      http_tool_options(object("https://h/", {{"header_variables", {{"Authorization", "CADRE_TEST_UNSET"}}}})).value();
  EXPECT_EQ(make_http_tool(unset, client()).error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace cadre::agent
