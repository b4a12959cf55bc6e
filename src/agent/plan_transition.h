// One transition of a plan's run in the making: what agent/plan_machine.h folds events with. Events of the run as a whole are in
// plan_machine.cc, those of one step in plan_steps.cc. Internal.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "agent/plan_machine.h"

namespace cadre::agent {

// The checks of an event come before its first change.
class PlanTransition {
 public:
  explicit PlanTransition(RunState& state) : state_(state) {}

  Result<void> on(const RunBegun& event);
  Result<void> on(const Planned& event);
  Result<void> on(const AttemptReturned& event);
  Result<void> on(const CallVerified& event);
  Result<void> on(const ApprovalDecided& event);
  Result<void> on(const CallReturned& event);
  Result<void> on(const ResultVerified& event);
  Result<void> on(const BackoffEnded& event);
  Result<void> on(const AnswerComposed& event);
  Result<void> on(const CancelRequested& event);
  Result<void> on(const TimeExhausted& event);
  Result<void> on(const Resumed& event);
  Result<void> on(const Abandoned& event);

 private:
  Result<void> require(Phase phase, const char* event) const;
  Result<void> require_step(size_t step, StepPhase phase, const char* event) const;
  StepState& step(size_t index) { return state_.steps[index]; }
  const Assignment& assignment(size_t index) const { return assignment_of(state_, index); }
  const StepPolicy& policy(size_t index) const { return assignment(index).policy; }
  bool changes_something(size_t index) const { return agent::changes_something(assignment(index)); }
  bool may_be_repeated(size_t index) const {
    return assignment(index).effect != ToolEffect::kOnce || assignment(index).is_fenced;
  }
  double confidence(size_t index, double probability, double keeps) const {
    return posterior(probability, keeps, state_.steps[index].excluded_probability);
  }

  // Of a call that has not been counted among the judged ones yet.
  double confidence_of_present(size_t index, double probability, double keeps) const {
    return posterior(probability, keeps, state_.steps[index].excluded_probability + (1 - keeps) * probability);
  }

  void enter(size_t index, StepPhase phase);
  void start_ready();
  void begin_step(size_t index);
  void start_attempt(size_t index);
  void next_candidate(size_t index);
  void before_call(size_t index);
  void execute(size_t index, bool is_repetition);
  bool may_retry(size_t index, const std::optional<RetryAfter>& asked);
  void back_off(size_t index, StepPhase then, const std::optional<RetryAfter>& asked);
  void refuse(size_t index, Error error);
  void doubt(size_t index, double keeps, const base::Json& output);
  void candidates_exhausted(size_t index);
  void choose(size_t index, const Choice& choice);
  void next_assignment(size_t index, Reason reason, std::string message);
  void fail_step(size_t index, Reason reason, std::string message);
  bool spend(const Usage& usage);
  void call_failed(size_t index, const CallReturned& event);
  void call_returned_while_stopping(size_t index, const CallReturned& event);
  void stop(Status status, Reason reason, std::string step, std::string message, bool is_abrupt = false);
  void leave_uncertain(size_t index);
  void finish_if_still();

  RunState& state_;
};

}  // namespace cadre::agent
