// SPDX-License-Identifier: Apache-2.0
#include "bench/peers/driver.h"

#include <immintrin.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <iostream>
#include <map>
#include <utility>

namespace cadre::peers {
namespace {

constexpr int kCaseSecondsMax = 10;
constexpr rlim_t kAddressSpaceBytesMax = rlim_t{10} << 30;
constexpr double kBucketsPerOctave = 32;  // 2.2 % wide
constexpr int kRepeats = 20;              // of forks and rollbacks

// Nanoseconds per tick of the time-stamp counter, once measured.
double tick_ns = 0;
int64_t clock_cost_ns = 0;

int64_t thread_ns() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

// The time of something short: of the counter, which costs next to nothing, unless the processor was away; then that of
// the thread less the cost of asking for it.
template <class Do>
int64_t short_ns(Do&& what) {
  const int64_t begun = thread_ns();
  const uint64_t tick = __rdtsc();
  what();
  const auto counted = static_cast<int64_t>(static_cast<double>(__rdtsc() - tick) * tick_ns);
  return std::max<int64_t>(std::min(counted, thread_ns() - begun - clock_cost_ns), 1);
}

void calibrate() {
  timespec begun{}, now{};
  clock_gettime(CLOCK_MONOTONIC, &begun);
  const uint64_t tick = __rdtsc();
  double ns = 0;
  while (ns < 2e8) {
    clock_gettime(CLOCK_MONOTONIC, &now);
    ns = static_cast<double>(now.tv_sec - begun.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec - begun.tv_nsec);
  }
  tick_ns = ns / static_cast<double>(__rdtsc() - tick);
  clock_cost_ns = INT64_MAX;
  for (int i = 0; i < 1000; ++i) {
    const int64_t first = thread_ns();
    clock_cost_ns = std::min(clock_cost_ns, thread_ns() - first);
  }
}

size_t allocated_bytes() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

class Times {
 public:
  void add(int64_t ns) {
    ++count_;
    sum_ += ns;
    max_ = std::max(max_, ns);
    ++buckets_[static_cast<int>(kBucketsPerOctave * std::log2(static_cast<double>(std::max<int64_t>(ns, 1))))];
  }
  std::string json() const {
    std::string text = "{\"count\":" + std::to_string(count_) + ",\"sum\":" + std::to_string(sum_) +
                       ",\"max\":" + std::to_string(max_) + ",\"buckets\":{";
    for (const auto& [bucket, count] : buckets_) {
      if (text.back() != '{') text += ',';
      text += '"' + std::to_string(bucket) + "\":" + std::to_string(count);
    }
    return text + "}}";
  }

 private:
  int64_t count_ = 0, sum_ = 0, max_ = 0;
  std::map<int, int64_t> buckets_;
};

std::string quoted(const std::string& text) {
  std::string json = "\"";
  for (const char c : text.substr(0, 400)) {
    if (c == '"' || c == '\\') json += '\\';
    json += static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f ? ' ' : c;
  }
  return json + '"';
}

char timeout_line[1024];

void on_timeout(int) {
  const ssize_t written = write(STDOUT_FILENO, timeout_line, std::strlen(timeout_line));
  _exit(written > 0 ? 3 : 4);
}

// Processor time of the process, since engines hold no other thread that works.
void arm_timeout(const std::string& name) {
  std::snprintf(timeout_line, sizeof timeout_line, "{\"case\":%s,\"timeout\":true}\n", quoted(name).c_str());
  const itimerval value = {{0, 0}, {name.empty() ? 0 : kCaseSecondsMax, 0}};
  setitimer(ITIMER_PROF, &value, nullptr);
}

class Runner {
 public:
  Runner(Engine& engine, const Case& run) : engine_(engine), case_(run) {}

