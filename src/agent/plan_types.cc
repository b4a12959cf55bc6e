// SPDX-License-Identifier: Apache-2.0
#include "agent/plan_types.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>
#include <utility>
#include <vector>

#include "contract/schema_fit.h"

namespace cadre::agent {
namespace {

using base::Json;
using Path = std::vector<std::string>;

// One specialist's input schema and what a plan puts into it.
class InputTypes {
 public:
  InputTypes(const Plan& plan, const PlanStep& step, const Json& request, const Specialists& specialists,
             const CheckedSpecialist& specialist, FitMemory* memory)
      : plan_(plan),
        step_(step),
        request_(request),
        specialists_(specialists),
        specialist_(specialist),
        memory_(memory) {}

  Result<void> check() {
    TRY(check_members());
    return check_value(step_.input, {});
  }

 private:
  // Which members there are: none may be missing, none too many.
  Result<void> check_members() const {
    Json members = {{"type", "object"},
                    {"properties", Json::object()},
                    {"required", Json::array()},
                    {"additionalProperties", false}};
    for (const auto& [name, value] : step_.input.items()) {
      members["properties"][name] = true;
      members["required"].push_back(name);
    }
    return join(members, {}, "its members");
  }

  // References inside a value one by one; a value without any as a whole.
  Result<void> check_value(const Json& value, const Path& path) const {
    if (value.is_string() && is_reference(value.get_ref<const std::string&>()))
      return check_reference(value.get_ref<const std::string&>(), path);
    if (!value.is_structured() || value.empty()) return check_constant(value, path);
    size_t index = 0;
    for (const auto& [name, member] : value.items()) {
      Path inner = path;
      inner.push_back(value.is_object() ? name : std::to_string(index++));
      TRY(check_value(member, inner));
    }
    return {};
  }

  Result<void> check_constant(const Json& value, const Path& path) const {
    if (path.empty()) return {};  // no members at all, which check_members saw
    return join(Json{{"const", TRY(resolve_references(value, {}))}}, path, "the value");
  }

  Result<void> check_reference(const std::string& reference, const Path& path) const {
    const auto parts = reference_parts(reference);
    if (parts[0] == "request" && request_.is_null()) return {};
    if (parts[0] == "request") {
      auto value = resolve_references(Json(reference), {{"request", &request_}});
      if (!value.ok()) return wrong(path, value.error().message);
      return join(Json{{"const", std::move(*value)}}, path, reference);
    }
    for (const PlanStep& other : plan_.steps) {
      if (other.id == parts[0]) return check_output(other, reference, {parts.begin() + 1, parts.end()}, path);
    }
    return wrong(path, fmt::format("{} names no step", reference));
  }

  Result<void> check_output(const PlanStep& other, const std::string& reference, const Path& of_output,
                            const Path& path) const {
    for (const Assignment& assignment : other.assignments) {
      const CheckedSpecialist* from = find_specialist(specialists_, assignment.specialist);
      if (from == nullptr || from->definition().output_schema.is_null()) continue;
      auto part = contract::sub_schema(from->definition().output_schema, of_output);
      if (!part.ok() && part.error().code == ErrorCode::kNotFound) {
        return wrong(path, fmt::format("{} can never be there: {} yields no \"{}\"", reference, assignment.specialist,
                                       fmt::join(of_output, ".")));
      }
      if (part.ok()) TRY(join(part->schema, path, reference));
    }
    return {};
  }

  Result<void> join(const Json& from, const Path& path, const std::string& what) const {
    std::string question = memory_ == nullptr ? ""
                                              : fmt::format("{}\n{}\n{}", specialist_.definition().name,
                                                            fmt::join(path, "\n"), base::dump_json(from));
    std::optional<std::string> why_not = memory_ == nullptr ? std::nullopt : memory_->find(question);
    if (!why_not) {
      why_not = why_never(from, TRY(input_at(path)));
      if (memory_ != nullptr) memory_->keep(std::move(question), *why_not);
    }
    if (why_not->empty()) return {};
    return wrong(path, fmt::format("{} never fits: {}", what, *why_not));
  }

  // Null: past what can be compared; checked when the value is there.
  Result<Json> input_at(const Path& path) const {
    auto into = contract::sub_schema(specialist_.definition().input_schema, path);
    if (!into.ok() && into.error().code == ErrorCode::kNotFound)
      return wrong(path, fmt::format("{} takes no such input", specialist_.definition().name));
    return into.ok() ? std::move(into->schema) : Json();
  }

  static std::string why_never(const Json& from, const Json& into) {
    if (into.is_null()) return "";
    const auto fit = contract::fit(from, into);
    if (!fit.ok() || fit->kind != contract::FitKind::kNeverFits) return "";
    return fmt::format("{}{}{}", fit->path, fit->path.empty() ? "" : ": ", fit->message);
  }

  Error wrong(const Path& path, const std::string& why) const {
    return Error{ErrorCode::kInvalid,
                 fmt::format("step \"{}\", specialist {}, input{}{}: {}", step_.id, specialist_.definition().name,
                             path.empty() ? "" : ".", fmt::join(path, "."), why)};
  }

  const Plan& plan_;
  const PlanStep& step_;
  const Json& request_;
  const Specialists& specialists_;
  const CheckedSpecialist& specialist_;
  FitMemory* const memory_;
};

}  // namespace

Result<void> check_plan_types(const Plan& plan, const Json& request, const Specialists& specialists,
                              FitMemory* memory) {
  for (const PlanStep& step : plan.steps) {
    for (const Assignment& assignment : step.assignments) {
      const CheckedSpecialist* specialist = find_specialist(specialists, assignment.specialist);
      if (specialist == nullptr) {
        return Error{ErrorCode::kInvalid,
                     fmt::format("step \"{}\": there is no specialist \"{}\"", step.id, assignment.specialist)};
      }
      TRY(InputTypes(plan, step, request, specialists, *specialist, memory).check());
    }
  }
  return {};
}

}  // namespace cadre::agent
