// Until when somebody waits, and who may ask to stop before. Thread safety: a value; pause_for() from any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/cancel.h"
#include "base/result.h"

namespace cadre::agent {

struct Deadline {
  int64_t end_ns = 0;  // of the system's monotonic clock
  const base::Cancel* cancel = nullptr;

  static Deadline for_ms(int64_t timeout_ms, const base::Cancel* cancel);
  int64_t left_ms() const;  // never negative
  // kCancelled or kTimeout, "`what`: ...", once it is over.
  Result<void> check(const std::string& what) const;
};

// Holds the calling thread for `wait_ms`. kCancelled, "`what`: ...": asked to stop before, which is seen within 20 ms.
Result<void> pause_for(int64_t wait_ms, const base::Cancel* cancel, const std::string& what);

}  // namespace cadre::agent
