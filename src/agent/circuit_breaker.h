// Leaves alone for a while what does not answer, so that runs fail over to somebody else at once instead of waiting for it each time.
//
//   closed      calls go through; `failures_max` transient failures (kBusy, kTimeout, kUnavailable) in a row, the first and the last at most
//               `window_ms` apart, open it
//   open        for `rest_ms` every call fails at once: kUnavailable, "... is resting until ..."
//   half-open   one call is let through at a time: an answer closes it, a transient failure opens it again
//
// Any other error is an answer: somebody was there. What says nothing of the other side (kCancelled, kDenied) changes nothing. A call that
// was let through before the state changed no longer counts.
// Thread safety: every method from any thread. Idea: M. Nygard, Release It!, 2007.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "agent/tool.h"
#include "base/clock.h"
#include "base/result.h"
#include "engine/chat_model.h"

namespace cadre::agent {

struct CircuitBreakerOptions {
  int64_t failures_max = 5;  // at least 1
  int64_t window_ms = 60'000;
  int64_t rest_ms = 15'000;
};

enum class CircuitState : uint8_t { kClosed, kOpen, kHalfOpen };
const char* circuit_state_name(CircuitState state);  // "closed", "open", "half_open"

class CircuitBreaker {
 public:
  // `name` is of what is called; the clock outlives the breaker.
  CircuitBreaker(std::string name, CircuitBreakerOptions options, const base::Clock& clock)
      : name_(std::move(name)), options_(options), clock_(clock) {}

  // What one call is let through with; to be handed back with its outcome.
  struct Ticket {
    int64_t period = 0;
  };
  // kUnavailable: not now.
  Result<Ticket> admit();
  void report(const Ticket& ticket, const std::optional<Error>& error);

  CircuitState state() const;  // as the next call would find it

 private:
  bool is_rested() const { return clock_.monotonic_ns() >= open_until_ns_; }
  void open();                          // `mutex_` is held
  void note_failure();                  // `mutex_` is held
  void change_to(CircuitState state) {  // `mutex_` is held
    state_ = state;
    is_probing_ = false;
    failures_ns_.clear();
    ++period_;
  }

  const std::string name_;
  const CircuitBreakerOptions options_;
  const base::Clock& clock_;

  mutable std::mutex mutex_;  // of everything below
  CircuitState state_ = CircuitState::kClosed;
  int64_t period_ = 0;               // grows with each change of state
  std::deque<int64_t> failures_ns_;  // in a row, at most failures_max of them
  int64_t open_until_ns_ = 0;
  std::string open_until_;  // for people, UTC
  bool is_probing_ = false;
};

// The tool behind a breaker. A call that is not let through had no effect: it is never uncertain.
std::unique_ptr<Tool> with_breaker(std::shared_ptr<Tool> tool, std::shared_ptr<CircuitBreaker> breaker);

// The model behind a breaker; models of one endpoint may share one.
std::unique_ptr<engine::ChatModel> with_breaker(std::shared_ptr<const engine::ChatModel> model,
                                                std::shared_ptr<CircuitBreaker> breaker);

}  // namespace cadre::agent
