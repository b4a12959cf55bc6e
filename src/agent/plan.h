// A plan: a graph of steps, each one specialist's job, with all the terms that its run will be held to.
//
// A step's input names what it needs of others by reference, never by pasting: a string that is exactly "$request.text",
// "$request.input.<path>" or "$<step>.<path>" stands for that value (a path is member names and array positions between dots; no path
// is the whole output; "$$" at the start of a string is a dollar sign). A step waits for the steps it refers to and for those in
// `after`; all others run at once.
//
// Terms (effect, budget, policy) stand in the plan itself, so that what a run may do is a function of its own records even after the
// cadre file changed. Thread safety: plain values, pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/tool.h"
#include "base/json.h"
#include "base/result.h"

namespace cadre::agent {

inline constexpr size_t kPlanStepsMax = 64;
inline constexpr size_t kAssignmentsMax = 8;  // of one step
inline constexpr size_t kStepIdSizeMax = 64;

enum class Approval : uint8_t {
  kNever,
  kUnsure,  // a person decides where the confidence is below the minimum; otherwise such a call is refused
  kAlways,  // a person decides on every call of it
};
const char* approval_name(Approval approval);  // "never", "unsure", "always"

// How one specialist is held to its job in one step.
struct StepPolicy {
  int64_t attempts_max = 3;     // engine passes; a failed one leaves an error for the next and excludes its calls
  int64_t candidates_max = 4;   // asked of the first attempt; each further one asks for as many more
  int64_t retries_max = 3;      // repetitions after a transient failure, of one attempt or of one call
  int64_t backoff_ms = 50;      // before the first repetition; doubles with each
  int64_t timeout_ms = 30'000;  // of one attempt, of one call
  double confidence_min = 0.5;
  double answerable_min = 0.5;
  double doubt_keeps = 0.25;      // share of its probability that a call keeps when a verifier doubts it
  int64_t work_max = 50'000'000;  // of one call, in what its tool counts (SQLite VM steps)
  int64_t rows_max = 1'000;       // of one result that has rows
  Approval approval = Approval::kNever;
  bool operator==(const StepPolicy&) const = default;
};

// Who may do a step, and on which terms.
struct Assignment {
  std::string specialist;
  std::string tool;      // what its calls go to; empty: its call is its output
  std::string identity;  // of model, tool and data when the plan was made: a run goes on only with the very same
  ToolEffect effect = ToolEffect::kRead;
  bool is_fenced = false;  // the tool knows a call that it has seen by its key
  StepPolicy policy;
  bool operator==(const Assignment&) const = default;
};

// Its calls change the world: they need confidence or a person, and a synced record first.
bool changes_something(const Assignment& assignment);

struct PlanStep {
  std::string id;           // [a-z][a-z0-9_]*, not "request"
  std::string instruction;  // what is asked of the specialist, in plain English
  base::Json input = base::Json::object();
  std::vector<std::string> after;
  std::vector<Assignment> assignments;  // the first does it; the next where that one could not
  bool operator==(const PlanStep&) const = default;
};

struct Plan {
  std::vector<PlanStep> steps;
  bool operator==(const Plan&) const = default;
};

// The form of a plan alone: ids, references to steps that exist, no cycle, limits, an assignment for each. kInvalid names step and field.
Result<void> check_plan(const Plan& plan);

// Steps that must be done before step `index`, as positions in the plan, ascending. Requires a checked plan.
std::vector<size_t> dependencies_of(const Plan& plan, size_t index);

// Does this string stand for a value elsewhere? Its parts then: "$find.rows.0" is {"find", "rows", "0"}.
bool is_reference(std::string_view text);
std::vector<std::string_view> reference_parts(std::string_view reference);

// The value as an input that stands for itself, whatever its strings begin with.
base::Json as_constant(const base::Json& value);

// What references may name: "request" and every step that is done.
struct ReferenceScope {
  std::string name;
  const base::Json* value = nullptr;
};

// The value with its references replaced. kNotFound names the reference and what is missing.
Result<base::Json> resolve_references(const base::Json& value, const std::vector<ReferenceScope>& scopes);

base::Json plan_to_json(const Plan& plan);
// kInvalid: the step and key at fault. Does not check_plan: a planner may have written what cannot be carried out.
Result<Plan> plan_from_json(const base::Json& json);

}  // namespace cadre::agent
