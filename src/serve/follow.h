// Waiting for a run without a thread: what every surface that answers with a run's outcome shares.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "agent/run_service.h"
#include "base/clock.h"
#include "net/http_inbound.h"

namespace cadre::serve {

// What the surfaces are given. All of it outlives every request.
struct Surroundings {
  agent::RunService& service;
  const base::Clock& clock;
  std::function<bool()> is_draining;
};

enum class WhenAbandoned : uint8_t {
  kCancelRun,  // nobody else can read the outcome
  kLetRun,     // the client knows the run, or may ask again with its idempotency key
};

// One run, watched from construction to destruction. A run that is not final when its follower is destroyed (its client has gone)
// is cancelled if so told, unless the server drains: then the run is for the next process.
// Thread safety: one thread at a time; the waker is woken from any.
class Follower {
 public:
  Follower(Surroundings around, store::RunId run, std::shared_ptr<net::Waker> waker, WhenAbandoned when,
           std::string asker);
  ~Follower();
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

  // The run once it is final or waits for an approval; nothing before.
  std::optional<Result<agent::RunView>> poll();
  const store::RunId& run() const { return run_; }

 private:
  const Surroundings around_;
  const store::RunId run_;
  const WhenAbandoned when_;
  const std::string asker_;
  bool is_settled_ = false;
  std::shared_ptr<void> watch_;
};

// A run as the runs API shows it.
base::Json run_json(const agent::RunView& view);

}  // namespace cadre::serve
