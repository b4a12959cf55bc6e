// SPDX-License-Identifier: Apache-2.0
#include "agent/plan_driver.h"

#include <utility>

namespace cadre::agent {
namespace {

// The turn that a question is asked in now; the run's own for a plan or an answer.
int64_t turn_of(const RunState& state, const Event& event) {
  const auto step = step_of(event);
  if (!step) return state.turn;
  return *step < state.steps.size() ? state.steps[*step].turn : -1;
}

}  // namespace

std::optional<size_t> step_of(const Event& event) {
  return std::visit(
      [](const auto& concrete) -> std::optional<size_t> {
        if constexpr (requires { concrete.step; }) {
          return concrete.step;
        } else {
          return std::nullopt;
        }
      },
      event);
}

Result<void> PlanDriver::begin(base::Json request, const Budget& budget) {
  return deliver(RunBegun{std::move(request), budget});
}

Result<void> PlanDriver::resume(const std::vector<RecordView>& records, const std::string& why) {
  Replayed replayed = TRY(replay(records));
  state_ = std::move(replayed.state);
  is_finished_ = replayed.closed;
  if (is_finished_) return {};
  return deliver(Resumed{why});
}

Result<void> PlanDriver::deliver(const Event& event, int64_t turn) {
  if (!faults_.accepts_old_turns && turn != turn_of(state_, event)) return {};
  if (state_.phase == Phase::kFinished) return {};
  return deliver(event);
}

Result<void> PlanDriver::deliver(const Event& event) {
  if (log_error_) return *log_error_;
  const std::vector<Effect> effects = TRY(advance(state_, event));
  auto done = carry_out(effects);
  if (!done.ok() && !faults_.goes_on_after_log_error) log_error_ = done.error();
  return done;
}

Result<void> PlanDriver::write(const Record& record) {
  Record written = record;
  if (faults_.forgets_to_sync && record.kind != "run.begin") written.durability = Durability::kQueued;
  return log_.write(written);
}

Result<void> PlanDriver::carry_out(const std::vector<Effect>& effects) {
  if (faults_.starts_before_recording) {
    for (const Effect& effect : effects) {
      if (std::holds_alternative<Execute>(effect)) world_.start(state_, effect);
    }
  }
  std::optional<Error> error;
  for (const Effect& effect : effects) {
    const auto* record = std::get_if<Record>(&effect);
    if (record == nullptr || (faults_.drops_closing_record && record->kind.starts_with("run.") && state_.outcome))
      continue;
    if (auto written = write(*record); !written.ok()) error = std::move(written).error();
    if (error && !faults_.goes_on_after_log_error) return std::move(*error).with_context("journal");
  }
  for (const Effect& effect : effects) {
    if (std::holds_alternative<Record>(effect)) continue;
    if (std::holds_alternative<Finish>(effect)) {
      is_finished_ = true;
    } else if (!faults_.starts_before_recording || !std::holds_alternative<Execute>(effect)) {
      world_.start(state_, effect);
    }
  }
  return {};
}

}  // namespace cadre::agent
