// SPDX-License-Identifier: Apache-2.0
#include "agent/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "agent/plan_machine.h"
#include "agent/step_questions.h"

namespace cadre::agent {
namespace {

using base::Json;

// What says when and how long something was, not what.
Json without_times(Json payload) {
  payload.erase("at_us");
  payload.erase("took_us");
  if (const auto tiers = payload.find("tiers"); tiers != payload.end() && tiers->is_array()) {
    for (Json& tier : *tiers) tier.erase("took_us");
  }
  return payload;
}

// Both from a little before the first difference on.
void show_difference(const std::string& recorded, const std::string& now, ReplayedRecord& out) {
  const auto differing = std::mismatch(recorded.begin(), recorded.end(), now.begin(), now.end());
  const auto at = static_cast<size_t>(differing.first - recorded.begin());
  const size_t begin = at < kReplayShownMax / 4 ? 0 : at - kReplayShownMax / 4;
  out.recorded = recorded.substr(begin, kReplayShownMax);
  out.now = now.substr(std::min(begin, now.size()), kReplayShownMax);
}

class Replayer {
 public:
  Replayer(const Specialists& specialists, const Planner& planner, bool with_others)
      : specialists_(specialists), planner_(planner), with_others_(with_others) {}

  Result<ReplayedRecord> read(const store::Record& record) {
    ReplayedRecord out{.sequence = record.sequence, .kind = record.kind};
    if (!record.payload) return Error{ErrorCode::kNotFound, "the payloads of this run were erased"};
    const Event event = TRY(event_from_json(record.kind, *record.payload));
    const auto step = agent::step_of(event);
    if (step && *step < state_.plan.steps.size()) out.step = state_.plan.steps[*step].id;
    if (const auto again = TRY(ask_again(event))) {
      const std::string recorded = base::dump_json(without_times(*record.payload));
      const std::string now = base::dump_json(without_times(event_to_json(*again)));
      out.outcome = recorded == now ? ReplayOutcome::kEqual : ReplayOutcome::kDifferent;
      if (recorded != now) show_difference(recorded, now, out);
    }
    TRY(fold(state_, event));
    return out;
  }

 private:
  // Nothing: not asked again.
  Result<std::optional<Event>> ask_again(const Event& event) const {
    if (std::holds_alternative<Planned>(event)) {
      if (planner_.waits()) return std::optional<Event>();
      return std::optional<Event>(planner_.plan(state_.request, nullptr));
    }
    if (std::holds_alternative<AnswerComposed>(event)) {
      for (size_t i = 0; i < state_.steps.size(); ++i) TRY(specialist_of(i));
      return std::optional<Event>(compose_answer_of(state_, specialists_));
    }
    const auto step = agent::step_of(event);
    if (!step || *step >= state_.steps.size()) return std::optional<Event>();
    const CheckedSpecialist& specialist = *TRY(specialist_of(*step));
    if (std::holds_alternative<AttemptReturned>(event) && !specialist.definition().is_slow)
      return std::optional<Event>(ask_attempt(StepQuestion(state_, *step, specialist), asked_of(*step), nullptr));
    if (std::holds_alternative<CallVerified>(event) && !is_checked_elsewhere(specialist))
      return std::optional<Event>(ask_call_verdicts(StepQuestion(state_, *step, specialist)));
    if (std::holds_alternative<ResultVerified>(event))
      return std::optional<Event>(ask_result_verdicts(StepQuestion(state_, *step, specialist)));
    return std::optional<Event>();
  }

  // A dry run asks the tool, whose world may have changed since.
  static bool is_checked_elsewhere(const CheckedSpecialist& specialist) {
    return specialist.tool() != nullptr && specialist.tool()->waits();
  }

  Attempt asked_of(size_t step) const {
    const StepState& at = state_.steps[step];
    return Attempt{step, at.turn, at.candidates_asked, tokens_left(state_)};
  }

  Result<const CheckedSpecialist*> specialist_of(size_t step) const {
    const Assignment& assignment = assignment_of(state_, step);
    const CheckedSpecialist* specialist = find_specialist(specialists_, assignment.specialist);
    if (specialist == nullptr)
      return Error{ErrorCode::kNotFound, fmt::format("there is no specialist \"{}\"", assignment.specialist)};
    if (!with_others_ && specialist->definition().identity != assignment.identity) {
      return Error{
          ErrorCode::kInvalid,
          fmt::format("specialist \"{}\", its tool or its data are not those that the run was planned with; replay "
                      "it --with the cadre file to see what they would do",
                      assignment.specialist)};
    }
    return specialist;
  }

  const Specialists& specialists_;
  const Planner& planner_;
  const bool with_others_;
  RunState state_;
};

}  // namespace

const char* replay_outcome_name(ReplayOutcome outcome) {
  switch (outcome) {
    case ReplayOutcome::kEqual:
      return "equal";
    case ReplayOutcome::kDifferent:
      return "different";
    case ReplayOutcome::kRecorded:
      return "recorded";
  }
  return "recorded";
}

Result<std::vector<ReplayedRecord>> replay_records(const store::Journal& journal, const store::RunId& run,
                                                   const Specialists& specialists, const Planner& planner,
                                                   bool with_others) {
  const auto records = TRY(journal.read_run(run));
  Replayer replayer(specialists, planner, with_others);
  std::vector<ReplayedRecord> replayed;
  for (const store::Record& record : records) {
    if (store::finish_outcome(record.kind)) {
      replayed.push_back({.sequence = record.sequence, .kind = record.kind});
      continue;
    }
    auto one = replayer.read(record);
    if (!one.ok())
      return std::move(one).error().with_context(fmt::format("run {}, record {}", run.text(), record.sequence));
    replayed.push_back(std::move(*one));
  }
  return replayed;
}

}  // namespace cadre::agent
