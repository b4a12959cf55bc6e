// SPDX-License-Identifier: Apache-2.0
#include "agent/deadline.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/clock.h"

namespace cadre::agent {

Deadline Deadline::for_ms(int64_t timeout_ms, const base::Cancel* cancel) {
  return {base::system_clock().monotonic_ns() + timeout_ms * 1'000'000, cancel};
}

int64_t Deadline::left_ms() const {
  return std::max<int64_t>(0, (end_ns - base::system_clock().monotonic_ns()) / 1'000'000);
}

Result<void> Deadline::check(const std::string& what) const {
  if (cancel != nullptr && cancel->requested()) return Error{ErrorCode::kCancelled, what + ": asked to stop"};
  if (left_ms() == 0) return Error{ErrorCode::kTimeout, what + ": no answer within the time allowed"};
  return {};
}

Result<void> pause_for(int64_t wait_ms, const base::Cancel* cancel, const std::string& what) {
  constexpr int64_t kLookMs = 20;
  const Deadline end = Deadline::for_ms(wait_ms, cancel);
  for (int64_t left_ms = end.left_ms(); left_ms > 0; left_ms = end.left_ms()) {
    if (cancel != nullptr && cancel->requested()) return end.check(what);
    std::this_thread::sleep_for(std::chrono::milliseconds(std::min(left_ms, kLookMs)));
  }
  return {};
}

}  // namespace cadre::agent
