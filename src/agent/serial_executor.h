// Jobs one after the other on the thread that calls run(): for a command that carries out one run.
//
// Thread safety: belongs to one thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <thread>
#include <utility>

#include "agent/executor.h"

namespace cadre::agent {

class SerialExecutor final : public Executor {
 public:
  void post(JobKind, Job job) override { jobs_.push_back(std::move(job)); }
  void post_later(int64_t delay_ms, Job job) override {
    later_.emplace(std::chrono::steady_clock::now() + std::chrono::milliseconds(std::max<int64_t>(delay_ms, 0)),
                   std::move(job));
  }

  // Until `is_done()` holds, looked at between jobs, or nothing is left to do; sleeps where everything left comes later.
  template <class IsDone>
  void run(const IsDone& is_done) {
    while (!is_done() && !(jobs_.empty() && later_.empty())) {
      if (jobs_.empty()) {
        std::this_thread::sleep_until(later_.begin()->first);
        jobs_.push_back(std::move(later_.begin()->second));
        later_.erase(later_.begin());
      }
      const Job job = std::move(jobs_.front());
      jobs_.pop_front();
      job();
    }
  }

 private:
  std::deque<Job> jobs_;
  std::multimap<std::chrono::steady_clock::time_point, Job> later_;
};

}  // namespace cadre::agent
