// What serving runs over HTTP costs, models aside: requests per second over loopback, and a thousand clients that follow runs as they happen.
//
//   bench_serve             measure, print one JSON object; the journal lies in TMPDIR
//   bench_serve serve PORT  serve scripted runs until standard input ends (tests/clients/ talks to it)
//
// Client and server share the machine and this process: `client_kib` is what both hold for one client that follows.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <sys/resource.h>

#include <atomic>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "bench/runtime_scene.h"
#include "net/test_client.h"
#include "serve/scripted_service.h"
#include "serve/server.h"

namespace {

using cadre::base::system_clock;
using cadre::bench::must;
using cadre::net::TestClient;
using cadre::serve::ScriptedService;
using cadre::serve::Server;

constexpr int kFollowers = 1'000;
constexpr int kConnections = 16;

double seconds_since(int64_t start_ns) {
  return static_cast<double>(system_clock().monotonic_ns() - start_ns) * 1e-9;
}

double requests_per_second(uint16_t port, int each, const std::string& method, const std::string& target,
                           const std::string& body) {
  const int64_t start_ns = system_clock().monotonic_ns();
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int i = 0; i < kConnections; ++i) {
    threads.emplace_back([&] {
      TestClient client(port);
      for (int k = 0; k < each; ++k) good += client.request(method, target, body).status / 100 == 2 ? 1 : 0;
    });
  }
  for (auto& thread : threads) thread.join();
  if (good != kConnections * each) {
    fmt::print(stderr, "{} of {} failed\n", kConnections * each - good, kConnections * each);
    std::exit(1);
  }
  return good / seconds_since(start_ns);
}

struct Followed {
  double seconds = 0;  // from the first approval until the last client has the end of its run
  double client_kib = 0;
  int complete = 0;
};

// A thousand clients follow `runs` runs that wait for a person, each the one of its turn; then all are approved.
Followed follow(uint16_t port, cadre::agent::Runtime& runtime, int run_count) {
  std::vector<cadre::store::RunId> runs;
  for (int i = 0; i < run_count; ++i) {
    runs.push_back(must(runtime.start({.text = "hold"})));
    must(runtime.wait(runs.back(), 60'000, nullptr));
  }
  Followed out;
  const int64_t before_kib = cadre::bench::resident_kib();
  std::vector<TestClient> clients;
  for (int i = 0; i < kFollowers; ++i) {
    clients.emplace_back(port);
    clients.back().send("GET /v1/runs/" + runs[static_cast<size_t>(i % run_count)].text() +
                        "/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n");
  }
  for (auto& client : clients) client.read_until("event: call.verified\n");
  out.client_kib = static_cast<double>(cadre::bench::resident_kib() - before_kib) / kFollowers;
  const int64_t start_ns = system_clock().monotonic_ns();
  for (const auto& run : runs) must(runtime.decide(run, "s0", true, "bench", ""));
  for (auto& client : clients) out.complete += client.read_until("event: end\n").empty() ? 0 : 1;
  out.seconds = seconds_since(start_ns);
  return out;
}

int measure() {
  cadre::bench::RuntimeScene scene(2, 100'000);
  auto server = must(Server::start({.http = {.io_thread_count = 2, .worker_count = 4}}, scene.runtime()));
  const uint16_t port = server->port();
  const double health = requests_per_second(port, 4'000, "GET", "/health", "");
  const double runs = requests_per_second(port, 250, "POST", "/v1/runs?wait_ms=10000", R"({"text": "chain 1"})");
  const double chat = requests_per_second(port, 250, "POST", "/v1/chat/completions",
                                          R"({"model":"cadre","messages":[{"role":"user","content":"chain 1"}]})");
  const Followed one = follow(port, scene.runtime(), 1);
  const Followed many = follow(port, scene.runtime(), kFollowers);
  fmt::print(
      "{{\"health_per_second\": {:.0f}, \"runs_per_second\": {:.0f}, \"chats_per_second\": {:.0f}, \"followers\": {}, "
      "\"of_one_run\": {{\"complete\": {}, \"seconds\": {:.3f}, \"client_kib\": {:.1f}}}, "
      "\"of_1000_runs\": {{\"complete\": {}, \"seconds\": {:.3f}, \"client_kib\": {:.1f}}}}}\n",
      health, runs, chat, kFollowers, one.complete, one.seconds, one.client_kib, many.complete, many.seconds,
      many.client_kib);
  return one.complete == kFollowers && many.complete == kFollowers ? 0 : 1;
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
