// SPDX-License-Identifier: Apache-2.0
#include "agent/route_tier.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <optional>

#include "agent/plan_types.h"
#include "agent/text_template.h"
#include "text/trimmed.h"

namespace cadre::agent {

using base::Json;

namespace {

// What the groups caught: an object of texts.
using Captured = Json;

// A reference stays one; any other string is filled, and stands for itself then. Before anything was caught, a string with places
// stands for a text of the request.
Result<Json> filled(const Json& value, const Captured& captured, bool is_caught) {
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    if (is_reference(text)) return value;
    const TextTemplate parsed = TRY(TextTemplate::parse(text));
    const std::string rendered = TRY(parsed.render(captured)).text;
    return !is_caught && !parsed.paths().empty() ? Json("$request.text") : as_constant(Json(rendered));
  }
  if (!value.is_structured()) return value;
  Json made = value.is_object() ? Json::object() : Json::array();
  for (const auto& [name, member] : value.items()) {
    Json inner = TRY(filled(member, captured, is_caught));
    if (value.is_object()) {
      made[name] = std::move(inner);
    } else {
      made.push_back(std::move(inner));
    }
  }
  return made;
}

}  // namespace

struct RouteTier::Route {
  Route(const RouteOptions& given, const Specialists& given_specialists)
      : options(given), specialists(given_specialists), pattern(given.match, re2_options()) {}

  static RE2::Options re2_options() {
    RE2::Options made;
    made.set_case_sensitive(false);
    made.set_log_errors(false);
    made.set_max_mem(1 << 20);
    return made;
  }

  // Nothing: it does not match.
  std::optional<Captured> match(std::string_view text) const {
    const int groups = pattern.NumberOfCapturingGroups();
    std::vector<re2::StringPiece> caught(static_cast<size_t>(groups) + 1);
    const re2::StringPiece input(text.data(), text.size());
    if (!pattern.Match(input, 0, text.size(), RE2::ANCHOR_BOTH, caught.data(), groups + 1)) return std::nullopt;
    Captured captured = Json::object();
    for (const auto& [name, index] : pattern.NamedCapturingGroups())
      captured[name] = std::string(caught[static_cast<size_t>(index)]);
    return captured;
  }

  Result<Plan> plan(const Captured& captured, bool is_caught) const {
    Plan plan;
    for (const RouteStep& given : options.steps) {
      PlanStep step{.id = given.id, .after = given.after};
      step.instruction = TRY(TRY(TextTemplate::parse(given.instruction)).render(captured)).text;
      step.input = TRY(filled(given.input, captured, is_caught));
      for (const std::string& name : given.specialists) {
        const CheckedSpecialist* specialist = find_specialist(specialists, name);
        if (specialist == nullptr)
          return Error{ErrorCode::kInvalid, fmt::format("step \"{}\": there is no specialist \"{}\"", given.id, name)};
        step.assignments.push_back(assignment_to(specialist->specialist()));
      }
      plan.steps.push_back(std::move(step));
    }
    return plan;
  }

  // Before anything is caught, so that what can never be carried out is found when the file is read.
  Result<void> check() const {
    if (!pattern.ok()) return Error{ErrorCode::kInvalid, fmt::format("\"match\": {}", pattern.error())};
    Captured something = Json::object();
    for (const auto& [name, index] : pattern.NamedCapturingGroups()) something[name] = "something";
    const Plan plan_of_it = TRY(plan(something, false));
    TRY(check_plan(plan_of_it));
    return check_plan_types(plan_of_it, nullptr, specialists);
  }

  RouteOptions options;
  const Specialists& specialists;
  RE2 pattern;
};

RouteTier::RouteTier(std::vector<std::unique_ptr<Route>> routes) : routes_(std::move(routes)) {}
RouteTier::~RouteTier() = default;

Result<std::unique_ptr<RouteTier>> RouteTier::make(const std::vector<RouteOptions>& routes,
                                                   const Specialists& specialists) {
  std::vector<std::unique_ptr<Route>> made;
  for (const RouteOptions& options : routes) {
    auto route = std::make_unique<Route>(options, specialists);
    if (auto checked = route->check(); !checked.ok())
      return std::move(checked).error().with_context(fmt::format("route {}", options.name));
    made.push_back(std::move(route));
  }
  return std::unique_ptr<RouteTier>(new RouteTier(std::move(made)));
}

Result<TierDecision> RouteTier::decide(const Json& request, const base::Cancel*) const {
  const std::string_view text = text::trimmed(text_of(request));
  if (text.empty()) return TierDecision{};
  for (const auto& route : routes_) {
    const auto captured = route->match(text);
    if (!captured) continue;
    TierDecision decision{
        .verdict = TierVerdict::kAccepted, .confidence = 1, .reason = fmt::format("route {}", route->options.name)};
    decision.plan = TRY(route->plan(*captured, true));
    return decision;
  }
  return TierDecision{};
}

}  // namespace cadre::agent
