// SPDX-License-Identifier: Apache-2.0
#include "net/http_server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

#include "net/test_client.h"

namespace cadre::net {
namespace {

Reply text_reply(int status, std::string body) {
  Reply reply{.status = status};
  reply.body = std::move(body);
  return reply;
}

// Sends what it is told to, to as many clients as there are.
class Bell {
 public:
  void ring(int count = 1) {
    std::vector<std::shared_ptr<Waker>> wakers;
    {
      const std::lock_guard lock(mutex_);
      rings_ += count;
      wakers = wakers_;
    }
    for (const auto& waker : wakers) waker->wake();
  }
  int rings() const {
    const std::lock_guard lock(mutex_);
    return rings_;
  }
  void add(std::shared_ptr<Waker> waker) {
    const std::lock_guard lock(mutex_);
    wakers_.push_back(std::move(waker));
  }

 private:
  mutable std::mutex mutex_;
  int rings_ = 0;
  std::vector<std::shared_ptr<Waker>> wakers_;
};

class BellSource final : public ReplySource {
 public:
  BellSource(std::shared_ptr<Bell> bell, int rings_max) : bell_(std::move(bell)), rings_max_(rings_max) {}
  Piece next() override {
    if (sent_ == rings_max_) return {"", State::kEnd};
    if (sent_ == bell_->rings()) return {"", State::kWait};
    ++sent_;
    return {"ring " + std::to_string(sent_) + "\n", State::kMore};
  }

 private:
  std::shared_ptr<Bell> bell_;
  int rings_max_;
  int sent_ = 0;
};

class EndlessSource final : public ReplySource {
 public:
  explicit EndlessSource(std::atomic<int>& pieces) : pieces_(pieces) {}
  Piece next() override {
    ++pieces_;
    return {std::string(64 << 10, 'x'), State::kMore};
  }

 private:
  std::atomic<int>& pieces_;
};

struct Served {
  std::shared_ptr<Bell> bell = std::make_shared<Bell>();
  std::atomic<int> pieces{0};
  std::atomic<int> entered{0};
  std::atomic<int> seen_cancelled{0};
  std::unique_ptr<HttpServer> server;

  explicit Served(HttpServerOptions options = {}) {
    auto started = HttpServer::start(
        std::move(options), [this](InboundRequest request) { return handle(std::move(request)); },
        [](int status, const std::string& message) { return text_reply(status, message); });
    EXPECT_TRUE(started.ok()) << started.error().message;
    server = std::move(*started);
  }

