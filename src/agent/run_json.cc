// SPDX-License-Identifier: Apache-2.0
#include "agent/run_json.h"

#include "agent/event_json.h"

namespace cadre::agent {

using base::Json;

namespace {

RunStatus status_of(const Outcome& outcome) {
  if (outcome.reason == Reason::kCancelled) return RunStatus::kCancelled;
  switch (outcome.status) {
    case Status::kAnswered:
      return RunStatus::kAnswered;
    case Status::kDeclined:
      return RunStatus::kDeclined;
    case Status::kFailed:
      return RunStatus::kFailed;
  }
  return RunStatus::kFailed;
}

// The plan has one step; it stands from the dispatch on.
Json steps_to_json(const RunView& view, const RunState& state) {
  Json steps = Json::array();
  for (size_t i = 0; i < state.plan.size(); ++i) {
    const std::string& name = state.request.name.empty() ? state.plan[i].specialist : state.request.name;
    steps.push_back({{"id", std::to_string(i + 1)},
                     {"specialist", name},
                     {"status", run_status_name(view.status)},
                     {"output", view.value},
                     {"error", view.message.empty() ? Json() : Json(view.message)},
                     {"attempts", state.attempts}});
  }
  return steps;
}

}  // namespace

Json answer_value_to_json(const RunState& state) {
  if (!state.answer || !state.chosen) return nullptr;
  const contract::QueryResult& result = state.chosen->result;
  return {{"sql", state.chosen->candidate.sql},
          {"columns", result.column_names},
          {"rows", rows_to_json(result)},
          {"truncated", result.truncated}};
}

Json answer_evidence_to_json(const RunState& state) {
  return state.answer ? evidence_to_json(state.answer->evidence) : Json::array();
}

RunStatus status_of_run(const RunState& state) {
  return state.outcome ? status_of(*state.outcome) : RunStatus::kRunning;
}

RunView view_of_run(const store::RunId& run, const RunState& state, bool closed) {
  RunView view{.run = run};
  view.usage.attempts = state.attempts;
  view.usage.calls = state.calls;
  if (closed && state.outcome) {
    view.status = status_of(*state.outcome);
    view.reason = reason_name(state.outcome->reason);
    view.message = state.outcome->message;
    view.confidence = state.outcome->confidence;
    if (state.answer) view.text = state.answer->text;
    view.value = answer_value_to_json(state);
    view.evidence = answer_evidence_to_json(state);
  }
  view.steps = steps_to_json(view, state);
  return view;
}

}  // namespace cadre::agent
