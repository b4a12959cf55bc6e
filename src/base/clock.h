// The door through which time enters. Code that decides anything by time takes a Clock, so that tests and replay choose it.
// Thread safety: both clocks may be used from any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

namespace cadre::base {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual int64_t wall_us() const = 0;       // microseconds since 1970-01-01 UTC
  virtual int64_t monotonic_ns() const = 0;  // nanoseconds since some fixed point; never goes back
};

// The operating system's clock.
const Clock& system_clock();

// CPU time of the calling thread, for measurements on shared machines.
int64_t thread_cpu_ns();

// A clock that moves only when told to.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(int64_t start_us = 0) : now_us_(start_us) {}
  int64_t wall_us() const override { return now_us_.load(); }
  int64_t monotonic_ns() const override { return now_us_.load() * 1000; }
  void advance_us(int64_t us) { now_us_ += us; }

 private:
  std::atomic<int64_t> now_us_;
};

}  // namespace cadre::base
