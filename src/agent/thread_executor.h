// Jobs on threads: some for those that compute, more for those that wait, a few for those that wait for the disk, and one for those that
// come later.
//
// Closing lets the jobs under way end and drops the others. Thread safety: as Executor; close() once, from a thread that is none of them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "agent/executor.h"

namespace cadre::agent {

class ThreadExecutor final : public Executor {
 public:
  ThreadExecutor(size_t local_threads, size_t waiting_threads);
  ~ThreadExecutor() override { close(); }

  void post(JobKind kind, Job job) override;
  void post_later(int64_t delay_ms, Job job) override;
  void close();

 private:
  struct Queue {
    std::condition_variable has_jobs;
    std::deque<Job> jobs;
  };
  Queue& queue_of(JobKind kind);
  using Time = std::chrono::steady_clock::time_point;
  void work(Queue& queue);
  void watch_times();

  std::mutex mutex_;  // of everything below
  Queue local_;
  Queue waiting_;
  Queue closing_;
  std::condition_variable times_changed_;
  std::multimap<Time, Job> later_;
  bool is_closed_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace cadre::agent