  std::string run() {
    std::string line = "{\"case\":" + quoted(case_.name);
    const size_t bytes = allocated_bytes();
    const int64_t begun = thread_ns();
    const auto error = engine_.compile(case_);
    const int64_t compiled = thread_ns();
    line += ",\"compile\":" + std::to_string(compiled - begun);
    if (error) return line + ",\"refused\":" + quoted(*error) + "}";
    engine_.begin();
    engine_.mask();
    line += ",\"first\":" + std::to_string(thread_ns() - begun) +
            ",\"bytes_compiled\":" + std::to_string(allocated_bytes() - bytes);
    std::string accepted, text_of_pass[2];
    bool begun_already = true;
    for (std::string& pass : text_of_pass) {
      Times masks, advances;
      std::string verdicts;
      for (const Test& test : case_.tests) verdicts += walk(test, masks, advances, std::exchange(begun_already, false));
      if (accepted.empty()) {
        accepted = verdicts;
        line += ",\"bytes_walked\":" + std::to_string(allocated_bytes() - bytes);
      } else if (accepted != verdicts) {
        line += ",\"unstable\":true";
      }
      pass = "{\"mask\":" + masks.json() + ",\"advance\":" + advances.json() + "}";
    }
    line += ",\"accepted\":\"" + accepted + "\",\"cold\":" + text_of_pass[0] + ",\"warm\":" + text_of_pass[1];
    return line + operations() + "}";
  }

 private:
  // '1' accepted, '0' refused; the mask of the first step is known if the text was begun already.
  char walk(const Test& test, Times& masks, Times& advances, bool begun_already) {
    if (!begun_already) engine_.begin();
    for (const uint32_t token : test.tokens) {
      if (!std::exchange(begun_already, false)) timed_mask(masks);
      if (!engine_.allows(token)) return '0';
      bool taken = false;
      advances.add(short_ns([&] { taken = engine_.advance(token); }));
      if (!taken) return '0';
    }
    if (!begun_already) timed_mask(masks);  // where the end of the text would be chosen
    return engine_.complete() ? '1' : '0';
  }

  void timed_mask(Times& masks) {
    masks.add(short_ns([&] { engine_.mask(); }));
  }

  std::string operations() {
    for (const Test& test : case_.tests) {
      const size_t half = test.tokens.size() / 2;
      if (!test.valid || half < 2) continue;
      engine_.begin();
      bool alive = true;
      for (size_t i = 0; i < half && alive; ++i) alive = engine_.advance(test.tokens[i]);
      if (alive) return timed_operations(test, half);
    }
    return "";
  }

  std::string timed_operations(const Test& test, size_t at) {
    int64_t fork = INT64_MAX, rollback = INT64_MAX;
    for (int i = 0; i < kRepeats; ++i) {
      fork = std::min(fork, short_ns([&] { engine_.fork(); }));
      engine_.unfork();
      rollback = std::min(rollback, short_ns([&] { engine_.rollback(2); }));
      if (!engine_.advance(test.tokens[at - 2]) || !engine_.advance(test.tokens[at - 1]))
        return ",\"rollback\":\"wrong\"";
    }
    return ",\"fork\":" + std::to_string(fork) + ",\"rollback\":" + std::to_string(rollback);
  }

  Engine& engine_;
  const Case& case_;
};

}  // namespace

int run_driver(Engine& engine, const CaseFile& cases) {
  const rlimit space = {kAddressSpaceBytesMax, kAddressSpaceBytesMax};
  setrlimit(RLIMIT_AS, &space);
  std::signal(SIGPROF, on_timeout);
  calibrate();
  engine.compile(
      {"warm up", "schema", R"({"type": "object", "properties": {"a": {"type": ["string", "integer"]}}})", {}});
  engine.begin();
  engine.mask();
  engine.release();
  std::printf("{\"tick_ns\":%.4f,\"clock_cost_ns\":%ld}\n", tick_ns, static_cast<long>(clock_cost_ns));
  std::fflush(stdout);
  size_t number = 0;
  while (std::cin >> number) {
    if (number >= cases.cases.size()) {
      std::fprintf(stderr, "no case %zu among %zu\n", number, cases.cases.size());
      return 2;
    }
    arm_timeout(cases.cases[number].name);
    const std::string line = Runner(engine, cases.cases[number]).run();
    engine.release();
    arm_timeout("");
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace cadre::peers
