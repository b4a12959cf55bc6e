// SPDX-License-Identifier: Apache-2.0
#include "agent/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

namespace cadre::agent {
namespace {

using base::Json;

constexpr std::string_view kRequest = "request";
constexpr int kReferenceDepthMax = 64;  // nesting of an input

Error invalid(std::string message) {
  return Error{ErrorCode::kInvalid, std::move(message)};
}

bool is_step_id(std::string_view id) {
  const auto is_inner = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; };
  return !id.empty() && id.size() <= kStepIdSizeMax && id.front() >= 'a' && id.front() <= 'z' &&
         std::all_of(id.begin(), id.end(), is_inner) && id != kRequest;
}

// Calls visit(text) for each reference in a value; deeper than the limit nothing is looked at, which resolving refuses.
template <class Visit>
void for_each_reference(const Json& value, const Visit& visit, int depth = 0) {
  if (depth > kReferenceDepthMax) return;
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    if (is_reference(text)) visit(std::string_view(text));
  } else if (value.is_structured()) {
    for (const Json& member : value) for_each_reference(member, visit, depth + 1);
  }
}

std::optional<size_t> find_step(const Plan& plan, std::string_view id) {
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    if (plan.steps[i].id == id) return i;
  }
  return std::nullopt;
}

Result<void> check_assignments(const PlanStep& step) {
  if (step.assignments.empty()) return invalid(fmt::format("step \"{}\": no specialist is named", step.id));
  if (step.assignments.size() > kAssignmentsMax) {
    return invalid(fmt::format("step \"{}\": {} specialists; at most {} may take turns", step.id,
                               step.assignments.size(), kAssignmentsMax));
  }
  for (const Assignment& assignment : step.assignments) {
    if (assignment.specialist.empty()) return invalid(fmt::format("step \"{}\": a specialist without a name", step.id));
    const StepPolicy& policy = assignment.policy;
    const bool is_sound = policy.attempts_max >= 1 && policy.candidates_max >= 1 && policy.retries_max >= 0 &&
                          policy.backoff_ms >= 0 && policy.timeout_ms >= 1 && policy.work_max >= 1 &&
                          policy.rows_max >= 1;
    const auto is_share = [](double share) { return share >= 0 && share <= 1; };
    if (!is_sound || !is_share(policy.confidence_min) || !is_share(policy.answerable_min) ||
        !is_share(policy.doubt_keeps)) {
      return invalid(fmt::format("step \"{}\", specialist \"{}\": the policy holds a number out of range", step.id,
                                 assignment.specialist));
    }
  }
  return {};
}

Result<void> check_references(const Plan& plan, const PlanStep& step) {
  std::optional<Error> error;
  for_each_reference(step.input, [&](std::string_view text) {
    const std::string_view name = reference_parts(text)[0];
    if (error || name == kRequest) return;
    if (name == step.id) error = invalid(fmt::format("step \"{}\": \"{}\" refers to itself", step.id, text));
    if (!find_step(plan, name))
      error = invalid(fmt::format("step \"{}\": \"{}\" names a step that the plan does not have", step.id, text));
  });
  if (error) return *error;
  for (const std::string& id : step.after) {
    if (!find_step(plan, id))
      return invalid(fmt::format("step \"{}\": waits for \"{}\", which the plan does not have", step.id, id));
  }
  return {};
}

// Takes away steps that wait for nothing until none is left; what stays waits in a circle.
Result<void> check_order(const Plan& plan) {
  std::set<size_t> done;
  while (done.size() < plan.steps.size()) {
    const size_t before = done.size();
    for (size_t i = 0; i < plan.steps.size(); ++i) {
      const auto needed = dependencies_of(plan, i);
      if (std::all_of(needed.begin(), needed.end(), [&](size_t step) { return done.contains(step); })) done.insert(i);
    }
    if (done.size() > before) continue;
    for (size_t i = 0; i < plan.steps.size(); ++i) {
      if (!done.contains(i))
        return invalid(fmt::format("step \"{}\" waits in a circle of steps for itself", plan.steps[i].id));
    }
  }
  return {};
}

Error missing(std::string_view reference, std::string_view what) {
  return Error{ErrorCode::kNotFound, fmt::format("\"{}\": {}", reference, what)};
}

