// What the server costs besides the runs: requests per second over loopback, and a thousand clients that follow one run's records.
//
//   bench_serve             measure, print one JSON object
//   bench_serve serve PORT  serve the scripted runs until standard input ends (tests/clients/ talks to it)
//
// Client and server share the machine and this process. SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <sys/resource.h>

#include <atomic>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "net/test_client.h"
#include "serve/scripted_service.h"
#include "serve/server.h"

namespace {

using cadre::base::system_clock;
using cadre::net::TestClient;
using cadre::serve::ScriptedService;
using cadre::serve::Server;

constexpr int kFollowers = 1'000;
constexpr int kRecords = 20;
constexpr int kConnections = 16;
constexpr int kRequestsEach = 4'000;

double seconds_since(int64_t start_ns) {
  return static_cast<double>(system_clock().monotonic_ns() - start_ns) * 1e-9;
}

int64_t resident_kib() {
  const auto status = cadre::base::read_file("/proc/self/status");
  if (!status.ok()) return 0;
  const size_t at = status->find("VmRSS:");
  return at == std::string::npos ? 0 : std::stoll(status->substr(at + 6));
}

double requests_per_second(uint16_t port, const std::string& method, const std::string& target,
                           const std::string& body) {
  const int64_t start_ns = system_clock().monotonic_ns();
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int i = 0; i < kConnections; ++i) {
    threads.emplace_back([&] {
      TestClient client(port);
      for (int k = 0; k < kRequestsEach; ++k) good += client.request(method, target, body).status < 300 ? 1 : 0;
    });
  }
  for (auto& thread : threads) thread.join();
  if (good != kConnections * kRequestsEach)
    fmt::print(stderr, "{} of {} failed\n", kConnections * kRequestsEach - good, good.load());
  return good / seconds_since(start_ns);
}

struct Followed {
  double records_per_second = 0;
  double kib_per_client = 0;
  int complete = 0;
};

Followed follow(uint16_t port, ScriptedService& service) {
  Followed out;
  cadre::agent::RunRequest request;
  request.text = "slow";
  const auto run = service.start(request).value();
  const int64_t before_kib = resident_kib();
  std::vector<TestClient> clients;
  for (int i = 0; i < kFollowers; ++i) {
    clients.emplace_back(port);
    clients.back().send("GET /v1/runs/" + run.text() +
                        "/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n");
  }
  for (auto& client : clients) client.read_until("id: 1\n");
  out.kib_per_client = static_cast<double>(resident_kib() - before_kib) / kFollowers;
  const int64_t start_ns = system_clock().monotonic_ns();
  for (int i = 0; i < kRecords; ++i) service.add_record(run, "step.more");
  service.finish(run);
  for (auto& client : clients) out.complete += client.read_until("event: end\n").empty() ? 0 : 1;
  out.records_per_second = kFollowers * (kRecords + 2) / seconds_since(start_ns);
  return out;
}

int measure() {
  ScriptedService service;
  auto server = Server::start({.http = {.io_thread_count = 2, .worker_count = 4}}, service).value();
  const double health = requests_per_second(server->port(), "GET", "/health", "");
  const double chat = requests_per_second(server->port(), "POST", "/v1/chat/completions",
                                          R"({"model":"cadre","messages":[{"role":"user","content":"hello"}]})");
  const auto followed = follow(server->port(), service);
  fmt::print(
      "{{\"health_per_second\": {:.0f}, \"chat_per_second\": {:.0f}, \"followers\": {}, \"followers_complete\": {}, "
      "\"follower_records_per_second\": {:.0f}, \"follower_kib\": {:.1f}}}\n",
      health, chat, kFollowers, followed.complete, followed.records_per_second, followed.kib_per_client);
  return followed.complete == kFollowers ? 0 : 1;
}

int serve(const std::string& port) {
  ScriptedService service(cadre::serve::ConformanceTools::kYes);
  auto server = Server::start({.http = {.port = static_cast<uint16_t>(std::stoi(port))}}, service);
  if (!server.ok()) {
    fmt::print(stderr, "{}\n", server.error().message);
    return 1;
  }
  fmt::print("http://127.0.0.1:{}\n", (*server)->port());
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  return (*server)->drain(1'000) ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.empty()) return measure();
  if (words.size() == 2 && words[0] == "serve") return serve(words[1]);
  fmt::print(stderr, "usage: bench_serve [serve PORT]\n");
  return 2;
}
