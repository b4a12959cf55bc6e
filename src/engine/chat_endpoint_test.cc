// SPDX-License-Identifier: Apache-2.0
#include "engine/chat_endpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/file.h"
#include "engine/chat_response.h"
#include "net/test_http_server.h"

namespace cadre::engine {
namespace {

using base::Json;
using net::http_answer;
using net::TestConnection;
using net::TestHttpServer;
using net::TestRequest;
using testing::HasSubstr;
using testing::Not;

std::shared_ptr<const net::HttpClient> client(const std::vector<std::string>& allowed = {"127.0.0.1"}) {
  return std::make_shared<net::HttpClient>(net::AddressPolicy::parse(allowed).value());
}

ChatEndpointOptions options_for(const TestHttpServer& server) {
  return {.name = "test", .url = server.url("/v1/"), .model = "m"};
}

std::unique_ptr<ChatEndpoint> endpoint(ChatEndpointOptions options) {
  return ChatEndpoint::make(std::move(options), client()).value();
}

Json completion(const std::vector<std::string>& texts, Json more = Json::object()) {
  Json body = {{"object", "chat.completion"}, {"choices", Json::array()}};
  for (const std::string& text : texts)
    body["choices"].push_back({{"message", {{"role", "assistant"}, {"content", text}}}, {"finish_reason", "stop"}});
  body.update(more);
  return body;
}

ChatRequest hello() {
  return {.messages = {{ChatRole::kSystem, "be brief"}, {ChatRole::kUser, "hello"}}};
}

ErrorCode code(const ChatOutcome& outcome) {
  return outcome.error ? outcome.error->code : ErrorCode::kInternal;
}

TEST(ChatEndpoint, SendsTheRequestAndReadsTheCompletion) {
  const Json answer = completion({"{\"n\":1}"}, {{"usage", {{"prompt_tokens", 12}, {"completion_tokens", 5}}}});
  TestHttpServer server(http_answer(200, answer.dump()));
  ::setenv("CADRE_TEST_CHAT_KEY", "k3y", 1);
  auto options = options_for(server);
  options.key_variable = "CADRE_TEST_CHAT_KEY";
  options.price_in_micros = 1'000'000;
  options.price_out_micros = 4'000'000;
  ChatRequest request = hello();
  request.schema = {{"type", "object"}};
  request.seed = 7;
  request.wants_logprobs = true;
  const auto model = endpoint(options);
  const ChatOutcome outcome = model->chat(request);
  ASSERT_FALSE(outcome.error) << outcome.error->message;
  ASSERT_EQ(outcome.choices.size(), 1U);
  EXPECT_EQ(outcome.choices[0].text, "{\"n\":1}");
  EXPECT_EQ(outcome.choices[0].finish, ChatFinish::kStop);
  EXPECT_EQ(outcome.usage.tokens_in, 12);
  EXPECT_EQ(outcome.usage.tokens_out, 5);
  EXPECT_EQ(outcome.usage.cost_micros, 32);
  EXPECT_FALSE(outcome.usage.is_estimated);
  const TestRequest sent = server.requests().at(0);
  EXPECT_EQ(sent.line(), "POST /v1/chat/completions HTTP/1.1");
  EXPECT_EQ(sent.header("Authorization"), "Bearer k3y");
  EXPECT_EQ(Json::parse(sent.body), Json::parse(R"({"model":"m","messages":[{"role":"system","content":"be brief"},
    {"role":"user","content":"hello"}],"max_tokens":1024,"temperature":0.0,"stream":false,"seed":7,"logprobs":true,
    "response_format":{"type":"json_schema","json_schema":{"name":"answer","schema":{"type":"object"}}}})"));
  EXPECT_THAT(model->identity(), Not(HasSubstr("k3y")));
}

TEST(ChatEndpoint, TheFirstLineOfAFileIsTheKey) {
  TestHttpServer server(http_answer(401, R"({"error":{"message":"no such key: s3cret"}})"));
  const auto folder = base::TemporaryDirectory::make().value();
  ASSERT_TRUE(base::replace_file(folder.path() + "/key", "s3cret\nnot this").ok());
  auto options = options_for(server);
  options.key_file = folder.path() + "/key";
  const ChatOutcome outcome = endpoint(options)->chat(hello());
  EXPECT_EQ(code(outcome), ErrorCode::kDenied);
  EXPECT_EQ(server.requests().at(0).header("Authorization"), "Bearer s3cret");
  EXPECT_EQ(outcome.error->message, "endpoint \"test\": status 401: no such key: [key]");
}

TEST(ChatEndpoint, WhatCannotBeUsedIsRefusedBeforeAnythingIsSent) {
  const auto refused = [](ChatEndpointOptions options) {
    options.name = "e";
    const auto made = ChatEndpoint::make(std::move(options), client());
    return made.ok() ? "accepted" : base::error_code_name(made.error().code);
  };
  const std::string url = "http://127.0.0.1:1/v1";
  EXPECT_STREQ(refused({.url = url, .model = "m"}), "accepted");
  EXPECT_STREQ(refused({.url = "127.0.0.1/v1", .model = "m"}), "invalid");
  EXPECT_STREQ(refused({.url = url + "?key=1", .model = "m"}), "invalid");
  EXPECT_STREQ(refused({.url = url, .model = ""}), "invalid");
  EXPECT_STREQ(refused({.url = url, .model = "m", .price_in_micros = -1}), "invalid");
  EXPECT_STREQ(refused({.url = url, .model = "m", .key_variable = "CADRE_TEST_NOT_SET"}), "not_found");
  EXPECT_STREQ(refused({.url = url, .model = "m", .key_file = "/nowhere/key"}), "not_found");
  EXPECT_STREQ(refused({.url = url, .model = "m", .key_file = "/k", .key_variable = "K"}), "invalid");
}

TEST(ChatEndpoint, ThePolicyDeniesWhatItDoesNotName) {
  TestHttpServer server(http_answer(200, completion({"x"}).dump()));
  const auto model = ChatEndpoint::make(options_for(server), client({"example.com"})).value();
  EXPECT_EQ(model->check_allowed().error().code, ErrorCode::kDenied);
  const ChatOutcome outcome = model->chat(hello());
  EXPECT_EQ(code(outcome), ErrorCode::kDenied);
  EXPECT_EQ(outcome.usage.tokens_in, 0);
  EXPECT_EQ(server.connections(), 0);
}

TEST(ChatEndpoint, StatusesBecomeTypedErrors) {
  const std::pair<int, ErrorCode> cases[] = {
      {302, ErrorCode::kUnsupported}, {400, ErrorCode::kInvalid},     {401, ErrorCode::kDenied},
      {403, ErrorCode::kDenied},      {404, ErrorCode::kNotFound},    {408, ErrorCode::kTimeout},
      {413, ErrorCode::kLimit},       {422, ErrorCode::kInvalid},     {429, ErrorCode::kBusy},
      {500, ErrorCode::kUnavailable}, {502, ErrorCode::kUnavailable}, {503, ErrorCode::kUnavailable},
      {504, ErrorCode::kTimeout},     {529, ErrorCode::kUnavailable}};
  for (const auto& [status, expected] : cases) {
    TestHttpServer server(http_answer(status, R"({"error":{"message":"why\nnot"}})", "Retry-After: 3\r\n"));
    const ChatOutcome outcome = endpoint(options_for(server))->chat(hello());
    EXPECT_EQ(code(outcome), expected) << status;
    EXPECT_EQ(outcome.retry_after_ms, 3'000);
    EXPECT_THAT(outcome.error->message, HasSubstr("why not"));
    EXPECT_EQ(server.requests().size(), 1U) << status;
  }
}

TEST(ChatEndpoint, SeveralSamplesInOneRequestOrInSeveral) {
  TestHttpServer all(http_answer(200, completion({"a", "b", "c"}).dump()));
  ChatRequest request = hello();
  request.samples = 3;
  request.seed = 10;
  EXPECT_EQ(endpoint(options_for(all))->chat(request).choices.size(), 3U);
  EXPECT_EQ(all.requests().size(), 1U);

  TestHttpServer one_by_one(http_answer(200, completion({"a"}).dump()));
  EXPECT_EQ(endpoint(options_for(one_by_one))->chat(request).choices.size(), 3U);
  ASSERT_EQ(one_by_one.requests().size(), 3U);
  EXPECT_EQ(Json::parse(one_by_one.requests()[0].body)["n"], 3);
  EXPECT_FALSE(Json::parse(one_by_one.requests()[2].body).contains("n"));
  EXPECT_EQ(Json::parse(one_by_one.requests()[2].body)["seed"], 12);

  TestHttpServer refuses_n([](const TestRequest& asked, TestConnection& connection) {
    const bool several = Json::parse(asked.body).contains("n");
    connection.send(several ? http_answer(400, R"({"error":"one at a time"})")
                            : http_answer(200, completion({"a"}).dump()));
  });
  EXPECT_EQ(endpoint(options_for(refuses_n))->chat(request).choices.size(), 3U);
  EXPECT_EQ(refuses_n.requests().size(), 4U);
}

TEST(ChatEndpoint, AnEndpointThatKnowsNoSchemasIsNotAskedForOne) {
  TestHttpServer server(http_answer(200, completion({"a"}).dump()));
  ChatRequest request = hello();
  request.schema = {{"type", "object"}};
  auto options = options_for(server);
  options.schema_request = SchemaRequest::kJsonObject;
  (void)endpoint(options)->chat(request);
  options.schema_request = SchemaRequest::kNone;
  (void)endpoint(options)->chat(request);
  EXPECT_EQ(Json::parse(server.requests()[0].body)["response_format"], Json({{"type", "json_object"}}));
  EXPECT_FALSE(Json::parse(server.requests()[1].body).contains("response_format"));
}

TEST(ChatEndpoint, HostileBodiesAreErrors) {
  const std::string deep = std::string(10'000, '[') + std::string(10'000, ']');
  const std::string whole = completion({"a"}).dump();
  const std::tuple<const char*, std::string, ErrorCode> cases[] = {
      {"deep", deep, ErrorCode::kLimit},
      {"deep inside", "{\"choices\":" + deep + "}", ErrorCode::kLimit},
      {"truncated", whole.substr(0, whole.size() / 2), ErrorCode::kInvalid},
      {"empty", "", ErrorCode::kInvalid},
      {"a page", "<html>welcome</html>", ErrorCode::kInvalid},
      {"no choices", "{\"choices\":[]}", ErrorCode::kInvalid},
      {"a number", "7", ErrorCode::kInvalid},
      {"bad text", R"({"choices":[{"message":{"content":7}}]})", ErrorCode::kInvalid},
      {"no message", R"({"choices":[{}]})", ErrorCode::kInvalid},
      {"not UTF-8", "{\"choices\":[{\"message\":{\"content\":\"\xFF\"}}]}", ErrorCode::kInvalid},
      {"too many", completion(std::vector<std::string>(65, "a")).dump(), ErrorCode::kInvalid},
      {"too large", completion({std::string(100'000, 'x')}).dump(), ErrorCode::kLimit}};
  for (const auto& [name, body, expected] : cases) {
    TestHttpServer server(http_answer(200, body));
    auto options = options_for(server);
    options.response_size_bytes_max = 64 << 10;
    options.price_in_micros = 1'000'000'000;
    const ChatOutcome outcome = endpoint(options)->chat(hello());
    EXPECT_EQ(code(outcome), expected) << name << ": " << (outcome.error ? outcome.error->message : "no error");
    EXPECT_TRUE(outcome.choices.empty()) << name;
    EXPECT_TRUE(outcome.usage.is_estimated && outcome.usage.cost_micros > 0) << name << ": it may have been paid for";
  }
}

TEST(ChatEndpoint, ARequestOverItsLimitIsNotSent) {
  TestHttpServer server(http_answer(200, completion({"a"}).dump()));
  auto options = options_for(server);
  options.request_size_bytes_max = 100;
  ChatRequest request = hello();
  request.messages[1].text = std::string(1'000, 'x');
  EXPECT_EQ(code(endpoint(options)->chat(request)), ErrorCode::kLimit);
  EXPECT_EQ(server.connections(), 0);
}

TEST(ChatEndpoint, ATimeoutAndACancelEndTheWait) {
  TestHttpServer silent([](const TestRequest&, TestConnection& connection) { connection.wait_until_closed(); });
  ChatRequest request = hello();
  request.timeout_ms = 50;
  EXPECT_EQ(code(endpoint(options_for(silent))->chat(request)), ErrorCode::kTimeout);
  base::Cancel cancel;
  cancel.request();
  request.cancel = &cancel;
  request.timeout_ms = 60'000;
  EXPECT_EQ(code(endpoint(options_for(silent))->chat(request)), ErrorCode::kCancelled);
}

TEST(ChatEndpoint, NobodyThereIsUnavailable) {
  uint16_t port = 0;
  { port = TestHttpServer(http_answer(200, "")).port(); }
  const auto url = "http://127.0.0.1:" + std::to_string(port) + "/v1";
  EXPECT_EQ(code(endpoint({.name = "gone", .url = url, .model = "m"})->chat(hello())), ErrorCode::kUnavailable);
}

TEST(ChatResponse, FormsThatEndpointsSend) {
  const auto choice = [](const char* json) {
    return read_chat_response(std::string(R"({"choices":[)") + json + "]}").value().choices.at(0);
  };
  EXPECT_EQ(choice(R"({"message":{"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}})").text, "ab");
  EXPECT_EQ(choice(R"({"message":{"content":null,"tool_calls":[{}]},"finish_reason":"tool_calls"})").text, "");
  EXPECT_EQ(choice(R"({"message":{"content":"x"},"finish_reason":"length"})").finish, ChatFinish::kLength);
  EXPECT_EQ(choice(R"({"message":{"content":"x"},"finish_reason":"content_filter"})").finish, ChatFinish::kFiltered);
  EXPECT_EQ(choice(R"({"message":{"content":null,"refusal":"no"},"finish_reason":"stop"})").finish,
            ChatFinish::kFiltered);
  const auto told = choice(R"({"message":{"content":"x"},"logprobs":{"content":[{"token":"x","logprob":-0.5}]}})");
  ASSERT_EQ(told.logprobs.size(), 1U);
  EXPECT_EQ(told.logprobs[0].logprob, -0.5);
  for (const char* bad : {R"([{"token":"x","logprob":0.5}])", R"([{"token":"x"}])", R"([7])", "7"})
    EXPECT_TRUE(choice((std::string(R"({"message":{"content":"x"},"logprobs":{"content":)") + bad + "}}").c_str())
                    .logprobs.empty());
}

TEST(ChatResponse, CountsThatCannotBeAreNotCounts) {
  const auto response = [](const char* usage) {
    return read_chat_response(std::string(R"({"choices":[{"message":{"content":"x"}}],"usage":)") + usage + "}")
        .value();
  };
  EXPECT_EQ(response(R"({"prompt_tokens":3,"completion_tokens":4,"cost":0.25})").tokens_out, 4);
  EXPECT_EQ(response(R"({"prompt_tokens":3,"completion_tokens":4,"cost":0.25})").cost, 0.25);
  for (const char* bad : {"-1", "1e300", "18446744073709551615", "9223372036854775807", "\"7\"", "null", "1.5"}) {
    const auto read = response((std::string(R"({"prompt_tokens":)") + bad + R"(,"cost":-1})").c_str());
    EXPECT_EQ(read.tokens_in, std::nullopt) << bad;
    EXPECT_EQ(read.cost, std::nullopt);
  }
}

TEST(ChatResponse, RetryAfterIsAFewSeconds) {
  EXPECT_EQ(retry_after_ms("0"), 0);
  EXPECT_EQ(retry_after_ms("120"), 120'000);
  EXPECT_EQ(retry_after_ms("999999999"), 86'400'000);
  for (const char* bad : {"", "-1", "1.5", "Wed, 21 Oct 2026 07:28:00 GMT", "9999999999"})
    EXPECT_EQ(retry_after_ms(bad), std::nullopt) << bad;
}

}  // namespace
}  // namespace cadre::engine
