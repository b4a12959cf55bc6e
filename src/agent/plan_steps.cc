// Attempts, calls and verdicts of one step, and what follows when one of them fails.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "agent/plan_transition.h"

namespace cadre::agent {
namespace {

// An error about this call rather than about its tool: another call may do better.
bool is_about_the_call(const Error& error) {
  return error.code == ErrorCode::kInvalid || error.code == ErrorCode::kNotFound ||
         error.code == ErrorCode::kUnsupported || error.code == ErrorCode::kLimit;
}

bool is_probability(double value) {
  return std::isfinite(value) && value >= 0 && value <= 1;
}

// Model output is input: what is not a probability is an error of the engine, not something to compute with.
std::optional<Error> fault_of(const AttemptReturned& event) {
  if (event.error) return event.error;
  if (!is_probability(event.answerable))
    return Error{ErrorCode::kInvalid, "the specialist's \"answerable\" is no probability"};
  for (const Candidate& candidate : event.candidates) {
    if (!is_probability(candidate.probability))
      return Error{ErrorCode::kInvalid, "the probability of one of the specialist's calls is none"};
  }
  return std::nullopt;
}

const Verdict* first_refusal(const std::vector<Verdict>& verdicts) {
  for (const Verdict& verdict : verdicts) {
    if (!verdict.passed && verdict.severity == Severity::kReject) return &verdict;
  }
  return nullptr;
}

bool is_doubted(const std::vector<Verdict>& verdicts) {
  return std::any_of(verdicts.begin(), verdicts.end(), [](const Verdict& verdict) { return !verdict.passed; });
}

double share_kept(const std::vector<Verdict>& verdicts, double doubt_keeps) {
  if (first_refusal(verdicts) != nullptr) return 0;
  double keeps = 1;
  for (const Verdict& verdict : verdicts) keeps *= verdict.weight.value_or(verdict.passed ? 1.0 : doubt_keeps);
  return keeps;
}

Error error_of(const Verdict& verdict) {
  return Error{ErrorCode::kInvalid, fmt::format("{}: {}", verdict.rule, verdict.evidence)};
}

bool is_declining(Reason reason) {
  return reason == Reason::kOutOfScope || reason == Reason::kNotAnswerable || reason == Reason::kUnmatchedValue ||
         reason == Reason::kNoCandidate || reason == Reason::kAllRejected || reason == Reason::kLowConfidence ||
         reason == Reason::kDenied;
}

// Only a call that changed nothing can be doubted, so nothing is left undone by choosing it.
bool is_doubted_one_likelier(const StepState& at, const Choice& passed) {
  return at.doubted &&
         at.doubted->keeps * at.doubted->candidate.probability > passed.keeps * passed.candidate.probability;
}

}  // namespace

void PlanTransition::begin_step(size_t index) {
  std::vector<ReferenceScope> scopes = {{"request", &state_.request}};
  for (size_t i = 0; i < state_.steps.size(); ++i) {
    if (step(i).phase == StepPhase::kDone) scopes.push_back({state_.plan.steps[i].id, &step(i).output});
  }
  auto input = resolve_references(state_.plan.steps[index].input, scopes);
  if (!input.ok()) {
    fail_step(index, Reason::kInvalidPlan, input.error().message);
    return;
  }
  step(index).input = std::move(*input);
  start_attempt(index);
}

void PlanTransition::start_attempt(size_t index) {
  if (state_.attempts >= state_.budget.attempts_max) {
    stop(Status::kFailed, Reason::kBudget, state_.plan.steps[index].id,
         fmt::format("all {} attempts of this run are used up", state_.budget.attempts_max));
    return;
  }
  ++state_.attempts;
  StepState& at = step(index);
  ++at.attempts;
  at.candidates_asked += policy(index).candidates_max;
  at.candidates.clear();
  at.candidate = 0;
  enter(index, StepPhase::kAttempting);
}

Result<void> PlanTransition::on(const AttemptReturned& event) {
  TRY(require_step(event.step, StepPhase::kAttempting, "attempt.returned"));
  if (!spend(event.usage)) return {};
  StepState& at = step(event.step);
  if (const auto fault = fault_of(event)) {
    at.feedback = fault;
    if (is_transient(*fault) && may_retry(event.step, event.retry_after)) {
      --at.attempts;  // the same question again: nothing was learnt
      at.candidates_asked -= policy(event.step).candidates_max;
      back_off(event.step, StepPhase::kAttempting, event.retry_after);
    } else if (!is_transient(*fault) && !event.is_exhaustive && at.attempts < policy(event.step).attempts_max) {
      start_attempt(event.step);
    } else {
      next_assignment(event.step, Reason::kEngineError, fault->message);
    }
    return {};
  }
  if (!event.unmatched_values.empty()) {
    next_assignment(
        event.step, Reason::kUnmatchedValue,
        fmt::format("nothing that {} knows says \"{}\"; check the spelling, or ask for something that is there",
                    assignment(event.step).specialist, fmt::join(event.unmatched_values, "\" or \"")));
    return {};
  }
  if (event.answerable < policy(event.step).answerable_min) {
    next_assignment(
        event.step, Reason::kNotAnswerable,
        fmt::format("{} does not take this for something it can answer (probability {:.2f}, needed {:.2f}); ask for "
                    "what it holds, one thing at a time",
                    assignment(event.step).specialist, event.answerable, policy(event.step).answerable_min));
    return {};
  }
  at.candidates = event.candidates;
  std::stable_sort(at.candidates.begin(), at.candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.probability > b.probability; });
  at.is_exhaustive = event.is_exhaustive && std::cmp_less_equal(at.candidates.size(), at.candidates_asked);
  if (std::cmp_greater(at.candidates.size(), at.candidates_asked))
    at.candidates.resize(static_cast<size_t>(at.candidates_asked));
  next_candidate(event.step);
  return {};
}

