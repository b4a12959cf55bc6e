// SPDX-License-Identifier: Apache-2.0
#include "agent/plan_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/plan_machine.h"
#include "store/record.h"

namespace cadre::agent {
namespace {

using base::Json;

constexpr int64_t kBackoffMax_ms = 60'000;
// What is left of probability after the exclusions, kept away from zero against rounding.
constexpr double kRemainingProbabilityMin = 1e-9;

int64_t backoff_ms(const StepState& at, const StepPolicy& policy) {
  const int64_t doublings = std::clamp<int64_t>(at.retries - 1, 0, 20);
  return std::max(std::min(policy.backoff_ms << doublings, kBackoffMax_ms), at.wait_asked_ms);
}

void add_step_effect(const RunState& state, size_t index, std::vector<Effect>& effects) {
  const StepState& at = state.steps[index];
  switch (at.phase) {
    case StepPhase::kAttempting:
      effects.push_back(Attempt{index, at.turn, at.candidates_asked, tokens_left(state)});
      break;
    case StepPhase::kVerifyingCall:
      effects.push_back(VerifyCall{index, at.turn});
      break;
    case StepPhase::kExecuting:
      effects.push_back(Execute{index, at.turn, fmt::format("{}.{}", state.plan.steps[index].id, at.calls)});
      break;
    case StepPhase::kVerifyingResult:
      effects.push_back(VerifyResult{index, at.turn});
      break;
    case StepPhase::kBackingOff:
      effects.push_back(Wait{index, at.turn, backoff_ms(at, assignment_of(state, index).policy)});
      break;
    case StepPhase::kWaiting:
    case StepPhase::kAwaitingApproval:
    case StepPhase::kDone:
    case StepPhase::kFailed:
    case StepPhase::kSkipped:
      break;
  }
}

store::RunState closing_state(Status status) {
  switch (status) {
    case Status::kAnswered:
      return store::RunState::kDone;
    case Status::kDeclined:
      return store::RunState::kDeclined;
    case Status::kFailed:
    case Status::kCancelled:
      return store::RunState::kFailed;
  }
  return store::RunState::kFailed;
}

Record run_finished(const RunState& state) {
  const Outcome& outcome = *state.outcome;
  Json payload = {{"status", status_name(outcome.status)},
                  {"reason", reason_name(outcome.reason)},
                  {"step", outcome.step},
                  {"message", outcome.message},
                  {"confidence", outcome.confidence},
                  {"text", state.answer_text}};
  return Record{std::string(store::finish_kind(closing_state(outcome.status))), std::move(payload),
                Durability::kSynced};
}

struct Turns {
  int64_t run = 0;
  std::vector<int64_t> steps;
};

Turns turns_of(const RunState& state) {
  Turns turns{state.turn, {}};
  for (const StepState& at : state.steps) turns.steps.push_back(at.turn);
  return turns;
}

bool is_new(const Turns& before, const RunState& state, size_t index) {
  return index >= before.steps.size() || before.steps[index] != state.steps[index].turn;
}

void add_due_effects(const RunState& state, const Turns& before, std::vector<Effect>& effects) {
  if (state.phase == Phase::kPlanning && state.turn != before.run) effects.push_back(MakePlan{state.turn});
  if (state.phase == Phase::kRunning) {
    for (size_t i = 0; i < state.steps.size(); ++i) {
      if (is_new(before, state, i)) add_step_effect(state, i, effects);
    }
  }
  if (state.phase == Phase::kComposing && state.turn != before.run) effects.push_back(Compose{state.turn});
  if (state.phase == Phase::kFinished) {
    effects.push_back(run_finished(state));
    effects.push_back(Finish{});
  }
}

// Synced: what somebody is told of, what a call that changes something follows from, and what such a call returned.
Durability durability_of(const Event& event, const RunState& state, const Turns& before) {
  if (std::holds_alternative<RunBegun>(event) || std::holds_alternative<ApprovalDecided>(event) ||
      std::holds_alternative<CancelRequested>(event))
    return Durability::kSynced;
  const auto changes = [&](size_t index) { return changes_something(assignment_of(state, index)); };
  if (const auto* returned = std::get_if<CallReturned>(&event); returned != nullptr && changes(returned->step))
    return Durability::kSynced;
  for (size_t i = 0; i < state.steps.size(); ++i) {
    const StepPhase phase = state.steps[i].phase;
    if (!is_new(before, state, i)) continue;
    if ((phase == StepPhase::kExecuting && changes(i)) || phase == StepPhase::kAwaitingApproval)
      return Durability::kSynced;
  }
  return Durability::kQueued;
}

}  // namespace

double posterior(double probability, double keeps, double excluded_probability) {
  const double remaining = std::max(1 - excluded_probability, kRemainingProbabilityMin);
  return std::clamp(keeps * probability / remaining, 0.0, 1.0);
}

int64_t tokens_left(const RunState& state) {
  return state.budget.tokens_max - state.usage.tokens_in - state.usage.tokens_out;
}

const Assignment& assignment_of(const RunState& state, size_t step) {
  return state.plan.steps[step].assignments[state.steps[step].assignment];
}

bool is_parked(const RunState& state) {
  if (state.phase != Phase::kRunning) return false;
  bool waits_for_a_person = false;
  for (const StepState& at : state.steps) {
    if (at.phase == StepPhase::kAwaitingApproval) {
      waits_for_a_person = true;
    } else if (at.phase != StepPhase::kWaiting && !is_over(at.phase)) {
      return false;
    }
  }
  return waits_for_a_person;
}

Result<std::vector<Effect>> advance(RunState& state, const Event& event) {
  const Turns before = turns_of(state);
  TRY(fold(state, event));
  std::vector<Effect> effects;
  effects.push_back(Record{event_kind(event), event_to_json(event), durability_of(event, state, before)});
  add_due_effects(state, before, effects);
  return effects;
}

Result<Replayed> replay(const std::vector<RecordView>& records) {
  Replayed replayed;
  for (const RecordView& record : records) {
    if (replayed.closed)
      return Error{ErrorCode::kCorrupt, fmt::format("record {} after the run was finished", record.kind)};
    if (!store::finish_outcome(record.kind)) {
      TRY(fold(replayed.state, TRY(event_from_json(record.kind, record.payload))));
      continue;
    }
    if (replayed.state.phase != Phase::kFinished)
      return out_of_place(record.kind.c_str(), phase_name(replayed.state.phase));
    replayed.closed = true;
  }
  if (replayed.state.phase == Phase::kNew) return Error{ErrorCode::kCorrupt, "the run has no run.begin record"};
  return replayed;
}

}  // namespace cadre::agent
