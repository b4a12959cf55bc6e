// SPDX-License-Identifier: Apache-2.0
#include "serve/server.h"

#include <gtest/gtest.h>

#include <future>

#include "net/test_client.h"
#include "serve/scripted_service.h"

namespace cadre::serve {
namespace {

using base::Json;
using net::eventually;
using net::TestClient;
using net::TestReply;

struct Served {
  ScriptedService service;
  base::ManualClock clock{1'700'000'000'000'000};
  std::unique_ptr<Server> server;

  explicit Served(ServerOptions options = {}) {
    auto started = Server::start(std::move(options), service, clock);
    EXPECT_TRUE(started.ok()) << started.error().message;
    server = std::move(*started);
  }
  TestClient connect() const { return TestClient(server->port()); }
  TestReply get(const std::string& target, const std::string& headers = "") const {
    return connect().request("GET", target, "", headers);
  }
  TestReply post(const std::string& target, const Json& body, const std::string& headers = "") const {
    return connect().request("POST", target, base::dump_json(body), headers);
  }
};

Json parse(const TestReply& reply) {
  auto json = base::parse_json(reply.body);
  EXPECT_TRUE(json.ok()) << reply.head << reply.body;
  return json.ok() ? *json : Json();
}

Json user(const std::string& model, const std::string& text) {
  Json body = {{"model", model}};
  body["messages"] = Json::array();
  body["messages"].push_back({{"role", "user"}, {"content", text}});
  return body;
}

// The data of each server-sent event.
std::vector<std::string> sse_data(const std::string& body) {
  std::vector<std::string> out;
  for (size_t at = 0; (at = body.find("data: ", at)) != std::string::npos;) {
    const size_t end = body.find('\n', at);
    out.push_back(body.substr(at + 6, end - at - 6));
    at = end;
  }
  return out;
}

Json tool(const std::string& name) {
  return {{"type", "function"}, {"function", {{"name", name}, {"parameters", {{"type", "object"}}}}}};
}

TEST(Server, SaysThatItIsAliveAndReady) {
  Served served;
  EXPECT_EQ(parse(served.get("/health"))["ready"], true);
  EXPECT_EQ(served.get("/health/live").status, 200);
  EXPECT_EQ(served.get("/health/other").status, 404);
  EXPECT_EQ(served.get("/").status, 404);
  const auto wrong = served.connect().request("DELETE", "/v1/models");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.header("Allow"), "GET");
}

TEST(Server, ListsModels) {
  Served served;
  const auto models = parse(served.get("/v1/models"));
  ASSERT_EQ(models["data"].size(), 4U);
  EXPECT_EQ(models["data"][0]["id"], "cadre");
  EXPECT_EQ(parse(served.get("/v1/models/sql"))["object"], "model");
  EXPECT_EQ(parse(served.get("/v1/models/none"))["error"]["code"], "model_not_found");
}

TEST(Server, CompletesAChatByTheDispatcher) {
  Served served;
  const auto reply = served.post("/v1/chat/completions", user("cadre", "hello"));
  ASSERT_EQ(reply.status, 200) << reply.body;
  const auto body = parse(reply);
  EXPECT_EQ(body["object"], "chat.completion");
  EXPECT_EQ(body["created"], 1'700'000'000);
  EXPECT_EQ(body["choices"][0]["message"]["content"], "echo: hello");
  EXPECT_EQ(body["choices"][0]["message"]["refusal"], nullptr);
  EXPECT_EQ(body["choices"][0]["finish_reason"], "stop");
  EXPECT_EQ(body["usage"]["total_tokens"], 15);
  EXPECT_EQ(body["cadre"]["run"], reply.header("X-Cadre-Run"));
  EXPECT_EQ(served.service.last_request().asker, "local");
  EXPECT_EQ(served.service.last_request().specialist, "");
}

TEST(Server, PassesAChatOnToASpecialistThatWrites) {
  Served served;
  auto chat = user("writer", "weather in Ulm");
  chat["tools"] = Json::array({tool("weather"), tool("time")});
  chat["seed"] = 7;
  chat["max_completion_tokens"] = 64;
  chat["stop"] = "\n";
  auto message = parse(served.post("/v1/chat/completions", chat))["choices"][0];
  EXPECT_EQ(message["finish_reason"], "tool_calls");
  EXPECT_EQ(message["message"]["tool_calls"][0]["function"]["name"], "weather");
  const auto passed = served.service.last_request().chat;
  EXPECT_EQ(passed["tool_choice"], "auto");
  EXPECT_EQ(passed["seed"], 7);
  EXPECT_EQ(passed["max_tokens"], 64);
  EXPECT_EQ(passed["stop"], Json::array({"\n"}));

  chat["tool_choice"] = {{"type", "function"}, {"function", {{"name", "time"}}}};
  message = parse(served.post("/v1/chat/completions", chat))["choices"][0]["message"];
  EXPECT_EQ(message["tool_calls"][0]["function"]["name"], "time");
  chat["tool_choice"] = "none";
  message = parse(served.post("/v1/chat/completions", chat))["choices"][0]["message"];
  EXPECT_EQ(message["content"], "weather in Ulm");
}

TEST(Server, TellsAChatClientWhatBecameOfItsRun) {
  Served served;
  const auto declined = parse(served.post("/v1/chat/completions", user("cadre", "decline this")));
  EXPECT_EQ(declined["choices"][0]["message"]["content"], nullptr);
  EXPECT_EQ(declined["choices"][0]["message"]["refusal"], "that is not what this cadre does");
  const auto failed = served.post("/v1/chat/completions", user("cadre", "fail at it"));
  EXPECT_EQ(failed.status, 422);
  EXPECT_EQ(parse(failed)["error"]["code"], "run_failed");
  const auto waiting = served.post("/v1/chat/completions", user("cadre", "approve it"));
  EXPECT_EQ(waiting.status, 403);
  EXPECT_EQ(parse(waiting)["error"]["code"], "approval_required");
  EXPECT_EQ(served.post("/v1/chat/completions", user("cadre", "refuse it")).status, 400);
  const auto busy = served.post("/v1/chat/completions", user("cadre", "busy now"));
  EXPECT_EQ(busy.status, 503);
  EXPECT_EQ(busy.header("Retry-After"), "1");
}

TEST(Server, StreamsAChat) {
  Served served;
  auto chat = user("writer", "weather in Ulm");
  chat["tools"] = Json::array({tool("weather")});
  chat["stream"] = true;
  chat["stream_options"] = {{"include_usage", true}};
  const auto reply = served.post("/v1/chat/completions", chat);
  EXPECT_EQ(reply.header("Content-Type"), "text/event-stream");
  const auto events = sse_data(reply.body);
  ASSERT_EQ(events.size(), 5U) << reply.body;
  EXPECT_EQ((*base::parse_json(events[0]))["choices"][0]["delta"]["role"], "assistant");
  const auto call = (*base::parse_json(events[1]))["choices"][0]["delta"]["tool_calls"][0];
  EXPECT_EQ(call["index"], 0);
  EXPECT_EQ(call["function"]["arguments"], "{\"city\":\"Ulm\"}");
  EXPECT_EQ((*base::parse_json(events[2]))["choices"][0]["finish_reason"], "tool_calls");
  EXPECT_EQ((*base::parse_json(events[3]))["usage"]["prompt_tokens"], 12);
  EXPECT_EQ(events[4], "[DONE]");
}

TEST(Server, AStreamThatFailsEndsWithAnError) {
  Served served;
  auto chat = user("cadre", "fail");
  chat["stream"] = true;
  const auto events = sse_data(served.post("/v1/chat/completions", chat).body);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ((*base::parse_json(events[1]))["error"]["code"], "run_failed");
}

TEST(Server, ChatsThatWaitAnswerWhenTheirRunEnds) {
  Served served;
  auto client = served.connect();
  const auto body = base::dump_json(user("cadre", "slow"));
  client.send(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n" + body);
  ASSERT_TRUE(eventually([&] { return served.service.count() == 1; }));
  served.service.finish((*served.service.list(1))[0].run);
  EXPECT_EQ(parse(client.read_reply())["choices"][0]["message"]["content"], "finished");
}

TEST(Server, AChatWhoseClientLeavesIsCancelledUnlessItHasAKey) {
  Served served;
  for (const bool has_key : {false, true}) {
    auto client = served.connect();
    const auto body = base::dump_json(user("cadre", "slow"));
    client.send("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
                std::string(has_key ? "Idempotency-Key: k1\r\n" : "") +
                "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    const size_t count = has_key ? 2 : 1;
    ASSERT_TRUE(eventually([&] { return served.service.count() == count; }));
    client.close();
    const auto run = (*served.service.list(1))[0].run;
    if (has_key) {
      ASSERT_TRUE(eventually(
          [&] { return served.get("/metrics").body.find("cadre_http_clients_gone_total 2") != std::string::npos; }));
      EXPECT_EQ(served.service.view(run)->status, agent::RunStatus::kRunning);
    } else {
      EXPECT_TRUE(eventually([&] { return served.service.view(run)->status == agent::RunStatus::kCancelled; }));
    }
  }
}

TEST(Server, RefusesChatsByTheFieldAtFault) {
  const auto with = [](const char* field, Json value) {
    auto body = user("writer", "x");
    body["tools"] = Json::array({tool("weather")});
    body[field] = std::move(value);
    return body;
  };
  const auto message = [](Json each) {
    Json body = {{"model", "writer"}};
    body["messages"] = Json::array();
    body["messages"].push_back(std::move(each));
    return body;
  };
  auto text = user("sql", "x");
  text["response_format"] = {{"type", "json_object"}};
  const std::vector<std::pair<Json, std::string>> cases = {
      {Json::object(), "model"},
      {{{"model", "writer"}}, "messages"},
      {with("model", 1), "model"},
      {with("model", "none"), "model"},
      {with("messages", Json::array()), "messages"},
      {with("n", 2), "n"},
      {with("logprobs", true), "logprobs"},
      {with("top_p", 0.5), "top_p"},
      {with("presence_penalty", 1), "presence_penalty"},
      {with("functions", Json::array()), "functions"},
      {with("seed", "a"), "seed"},
      {with("seed", 18'446'744'073'709'551'615ULL), "seed"},
      {with("max_tokens", 0), "max_tokens"},
      {with("temperature", 3), "temperature"},
      {with("stop", Json::array({1})), "stop"},
      {with("stream", 1), "stream"},
      {with("stream_options", Json::object()), "stream_options"},
      {with("tool_choice", "maybe"), "tool_choice"},
      {with("tool_choice", tool("other")), "tool_choice.function.name"},
      {with("tools", Json::array({tool("a"), tool("a")})), "tools[1].function.name"},
      {with("tools", Json::array({tool("a b")})), "tools[0].function.name"},
      {with("response_format", {{"type", "grammar"}}), "response_format.type"},
      {with("response_format", {{"type", "json_schema"}}), "response_format.json_schema"},
      {with("made_up", 1), "made_up"},
      {message({{"role", "king"}, {"content", "x"}}), "messages[0].role"},
      {message({{"role", "user"}}), "messages[0].content"},
      {message({{"role", "tool"}, {"content", "x"}}), "messages[0].tool_call_id"},
      {message({{"role", "user"}, {"content", "x"}, {"audio", 1}}), "messages[0].audio"},
      {message({{"role", "user"}, {"content", Json::array({{{"type", "image_url"}}})}}), "messages[0].content[0].type"},
      {text, "response_format"},
  };
  Served served;
  auto client = served.connect();
  for (const auto& [body, param] : cases) {
    const auto reply = client.request("POST", "/v1/chat/completions", base::dump_json(body));
    EXPECT_GE(reply.status, 400) << body;
    EXPECT_EQ(parse(reply)["error"]["param"], param) << body << reply.body;
  }
  EXPECT_EQ(served.service.count(), 0U);
}

TEST(Server, RefusesBodiesThatAreNoJsonObject) {
  Served served;
  auto client = served.connect();
  const std::vector<std::string> bodies = {
      "{",
      "[]",
      "1",
      "{\"a\": \"\xFF\"}",
      std::string(10'000, '[') + std::string(10'000, ']'),
      "{\"model\":\"cadre\",\"messages\":" + std::string(10'000, '[') + std::string(10'000, ']') + "}"};
  for (const auto& body : bodies) {
    EXPECT_EQ(client.request("POST", "/v1/chat/completions", body).status, 400) << body.substr(0, 40);
    EXPECT_EQ(client.request("POST", "/v1/runs", body).status, 400) << body.substr(0, 40);
    EXPECT_EQ(client.request("POST", "/mcp", body).status, 400) << body.substr(0, 40);
  }
  EXPECT_EQ(client.request("POST", "/v1/runs", "", "Content-Type: text/plain\r\n").status, 415);
}

TEST(Server, StartsReadsAndListsRuns) {
  Served served;
  const auto started = served.post("/v1/runs", {{"text", "hello"}, {"subject", "ann"}}, "Idempotency-Key: k\r\n");
  ASSERT_EQ(started.status, 201);
  const auto run = parse(started);
  EXPECT_EQ(run["status"], "answered");
  EXPECT_EQ(started.header("Location"), "/v1/runs/" + run["run"].get<std::string>());
  EXPECT_EQ(served.service.last_request().subject, "ann");
  EXPECT_EQ(parse(served.post("/v1/runs", {{"text", "hello"}}, "Idempotency-Key: k\r\n"))["run"], run["run"]);
  EXPECT_EQ(parse(served.get("/v1/runs/" + run["run"].get<std::string>()))["text"], "echo: hello");
  EXPECT_EQ(parse(served.get("/v1/runs?limit=5"))["runs"].size(), 1U);
  EXPECT_EQ(served.get("/v1/runs/01890a5d-ac96-774b-bcce-b302099a8057").status, 404);
  EXPECT_EQ(served.get("/v1/runs/nothing").status, 400);
  EXPECT_EQ(served.get("/v1/runs?limit=0").status, 400);
  for (const Json& bad :
       std::vector<Json>{Json::object(), {{"text", 1}}, {{"text", "x"}, {"input", 1}}, {{"text", "x"}, {"more", 1}}}) {
    EXPECT_EQ(served.post("/v1/runs", bad).status, 400) << bad;
  }
  EXPECT_EQ(served.post("/v1/runs", {{"text", "x"}}, "Idempotency-Key: a b\r\n").status, 400);
}

TEST(Server, WaitsForARunAsLongAsItIsAskedTo) {
  Served served;
  const auto run = parse(served.post("/v1/runs", {{"text", "slow"}}))["run"].get<std::string>();
  EXPECT_EQ(parse(served.get("/v1/runs/" + run + "?wait_ms=0"))["status"], "running");
  auto client = served.connect();
  client.send("GET /v1/runs/" + run + "?wait_ms=600000 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  served.service.finish(*store::RunId::parse(run));
  EXPECT_EQ(parse(client.read_reply())["text"], "finished");
  const auto late = parse(served.post("/v1/runs", {{"text", "slow"}}))["run"].get<std::string>();
  client.send("GET /v1/runs/" + late + "?wait_ms=5 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ASSERT_TRUE(eventually([&] {
    served.clock.advance_us(1'000);
    pollfd ready{client.fd(), POLLIN, 0};
    return ::poll(&ready, 1, 0) == 1;
  }));
  EXPECT_EQ(parse(client.read_reply())["status"], "running");
}

TEST(Server, ApprovesAndCancelsRuns) {
  Served served;
  const auto start = [&](const char* text) {
    return parse(served.post("/v1/runs", {{"text", text}}))["run"].get<std::string>();
  };
  const auto run = start("approve it");
  const auto waiting = parse(served.get("/v1/runs/" + run + "?wait_ms=1000"));
  EXPECT_EQ(waiting["status"], "waiting");
  EXPECT_EQ(waiting["approvals"][0]["step"], "s1");
  EXPECT_EQ(served.post("/v1/runs/" + run + "/approve", {{"step", "s1"}}).status, 400);
  EXPECT_EQ(served.post("/v1/runs/" + run + "/approve", {{"step", "s9"}, {"approved", true}}).status, 400);
  EXPECT_EQ(
      parse(served.post("/v1/runs/" + run + "/approve", {{"step", "s1"}, {"approved", true}, {"why", "ok"}}))["status"],
      "answered");
  const auto slow = start("slow");
  EXPECT_EQ(parse(served.connect().request("POST", "/v1/runs/" + slow + "/cancel"))["status"], "cancelled");
  EXPECT_EQ(served.connect().request("POST", "/v1/runs/" + slow + "/cancel").status, 400);
}

TEST(Server, StreamsTheRecordsOfARunAndGoesOnAfterTheLastOneSeen) {
  Served served;
  const auto run = parse(served.post("/v1/runs", {{"text", "slow"}}))["run"].get<std::string>();
  const auto id = *store::RunId::parse(run);
  auto client = served.connect();
  client.send("GET /v1/runs/" + run + "/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n");
  EXPECT_NE(client.read_until("id: 1\n"), "");
  served.service.add_record(id, "step.more");
  EXPECT_NE(client.read_until("event: step.more\nid: 2\n"), "");
  served.service.finish(id);
  EXPECT_NE(client.read_until("event: end\n"), "");
  const auto rest = served.get("/v1/runs/" + run + "/events", "Accept: text/event-stream\r\nLast-Event-ID: 2\r\n").body;
  EXPECT_TRUE(rest.starts_with("event: run.ended\nid: 3\n")) << rest;
  EXPECT_EQ(sse_data(rest).size(), 2U);
  EXPECT_EQ(parse(served.get("/v1/runs/" + run + "/events?after=0&limit=2"))["events"].size(), 2U);
  EXPECT_EQ(served.get("/v1/runs/" + run + "/events", "Accept: text/event-stream\r\nLast-Event-ID: x\r\n").status, 400);
}

// A status of a run elsewhere is the whole of its records: not for every piece.
TEST(Server, ALongRunIsStreamedWithoutAskingForItsStatusAtEveryPiece) {
  Served served;
  const auto run = parse(served.post("/v1/runs", {{"text", "count 3000"}}))["run"].get<std::string>();
  const int64_t before = served.service.views();
  const auto reply = served.get("/v1/runs/" + run + "/events", "Accept: text/event-stream\r\n");
  EXPECT_GT(sse_data(reply.body).size(), 3'000U);
  EXPECT_NE(reply.body.find("event: end\n"), std::string::npos);
  EXPECT_LE(served.service.views() - before, 3) << "there are over 40 pieces";
}

TEST(Server, AThousandClientsFollowOneRunOnAFewThreads) {
  Served served({.http = {.io_thread_count = 1, .worker_count = 4}});
  const auto run = parse(served.post("/v1/runs", {{"text", "slow"}}))["run"].get<std::string>();
  const auto id = *store::RunId::parse(run);
  std::vector<TestClient> clients;
  for (int i = 0; i < 1000; ++i) {
    clients.push_back(served.connect());
    clients.back().send("GET /v1/runs/" + run +
                        "/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n");
  }
  for (auto& client : clients) EXPECT_NE(client.read_until("id: 1\n"), "");
  for (int i = 0; i < 3; ++i) served.service.add_record(id, "step.more");
  for (auto& client : clients) EXPECT_NE(client.read_until("id: 4\n"), "");
  EXPECT_EQ(served.get("/health").status, 200);
  served.service.finish(id);
  for (auto& client : clients) EXPECT_NE(client.read_until("event: end\n"), "");
}

TEST(Server, Decides) {
  Served served;
  const auto decided =
      parse(served.post("/v1/decisions", {{"specialist", "sql"}, {"input", {{"question", "how many"}}}}));
  EXPECT_EQ(decided["value"]["sql"], "SELECT 1");
  EXPECT_EQ(decided["confidence"], 0.875);
  EXPECT_EQ(served.post("/v1/decisions", {{"text", "x"}}).status, 400);
  const auto declined = parse(served.post("/v1/decisions", {{"specialist", "sql"}, {"text", "decline"}}));
  EXPECT_EQ(declined["status"], "declined");
  EXPECT_EQ(declined["value"], nullptr);
  EXPECT_EQ(served.post("/v1/decisions", {{"specialist", "sql"}, {"text", "fail"}}).status, 422);
  EXPECT_EQ(served.post("/v1/decisions", {{"specialist", "sql"}, {"text", "slow"}, {"timeout_ms", 0}}).status, 202);
}

TEST(Server, WantsKeysWithTheRightScopeAndRate) {
  const auto hash = base::to_hex(base::sha256(std::string_view("secret")));
  const auto keys = ApiKeys::parse(R"({"keys":[{"name":"ci","sha256":")" + hash +
                                   R"(","scopes":["runs:read"],"requests_per_second":1,"burst":3}]})");
  ASSERT_TRUE(keys.ok()) << keys.error().message;
  Served served({.gate = {.keys = *keys}});
  EXPECT_EQ(served.get("/v1/runs").status, 401);
  EXPECT_EQ(served.get("/v1/runs").header("WWW-Authenticate"), "Bearer");
  EXPECT_EQ(served.get("/v1/runs", "Authorization: Bearer wrong\r\n").status, 401);
  EXPECT_EQ(served.get("/v1/runs", "Authorization: Basic secret\r\n").status, 401);
  EXPECT_EQ(served.get("/health").status, 200);
  EXPECT_EQ(served.get("/metrics", "Authorization: Bearer secret\r\n").status, 403);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(served.get("/v1/runs", "Authorization: bearer secret\r\n").status, 200);
  const auto limited = served.get("/v1/runs", "Authorization: Bearer secret\r\n");
  EXPECT_EQ(limited.status, 429);
  EXPECT_EQ(limited.header("Retry-After"), "1");
  served.clock.advance_us(1'000'000);
  EXPECT_EQ(served.get("/v1/runs", "Authorization: Bearer secret\r\n").status, 200);
}

TEST(Server, RefusesForeignHostsAndOrigins) {
  Served served({.gate = {.allowed_origins = {"https://console.example"}}});
  const auto ask = [&](const std::string& host, const std::string& origin) {
    auto client = served.connect();
    client.send("GET /v1/models HTTP/1.1\r\nHost: " + host + "\r\n" +
                (origin.empty() ? "" : "Origin: " + origin + "\r\n") + "\r\n");
    return client.read_reply();
  };
  EXPECT_EQ(ask("localhost:80", "").status, 200);
  EXPECT_EQ(ask("[::1]:80", "").status, 200);
  EXPECT_EQ(ask("evil.example", "").status, 403);
  EXPECT_EQ(ask("evil.example", "http://evil.example").status, 403);
  EXPECT_EQ(ask("localhost", "http://evil.example").status, 403);
  EXPECT_EQ(ask("localhost", "null").status, 403);
  EXPECT_EQ(ask("localhost:8080", "http://localhost:8080").status, 200);
  const auto allowed = ask("localhost", "https://console.example");
  EXPECT_EQ(allowed.header("Access-Control-Allow-Origin"), "https://console.example");
  const auto preflight = served.connect().request("OPTIONS", "/v1/runs", "", "Origin: https://console.example\r\n");
  EXPECT_EQ(preflight.status, 204);
  EXPECT_NE(preflight.header("Access-Control-Allow-Headers").find("Authorization"), std::string::npos);
}

TEST(Server, GoesBeyondLoopbackOnlyWithKeys) {
  ScriptedService service;
  const auto open = Server::start({.http = {.address = "0.0.0.0"}}, service);
  ASSERT_FALSE(open.ok());
  EXPECT_EQ(open.error().code, ErrorCode::kDenied);
}

TEST(Server, CountsItsReplies) {
  Served served;
  served.get("/v1/models");
  served.get("/v1/models/none");
  const auto metrics = served.get("/metrics").body;
  EXPECT_NE(metrics.find("cadre_runs_total 0\n"), std::string::npos);
  EXPECT_NE(metrics.find("cadre_http_replies_total{surface=\"models\",status=\"2xx\"} 1\n"), std::string::npos);
  EXPECT_NE(metrics.find("cadre_http_replies_total{surface=\"models\",status=\"4xx\"} 1\n"), std::string::npos);
}

TEST(Server, ADrainEndsEventStreamsAndLetsChatsFinish) {
  Served served;
  const auto run = parse(served.post("/v1/runs", {{"text", "slow"}}))["run"].get<std::string>();
  auto follower = served.connect();
  follower.send("GET /v1/runs/" + run + "/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n");
  EXPECT_NE(follower.read_until("id: 1\n"), "");
  auto chat = served.connect();
  const auto body = base::dump_json(user("cadre", "slow"));
  chat.send(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n" + body);
  ASSERT_TRUE(eventually([&] { return served.service.count() == 2; }));
  auto drained = std::async(std::launch::async, [&] { return served.server->drain(20'000); });
  EXPECT_NE(follower.read_to_end(), "never");
  served.service.finish((*served.service.list(1))[0].run);
  EXPECT_EQ(chat.read_reply().status, 200);
  EXPECT_TRUE(drained.get());
  EXPECT_EQ(served.service.view(*store::RunId::parse(run))->status, agent::RunStatus::kRunning);
}

TEST(ApiKeys, RefusesFilesThatAreNone) {
  const std::string hash(64, 'a');
  const auto key = [&](const std::string& fields) { return "{\"keys\":[{" + fields + "}]}"; };
  const auto good = "\"name\":\"a\",\"sha256\":\"" + hash + "\",\"scopes\":[\"chat\"]";
  EXPECT_TRUE(ApiKeys::parse(key(good)).ok());
  for (const auto& bad :
       {std::string("{}"), std::string("{\"keys\":[]}"), std::string("{\"keys\":[1]}"), key("\"name\":\"a\""),
        key(good + ",\"extra\":1"), key(good + ",\"burst\":0"), "{\"keys\":[{" + good + "},{" + good + "}]}",
        key("\"name\":\"a\",\"sha256\":\"" + hash + "\",\"scopes\":[]"),
        key("\"name\":\"a\",\"sha256\":\"" + hash + "\",\"scopes\":[\"all\"]"),
        key("\"name\":\"a\",\"sha256\":\"XY\",\"scopes\":[\"chat\"]")}) {
    EXPECT_FALSE(ApiKeys::parse(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace cadre::serve
