// SPDX-License-Identifier: Apache-2.0
#include "net/http_client.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <thread>

#include "net/event_stream.h"
#include "net/test_http_server.h"

namespace cadre::net {
namespace {

HttpClient client_for(const std::vector<std::string>& entries) {
  return HttpClient(AddressPolicy::parse(entries).value());
}

HttpClient local_client() {
  return client_for({"127.0.0.1"});
}

ErrorCode code_of(const HttpExchange& exchange) {
  return exchange.error ? exchange.error->code : ErrorCode::kInternal;
}

TEST(HttpClient, SendsWhatWasAskedAndReturnsWhatCame) {
  TestHttpServer server(http_answer(201, "hello", "X-Seen: a\r\nX-Seen: b\r\n"));
  const auto response = local_client()
                            .send({.method = "PUT",
                                   .url = server.url("/p%20q?x=1#part"),
                                   .headers = {{"Content-Type", "application/json"}, {"X-Empty", ""}},
                                   .body = std::string("{\"a\":\0}", 7)})
                            .value();
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.body, "hello");
  EXPECT_EQ(response.header("x-seen"), "a");
  EXPECT_EQ(response.headers.size(), 3u);
  const TestRequest request = server.requests().at(0);
  EXPECT_EQ(request.line(), "PUT /p%20q?x=1 HTTP/1.1");
  EXPECT_EQ(request.body.size(), 7u);
  EXPECT_EQ(request.header("Content-Type"), "application/json");
  EXPECT_EQ(request.header("User-Agent"), "cadre");
  EXPECT_NE(request.head.find("\r\nX-Empty:\r\n"), std::string::npos) << request.head;
  EXPECT_EQ(request.head.find("Expect"), std::string::npos);
}

TEST(HttpClient, AStatusIsAResult) {
  for (const int status : {204, 404, 500, 503}) {
    TestHttpServer server(http_answer(status, ""));
    EXPECT_EQ(local_client().send({.url = server.url()}).value().status, status);
  }
}

TEST(HttpClient, NothingIsSentToAnAddressThatThePolicyDoesNotName) {
  TestHttpServer server(http_answer(200, "secret"));
  const std::string port = std::to_string(server.port());
  const struct {
    std::vector<std::string> entries;
    std::string url;
  } cases[] = {
      {{}, server.url()},
      {{"127.0.0.1:1"}, server.url()},
      {{"*"}, server.url()},
      {{"*"}, "http://localhost:" + port + "/"},  // the name passes, its address does not
      {{"*", "0.0.0.0/0"}, "http://localhost:" + port + "/"},
      {{"*"}, "http://2130706433:" + port + "/"},  // other spellings of 127.0.0.1
      {{"*"}, "http://0x7f.1:" + port + "/"},
      {{"*"}, "http://017700000001:" + port + "/"},
      {{"*"}, "http://[::ffff:127.0.0.1]:" + port + "/"},
      {{"*"}, "http://0.0.0.0:" + port + "/"},
      {{"*"}, "http://169.254.169.254/latest/meta-data/"},
      {{"127.0.0.1"}, "http://169.254.169.254/latest/meta-data/"},
      {{"127.0.0.1"}, "http://example.com/"},
  };
  for (const auto& c : cases) {
    const auto exchange = client_for(c.entries).exchange({.url = c.url, .timeout_ms = 5'000});
    EXPECT_EQ(code_of(exchange), ErrorCode::kDenied)
        << c.url << " " << (exchange.error ? exchange.error->message : "answered");
    EXPECT_FALSE(exchange.may_have_arrived);
  }
  EXPECT_EQ(server.connections(), 0);
  EXPECT_EQ(client_for({"localhost"}).send({.url = "http://localhost:" + port + "/"}).value().body, "secret");
}

TEST(HttpClient, TheEnvironmentsProxyIsNotAsked) {
  TestHttpServer proxy(http_answer(200, "proxy")), server(http_answer(200, "server"));
  ::setenv("http_proxy", proxy.url().c_str(), 1);
  ::setenv("ALL_PROXY", proxy.url().c_str(), 1);
  EXPECT_EQ(local_client().send({.url = server.url()}).value().body, "server");
  ::unsetenv("http_proxy");
  ::unsetenv("ALL_PROXY");
  EXPECT_EQ(proxy.connections(), 0);
}

TEST(HttpClient, RequestsThatWouldSmuggleAreRefused) {
  TestHttpServer server(http_answer(200, ""));
  const HttpRequest bad[] = {
      {.url = server.url(), .headers = {{"X-A", "1\r\nX-B: 2"}}},
      {.url = server.url(), .headers = {{"X-A", std::string("1\0", 2)}}},
      {.url = server.url(), .headers = {{"X-A\r\nX-B", "2"}}},
      {.url = server.url(), .headers = {{"X A", "2"}}},
      {.url = server.url(), .headers = {{"Content-Length", "0"}}},
      {.url = server.url(), .headers = {{"transfer-encoding", "chunked"}}},
      {.url = server.url(), .headers = {{"Host", "other"}}},
      {.method = "GET / HTTP/1.1\r\nX: y\r\n", .url = server.url()},
      {.method = "", .url = server.url()},
      {.url = server.url("/a b")},
      {.url = server.url("/a\r\nX: y")},
      {.url = "ftp://127.0.0.1/"},
      {.url = "file:///etc/passwd"},
      {.url = "http://user:pass@127.0.0.1/"},
      {.url = "http://127.0.0.1:0/"},
      {.url = "127.0.0.1/x"},
      {.url = ""},
      {.url = "http://b\xc3\xbc"
              "cher.example/"},
      {.url = "http://127.0.0.1/" + std::string(20'000, 'a')},
  };
  for (const HttpRequest& request : bad)
    EXPECT_EQ(code_of(local_client().exchange(request)), ErrorCode::kInvalid) << request.url.substr(0, 60);
  EXPECT_EQ(server.connections(), 0);
}

TEST(HttpClient, FailuresSayWhetherTheRequestMayHaveArrived) {
  uint16_t free_port = 0;
  {
    TestHttpServer gone(http_answer(200, ""));
    free_port = gone.port();
  }
  const auto refused =
      local_client().exchange({.url = "http://127.0.0.1:" + std::to_string(free_port) + "/p?token=hidden"});
  EXPECT_EQ(code_of(refused), ErrorCode::kUnavailable);
  EXPECT_FALSE(refused.may_have_arrived);
  EXPECT_EQ(refused.error->message.find("hidden"), std::string::npos);
  EXPECT_NE(refused.error->message.find("/p"), std::string::npos);

  TestHttpServer dies([](const TestRequest&, TestConnection& connection) { connection.is_closing = true; });
  const auto broken = local_client().exchange({.method = "POST", .url = dies.url()});
  EXPECT_EQ(code_of(broken), ErrorCode::kUnavailable);
  EXPECT_TRUE(broken.may_have_arrived);

  TestHttpServer silent([](const TestRequest&, TestConnection& connection) { connection.wait_until_closed(); });
  const auto late = local_client().exchange({.method = "POST", .url = silent.url(), .timeout_ms = 100});
  EXPECT_EQ(code_of(late), ErrorCode::kTimeout);
  EXPECT_TRUE(late.may_have_arrived);
}

TEST(HttpClient, WhatArrivesHasLimits) {
  TestHttpServer big(http_answer(200, std::string(5000, 'x')));
  EXPECT_EQ(code_of(local_client().exchange({.url = big.url(), .body_size_bytes_max = 4999})), ErrorCode::kLimit);
  EXPECT_EQ(local_client().send({.url = big.url(), .body_size_bytes_max = 5000}).value().body.size(), 5000u);

  TestHttpServer chunks([](const TestRequest&, TestConnection& connection) {
    connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (connection.send("400\r\n" + std::string(1024, 'x') + "\r\n")) {
    }
    connection.is_closing = true;
  });
  EXPECT_EQ(code_of(local_client().exchange({.url = chunks.url(), .body_size_bytes_max = 100'000})), ErrorCode::kLimit);

  TestHttpServer headers([](const TestRequest&, TestConnection& connection) {
    connection.send("HTTP/1.1 200 OK\r\n");
    while (connection.send("X-More: " + std::string(100, 'x') + "\r\n")) {
    }
    connection.is_closing = true;
  });
  EXPECT_EQ(code_of(local_client().exchange({.url = headers.url(), .header_size_bytes_max = 10'000})),
            ErrorCode::kLimit);
}

TEST(HttpClient, AServerThatDribblesIsGivenUp) {
  TestHttpServer server([](const TestRequest&, TestConnection& connection) {
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab");
    connection.wait_until_closed();
  });
  EXPECT_EQ(code_of(local_client().exchange({.url = server.url(), .idle_timeout_ms = 60})), ErrorCode::kTimeout);
  EXPECT_EQ(code_of(local_client().exchange({.url = server.url(), .timeout_ms = 60})), ErrorCode::kTimeout);
}

TEST(HttpClient, StopsWhenAsked) {
  base::Cancel cancel;
  TestHttpServer server([&](const TestRequest&, TestConnection& connection) {
    cancel.request();
    connection.wait_until_closed();
  });
  EXPECT_EQ(code_of(local_client().exchange({.url = server.url(), .cancel = &cancel})), ErrorCode::kCancelled);
}

TEST(HttpClient, RedirectsAreReturnedUnlessAskedFor) {
  TestHttpServer server([](const TestRequest& request, TestConnection& connection) {
    if (request.line() == "GET /end HTTP/1.1") return (void)connection.send(http_answer(200, "end"));
    connection.send(http_answer(302, "moved", "Location: /end\r\n"));
  });
  const auto returned = local_client().send({.url = server.url("/a")}).value();
  EXPECT_EQ(returned.status, 302);
  EXPECT_EQ(returned.body, "moved");
  const auto followed =
      local_client().send({.method = "POST", .url = server.url("/a"), .body = "b", .redirects_max = 2}).value();
  EXPECT_EQ(followed.body, "end");
  EXPECT_EQ(followed.url, server.url("/end"));
}

TEST(HttpClient, EachRedirectIsCheckedAndSecretsStayHome) {
  TestHttpServer other(http_answer(200, "other"));
  TestHttpServer server([&](const TestRequest& request, TestConnection& connection) {
    const std::string target =
        request.line().find("/out") != std::string::npos ? other.url() : "http://169.254.169.254/";
    connection.send(http_answer(307, "", "Location: " + target + "\r\n"));
  });
  const auto metadata = local_client().exchange({.url = server.url("/meta"), .redirects_max = 3});
  EXPECT_EQ(code_of(metadata), ErrorCode::kDenied);
  const HttpRequest request{.url = server.url("/out"),
                            .headers = {{"Authorization", "Bearer s"}, {"X-Key", "s"}, {"Accept", "a/b"}},
                            .redirects_max = 1};
  EXPECT_EQ(local_client().send(request).value().body, "other");
  EXPECT_EQ(server.requests().back().header("X-Key"), "s");
  EXPECT_EQ(other.requests().at(0).header("Authorization"), "");
  EXPECT_EQ(other.requests().at(0).header("X-Key"), "");
  EXPECT_EQ(other.requests().at(0).header("Accept"), "a/b");
}

TEST(HttpClient, EndlessRedirectsAndBadOnesAreErrors) {
  TestHttpServer loop([](const TestRequest&, TestConnection& connection) {
    connection.send(http_answer(302, "", "Location: /again\r\n"));
  });
  EXPECT_EQ(code_of(local_client().exchange({.url = loop.url(), .redirects_max = 5})), ErrorCode::kLimit);
  EXPECT_EQ(loop.requests().size(), 6u);
  TestHttpServer file(http_answer(302, "", "Location: file:///etc/passwd\r\n"));
  EXPECT_EQ(code_of(local_client().exchange({.url = file.url(), .redirects_max = 5})), ErrorCode::kInvalid);
}

TEST(HttpClient, KeepsConnectionsButNeverRepeatsAPostOnADeadOne) {
  // Closes a kept connection when the second request arrives on it, without an answer.
  std::atomic<int> answered{0};
  TestHttpServer server([&](const TestRequest&, TestConnection& connection) {
    if (++answered % 2 == 0) return (void)(connection.is_closing = true);
    connection.send(http_answer(200, "ok"));
  });
  const HttpClient client = local_client();
  EXPECT_EQ(client.send({.url = server.url()}).value().body, "ok");
  EXPECT_EQ(client.send({.url = server.url()}).value().body, "ok");  // dead, sent again
  EXPECT_EQ(server.requests().size(), 3u);
  const auto post = client.exchange(
      {.method = "POST", .url = server.url()});  // a new connection; this server drops every second request
  EXPECT_EQ(code_of(post), ErrorCode::kUnavailable);
  EXPECT_TRUE(post.may_have_arrived);
  EXPECT_EQ(server.requests().size(), 4u);
}

TEST(HttpClient, ASinkSeesTheBodyAsItComesAndMayStop) {
  TestHttpServer server([](const TestRequest&, TestConnection& connection) {
    connection.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n");
    connection.send("data: 2\n\n");
    connection.wait_until_closed();
  });
  EventStreamReader reader;
  std::string seen;
  HttpRequest request{.url = server.url()};
  request.sink = [&](const HttpResponse& head, std::string_view bytes) -> Result<Flow> {
    EXPECT_EQ(head.header("content-type"), "text/event-stream");
    for (const StreamEvent& event : TRY(reader.push(bytes))) seen += event.data;
    return seen == "12" ? Flow::kStop : Flow::kMore;
  };
  const auto response = local_client().send(request).value();
  EXPECT_EQ(seen, "12");
  EXPECT_EQ(response.body, "");
  request.sink = [](const HttpResponse&, std::string_view) -> Result<Flow> {
    return Error{ErrorCode::kCorrupt, "not like this"};
  };
  EXPECT_EQ(code_of(local_client().exchange(request)), ErrorCode::kCorrupt);
}

TEST(HttpClient, ManyThreadsShareOneClient) {
  TestHttpServer server([](const TestRequest& request, TestConnection& connection) {
    connection.send(http_answer(200, request.line()));
  });
  const HttpClient client = local_client();
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        const std::string path = "/" + std::to_string(t) + "/" + std::to_string(i);
        if (client.send({.url = server.url(path)}).value().body == "GET " + path + " HTTP/1.1") ++right;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 160);
  EXPECT_LE(server.connections(), 8);
}

TEST(PercentEncoding, LeavesOnlyUnreservedCharacters) {
  EXPECT_EQ(percent_encoded("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(percent_encoded("a/b?c=d&e%\xc3\xbc \n"), "a%2Fb%3Fc%3Dd%26e%25%C3%BC%20%0A");
}

}  // namespace
}  // namespace cadre::net
