// SPDX-License-Identifier: Apache-2.0
#include "agent/planner.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "agent/plan_types.h"
#include "contract/sql_task.h"

namespace cadre::agent {

using base::Json;

const CheckedSpecialist* find_specialist(const Specialists& specialists, std::string_view name) {
  const auto found = std::find_if(specialists.begin(), specialists.end(), [&](const CheckedSpecialist& specialist) {
    return specialist.definition().name == name;
  });
  return found == specialists.end() ? nullptr : &*found;
}

std::string_view text_of(const Json& request) {
  const auto found = request.find("text");
  if (found == request.end() || !found->is_string()) return {};
  return found->get_ref<const std::string&>();
}

Result<PlanStep> step_for_request(const Specialist& specialist, const Json& request) {
  const SpecialistDefinition& definition = specialist.definition();
  PlanStep step{.id = "answer", .assignments = {assignment_to(specialist)}};
  if (definition.is_chat) {
    if (!request.contains("chat"))
      return Error{ErrorCode::kInvalid, fmt::format("{} takes a chat; give its messages", definition.name)};
    step.input["chat"] = "$request.chat";
    return step;
  }
  if (const auto input = request.find("input"); input != request.end()) {
    for (const auto& [name, value] : input->items()) {
      // A name with a dot cannot be referred to; its value stands in the plan itself.
      const bool can_be_referred_to = !name.empty() && name.find('.') == std::string::npos;
      step.input[name] = can_be_referred_to ? Json("$request.input." + name) : as_constant(value);
    }
    return step;
  }
  if (definition.question_member.empty()) {
    return Error{ErrorCode::kInvalid,
                 fmt::format("{} takes no question in plain English; give its input as an object", definition.name)};
  }
  step.input[definition.question_member] = "$request.text";
  return step;
}

void add_orchestrators(Plan& plan, const Specialists& specialists) {
  for (PlanStep& step : plan.steps) {
    std::vector<Assignment> further;
    for (const Assignment& assignment : step.assignments) {
      const std::string name = orchestrator_name(assignment.specialist);
      const CheckedSpecialist* orchestrator = find_specialist(specialists, name);
      const bool is_assigned = std::any_of(step.assignments.begin(), step.assignments.end(),
                                           [&](const Assignment& other) { return other.specialist == name; });
      if (orchestrator != nullptr && !is_assigned) further.push_back(assignment_to(orchestrator->specialist()));
    }
    for (Assignment& assignment : further) {
      if (step.assignments.size() < kAssignmentsMax) step.assignments.push_back(std::move(assignment));
    }
  }
}

Result<TierDecision> Planner::ask(const Tier& tier, const Json& request, const base::Cancel* cancel) const {
  TierDecision decision = TRY(tier.decide(request, cancel));
  if (decision.error || decision.verdict != TierVerdict::kAccepted) return decision;
  add_orchestrators(decision.plan, specialists_);
  TRY(check_plan(decision.plan));
  TRY(check_plan_types(decision.plan, request, specialists_, &fits_));
  return decision;
}

bool Planner::waits() const {
  return std::any_of(tiers_.begin(), tiers_.end(), [](const auto& tier) { return tier->waits(); });
}

Planned Planner::plan(const Json& request, const base::Cancel* cancel) const {
  Planned planned{.tier = "none", .reason = "nobody in this cadre can do this"};
  std::optional<Error> failure;
  for (const auto& tier : tiers_) {
    const int64_t start_ns = clock_.monotonic_ns();
    auto decision = ask(*tier, request, cancel);
    TierReport report{.tier = tier->name(), .took_us = (clock_.monotonic_ns() - start_ns) / 1'000};
    if (decision.ok()) {
      planned.usage.tokens_in += decision->usage.tokens_in;
      planned.usage.tokens_out += decision->usage.tokens_out;
      planned.usage.cost_micros += decision->usage.cost_micros;
      report.retrieved = std::move(decision->retrieved);
      report.retry_after = decision->retry_after;
    }
    if (!decision.ok() || decision->error) {
      const Error& error = decision.ok() ? *decision->error : decision.error();
      report.said = error.message;
      planned.tiers.push_back(std::move(report));
      if (!failure) failure = error;
      continue;
    }
    if (!decision->tier.empty()) report.tier = decision->tier;
    const bool has_decided = decision->verdict != TierVerdict::kPassedOn;
    if (has_decided || !decision->reason.empty()) planned.reason = decision->reason;
    report.said = !has_decided ? "passed on" : decision->verdict == TierVerdict::kAccepted ? "accepted" : "declined";
    report.confidence = has_decided ? decision->confidence : 0;
    planned.tiers.push_back(report);
    if (!has_decided) continue;
    planned.accepted = decision->verdict == TierVerdict::kAccepted;
    planned.confidence = decision->confidence;
    planned.tier = report.tier;
    planned.plan = std::move(decision->plan);
    return planned;
  }
  planned.error = std::move(failure);
  return planned;
}

namespace {

Error no_specialist(const Specialists& specialists, const std::string& name) {
  std::string known;
  for (const CheckedSpecialist& specialist : specialists)
    known += (known.empty() ? "" : ", ") + specialist.definition().name;
  return Error{ErrorCode::kNotFound, fmt::format("no specialist \"{}\"; there are: {}", name, known)};
}

}  // namespace

Result<void> check_request(const Json& request, const Specialists& specialists) {
  const CheckedSpecialist* named = specialists.size() == 1 ? &specialists.front() : nullptr;
  if (request.contains("specialist")) {
    const auto name = request["specialist"].get<std::string>();
    named = find_specialist(specialists, name);
    if (named == nullptr) return no_specialist(specialists, name);
  }
  if (request.contains("chat") && (named == nullptr || !named->definition().is_chat)) {
    return Error{ErrorCode::kUnsupported,
                 "this needs a specialist that writes chat messages; name one, or ask in \"text\" for what the "
                 "specialists know"};
  }
  if (request.contains("chat")) return {};
  if (!request.contains("input")) {
    TRY(contract::question_words(text_of(request)));
  } else if (!request["input"].is_object()) {
    return Error{ErrorCode::kInvalid, "the input must be an object"};
  } else if (named == nullptr && text_of(request).empty()) {
    return Error{ErrorCode::kInvalid,
                 "an input alone does not say whom it is for; name a specialist, or say in \"text\" what is asked"};
  }
  if (named == nullptr) return {};
  // A route may take what the only specialist does not.
  const auto step = step_for_request(named->specialist(), request);
  if (!step.ok()) return request.contains("specialist") ? Result<void>(step.error()) : Result<void>();
  return check_plan_types({{*step}}, request, specialists);
}

}  // namespace cadre::agent
