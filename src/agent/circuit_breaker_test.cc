// SPDX-License-Identifier: Apache-2.0
#include "agent/circuit_breaker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cadre::agent {
namespace {

using testing::HasSubstr;

const Error kGone{ErrorCode::kUnavailable, "gone"};

class CircuitBreakerTest : public testing::Test {
 protected:
  void wait_ms(int64_t ms) { clock_.advance_us(ms * 1'000); }
  void call(const std::optional<Error>& error = {}) { breaker_.report(breaker_.admit().value(), error); }
  void open() {
    for (int i = 0; i < 3; ++i) call(kGone);
  }

  base::ManualClock clock_{1'790'000'000'000'000};
  CircuitBreaker breaker_{"the planner", {.failures_max = 3, .window_ms = 1'000, .rest_ms = 5'000}, clock_};
};

TEST_F(CircuitBreakerTest, FailuresInARowOpenIt) {
  call(kGone);
  call(Error{ErrorCode::kTimeout, "slow"});
  EXPECT_EQ(breaker_.state(), CircuitState::kClosed);
  call(Error{ErrorCode::kBusy, "429"});
  EXPECT_EQ(breaker_.state(), CircuitState::kOpen);
  const auto refused = breaker_.admit();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(refused.error().message, HasSubstr("the planner is resting until 2026-09-21T14:13:25Z"));
}

TEST_F(CircuitBreakerTest, AnyAnswerEndsTheRow) {
  for (const ErrorCode code : {ErrorCode::kInvalid, ErrorCode::kNotFound, ErrorCode::kLimit}) {
    call(kGone);
    call(kGone);
    call(Error{code, "it is there"});
  }
  call(kGone);
  call(kGone);
  call();
  call(kGone);
  call(kGone);
  EXPECT_EQ(breaker_.state(), CircuitState::kClosed);
}

TEST_F(CircuitBreakerTest, WhatSaysNothingOfTheOtherSideChangesNothing) {
  call(kGone);
  call(kGone);
  call(Error{ErrorCode::kCancelled, ""});
  call(Error{ErrorCode::kDenied, ""});
  EXPECT_EQ(breaker_.state(), CircuitState::kClosed);
  call(kGone);
  EXPECT_EQ(breaker_.state(), CircuitState::kOpen);
}

TEST_F(CircuitBreakerTest, FailuresFarApartDoNotCount) {
  for (int i = 0; i < 10; ++i) {
    call(kGone);
    wait_ms(600);
  }
  EXPECT_EQ(breaker_.state(), CircuitState::kClosed);
}

TEST_F(CircuitBreakerTest, AfterItsRestOneCallIsLetThrough) {
  open();
  wait_ms(4'999);
  EXPECT_FALSE(breaker_.admit().ok());
  wait_ms(1);
  EXPECT_EQ(breaker_.state(), CircuitState::kHalfOpen);
  const auto probe = breaker_.admit();
  ASSERT_TRUE(probe.ok());
  EXPECT_FALSE(breaker_.admit().ok()) << "one at a time";
  breaker_.report(*probe, {});
  EXPECT_EQ(breaker_.state(), CircuitState::kClosed);
  call(kGone);
  call(kGone);
  EXPECT_EQ(breaker_.state(), CircuitState::kClosed) << "the old failures are forgotten";
}

TEST_F(CircuitBreakerTest, AFailedProbeOpensItAgain) {
  open();
  wait_ms(5'000);
  call(kGone);
  EXPECT_EQ(breaker_.state(), CircuitState::kOpen);
  wait_ms(4'999);
  EXPECT_FALSE(breaker_.admit().ok());
}

TEST_F(CircuitBreakerTest, ACancelledProbeMakesRoomForTheNext) {
  open();
  wait_ms(5'000);
  call(Error{ErrorCode::kCancelled, ""});
  EXPECT_EQ(breaker_.state(), CircuitState::kHalfOpen);
  call();
  EXPECT_EQ(breaker_.state(), CircuitState::kClosed);
}

TEST_F(CircuitBreakerTest, WhatComesLateDoesNotCount) {
  const auto early = breaker_.admit().value();
  open();
  breaker_.report(early, {});
  EXPECT_EQ(breaker_.state(), CircuitState::kOpen);
  wait_ms(5'000);
  const auto probe = breaker_.admit().value();
  breaker_.report(early, kGone);
  EXPECT_EQ(breaker_.state(), CircuitState::kHalfOpen);
  breaker_.report(probe, {});
  EXPECT_EQ(breaker_.state(), CircuitState::kClosed);
}

class CountingTool final : public Tool {
 public:
  const ToolDefinition& definition() const override { return definition_; }
  ToolReturn call(const ToolCall&) override {
    ++calls;
    return {.error = kGone, .is_uncertain = true};
  }
  int calls = 0;

 private:
  ToolDefinition definition_{.name = "tool", .effect = ToolEffect::kOnce};
};

class CountingModel final : public engine::ChatModel {
 public:
  std::string identity() const override { return "m"; }
  engine::ChatOutcome chat(const engine::ChatRequest&) const override {
    ++calls;
    return {.error = kGone, .usage = {.tokens_in = 3}};
  }
  mutable int calls = 0;
};

TEST_F(CircuitBreakerTest, AToolIsNotCalledWhileItRests) {
  const auto tool = std::make_shared<CountingTool>();
  const auto guarded =
      with_breaker(tool, std::make_shared<CircuitBreaker>("tool", CircuitBreakerOptions{2, 100, 100}, clock_));
  EXPECT_TRUE(guarded->call({}).is_uncertain);
  EXPECT_TRUE(guarded->call({}).is_uncertain);
  const ToolReturn refused = guarded->call({});
  EXPECT_EQ(refused.error->code, ErrorCode::kUnavailable);
  EXPECT_FALSE(refused.is_uncertain) << "it was never sent";
  EXPECT_EQ(tool->calls, 2);
  EXPECT_EQ(guarded->definition().name, "tool");
}

TEST_F(CircuitBreakerTest, AModelIsNotAskedWhileItRests) {
  const auto model = std::make_shared<CountingModel>();
  const auto guarded = with_breaker(std::shared_ptr<const engine::ChatModel>(model),
                                    std::make_shared<CircuitBreaker>("m", CircuitBreakerOptions{1, 100, 100}, clock_));
  EXPECT_EQ(guarded->chat({}).usage.tokens_in, 3);
  EXPECT_EQ(guarded->chat({}).error->code, ErrorCode::kUnavailable);
  EXPECT_EQ(model->calls, 1);
}

}  // namespace
}  // namespace cadre::agent
