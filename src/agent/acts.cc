// SPDX-License-Identifier: Apache-2.0
#include "agent/acts.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "agent/answer.h"
#include "agent/verifiers.h"
#include "base/check.h"

namespace cadre::agent {
namespace {

using contract::QueryResult;

size_t size_bytes_of(const std::vector<contract::CellValue>& row) {
  size_t size_bytes = 0;
  for (const contract::CellValue& cell : row) {
    const auto* text = std::get_if<std::string>(&cell);
    size_bytes += text != nullptr ? text->size() : sizeof(int64_t);
  }
  return size_bytes;
}

// Rows beyond kResultBytesMax are cut off. Error: not even the first row fits.
Result<QueryResult> limited(QueryResult result) {
  size_t size_bytes = 0;
  for (size_t i = 0; i < result.rows.size(); ++i) {
    size_bytes += size_bytes_of(result.rows[i]);
    if (size_bytes <= kResultBytesMax) continue;
    if (i == 0) return Error{ErrorCode::kLimit, fmt::format("a result row has more than {} bytes", kResultBytesMax)};
    result.rows.resize(i);
    result.truncated = true;
    break;
  }
  return result;
}

bool is_inside(const contract::TableSchema& schema, const contract::SqlCall& call) {
  const size_t columns = schema.columns.size();
  if (call.select_column >= columns) return false;
  return std::all_of(call.conditions.begin(), call.conditions.end(),
                     [&](const contract::Condition& condition) { return condition.column < columns; });
}

}  // namespace

Event Acts::act(const RunState& state, const Effect& effect) {
  if (const auto* dispatch = std::get_if<Dispatch>(&effect)) return on(*dispatch, state);
  if (const auto* attempt = std::get_if<Attempt>(&effect)) return on(*attempt, state);
  if (const auto* verify = std::get_if<Verify>(&effect)) return on(*verify, state);
  if (const auto* execute = std::get_if<Execute>(&effect)) return on(*execute, state);
  const auto* compose = std::get_if<Compose>(&effect);
  CADRE_CHECK(compose != nullptr, "records and the end are the driver's");
  return on(*compose, state);
}

Event Acts::on(const Dispatch&, const RunState& state) {
  const Stopwatch stopwatch(*parts_.clock, timings_.dispatch_ns);
  auto decision = parts_.dispatcher->dispatch(state.request.question);
  // Without a specialist there is nobody to leave the decision to.
  if (!decision.ok() && parts_.engine == nullptr) return Abandoned{decision.error().message};
  // A dispatcher that fails must not stop a specialist that can abstain by itself.
  if (!decision.ok()) return Dispatched{true, 0, "none", decision.error().message, {{state.request.specialist}}, {}};
  if (decision->accepted && decision->chosen) return take(*decision);
  Dispatched event{decision->accepted, decision->confidence, decision->tier, decision->reason, {}, {}};
  if (event.accepted) event.plan.push_back({state.request.specialist});
  return event;
}

Event Acts::take(const DispatchDecision& decision) {
  const Chosen& chosen = *decision.chosen;
  parts_.engine = chosen.engine;
  parts_.table = chosen.table;
  auto task = contract::make_sql_task(*parts_.table, task_.question);
  if (!task.ok()) return Abandoned{task.error().message};
  task_ = std::move(*task);
  return Dispatched{true,         decision.confidence, decision.tier, decision.reason, {{chosen.target.specialist}},
                    chosen.target};
}

Event Acts::on(const Attempt& effect, const RunState&) {
  auto attempt = parts_.engine->attempt_sql(*parts_.table, task_, static_cast<size_t>(effect.candidates_max));
  AttemptReturned event;
  if (!attempt.ok()) {
    event.error = attempt.error();
    return event;
  }
  timings_.features_ns += attempt->timings.features_ns;
  timings_.encoder_ns += attempt->timings.encoder_ns;
  timings_.heads_ns += attempt->timings.heads_ns;
  event.answerable = attempt->answerable;
  for (const contract::WordSpan span : attempt->unmatched_values) {
    if (span.begin >= span.end || span.end > task_.words.size()) continue;
    const uint32_t begin = task_.words[span.begin].begin;
    event.unmatched_values.push_back(task_.question.substr(begin, task_.words[span.end - 1].end - begin));
  }
  for (const engine::SqlCandidate& candidate : attempt->candidates) {
    if (!is_inside(parts_.table->schema(), candidate.call)) {
      event.error = Error{ErrorCode::kInternal, "the specialist named a column that the table does not have"};
      return event;
    }
    event.candidates.push_back(
        {candidate.call, contract::to_sql(parts_.table->schema(), candidate.call), candidate.probability});
  }
  return event;
}

Event Acts::on(const Verify& effect, const RunState& state) {
  const Stopwatch stopwatch(*parts_.clock, timings_.verify_ns);
  const Candidate& candidate = state.candidates[effect.candidate];
  CandidateVerified event{.candidate = effect.candidate, .stage = effect.stage};
  event.verdicts = effect.stage == VerifyStage::kCall
                       ? verify_call(*parts_.table, task_, candidate)
                       : verify_result(*parts_.table, candidate, state.call_error, state.result);
  return event;
}

Event Acts::on(const Execute& effect, const RunState& state) {
  const Stopwatch stopwatch(*parts_.clock, timings_.execute_ns);
  CallReturned event{.candidate = effect.candidate};
  auto result = parts_.table->query(state.candidates[effect.candidate].sql,
                                    {.vm_steps_max = effect.vm_steps_max, .rows_max = effect.rows_max});
  if (result.ok()) result = limited(std::move(*result));
  if (result.ok()) {
    event.result = std::move(*result);
  } else {
    event.error = result.error();
  }
  return event;
}

Event Acts::on(const Compose&, const RunState& state) {
  const Stopwatch stopwatch(*parts_.clock, timings_.compose_ns);
  return AnswerComposed{
      compose_answer(parts_.table->schema(), task_, state.chosen->candidate.call, state.chosen->result)};
}

}  // namespace cadre::agent
