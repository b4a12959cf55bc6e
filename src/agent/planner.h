// The dispatcher: who makes the plan of a request, cheapest tier first.
//
// A tier accepts (with a plan), declines (with a reason for people), or passes on what it is not sure of. After the last one the request is
// declined. What every tier said, how sure it was and how long it took is part of the plan's record. A tier that fails is passed over;
// only where none decides does the first failure become the run's. An accepted plan is type-checked (agent/plan_types.h) before
// it counts: a tier whose plan cannot be carried out has failed.
//
// A request is an object: {"text", "input", "specialist", "subject", "asker", "idempotency_key"}; members that say nothing are left out.
// Thread safety: plan() may be called from several threads at once.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/checked_specialist.h"
#include "agent/fit_memory.h"
#include "agent/plan_events.h"
#include "base/cancel.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"

namespace cadre::agent {

enum class TierVerdict : uint8_t { kPassedOn, kAccepted, kDeclined };

struct TierDecision {
  TierVerdict verdict = TierVerdict::kPassedOn;
  double confidence = 0;  // calibrated, that the decision is right
  std::string tier;       // who decided within the tier ("linear", "net"); empty: the tier itself
  std::string reason;     // for people: why it declined or passed on
  Plan plan;              // accepted
  Usage usage;
  std::vector<Retrieved> retrieved;       // the specialists its model was shown, where that was not all
  std::optional<RetryAfter> retry_after;  // the last wait that its model asked for
  std::optional<Error> error;             // the tier failed, having used that up; as if it had returned the error
};

class Tier {
 public:
  virtual ~Tier() = default;
  virtual std::string name() const = 0;
  virtual Result<TierDecision> decide(const base::Json& request, const base::Cancel* cancel) const = 0;
  virtual bool waits() const { return false; }  // for others (an endpoint)
};

using Specialists = std::vector<CheckedSpecialist>;

// Null: there is none of that name.
const CheckedSpecialist* find_specialist(const Specialists& specialists, std::string_view name);

class Planner {
 public:
  // Both outlive the planner. Tiers in the order in which they are asked.
  Planner(const Specialists& specialists, const base::Clock& clock, std::vector<std::unique_ptr<Tier>> tiers)
      : specialists_(specialists), clock_(clock), tiers_(std::move(tiers)) {}

  Planned plan(const base::Json& request, const base::Cancel* cancel) const;
  bool waits() const;  // does one of its tiers?

 private:
  Result<TierDecision> ask(const Tier& tier, const base::Json& request, const base::Cancel* cancel) const;

  const Specialists& specialists_;
  const base::Clock& clock_;
  std::vector<std::unique_ptr<Tier>> tiers_;
  mutable FitMemory fits_;
};

// The text of a request; empty if it has none.
std::string_view text_of(const base::Json& request);

// Appends, to every step, the orchestrators of its specialists that are in the registry and not yet assigned.
void add_orchestrators(Plan& plan, const Specialists& specialists);

// What no tier could make anything of begins no run: kInvalid, kLimit, kNotFound (a specialist that is not there), kUnsupported.
Result<void> check_request(const base::Json& request, const Specialists& specialists);

// A step of one specialist that takes the request as it is: its input, or its text as a question. kInvalid: it takes neither.
Result<PlanStep> step_for_request(const Specialist& specialist, const base::Json& request);

}  // namespace cadre::agent
