// The tier of the dispatcher that asks a model for the plan: a planner, or the orchestrator after it.
//
// The model is shown the specialists (name, purpose, schemas, effect) and the request's text and input, nothing else of it, and is asked for a plan under a
// JSON Schema made from the registry: the names are an enumeration, each with its own input schema in which any value may be a reference
// ("$request.text", "$step.path"). What it answers is input: validated against that schema by the independent validator, then as any plan
// (check_plan, check_plan_types). It says who does what with which input, and no more: tool, effect, policy and identity of every step are
// the registry's own. A plan that does not hold is asked for once more with the typed error, never with what was written; then the tier has
// failed. No steps means that it knows nobody who can: the tier passes on with its reason.
//
// Of more specialists than `retrieval.above` the model sees those that the request's text and input are about (agent/tool_index.h): prompt and
// schema are made of them, and the record of the tier names them with their scores.
//
// A step whose specialist has an orchestrator in the registry (agent/endpoint_specialist.h) gets that as its further assignment.
// The address policy stands in front of the model: where it denies the address, no byte leaves and the tier fails with kDenied.
// Where the model's server asks for a wait (Retry-After of a 429 or 503), the tier waits and asks again, kPlannerWaitsMax times at most, if that leaves time
// for an answer: the waits count within `timeout_ms`. Otherwise it has failed at once, and its report says what was asked for.
// Thread safety: as Tier.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/planner.h"
#include "agent/schema_check.h"
#include "agent/tool_index.h"
#include "engine/chat_model.h"

namespace cadre::agent {

struct PlanTierOptions {
  std::string name = "planner";  // in tier reports: "planner", "orchestrator"
  double confidence = 0.5;       // in a plan that holds; measured, not claimed by the model
  int64_t steps_max = 8;         // 1 to kPlanStepsMax
  double temperature = 0;
  int64_t seed = 1;
  int64_t answer_tokens_max = 2'048;
  int64_t timeout_ms = 60'000;  // of each of the two requests, with the waits that the model's server asks for
  RetrievalSettings retrieval;
};

inline constexpr int kPlannerWaitsMax =
    3;  // of each of the two requests: a server that says "now" for ever is not asked for ever

class PlannerTier final : public Tier {
 public:
  // `specialists` outlives the tier and does not change. kInvalid: options out of range, nobody to plan for; kLimit: the longest descriptions that one request
  // can be shown take over 256 KiB.
  static Result<std::unique_ptr<PlannerTier>> make(const Specialists& specialists,
                                                   std::shared_ptr<const engine::ChatModel> model,
                                                   PlanTierOptions options = {});

  std::string name() const override { return options_.name; }
  Result<TierDecision> decide(const base::Json& request, const base::Cancel* cancel) const override;
  bool waits() const override { return true; }

  // What the model's answer is held against where all are shown.
  const base::Json& schema() const { return all_.schema; }

 private:
  // What a model is shown, and what its answer is held against.
  struct View {
    base::Json schema;
    std::string system_text;
    SchemaCheck check;
  };

  PlannerTier(const Specialists& specialists, std::shared_ptr<const engine::ChatModel> model, PlanTierOptions options)
      : specialists_(specialists), model_(std::move(model)), options_(std::move(options)) {}
  bool shows_all() const { return std::cmp_less_equal(planned_for_.size(), options_.retrieval.above); }
  Result<void> check_sizes() const;
  Result<View> view_of(const std::vector<const CheckedSpecialist*>& shown) const;
  // Names what was retrieved in `decision`.
  Result<View> view_for(const base::Json& request, TierDecision& decision) const;
  // Adds what it used to `decision`, and the last wait.
  engine::ChatOutcome chat(engine::ChatRequest request, TierDecision& decision) const;
  // Adds what it used to `decision`, and the plan if there is one.
  Result<void> ask(const base::Json& request, const View& view, const std::optional<Error>& refusal,
                   const base::Cancel* cancel, TierDecision& decision) const;
  Result<Plan> plan_of(const base::Json& answer) const;

  const Specialists& specialists_;
  std::shared_ptr<const engine::ChatModel> model_;
  PlanTierOptions options_;
  std::vector<const CheckedSpecialist*> planned_for_;  // all but orchestrators
  std::vector<std::string> names_;                     // theirs
  View all_;                                           // where all are shown
  ToolIndex index_;                                    // where not
};

// The schema of a plan over these specialists; orchestrators are not in it.
base::Json plan_schema(const Specialists& specialists, int64_t steps_max);

}  // namespace cadre::agent
