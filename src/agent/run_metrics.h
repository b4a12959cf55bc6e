// What runs did, counted: the source of /metrics.
//
// Thread safety: every method may be called from any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "agent/plan_events.h"
#include "agent/run_service.h"

namespace cadre::agent {

// What is true now rather than counted.
struct RunGauges {
  size_t waiting = 0;  // for a thread
  size_t working = 0;
};

// How a run ended.
struct RunEnd {
  RunStatus status = RunStatus::kFailed;
  std::vector<std::pair<std::string, std::string>> steps;  // specialist and how it ended ("done", "failed", "skipped")
  std::string tier;                                        // who dispatched; empty: it did not come to that
  std::vector<TierReport> tiers;                           // who was asked
  int64_t attempts = 0;
  int64_t calls = 0;
  int64_t elapsed_ns = 0;  // since it was acknowledged
};

class RunMetrics {
 public:
  void count_start() { count(starts_); }
  void count_refusal() { count(refusals_); }  // too many runs wait
  void count_repeat() { count(repeats_); }    // an idempotency key that was known
  void count_end(const RunEnd& end);

  // Prometheus' text format 0.0.4.
  std::string text(const RunGauges& gauges) const;

 private:
  static constexpr std::array<double, 13> kBuckets_s = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                        0.25,  0.5,    1,     2.5,  5,     10};
  void count(int64_t& counter) {
    const std::lock_guard lock(mutex_);
    ++counter;
  }

  mutable std::mutex mutex_;
  int64_t starts_ = 0;
  int64_t refusals_ = 0;
  int64_t repeats_ = 0;
  int64_t attempts_ = 0;
  int64_t calls_ = 0;
  struct TierCount {
    int64_t asked = 0;
    int64_t decided = 0;
    int64_t took_us = 0;
  };
  std::map<std::string, int64_t> ends_;                           // by status
  std::map<std::pair<std::string, std::string>, int64_t> steps_;  // by specialist and how they ended
  std::map<std::string, TierCount> tiers_;
  std::array<int64_t, kBuckets_s.size() + 1> buckets_{};  // the last one: above all
  double elapsed_s_ = 0;
};

}  // namespace cadre::agent
