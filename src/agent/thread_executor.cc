// SPDX-License-Identifier: Apache-2.0
#include "agent/thread_executor.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace cadre::agent {
namespace {

// Runs that end while one sync is under way share the next one: with 2 threads that compute, a disk that takes 7 ms ended 200 runs a second
// while those two waited for it.
constexpr size_t kClosingThreads = 16;

}  // namespace

ThreadExecutor::ThreadExecutor(size_t local_threads, size_t waiting_threads) {
  for (size_t i = 0; i < local_threads; ++i) threads_.emplace_back([this] { work(local_); });
  for (size_t i = 0; i < waiting_threads; ++i) threads_.emplace_back([this] { work(waiting_); });
  for (size_t i = 0; i < kClosingThreads; ++i) threads_.emplace_back([this] { work(closing_); });
  threads_.emplace_back([this] { watch_times(); });
}

ThreadExecutor::Queue& ThreadExecutor::queue_of(JobKind kind) {
  switch (kind) {
    case JobKind::kLocal:
      return local_;
    case JobKind::kWaiting:
      return waiting_;
    case JobKind::kClosing:
      return closing_;
  }
  return local_;
}

void ThreadExecutor::post(JobKind kind, Job job) {
  Queue& queue = queue_of(kind);
  const std::lock_guard lock(mutex_);
  if (is_closed_) return;
  queue.jobs.push_back(std::move(job));
  queue.has_jobs.notify_one();
}

void ThreadExecutor::post_later(int64_t delay_ms, Job job) {
  constexpr int64_t kDay_ms = int64_t{24} * 3600 * 1000;
  const Time time =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(std::clamp<int64_t>(delay_ms, 0, kDay_ms));
  const std::lock_guard lock(mutex_);
  if (is_closed_) return;
  later_.emplace(time, std::move(job));
  times_changed_.notify_one();
}

void ThreadExecutor::close() {
  std::deque<Job> dropped;  // destroyed without the lock: a job may hold the last reference to what posts
  {
    const std::lock_guard lock(mutex_);
    if (is_closed_) return;
    is_closed_ = true;
    for (Queue* queue : {&local_, &waiting_, &closing_}) {
      std::move(queue->jobs.begin(), queue->jobs.end(), std::back_inserter(dropped));
      queue->jobs.clear();
      queue->has_jobs.notify_all();
    }
    for (auto& [time, job] : later_) dropped.push_back(std::move(job));
    later_.clear();
    times_changed_.notify_all();
  }
  for (std::thread& thread : threads_) thread.join();
}

void ThreadExecutor::work(Queue& queue) {
  std::unique_lock lock(mutex_);
  while (true) {
    queue.has_jobs.wait(lock, [&] { return is_closed_ || !queue.jobs.empty(); });
    if (is_closed_) return;
    Job job = std::move(queue.jobs.front());
    queue.jobs.pop_front();
    lock.unlock();
    job();
    job = nullptr;
    lock.lock();
  }
}

// What is due goes to the threads that compute: a job that comes later is a short one.
void ThreadExecutor::watch_times() {
  std::unique_lock lock(mutex_);
  while (!is_closed_) {
    if (later_.empty()) {
      times_changed_.wait(lock);
      continue;
    }
    const auto first = later_.begin();
    if (first->first > std::chrono::steady_clock::now()) {
      times_changed_.wait_until(lock, Time(first->first));
      continue;
    }
    local_.jobs.push_back(std::move(first->second));
    later_.erase(first);
    local_.has_jobs.notify_one();
  }
}

}  // namespace cadre::agent