Result<const Json*> member_of(const Json& value, std::string_view part, std::string_view reference) {
  if (value.is_object()) {
    const auto member = value.find(std::string(part));
    if (member == value.end()) return missing(reference, fmt::format("there is no \"{}\"", part));
    return &*member;
  }
  if (value.is_array()) {
    size_t index = 0;
    const auto [end, status] = std::from_chars(part.data(), part.data() + part.size(), index);
    if (status != std::errc() || end != part.data() + part.size() || index >= value.size())
      return missing(reference, fmt::format("an array of {} has no \"{}\"", value.size(), part));
    return &value[index];
  }
  return missing(reference, fmt::format("\"{}\" is asked of a value without members", part));
}

Result<Json> resolve_reference(const std::string& text, const std::vector<ReferenceScope>& scopes) {
  const auto parts = reference_parts(text);
  const auto scope = std::find_if(scopes.begin(), scopes.end(),
                                  [&](const ReferenceScope& candidate) { return candidate.name == parts[0]; });
  if (scope == scopes.end()) return missing(text, "no finished step has this name");
  const Json* value = scope->value;
  for (size_t i = 1; i < parts.size(); ++i) value = TRY(member_of(*value, parts[i], text));
  return *value;
}

Result<Json> resolve_inside(const Json& value, const std::vector<ReferenceScope>& scopes, int depth) {
  if (depth > kReferenceDepthMax)
    return Error{ErrorCode::kLimit, fmt::format("an input nested more than {} deep", kReferenceDepthMax)};
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    if (is_reference(text)) return resolve_reference(text, scopes);
    return text.starts_with("$$") ? Json(text.substr(1)) : value;
  }
  if (!value.is_structured()) return value;
  Json resolved = value.is_object() ? Json::object() : Json::array();
  for (const auto& [key, member] : value.items()) {
    Json inner = TRY(resolve_inside(member, scopes, depth + 1));
    if (value.is_object()) {
      resolved[key] = std::move(inner);
    } else {
      resolved.push_back(std::move(inner));
    }
  }
  return resolved;
}

Json policy_to_json(const StepPolicy& policy) {
  return {{"attempts_max", policy.attempts_max},
          {"candidates_max", policy.candidates_max},
          {"retries_max", policy.retries_max},
          {"backoff_ms", policy.backoff_ms},
          {"timeout_ms", policy.timeout_ms},
          {"confidence_min", policy.confidence_min},
          {"answerable_min", policy.answerable_min},
          {"doubt_keeps", policy.doubt_keeps},
          {"work_max", policy.work_max},
          {"rows_max", policy.rows_max},
          {"approval", approval_name(policy.approval)}};
}

Result<Approval> approval_of(const std::string& name) {
  for (const Approval approval : {Approval::kNever, Approval::kUnsure, Approval::kAlways}) {
    if (name == approval_name(approval)) return approval;
  }
  return invalid(fmt::format("\"approval\": \"{}\" is none of never, unsure, always", name));
}

Result<StepPolicy> policy_from_json(const Json& json) {
  StepPolicy policy;
  policy.attempts_max = TRY(base::json_int(json, "attempts_max"));
  policy.candidates_max = TRY(base::json_int(json, "candidates_max"));
  policy.retries_max = TRY(base::json_int(json, "retries_max"));
  policy.backoff_ms = TRY(base::json_int(json, "backoff_ms"));
  policy.timeout_ms = TRY(base::json_int(json, "timeout_ms"));
  policy.confidence_min = TRY(base::json_number(json, "confidence_min"));
  policy.answerable_min = TRY(base::json_number(json, "answerable_min"));
  policy.doubt_keeps = TRY(base::json_number(json, "doubt_keeps"));
  policy.work_max = TRY(base::json_int(json, "work_max"));
  policy.rows_max = TRY(base::json_int(json, "rows_max"));
  policy.approval = TRY(approval_of(TRY(base::json_string(json, "approval"))));
  return policy;
}

Json assignment_to_json(const Assignment& assignment) {
  return {{"specialist", assignment.specialist}, {"tool", assignment.tool},
          {"identity", assignment.identity},     {"effect", tool_effect_name(assignment.effect)},
          {"is_fenced", assignment.is_fenced},   {"policy", policy_to_json(assignment.policy)}};
}

Result<Assignment> assignment_from_json(const Json& json) {
  Assignment assignment;
  assignment.specialist = TRY(base::json_string(json, "specialist"));
  assignment.tool = TRY(base::json_string(json, "tool"));
  assignment.identity = TRY(base::json_string(json, "identity"));
  assignment.effect = TRY(tool_effect_of(TRY(base::json_string(json, "effect"))));
  assignment.is_fenced = TRY(base::json_bool(json, "is_fenced"));
  assignment.policy = TRY(policy_from_json(*TRY(base::json_object(json, "policy"))));
  return assignment;
}

