// The names of phases, statuses and reasons, as the journal and people see them.
// SPDX-License-Identifier: Apache-2.0
#include "agent/plan_run.h"

namespace cadre::agent {

const char* step_phase_name(StepPhase phase) {
  switch (phase) {
    case StepPhase::kWaiting:
      return "waiting";
    case StepPhase::kAttempting:
      return "attempting";
    case StepPhase::kVerifyingCall:
      return "verifying_call";
    case StepPhase::kAwaitingApproval:
      return "awaiting_approval";
    case StepPhase::kExecuting:
      return "executing";
    case StepPhase::kBackingOff:
      return "backing_off";
    case StepPhase::kVerifyingResult:
      return "verifying_result";
    case StepPhase::kDone:
      return "done";
    case StepPhase::kFailed:
      return "failed";
    case StepPhase::kSkipped:
      return "skipped";
  }
  return "unknown";
}

const char* phase_name(Phase phase) {
  switch (phase) {
    case Phase::kNew:
      return "new";
    case Phase::kPlanning:
      return "planning";
    case Phase::kRunning:
      return "running";
    case Phase::kStopping:
      return "stopping";
    case Phase::kComposing:
      return "composing";
    case Phase::kFinished:
      return "finished";
  }
  return "unknown";
}

const char* status_name(Status status) {
  switch (status) {
    case Status::kAnswered:
      return "answered";
    case Status::kDeclined:
      return "declined";
    case Status::kFailed:
      return "failed";
    case Status::kCancelled:
      return "cancelled";
  }
  return "unknown";
}

const char* reason_name(Reason reason) {
  switch (reason) {
    case Reason::kNone:
      return "none";
    case Reason::kOutOfScope:
      return "out_of_scope";
    case Reason::kInvalidPlan:
      return "invalid_plan";
    case Reason::kNotAnswerable:
      return "not_answerable";
    case Reason::kUnmatchedValue:
      return "unmatched_value";
    case Reason::kNoCandidate:
      return "no_candidate";
    case Reason::kAllRejected:
      return "all_rejected";
    case Reason::kLowConfidence:
      return "low_confidence";
    case Reason::kDenied:
      return "denied";
    case Reason::kEngineError:
      return "engine_error";
    case Reason::kToolError:
      return "tool_error";
    case Reason::kUncertain:
      return "uncertain";
    case Reason::kRefusedResult:
      return "refused_result";
    case Reason::kBudget:
      return "budget";
    case Reason::kCancelled:
      return "cancelled";
    case Reason::kComposeError:
      return "compose_error";
    case Reason::kAbandoned:
      return "abandoned";
  }
  return "unknown";
}

}  // namespace cadre::agent