  Handled handle(InboundRequest request) {
    if (request.path == "/stream") {
      bell->add(request.waker);
      Reply reply{.headers = {{"Content-Type", "text/plain"}}};
      reply.source = std::make_unique<BellSource>(bell, 3);
      reply.keep_alive = ":\n";
      return reply;
    }
    if (request.path == "/endless") {
      Reply reply;
      reply.source = std::make_unique<EndlessSource>(pieces);
      return reply;
    }
    if (request.path == "/later") {
      bell->add(request.waker);
      ++entered;
      return Handled([this]() -> std::optional<Reply> {
        if (bell->rings() == 0) return std::nullopt;
        return text_reply(200, "rung");
      });
    }
    if (request.path == "/until-gone") {
      ++entered;
      while (!request.cancel->requested()) std::this_thread::yield();
      ++seen_cancelled;
      return text_reply(200, "");
    }
    if (request.path == "/throw") throw std::runtime_error("boom");
    std::string text = request.method + "|" + request.path + "|" + std::to_string(request.segments.size());
    for (const auto& [name, value] : request.query) text += "|" + name + "=" + value;
    Reply reply = text_reply(200, text + "|" + request.body);
    if (const auto* echo = request.header("X-ECHO")) reply.headers.push_back({"X-Echo", *echo + "\r\nX-Injected: yes"});
    return reply;
  }
  TestClient connect() const { return TestClient(server->port()); }
};

TEST(HttpServer, AnswersSeveralRequestsOnOneConnection) {
  Served served;
  auto client = served.connect();
  EXPECT_EQ(client.request("GET", "/a/b%20c?x=1+2&y=%C3%A4").body, "GET|/a/b c|2|x=1 2|y=\xC3\xA4|");
  EXPECT_EQ(client.request("POST", "/a", "hello").body, "POST|/a|1|hello");
  const auto head = client.request("HEAD", "/a");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("Content-Length"), "10");
  EXPECT_EQ(client.request("GET", "/").body, "GET|/|0|");
  EXPECT_EQ(served.server->stats().connections_accepted, 1);
}

TEST(HttpServer, TakesRequestsInSingleBytes) {
  Served served;
  auto client = served.connect();
  for (const char c : std::string("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi")) {
    ASSERT_TRUE(client.send(std::string_view(&c, 1)));
  }
  EXPECT_EQ(client.read_reply().body, "POST|/a|1|hi");
}

TEST(HttpServer, AnswersPipelinedRequestsInOrder) {
  Served served;
  auto client = served.connect();
  std::string all;
  for (int i = 0; i < 50; ++i) all += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n";
  ASSERT_TRUE(client.send(all));
  for (int i = 0; i < 50; ++i) EXPECT_EQ(client.read_reply().body, "GET|/" + std::to_string(i) + "|1|");
}

TEST(HttpServer, TakesChunkedBodiesAndExpectations) {
  Served served;
  auto client = served.connect();
  ASSERT_TRUE(
      client.send("POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"));
  EXPECT_EQ(client.read_reply().body, "POST|/a|1|abcde");
  ASSERT_TRUE(client.send("POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"));
  EXPECT_EQ(client.read_reply().status, 100);
  ASSERT_TRUE(client.send("ok"));
  EXPECT_EQ(client.read_reply().body, "POST|/a|1|ok");
}

TEST(HttpServer, ClosesAfterAnHttp10RequestUnlessAskedNotTo) {
  Served served;
  auto client = served.connect();
  ASSERT_TRUE(client.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
  EXPECT_EQ(client.read_reply().header("Connection"), "keep-alive");
  ASSERT_TRUE(client.send("GET /a HTTP/1.0\r\n\r\n"));
  EXPECT_EQ(client.read_reply().header("Connection"), "close");
  EXPECT_EQ(client.read_to_end(), "");
}

TEST(HttpServer, RefusesWhatIsMalformedOrTooLarge) {
  const std::vector<std::pair<std::string, int>> cases = {
      {"GARBAGE\r\n\r\n", 400},
      {"GET /a HTTP/1.1\r\n\r\n", 400},                                    // no Host
      {"GET /a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},              // two
      {"GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400},                          // no path
      {"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400},                       // no escape
      {"GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400},                       // a zero byte
      {"GET /%ff HTTP/1.1\r\nHost: a\r\n\r\n", 400},                       // no UTF-8
      {"GET /a HTTP/1.1\r\nHost: a\r\nX Y: 1\r\n\r\n", 400},               // a space in a name
      {"GET /a HTTP/1.1\r\nHost: a\r\nX: 1\x01\r\n\r\n", 400},             // a control character
      {"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400},  // a negative size
      {"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       400},  // smuggling
      {"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400},
      {"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
      {"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n", 413},
      {"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + std::string(1001, 'x') +
           "\r\n0\r\n\r\n",
       413},
      {"GET /a HTTP/1.1\r\nHost: a\r\nX: " + std::string(5000, 'x') + "\r\n\r\n", 431},
      {"GET /" + std::string(5000, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n", 431},
  };
  Served served({.header_size_bytes_max = 4096, .body_size_bytes_max = 1000});
  for (const auto& [bytes, status] : cases) {
    auto client = served.connect();
    client.send(bytes);
    const auto reply = client.read_reply();
    EXPECT_EQ(reply.status, status) << bytes.substr(0, 100);
    EXPECT_EQ(reply.header("Connection"), "close") << bytes.substr(0, 100);
    EXPECT_EQ(client.read_to_end(), "");
  }
  EXPECT_EQ(served.server->stats().requests_refused, static_cast<int64_t>(cases.size()));
  EXPECT_EQ(served.server->stats().requests, 0);
}

TEST(HttpServer, TheBodyLimitHoldsForManySmallChunks) {
  Served served({.body_size_bytes_max = 1000});
  auto client = served.connect();
  client.send("POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 1001; ++i) client.send("1\r\nx\r\n");
  EXPECT_EQ(client.read_reply().status, 413);
}

TEST(HttpServer, ASlowHeaderOrBodyIsTimedOut) {
  Served served({.header_ms_max = 50, .body_ms_max = 50});
  auto header = served.connect();
  header.send("GET /a HTTP/1.1\r\nHost:");
  EXPECT_EQ(header.read_reply().status, 408);
  auto body = served.connect();
  body.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_EQ(body.read_reply().status, 408);
}

TEST(HttpServer, AnIdleConnectionIsClosed) {
  Served served({.idle_ms_max = 50});
  auto client = served.connect();
  EXPECT_EQ(client.read_to_end(), "");
  auto second = served.connect();
  EXPECT_EQ(second.request("GET", "/a").status, 200);
  EXPECT_EQ(second.read_to_end(), "");
}

TEST(HttpServer, RefusesConnectionsPastItsLimit) {
  Served served({.connections_max = 2});
  auto first = served.connect();
  auto second = served.connect();
  EXPECT_EQ(first.request("GET", "/a").status, 200);
  EXPECT_EQ(second.request("GET", "/a").status, 200);
  auto third = served.connect();
  EXPECT_EQ(third.read_reply().status, 503);
  first.close();
  ASSERT_TRUE(eventually([&] { return served.server->stats().connections_open == 1; }));
  EXPECT_EQ(served.connect().request("GET", "/a").status, 200);
}

TEST(HttpServer, HeaderValuesCannotEndTheirLine) {
  Served served;
  const auto reply = served.connect().request("GET", "/a", "", "X-Echo: hello\r\n");
  EXPECT_EQ(reply.header("X-Echo"), "hello  X-Injected: yes");
  EXPECT_EQ(reply.header("X-Injected"), "");
}

TEST(HttpServer, AHandlerThatThrowsIsAnError) {
  Served served;
  EXPECT_EQ(served.connect().request("GET", "/throw").status, 500);
}

TEST(HttpServer, StreamsPiecesAsTheyCome) {
  Served served;
  auto client = served.connect();
  client.send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_NE(client.read_until("\r\n\r\n"), "");
  for (int i = 1; i <= 3; ++i) {
    served.bell->ring();
    EXPECT_EQ(client.read_chunk().bytes, "ring " + std::to_string(i) + "\n");
  }
  EXPECT_TRUE(client.read_chunk().is_there);
  EXPECT_EQ(client.request("GET", "/a").status, 200);  // the connection goes on
}

TEST(HttpServer, AWaitingStreamIsKeptAlive) {
  Served served({.keep_alive_ms = 10});
  auto client = served.connect();
  client.send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_NE(client.read_until("\r\n\r\n"), "");
  EXPECT_EQ(client.read_chunk().bytes, ":\n");
  EXPECT_EQ(client.read_chunk().bytes, ":\n");
}

TEST(HttpServer, ASourceWaitsForAClientThatDoesNotRead) {
  Served served;
  auto client = served.connect();
  client.send("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n");
  // Once the socket's buffers are full no piece is asked for: other requests get in, and the count stands.
  int before = -1;
  ASSERT_TRUE(eventually([&] {
    auto other = served.connect();
    for (int i = 0; i < 20; ++i) EXPECT_EQ(other.request("GET", "/a").status, 200);
    return std::exchange(before, served.pieces.load()) == served.pieces.load() && before > 0;
  }));
  EXPECT_LT(served.pieces.load(), 1000);
}

TEST(HttpServer, AClientThatTakesNothingIsClosed) {
  Served served({.write_ms_max = 50});
  auto client = served.connect();
  client.send("GET /endless HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return served.server->stats().clients_gone == 1; }));
}

TEST(HttpServer, ManyRequestsWaitOnTwoWorkers) {
  Served served({.io_thread_count = 1, .worker_count = 2});
  std::vector<TestClient> clients;
  for (int i = 0; i < 200; ++i) {
    clients.push_back(served.connect());
    clients.back().send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  ASSERT_TRUE(eventually([&] { return served.entered == 200; }));
  EXPECT_EQ(served.connect().request("GET", "/a").status, 200);
  served.bell->ring();
  for (auto& client : clients) EXPECT_EQ(client.read_reply().body, "rung");
}

TEST(HttpServer, AThousandStreamsOnTwoWorkers) {
  Served served({.io_thread_count = 1, .worker_count = 2});
  std::vector<TestClient> clients;
  for (int i = 0; i < 1000; ++i) {
    clients.push_back(served.connect());
    ASSERT_TRUE(clients.back().is_connected());
    clients.back().send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  for (auto& client : clients) EXPECT_NE(client.read_until("\r\n\r\n"), "");
  served.bell->ring(3);
  for (auto& client : clients) {
    EXPECT_EQ(client.read_chunk().bytes, "ring 1\n");
    EXPECT_EQ(client.read_chunk().bytes, "ring 2\n");
    EXPECT_EQ(client.read_chunk().bytes, "ring 3\n");
  }
}

TEST(HttpServer, AHandlerLearnsThatItsClientIsGone) {
  Served served;
  auto client = served.connect();
  client.send("GET /until-gone HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return served.entered == 1; }));
  client.close();
  EXPECT_TRUE(eventually([&] { return served.seen_cancelled == 1; }));
}

TEST(HttpServer, TooManyQueuedRequestsAreRefused) {
  Served served({.worker_count = 1, .requests_queued_max = 1});
  auto busy = served.connect();
  busy.send("GET /until-gone HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return served.entered == 1; }));
  auto queued = served.connect();
  queued.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return served.server->stats().requests == 2; }));
  EXPECT_EQ(served.connect().request("GET", "/a").status, 503);
  busy.close();
  EXPECT_EQ(queued.read_reply().status, 200);
}

TEST(HttpServer, ADrainFinishesWhatRunsAndAcceptsNothing) {
  Served served;
  auto idle = served.connect();
  EXPECT_EQ(idle.request("GET", "/a").status, 200);
  auto waiting = served.connect();
  waiting.send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return served.entered == 1; }));
  auto drained = std::async(std::launch::async, [&] { return served.server->drain(kTestWaitMs); });
  EXPECT_EQ(idle.read_to_end(), "");
  EXPECT_TRUE(served.server->is_draining());
  served.bell->ring();
  const auto reply = waiting.read_reply();
  EXPECT_EQ(reply.body, "rung");
  EXPECT_EQ(reply.header("Connection"), "close");
  EXPECT_TRUE(drained.get());
  EXPECT_FALSE(served.connect().is_connected());
}

TEST(HttpServer, ADrainsDeadlineCancelsTheRest) {
  Served served;
  auto client = served.connect();
  client.send("GET /until-gone HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return served.entered == 1; }));
  EXPECT_FALSE(served.server->drain(10));
  EXPECT_EQ(served.seen_cancelled, 1);
}

TEST(HttpServer, AnAddressThatIsNoneOrTakenIsAnError) {
  auto handler = [](InboundRequest) { return Handled(Reply{}); };
  auto refusal = [](int, const std::string&) { return Reply{}; };
  const auto none = HttpServer::start({.address = "nowhere"}, handler, refusal);
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code, ErrorCode::kInvalid);
  Served served;
  const auto taken = HttpServer::start({.port = served.server->port()}, handler, refusal);
  ASSERT_FALSE(taken.ok());
  EXPECT_EQ(taken.error().code, ErrorCode::kBusy);
}

}  // namespace
}  // namespace cadre::net
