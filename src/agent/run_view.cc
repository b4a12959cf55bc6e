// SPDX-License-Identifier: Apache-2.0
#include "agent/run_view.h"

namespace cadre::agent {
namespace {

using base::Json;

RunStatus status_of(Status status) {
  switch (status) {
    case Status::kAnswered:
      return RunStatus::kAnswered;
    case Status::kDeclined:
      return RunStatus::kDeclined;
    case Status::kFailed:
      return RunStatus::kFailed;
    case Status::kCancelled:
      return RunStatus::kCancelled;
  }
  return RunStatus::kFailed;
}

Json step_to_json(const RunState& state, size_t index) {
  const StepState& at = state.steps[index];
  Json json = Json::object();
  json["id"] = state.plan.steps[index].id;
  json["specialist"] = assignment_of(state, index).specialist;
  json["status"] = step_phase_name(at.phase);
  json["output"] = at.output;
  json["error"] = at.message.empty() ? Json() : Json(at.message);
  json["attempts"] = at.attempts;
  json["confidence"] = at.confidence;
  return json;
}

PendingApproval approval_of(const RunState& state, size_t index) {
  const StepState& at = state.steps[index];
  const Assignment& assignment = assignment_of(state, index);
  return {state.plan.steps[index].id, assignment.specialist, assignment.tool, at.candidates[at.candidate].call,
          at.approval_why};
}

}  // namespace

RunView view_of_run(const store::RunId& run, const RunState& state, bool is_closed) {
  RunView view{.run = run};
  view.usage = {state.usage.tokens_in, state.usage.tokens_out, state.usage.cost_micros, state.attempts, state.calls};
  view.steps = Json::array();
  for (size_t i = 0; i < state.steps.size(); ++i) {
    view.steps.push_back(step_to_json(state, i));
    if (state.phase == Phase::kRunning && state.steps[i].phase == StepPhase::kAwaitingApproval)
      view.approvals.push_back(approval_of(state, i));
  }
  if (is_parked(state)) view.status = RunStatus::kWaiting;
  if (!is_closed || !state.outcome) return view;
  view.status = status_of(state.outcome->status);
  view.reason = reason_name(state.outcome->reason);
  view.message = state.outcome->message;
  view.confidence = state.outcome->confidence;
  view.text = state.answer_text;
  view.value = state.answer_value;
  view.evidence = state.answer_evidence;
  return view;
}

}  // namespace cadre::agent
