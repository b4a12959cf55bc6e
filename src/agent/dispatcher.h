// Who decides whether a request is a question to a table at all, and with which plan.
//
// Owned by the agent so that every tier (rules, linear model, small net, later a planner) stands behind one call.
// Thread safety: a dispatcher belongs to one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "agent/events.h"
#include "base/result.h"
#include "contract/table.h"
#include "engine/specialist_engine.h"

namespace cadre::agent {

// Who carries out a run whose request leaves it open. Neither part is owned; both outlive the run's work.
struct Chosen {
  Target target;
  engine::SpecialistEngine* engine = nullptr;
  const contract::Table* table = nullptr;
};

struct DispatchDecision {
  bool accepted = false;
  double confidence = 0;  // calibrated, that the decision is right
  std::string tier;       // who decided: "rules", "linear", "net", "none"
  std::string reason;     // for people, when declined
  std::optional<Chosen> chosen;
};

class Dispatcher {
 public:
  virtual ~Dispatcher() = default;
  virtual Result<DispatchDecision> dispatch(std::string_view question) = 0;
};

// Where no router is installed: everything goes to the specialist, which abstains by itself.
class AcceptAll final : public Dispatcher {
 public:
  Result<DispatchDecision> dispatch(std::string_view) override { return DispatchDecision{true, 1.0, "none", "", {}}; }
};

}  // namespace cadre::agent