// Moves to the first candidate, from the present one on, that was not refused before.
void PlanTransition::next_candidate(size_t index) {
  StepState& at = step(index);
  const auto was_refused = [&](const base::Json& call) {
    return std::find(at.refused.begin(), at.refused.end(), call) != at.refused.end();
  };
  while (at.candidate < at.candidates.size() && was_refused(at.candidates[at.candidate].call)) ++at.candidate;
  at.candidate_keeps = 1;
  at.candidate_is_doubted = false;
  at.is_approved = false;
  at.retries = 0;
  at.result = nullptr;
  if (at.candidate == at.candidates.size()) {
    candidates_exhausted(index);
  } else {
    enter(index, StepPhase::kVerifyingCall);
  }
}

Result<void> PlanTransition::on(const CallVerified& event) {
  TRY(require_step(event.step, StepPhase::kVerifyingCall, "call.verified"));
  step(event.step).candidate_keeps = share_kept(event.verdicts, policy(event.step).doubt_keeps);
  step(event.step).candidate_is_doubted = is_doubted(event.verdicts);
  if (const Verdict* refusal = first_refusal(event.verdicts)) {
    refuse(event.step, error_of(*refusal));
  } else {
    before_call(event.step);
  }
  return {};
}

// A person, or the confidence that the policy asks for, stands before a call that changes something.
void PlanTransition::before_call(size_t index) {
  StepState& at = step(index);
  const StepPolicy& terms = policy(index);
  const double sure = confidence_of_present(index, at.candidates[at.candidate].probability, at.candidate_keeps);
  const bool is_unsure = sure < terms.confidence_min;
  if (terms.approval == Approval::kAlways || (terms.approval == Approval::kUnsure && is_unsure)) {
    at.approval_why = is_unsure
                          ? fmt::format("right with probability {:.2f}, needed {:.2f}", sure, terms.confidence_min)
                          : "every call of this step needs a person's approval";
    enter(index, StepPhase::kAwaitingApproval);
  } else if (is_unsure && changes_something(index)) {
    next_assignment(
        index, Reason::kLowConfidence,
        fmt::format("not sure enough to change anything: the call is right with probability {:.2f}, needed {:.2f}",
                    sure, terms.confidence_min));
  } else {
    execute(index, false);
  }
}

Result<void> PlanTransition::on(const ApprovalDecided& event) {
  if (state_.phase != Phase::kRunning || event.step >= state_.steps.size() ||
      state_.steps[event.step].phase != StepPhase::kAwaitingApproval) {
    return Error{ErrorCode::kInvalid, "this step does not wait for an approval (any more)"};
  }
  if (!event.approved) {
    fail_step(event.step, Reason::kDenied,
              fmt::format("{} did not approve the call{}{}", event.who, event.why.empty() ? "" : ": ", event.why));
    return {};
  }
  step(event.step).is_approved = true;
  execute(event.step, false);
  return {};
}

