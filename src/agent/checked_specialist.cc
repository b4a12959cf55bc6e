// SPDX-License-Identifier: Apache-2.0
#include "agent/checked_specialist.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "agent/value_evidence.h"

namespace cadre::agent {
namespace {

Result<SchemaCheck> check_of(const std::string& specialist, const char* which, const base::Json& schema) {
  auto check = SchemaCheck::make(schema);
  if (!check.ok())
    return std::move(check).error().with_context(fmt::format("specialist {}, {} schema", specialist, which));
  return check;
}

bool is_refused(const std::vector<Verdict>& verdicts) {
  for (const Verdict& verdict : verdicts) {
    if (!verdict.passed && verdict.severity == Severity::kReject) return true;
  }
  return false;
}

}  // namespace

Result<CheckedSpecialist> CheckedSpecialist::make(std::shared_ptr<const Specialist> specialist) {
  CheckedSpecialist checked;
  const SpecialistDefinition& definition = specialist->definition();
  checked.input_ = TRY(check_of(definition.name, "input", definition.input_schema));
  checked.call_ = TRY(check_of(definition.name, "call", definition.call_schema));
  checked.output_ = TRY(check_of(definition.name, "output", definition.output_schema));
  if (const Tool* tool = specialist->tool()) {
    checked.tool_input_ = TRY(check_of(definition.name, "tool's input", tool->definition().input_schema));
    checked.tool_output_ = TRY(check_of(definition.name, "tool's output", tool->definition().output_schema));
  }
  checked.specialist_ = std::move(specialist);
  return checked;
}

// An input that is none will be none at the next attempt, too.
AttemptReturned CheckedSpecialist::attempt(const StepTask& task, const AttemptLimits& limits) const {
  if (auto checked = input_.check(task.input); !checked.ok()) {
    AttemptReturned refused{.is_exhaustive = true};
    refused.error = std::move(checked).error().with_context(fmt::format("input of {}", definition().name));
    return refused;
  }
  return specialist_->attempt(task, limits);
}

std::vector<Verdict> CheckedSpecialist::before_call(const StepTask& task, const Candidate& candidate) const {
  const std::optional<base::Json> own = sources_in(task.input, definition());
  const base::Json& sources = own ? *own : task.input;
  std::vector<Verdict> verdicts = {call_.verdict("schema", candidate.call, {&sources, &definition().lists})};
  if (verdicts[0].passed) verdicts[0] = tool_input_.verdict("schema", candidate.call);
  if (!verdicts[0].passed) return verdicts;  // the others may rely on its form
  if (Tool* tool = specialist_->tool()) {
    const auto possible = tool->check(candidate.call);
    verdicts.push_back({"dry_run", possible.ok(), possible.ok() ? "" : possible.error().message});
  }
  for (Verdict& verdict : specialist_->verify_call(task, candidate)) verdicts.push_back(std::move(verdict));
  return verdicts;
}

std::vector<Evidence> CheckedSpecialist::evidence_of(const StepTask& task, const base::Json& call) const {
  if (call_.origins().empty()) return {};
  const std::optional<base::Json> own = sources_in(task.input, definition());
  return value_evidence(call_, definition().call_schema, call, {own ? &*own : &task.input, &definition().lists});
}

CheckedResult CheckedSpecialist::after_call(const StepTask& task, const Candidate& candidate,
                                            const base::Json& result) const {
  std::vector<Verdict> verdicts;
  if (specialist_->tool() != nullptr) {
    verdicts.push_back(tool_output_.verdict("result", result));
    if (!verdicts[0].passed) return {std::move(verdicts), nullptr};
  }
  CheckedResult checked = specialist_->verify_result(task, candidate, result);
  for (Verdict& verdict : checked.verdicts) verdicts.push_back(std::move(verdict));
  const std::optional<base::Json> own = sources_in(task.input, definition());
  const base::Json& sources = own ? *own : task.input;
  if (!is_refused(verdicts))
    verdicts.push_back(output_.verdict("output", checked.output, {&sources, &definition().lists}));
  return {std::move(verdicts), std::move(checked.output)};
}

}  // namespace cadre::agent
