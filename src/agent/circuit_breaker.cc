// SPDX-License-Identifier: Apache-2.0
#include "agent/circuit_breaker.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>
#include <utility>

namespace cadre::agent {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;
constexpr int64_t kUsPerSecond = 1'000'000;

enum class Outcome : uint8_t { kAnswered, kFailed, kSaysNothing };

Outcome outcome_of(const std::optional<Error>& error) {
  if (!error) return Outcome::kAnswered;
  if (is_transient(*error)) return Outcome::kFailed;
  const bool says_nothing = error->code == ErrorCode::kCancelled || error->code == ErrorCode::kDenied;
  return says_nothing ? Outcome::kSaysNothing : Outcome::kAnswered;
}

class BreakingTool final : public Tool {
 public:
  BreakingTool(std::shared_ptr<Tool> tool, std::shared_ptr<CircuitBreaker> breaker)
      : tool_(std::move(tool)), breaker_(std::move(breaker)) {}
  const ToolDefinition& definition() const override { return tool_->definition(); }
  Result<void> check(const base::Json& arguments) override { return tool_->check(arguments); }
  bool waits() const override { return tool_->waits(); }
  ToolReturn call(const ToolCall& call) override {
    auto ticket = breaker_->admit();
    if (!ticket.ok()) return {.error = std::move(ticket).error()};
    ToolReturn returned = tool_->call(call);
    breaker_->report(*ticket, returned.error);
    return returned;
  }

 private:
  std::shared_ptr<Tool> tool_;
  std::shared_ptr<CircuitBreaker> breaker_;
};

class BreakingModel final : public engine::ChatModel {
 public:
  BreakingModel(std::shared_ptr<const engine::ChatModel> model, std::shared_ptr<CircuitBreaker> breaker)
      : model_(std::move(model)), breaker_(std::move(breaker)) {}
  std::string identity() const override { return model_->identity(); }
  int64_t window_tokens() const override { return model_->window_tokens(); }
  engine::ChatOutcome chat(const engine::ChatRequest& request) const override {
    auto ticket = breaker_->admit();
    if (!ticket.ok()) return {.error = std::move(ticket).error()};
    engine::ChatOutcome outcome = model_->chat(request);
    breaker_->report(*ticket, outcome.error);
    return outcome;
  }

 private:
  std::shared_ptr<const engine::ChatModel> model_;
  std::shared_ptr<CircuitBreaker> breaker_;
};

}  // namespace

const char* circuit_state_name(CircuitState state) {
  switch (state) {
    case CircuitState::kClosed:
      return "closed";
    case CircuitState::kOpen:
      return "open";
    case CircuitState::kHalfOpen:
      return "half_open";
  }
  return "closed";
}

CircuitState CircuitBreaker::state() const {
  const std::lock_guard lock(mutex_);
  return state_ == CircuitState::kOpen && is_rested() ? CircuitState::kHalfOpen : state_;
}

Result<CircuitBreaker::Ticket> CircuitBreaker::admit() {
  const std::lock_guard lock(mutex_);
  if (state_ == CircuitState::kOpen && is_rested()) change_to(CircuitState::kHalfOpen);
  if (state_ == CircuitState::kClosed) return Ticket{period_};
  if (state_ == CircuitState::kHalfOpen && !is_probing_) {
    is_probing_ = true;
    return Ticket{period_};
  }
  if (state_ == CircuitState::kHalfOpen)
    return Error{ErrorCode::kUnavailable, fmt::format("{} did not answer before, and is being tried again", name_)};
  return Error{ErrorCode::kUnavailable, fmt::format("{} is resting until {}: it did not answer {} times in a row",
                                                    name_, open_until_, options_.failures_max)};
}

void CircuitBreaker::report(const Ticket& ticket, const std::optional<Error>& error) {
  const std::lock_guard lock(mutex_);
  if (ticket.period != period_) return;
  is_probing_ = false;
  switch (outcome_of(error)) {
    case Outcome::kAnswered:
      failures_ns_.clear();
      if (state_ == CircuitState::kHalfOpen) change_to(CircuitState::kClosed);
      break;
    case Outcome::kFailed:
      if (state_ == CircuitState::kHalfOpen) {
        open();
      } else {
        note_failure();
      }
      break;
    case Outcome::kSaysNothing:
      break;
  }
}

void CircuitBreaker::note_failure() {
  const int64_t now_ns = clock_.monotonic_ns();
  failures_ns_.push_back(now_ns);
  while (now_ns - failures_ns_.front() > options_.window_ms * kNsPerMs) failures_ns_.pop_front();
  if (std::cmp_greater_equal(failures_ns_.size(), options_.failures_max)) open();
}

void CircuitBreaker::open() {
  change_to(CircuitState::kOpen);
  open_until_ns_ = clock_.monotonic_ns() + options_.rest_ms * kNsPerMs;
  const auto until_s = static_cast<std::time_t>((clock_.wall_us() + options_.rest_ms * 1'000) / kUsPerSecond);
  open_until_ = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(until_s));
}

std::unique_ptr<Tool> with_breaker(std::shared_ptr<Tool> tool, std::shared_ptr<CircuitBreaker> breaker) {
  return std::make_unique<BreakingTool>(std::move(tool), std::move(breaker));
}

std::unique_ptr<engine::ChatModel> with_breaker(std::shared_ptr<const engine::ChatModel> model,
                                                std::shared_ptr<CircuitBreaker> breaker) {
  return std::make_unique<BreakingModel>(std::move(model), std::move(breaker));
}

}  // namespace cadre::agent