void PlanTransition::execute(size_t index, bool is_repetition) {
  StepState& at = step(index);
  if (assignment(index).tool.empty()) {
    at.result = at.candidates[at.candidate].call;
    enter(index, StepPhase::kVerifyingResult);
    return;
  }
  if (state_.calls >= state_.budget.calls_max) {
    stop(Status::kFailed, Reason::kBudget, state_.plan.steps[index].id,
         fmt::format("all {} calls of this run are used up", state_.budget.calls_max));
    return;
  }
  ++state_.calls;
  if (!is_repetition) ++at.calls;
  enter(index, StepPhase::kExecuting);
}

// Not where the other side asks for a longer wait than one attempt or call of the step may take, or than the run has time for: the step goes on to
// its next way at once.
bool PlanTransition::may_retry(size_t index, const std::optional<RetryAfter>& asked) {
  if (step(index).retries >= policy(index).retries_max) return false;
  return !asked || (asked->fits && asked->wait_ms <= policy(index).timeout_ms);
}

void PlanTransition::back_off(size_t index, StepPhase then, const std::optional<RetryAfter>& asked) {
  ++step(index).retries;
  step(index).wait_asked_ms = asked ? asked->wait_ms : 0;
  step(index).after_backoff = then;
  enter(index, StepPhase::kBackingOff);
}

Result<void> PlanTransition::on(const BackoffEnded& event) {
  TRY(require_step(event.step, StepPhase::kBackingOff, "backoff.ended"));
  if (step(event.step).after_backoff == StepPhase::kAttempting) {
    start_attempt(event.step);
  } else {
    execute(event.step, true);
  }
  return {};
}

Result<void> PlanTransition::on(const CallReturned& event) {
  TRY(require_step(event.step, StepPhase::kExecuting, "call.returned"));
  StepState& at = step(event.step);
  // A repetition that fails says nothing of what came before it; only a success does.
  at.is_uncertain = event.error.has_value() && changes_something(event.step) && (at.is_uncertain || event.is_uncertain);
  if (state_.phase == Phase::kStopping) {
    call_returned_while_stopping(event.step, event);
    return {};
  }
  // What was done is kept before a budget may end the run.
  if (!event.error) {
    at.result = event.result;
    enter(event.step, StepPhase::kVerifyingResult);
    spend(event.usage);
  } else if (spend(event.usage)) {
    call_failed(event.step, event);
  }
  return {};
}

void PlanTransition::call_failed(size_t index, const CallReturned& event) {
  StepState& at = step(index);
  const bool may_do_better_later = is_transient(*event.error) || event.is_uncertain;
  if (may_do_better_later && (!at.is_uncertain || may_be_repeated(index)) && may_retry(index, event.retry_after)) {
    back_off(index, StepPhase::kExecuting, event.retry_after);
  } else if (at.is_uncertain) {
    fail_step(index, Reason::kUncertain, event.error->message);
  } else if (is_about_the_call(*event.error)) {
    refuse(index, *event.error);
  } else if (event.error->code == ErrorCode::kDenied) {
    fail_step(index, Reason::kDenied, event.error->message);
  } else {
    at.feedback = event.error;
    next_assignment(index, Reason::kToolError, event.error->message);
  }
}

void PlanTransition::call_returned_while_stopping(size_t index, const CallReturned& event) {
  StepState& at = step(index);
  if (event.error) {
    at.message = event.error->message;
    enter(index, at.is_uncertain ? StepPhase::kFailed : StepPhase::kSkipped);
  } else {
    at.output = event.result;
    enter(index, StepPhase::kDone);
  }
  finish_if_still();
}