Result<PlanStep> step_from_json(const Json& json) {
  PlanStep step;
  step.id = TRY(base::json_string(json, "id"));
  step.instruction = TRY(base::json_string(json, "instruction"));
  step.input = *TRY(base::json_object(json, "input"));
  for (const Json& id : *TRY(base::json_array(json, "after"))) {
    if (!id.is_string()) return invalid("\"after\" holds something else than ids of steps");
    step.after.push_back(id.get<std::string>());
  }
  for (const Json& assignment : *TRY(base::json_array(json, "assignments")))
    step.assignments.push_back(TRY(assignment_from_json(assignment)));
  return step;
}

}  // namespace

const char* approval_name(Approval approval) {
  switch (approval) {
    case Approval::kNever:
      return "never";
    case Approval::kUnsure:
      return "unsure";
    case Approval::kAlways:
      return "always";
  }
  return "always";
}

bool changes_something(const Assignment& assignment) {
  return !assignment.tool.empty() && assignment.effect != ToolEffect::kRead;
}

Result<void> check_plan(const Plan& plan) {
  if (plan.steps.empty()) return invalid("the plan has no step");
  if (plan.steps.size() > kPlanStepsMax)
    return invalid(fmt::format("the plan has {} steps; at most {} are carried out", plan.steps.size(), kPlanStepsMax));
  std::set<std::string_view> ids;
  for (const PlanStep& step : plan.steps) {
    if (!is_step_id(step.id)) {
      return invalid(
          fmt::format("\"{}\" is no id of a step: a small letter, then small letters, digits and _, at most {} "
                      "in all, and not \"request\"",
                      step.id, kStepIdSizeMax));
    }
    if (!ids.insert(step.id).second) return invalid(fmt::format("two steps are called \"{}\"", step.id));
    if (!step.input.is_object()) return invalid(fmt::format("step \"{}\": \"input\" is no object", step.id));
    TRY(check_assignments(step));
  }
  for (const PlanStep& step : plan.steps) TRY(check_references(plan, step));
  return check_order(plan);
}

std::vector<size_t> dependencies_of(const Plan& plan, size_t index) {
  const PlanStep& step = plan.steps[index];
  std::set<size_t> needed;
  const auto need = [&](std::string_view id) {
    if (const auto found = find_step(plan, id)) needed.insert(*found);
  };
  for_each_reference(step.input, [&](std::string_view text) { need(reference_parts(text)[0]); });
  for (const std::string& id : step.after) need(id);
  return {needed.begin(), needed.end()};
}

bool is_reference(std::string_view text) {
  return text.size() > 1 && text[0] == '$' && text[1] != '$';
}

std::vector<std::string_view> reference_parts(std::string_view reference) {
  reference.remove_prefix(1);
  std::vector<std::string_view> parts;
  while (true) {
    const size_t dot = reference.find('.');
    parts.push_back(reference.substr(0, dot));
    if (dot == std::string_view::npos) return parts;
    reference.remove_prefix(dot + 1);
  }
}

Json as_constant(const Json& value) {
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    return text.starts_with("$") ? Json("$" + text) : value;
  }
  if (!value.is_structured()) return value;
  Json constant = value.is_object() ? Json::object() : Json::array();
  for (const auto& [key, member] : value.items()) {
    if (value.is_object()) {
      constant[key] = as_constant(member);
    } else {
      constant.push_back(as_constant(member));
    }
  }
  return constant;
}

Result<Json> resolve_references(const Json& value, const std::vector<ReferenceScope>& scopes) {
  return resolve_inside(value, scopes, 0);
}

Json plan_to_json(const Plan& plan) {
  Json steps = Json::array();
  for (const PlanStep& step : plan.steps) {
    Json assignments = Json::array();
    for (const Assignment& assignment : step.assignments) assignments.push_back(assignment_to_json(assignment));
    Json json = Json::object();
    json["id"] = step.id;
    json["instruction"] = step.instruction;
    json["input"] = step.input;
    json["after"] = step.after;
    json["assignments"] = std::move(assignments);
    steps.push_back(std::move(json));
  }
  Json json = Json::object();
  json["steps"] = std::move(steps);
  return json;
}

Result<Plan> plan_from_json(const Json& json) {
  Plan plan;
  for (const Json& step : *TRY(base::json_array(json, "steps"))) {
    auto read = step_from_json(step);
    if (!read.ok()) return std::move(read).error().with_context(fmt::format("step {}", plan.steps.size() + 1));
    plan.steps.push_back(std::move(*read));
  }
  return plan;
}

}  // namespace cadre::agent
