// `cadre serve` as a client sees it: real sockets, the shipped specialists, signals and kills.
// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "base/random.h"
#include "net/http_client.h"
#include "net/subprocess.h"
#include "store/journal.h"

namespace cadre::tests {
namespace {

using base::Json;
using testing::HasSubstr;

constexpr int64_t kStart_ms = 60'000;

// One process of the server over examples/cadre.yaml, with its journal in `folder`.
class Served {
 public:
  static std::unique_ptr<Served> start(const std::string& folder) {
    const net::ProcessOptions options = {.argv = {CADRE_BINARY, "serve", "--cadre",
                                                  std::string(CADRE_SOURCE_DIR) + "/examples/cadre.yaml", "--port", "0",
                                                  "--journal", folder + "/journal.sqlite"}};
    auto process = net::Process::start(options);
    if (!process.ok()) {
      ADD_FAILURE() << process.error().message;
      return nullptr;
    }
    auto line = process->read_line(kStart_ms, 4096);
    if (!line.ok() || !*line) {
      ADD_FAILURE() << "the server did not start: " << (line.ok() ? "it ended" : line.error().message) << "; "
                    << process->log_tail();
      return nullptr;
    }
    const size_t colon = (*line)->rfind(':');
    return std::unique_ptr<Served>(new Served(std::move(*process), (*line)->substr(colon + 1)));
  }

  net::HttpExchange post(const std::string& path, const Json& body, const std::string& key = "") const {
    net::HttpRequest request = request_to("POST", path);
    request.body = base::dump_json(body);
    request.headers.push_back({"Content-Type", "application/json"});
    if (!key.empty()) request.headers.push_back({"Idempotency-Key", key});
    return client_.exchange(request);
  }
  net::HttpExchange get(const std::string& path) const { return client_.exchange(request_to("GET", path)); }
  net::Process& process() { return process_; }

 private:
  Served(net::Process process, std::string port)
      : process_(std::move(process)), port_(std::move(port)), client_(*net::AddressPolicy::parse({"127.0.0.1"})) {}

  net::HttpRequest request_to(const std::string& method, const std::string& path) const {
    net::HttpRequest request;
    request.method = method;
    request.url = "http://127.0.0.1:" + port_ + path;
    return request;
  }

  net::Process process_;
  std::string port_;
  net::HttpClient client_;
};

Json json_of(const net::HttpExchange& exchange) {
  auto parsed = base::parse_json(exchange.response.body);
  return parsed.ok() ? *parsed : Json();
}

class CliServe : public testing::Test {
 protected:
  void SetUp() override {
    folder_.emplace(base::TemporaryDirectory::make().value());
    served_ = Served::start(folder_->path());
    ASSERT_NE(served_, nullptr);
  }
  std::optional<base::TemporaryDirectory> folder_;
  std::unique_ptr<Served> served_;
};

TEST_F(CliServe, AnswersAChatWithTheSpecialistThatKnows) {
  const auto reply = served_->post(
      "/v1/chat/completions",
      {{"model", "cadre"}, {"messages", {{{"role", "user"}, {"content", "what is the capital of Norway"}}}}});
  ASSERT_FALSE(reply.error) << reply.error->message;
  ASSERT_EQ(reply.response.status, 200) << reply.response.body;
  EXPECT_THAT(json_of(reply)["choices"][0]["message"]["content"].get<std::string>(), HasSubstr("Oslo"));
}

TEST_F(CliServe, ARunIsFoundAgainAfterATermAndARestart) {
  const auto reply =
      served_->post("/v1/runs", {{"text", "what is the capital of Norway"}, {"specialist", "countries"}}, "one");
  ASSERT_FALSE(reply.error) << reply.error->message;
  const std::string run = json_of(reply)["run"].get<std::string>();
  const Json ended = json_of(served_->get("/v1/runs/" + run + "?wait_ms=20000"));
  EXPECT_EQ(ended["status"], "answered");
  const net::ProcessExit exit = served_->process().stop(20'000);
  EXPECT_TRUE(exit.is_success()) << "signal " << exit.signal << ", code " << exit.code;
  served_ = Served::start(folder_->path());
  ASSERT_NE(served_, nullptr);
  EXPECT_EQ(json_of(served_->get("/v1/runs/" + run))["status"], "answered");
  const auto again =
      served_->post("/v1/runs", {{"text", "what is the capital of Norway"}, {"specialist", "countries"}}, "one");
  EXPECT_EQ(json_of(again)["run"], run);
}

TEST_F(CliServe, ListsItsSpecialistsToModelsAndTools) {
  const Json models = json_of(served_->get("/v1/models"));
  std::set<std::string> names;
  for (const Json& model : models["data"]) names.insert(model["id"].get<std::string>());
  EXPECT_TRUE(names.contains("cadre"));
  EXPECT_TRUE(names.contains("countries"));
  EXPECT_THAT(served_->get("/metrics").response.body, HasSubstr("cadre_"));
}

// How often the server is killed; `make check-deep` sets CADRE_SERVE_KILLS to many.
int kills() {
  const char* text = std::getenv("CADRE_SERVE_KILLS");
  return text != nullptr ? std::atoi(text) : 3;
}

// Clients ask while the server is killed: every run whose id came back is there afterwards, with an outcome.
TEST_F(CliServe, NoAcknowledgedRunIsLostWhenItIsKilled) {
  base::Random random(11);
  std::vector<std::string> acknowledged;
  for (int life = 0; life < kills(); ++life) {
    if (served_ == nullptr) served_ = Served::start(folder_->path());
    ASSERT_NE(served_, nullptr);
    std::vector<std::string> of_this_life[2];
    const uint64_t patience_ms = random.below(200);
    std::vector<std::thread> clients;
    for (auto& ids : of_this_life) {
      clients.emplace_back([&] {
        while (true) {
          const auto reply = served_->post("/v1/runs", {{"text", "which countries joined in 1945"}});
          if (reply.error || reply.response.status >= 300) return;
          ids.push_back(json_of(reply)["run"].get<std::string>());
        }
      });
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(patience_ms));
    served_->process().kill();
    for (auto& client : clients) client.join();
    for (const auto& ids : of_this_life) acknowledged.insert(acknowledged.end(), ids.begin(), ids.end());
    served_.reset();
    if (life % 100 == 99) {
      printf("%d kills, %zu acknowledged runs\n", life + 1, acknowledged.size());
      std::fflush(stdout);
    }
  }
  served_ = Served::start(folder_->path());
  ASSERT_NE(served_, nullptr);
  EXPECT_FALSE(acknowledged.empty());
  for (const std::string& run : acknowledged) {
    const Json view = json_of(served_->get("/v1/runs/" + run + "?wait_ms=20000"));
    ASSERT_TRUE(view.contains("status")) << run << " is lost";
    EXPECT_NE(view["status"], "running") << run;
  }
  served_->process().stop(20'000);
  auto journal = store::Journal::open(folder_->path() + "/journal.sqlite", {.read_only = true});
  ASSERT_TRUE(journal.ok());
  EXPECT_TRUE(journal->verify_all().ok());
  printf("%d kills, %zu acknowledged runs\n", kills(), acknowledged.size());
}

}  // namespace
}  // namespace cadre::tests
