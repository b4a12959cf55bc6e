// SPDX-License-Identifier: Apache-2.0
#include "agent/step_questions.h"

#include <algorithm>
#include <utility>

#include "agent/json_values.h"
#include "agent/sql_json.h"
#include "agent/value_evidence.h"
#include "base/check.h"

namespace cadre::agent {

using base::Json;

StepQuestion::StepQuestion(const RunState& state, size_t index, const CheckedSpecialist& given_specialist)
    : step(index),
      specialist(&given_specialist),
      instruction(state.plan.steps[index].instruction),
      input(state.steps[index].input),
      refused(state.steps[index].refused),
      feedback(state.steps[index].feedback),
      attempts(state.steps[index].attempts),
      policy(assignment_of(state, index).policy) {
  const StepState& at = state.steps[index];
  if (at.candidate < at.candidates.size()) candidate = at.candidates[at.candidate];
  if (at.phase == StepPhase::kVerifyingResult) result = at.result;
}

AttemptReturned ask_attempt(const StepQuestion& question, const Attempt& effect, const base::Cancel* cancel) {
  AttemptReturned event = question.specialist->attempt(question.task(), {.candidates_max = effect.candidates_max,
                                                                         .tokens_max = effect.tokens_max,
                                                                         .timeout_ms = question.policy.timeout_ms,
                                                                         .attempt = question.attempts,
                                                                         .cancel = cancel});
  event.step = question.step;
  for (const Candidate& candidate : event.candidates) {
    auto fits = check_fits_a_record(candidate.call);
    if (fits.ok()) fits = check_fits_a_record(candidate.grounds);
    if (!fits.ok()) return {.step = question.step, .error = fits.error()};
  }
  return event;
}

CallReturned ask_tool(const StepQuestion& question, const Assignment& assignment, const std::string& key,
                      const base::Cancel* cancel) {
  Tool* tool = question.specialist->tool();
  CADRE_CHECK(tool != nullptr, "only steps with a tool execute");
  // A call that changes something is not cut short once it was made: what became of it must be known.
  const bool changes = changes_something(assignment);
  ToolReturn returned = tool->call({.arguments = question.candidate.call,
                                    .key = key,
                                    .timeout_ms = question.policy.timeout_ms,
                                    .work_max = question.policy.work_max,
                                    .rows_max = question.policy.rows_max,
                                    .cancel = changes ? nullptr : cancel});
  if (const auto fits = check_fits_a_record(returned.result); !fits.ok() && !returned.error) {
    // What was done was done: a call that changed something stands in the journal with what can be said of it.
    returned.result = changes ? Json{{"unrecorded", fits.error().message}} : Json();
    if (!changes) returned.error = fits.error();
  }
  CallReturned event{
      question.step, std::move(returned.error), returned.is_uncertain, std::move(returned.result), {}, {}};
  if (event.error && returned.retry_after_ms) event.retry_after = RetryAfter{*returned.retry_after_ms};
  return event;
}

CallVerified ask_call_verdicts(const StepQuestion& question) {
  return {question.step, question.specialist->before_call(question.task(), question.candidate)};
}

ResultVerified ask_result_verdicts(const StepQuestion& question) {
  CheckedResult checked = question.specialist->after_call(question.task(), question.candidate, question.result);
  if (const auto fits = check_fits_a_record(checked.output); !fits.ok()) {
    checked.verdicts.push_back({"output", false, fits.error().message});
    checked.output = nullptr;
  }
  return {question.step, std::move(checked.verdicts), std::move(checked.output)};
}

AnswerComposed compose_answer_of(const RunState& state, const Specialists& specialists) {
  std::vector<bool> is_needed(state.steps.size());
  for (size_t i = 0; i < state.steps.size(); ++i) {
    for (const size_t needed : dependencies_of(state.plan, i)) is_needed[needed] = true;
  }
  AnswerComposed event{.value = Json::object(), .evidence = Json::object()};
  const auto last_steps = std::count(is_needed.begin(), is_needed.end(), false);
  for (size_t i = 0; i < state.steps.size(); ++i) {
    const StepState& at = state.steps[i];
    const CheckedSpecialist* specialist = find_specialist(specialists, assignment_of(state, i).specialist);
    CADRE_CHECK(specialist != nullptr, "plans name specialists that are there");
    const StepQuestion question(state, i, *specialist);
    StepAnswer part = specialist->specialist().answer(question.task(), *at.chosen, at.output);
    const std::string& id = state.plan.steps[i].id;
    std::vector<Evidence> values = specialist->evidence_of(question.task(), at.chosen->call);
    name_references(state.plan.steps[i].input, values);
    if (!values.empty() && (part.evidence.is_object() || part.evidence.is_null()))
      part.evidence["values"] = evidence_to_json(values);
    event.evidence[id] = std::move(part.evidence);
    if (is_needed[i]) continue;
    if (!event.text.empty() && !part.text.empty()) event.text += '\n';
    event.text += part.text;
    if (last_steps == 1) {
      event.value = at.output;
    } else {
      event.value[id] = at.output;
    }
  }
  if (state.steps.size() == 1) event.evidence = Json(event.evidence.begin().value());
  return event;
}

}  // namespace cadre::agent
