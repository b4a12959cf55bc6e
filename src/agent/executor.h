// Where the work of runs is done: a job is called once, later, by some thread.
//
// Thread safety: post() may be called from any thread, also from a job.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>

namespace cadre::agent {

enum class JobKind : uint8_t {
  kLocal,    // computes
  kWaiting,  // waits for others (an endpoint, a tool)
  kClosing,  // ends in the journal, and waits for its disk
};

using Job = std::function<void()>;

class Executor {
 public:
  virtual ~Executor() = default;
  virtual void post(JobKind kind, Job job) = 0;
  // Not before `delay_ms` have passed.
  virtual void post_later(int64_t delay_ms, Job job) = 0;
};

}  // namespace cadre::agent