Result<void> PlanTransition::on(const ResultVerified& event) {
  TRY(require_step(event.step, StepPhase::kVerifyingResult, "result.verified"));
  StepState& at = step(event.step);
  const double keeps = at.candidate_keeps * share_kept(event.verdicts, policy(event.step).doubt_keeps);
  const Verdict* refusal = first_refusal(event.verdicts);
  if (refusal != nullptr && changes_something(event.step)) {
    fail_step(event.step, Reason::kRefusedResult,
              fmt::format("the call was made, and what it returned was refused: {}", error_of(*refusal).message));
  } else if (refusal != nullptr) {
    refuse(event.step, error_of(*refusal));
  } else if ((at.candidate_is_doubted || is_doubted(event.verdicts)) && !changes_something(event.step) &&
             !at.is_approved) {
    doubt(event.step, keeps, event.output);
  } else {
    const Choice passed{at.candidates[at.candidate], event.output, keeps};
    at.excluded_probability += (1 - keeps) * passed.candidate.probability;
    choose(event.step, !at.is_approved && is_doubted_one_likelier(at, passed) ? Choice(*at.doubted) : passed);
  }
  return {};
}

void PlanTransition::refuse(size_t index, Error error) {
  StepState& at = step(index);
  at.refused.push_back(at.candidates[at.candidate].call);
  at.excluded_probability += at.candidates[at.candidate].probability;
  at.feedback = std::move(error);
  ++at.candidate;
  next_candidate(index);
}

void PlanTransition::doubt(size_t index, double keeps, const base::Json& output) {
  StepState& at = step(index);
  const Candidate& candidate = at.candidates[at.candidate];
  at.refused.push_back(candidate.call);
  at.excluded_probability += (1 - keeps) * candidate.probability;
  if (!at.doubted || keeps * candidate.probability > at.doubted->keeps * at.doubted->candidate.probability)
    at.doubted = Choice{candidate, output, keeps};
  ++at.candidate;
  next_candidate(index);
}

void PlanTransition::candidates_exhausted(size_t index) {
  StepState& at = step(index);
  const bool is_settled = at.doubted && confidence(index, at.doubted->candidate.probability, at.doubted->keeps) >=
                                            policy(index).confidence_min;
  if (!is_settled && !at.candidates.empty() && !at.is_exhaustive && at.attempts < policy(index).attempts_max) {
    start_attempt(index);
  } else if (at.doubted) {
    choose(index, Choice(*at.doubted));
  } else if (at.refused.empty()) {
    next_assignment(index, Reason::kNoCandidate, fmt::format("{} proposed no call", assignment(index).specialist));
  } else {
    next_assignment(
        index, Reason::kAllRejected,
        fmt::format("none of the {} calls that {} proposed passed the checks; the last: {}", at.refused.size(),
                    assignment(index).specialist, at.feedback ? at.feedback->message : "doubted"));
  }
}

void PlanTransition::choose(size_t index, const Choice& choice) {
  StepState& at = step(index);
  const double sure = confidence(index, choice.candidate.probability, choice.keeps);
  const bool is_done_anyway = at.is_approved || changes_something(index);
  if (!is_done_anyway && sure < policy(index).confidence_min) {
    next_assignment(
        index, Reason::kLowConfidence,
        fmt::format("not sure enough: the most probable call is right with probability {:.2f}, needed {:.2f}", sure,
                    policy(index).confidence_min));
    return;
  }
  at.chosen = choice.candidate;
  at.output = choice.output;
  at.confidence = sure;
  enter(index, StepPhase::kDone);
  start_ready();
}

void PlanTransition::next_assignment(size_t index, Reason reason, std::string message) {
  StepState& at = step(index);
  const auto& assignments = state_.plan.steps[index].assignments;
  if (at.assignment + 1 == assignments.size()) {
    fail_step(index, reason, std::move(message));
    return;
  }
  const std::string& tool_before = assignments[at.assignment].tool;
  ++at.assignment;
  if (assignments[at.assignment].tool != tool_before) at.refused.clear();  // another tool's calls mean something else
  at.attempts = 0;
  at.candidates_asked = 0;
  at.retries = 0;
  at.excluded_probability = 0;
  at.doubted.reset();
  at.feedback = Error{ErrorCode::kInvalid, std::move(message)};
  start_attempt(index);
}

void PlanTransition::fail_step(size_t index, Reason reason, std::string message) {
  StepState& at = step(index);
  at.reason = reason;
  at.message = message;
  at.is_uncertain = at.is_uncertain || reason == Reason::kUncertain;
  enter(index, StepPhase::kFailed);
  stop(is_declining(reason) ? Status::kDeclined : Status::kFailed, reason, state_.plan.steps[index].id,
       std::move(message));
}

}  // namespace cadre::agent
