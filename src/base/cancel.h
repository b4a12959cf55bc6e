// A wish to stop, handed down to whatever may take long.
//
// Whoever can last for more than 10 ms looks at it in its loop and returns kCancelled. Thread safety: any thread may ask, any may look.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>

namespace cadre::base {

class Cancel {
 public:
  void request() { requested_.store(true, std::memory_order_release); }
  bool requested() const { return requested_.load(std::memory_order_acquire); }

 private:
  std::atomic<bool> requested_{false};
};

}  // namespace cadre::base
