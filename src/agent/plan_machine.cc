// SPDX-License-Identifier: Apache-2.0
#include "agent/plan_machine.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/plan_transition.h"

namespace cadre::agent {

Result<void> PlanTransition::require(Phase phase, const char* event) const {
  if (state_.phase != phase) return out_of_place(event, phase_name(state_.phase));
  return {};
}

Result<void> PlanTransition::require_step(size_t step, StepPhase phase, const char* event) const {
  const bool is_going_on =
      state_.phase == Phase::kRunning || (state_.phase == Phase::kStopping && phase == StepPhase::kExecuting);
  if (!is_going_on) return out_of_place(event, phase_name(state_.phase));
  if (step >= state_.steps.size())
    return Error{ErrorCode::kCorrupt,
                 fmt::format("event {} of step {} in a plan of {}", event, step, state_.steps.size())};
  if (state_.steps[step].phase != phase) return out_of_place(event, step_phase_name(state_.steps[step].phase));
  return {};
}

void PlanTransition::enter(size_t index, StepPhase phase) {
  step(index).phase = phase;
  ++step(index).turn;
}

Result<void> PlanTransition::on(const RunBegun& event) {
  TRY(require(Phase::kNew, "run.begin"));
  state_.request = event.request;
  state_.budget = event.budget;
  state_.phase = Phase::kPlanning;
  ++state_.turn;
  return {};
}

Result<void> PlanTransition::on(const Planned& event) {
  TRY(require(Phase::kPlanning, "plan.made"));
  state_.tier = event.tier;
  state_.tiers = event.tiers;
  if (!spend(event.usage)) return {};
  if (event.error) {
    const bool is_about_the_plan = event.error->code == ErrorCode::kInvalid;
    stop(Status::kFailed, is_about_the_plan ? Reason::kInvalidPlan : Reason::kEngineError, "", event.error->message);
    return {};
  }
  if (!event.accepted) {
    stop(Status::kDeclined, Reason::kOutOfScope, "", event.reason);
    return {};
  }
  if (auto checked = check_plan(event.plan); !checked.ok()) {
    stop(Status::kFailed, Reason::kInvalidPlan, "", checked.error().message);
    return {};
  }
  state_.plan = event.plan;
  state_.steps.assign(event.plan.steps.size(), {});
  state_.phase = Phase::kRunning;
  start_ready();
  return {};
}

// Begins every step whose dependencies are done; the last one that is done leads to the answer.
void PlanTransition::start_ready() {
  bool all_done = true;
  for (size_t i = 0; i < state_.steps.size() && state_.phase == Phase::kRunning; ++i) {
    all_done = all_done && step(i).phase == StepPhase::kDone;
    if (step(i).phase != StepPhase::kWaiting) continue;
    const auto needed = dependencies_of(state_.plan, i);
    const bool is_ready =
        std::all_of(needed.begin(), needed.end(), [&](size_t other) { return step(other).phase == StepPhase::kDone; });
    if (is_ready) begin_step(i);
  }
  if (!all_done || state_.phase != Phase::kRunning) return;
  state_.phase = Phase::kComposing;
  ++state_.turn;
}

// False if a budget is overdrawn; the run is stopped then.
bool PlanTransition::spend(const Usage& usage) {
  state_.usage.tokens_in += std::max<int64_t>(usage.tokens_in, 0);
  state_.usage.tokens_out += std::max<int64_t>(usage.tokens_out, 0);
  state_.usage.cost_micros += std::max<int64_t>(usage.cost_micros, 0);
  const int64_t tokens = state_.usage.tokens_in + state_.usage.tokens_out;
  if (tokens > state_.budget.tokens_max) {
    stop(Status::kFailed, Reason::kBudget, "",
         fmt::format("{} tokens were used, of {} allowed", tokens, state_.budget.tokens_max));
    return false;
  }
  if (state_.usage.cost_micros > state_.budget.cost_micros_max) {
    stop(Status::kFailed, Reason::kBudget, "",
         fmt::format("{:.6f} was spent, of {:.6f} allowed", state_.usage.cost_micros / 1e6,
                     state_.budget.cost_micros_max / 1e6));
    return false;
  }
  return true;
}

// Ends the run: nothing new begins, and calls under way that change something are waited for, so that the journal says what happened.
// Abrupt: nobody will hear of them any more.
void PlanTransition::stop(Status status, Reason reason, std::string step_id, std::string message, bool is_abrupt) {
  if (!state_.outcome) state_.outcome = Outcome{status, reason, std::move(step_id), std::move(message), 0};
  state_.phase = Phase::kStopping;
  for (size_t i = 0; i < state_.steps.size(); ++i) {
    if (is_over(step(i).phase)) continue;
    if (step(i).phase == StepPhase::kVerifyingResult && changes_something(i)) {
      step(i).output = step(i).result;  // nobody looks at it any more, but it was done
      enter(i, StepPhase::kDone);
    } else if (step(i).phase != StepPhase::kExecuting || !changes_something(i)) {
      enter(i, StepPhase::kSkipped);
    } else if (is_abrupt) {
      leave_uncertain(i);
    }
  }
  finish_if_still();
}

void PlanTransition::leave_uncertain(size_t index) {
  step(index).is_uncertain = true;
  step(index).reason = Reason::kUncertain;
  step(index).message = "the process ended while the call was under way; whether it happened is not known";
  enter(index, StepPhase::kFailed);
}

// What may or may not have happened is the first thing that an outcome says.
void PlanTransition::finish_if_still() {
  std::string uncertain;
  for (size_t i = 0; i < state_.steps.size(); ++i) {
    if (!is_over(step(i).phase)) return;
    if (step(i).is_uncertain) uncertain += (uncertain.empty() ? "" : ", ") + state_.plan.steps[i].id;
  }
  state_.phase = Phase::kFinished;
  if (uncertain.empty()) return;
  state_.outcome->status = Status::kFailed;
  state_.outcome->reason = Reason::kUncertain;
  state_.outcome->message = fmt::format("whether the call of {} happened is not known: look before you ask again; {}",
                                        uncertain, state_.outcome->message);
}

Result<void> PlanTransition::on(const AnswerComposed& event) {
  TRY(require(Phase::kComposing, "answer.composed"));
  if (event.error) {
    stop(Status::kFailed, Reason::kComposeError, "", event.error->message);
    return {};
  }
  state_.answer_text = event.text;
  state_.answer_value = event.value;
  state_.answer_evidence = event.evidence;
  double sure = 1;
  for (const StepState& at : state_.steps) sure *= at.confidence;
  state_.outcome = Outcome{Status::kAnswered, Reason::kNone, "", "", sure};
  state_.phase = Phase::kFinished;
  return {};
}

Result<void> PlanTransition::on(const CancelRequested& event) {
  if (state_.phase == Phase::kNew || state_.phase == Phase::kFinished)
    return Error{ErrorCode::kInvalid, fmt::format("a run that is {} cannot be cancelled", phase_name(state_.phase))};
  stop(Status::kCancelled, Reason::kCancelled, "", fmt::format("cancelled by {}", event.who));
  return {};
}

Result<void> PlanTransition::on(const TimeExhausted& event) {
  if (state_.phase == Phase::kNew || state_.phase == Phase::kFinished)
    return out_of_place("time.exhausted", phase_name(state_.phase));
  stop(Status::kFailed, Reason::kBudget, "", event.detail);
  return {};
}

// Everything that was under way is due again, but for calls that must not be made twice.
Result<void> PlanTransition::on(const Resumed&) {
  if (state_.phase == Phase::kNew) return out_of_place("run.resume", phase_name(state_.phase));
  if (state_.phase == Phase::kFinished) return {};  // only the closing record is missing
  if (!is_parked(state_)) ++state_.resumptions;     // a process that only waited took nothing down
  ++state_.turn;
  if (state_.phase == Phase::kStopping) {
    stop(Status::kFailed, Reason::kUncertain, "", "", true);
    return {};
  }
  if (state_.resumptions > state_.budget.resumptions_max) {
    stop(Status::kFailed, Reason::kBudget, "",
         fmt::format("the process died {} times during this run; it is not tried again", state_.resumptions), true);
    return {};
  }
  for (size_t i = 0; i < state_.steps.size() && state_.phase == Phase::kRunning; ++i) {
    if (is_over(step(i).phase)) continue;
    ++step(i).turn;
    if (step(i).phase != StepPhase::kExecuting || !changes_something(i)) continue;
    step(i).is_uncertain = true;  // until a repetition succeeds
    if (!may_be_repeated(i)) {
      leave_uncertain(i);
      stop(Status::kFailed, Reason::kUncertain, state_.plan.steps[i].id, step(i).message, true);
    }
  }
  return {};
}

Result<void> PlanTransition::on(const Abandoned& event) {
  if (state_.phase == Phase::kNew || state_.phase == Phase::kFinished)
    return out_of_place("inputs.lost", phase_name(state_.phase));
  stop(Status::kFailed, Reason::kAbandoned, "", event.why, true);
  return {};
}

Error out_of_place(const char* event, const char* phase) {
  return Error{ErrorCode::kCorrupt,
               fmt::format("event {} cannot follow in phase \"{}\" (damaged journal?)", event, phase)};
}

Result<void> fold(RunState& state, const Event& event) {
  PlanTransition machine(state);
  return std::visit([&](const auto& concrete) { return machine.on(concrete); }, event);
}

}  // namespace cadre::agent
