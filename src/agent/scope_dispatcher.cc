// SPDX-License-Identifier: Apache-2.0
#include "agent/scope_dispatcher.h"

#include <fmt/format.h>

namespace cadre::agent {

Result<DispatchDecision> ScopeDispatcher::dispatch(std::string_view question) {
  const model::RouterDecision decision = router_->decide(question);
  DispatchDecision out;
  out.accepted = !decision.abstained;
  out.confidence = out.accepted ? decision.probability : 1.0 - decision.probability;
  out.tier = model::router_tier_name(decision.tier);
  if (!out.accepted)
    out.reason = fmt::format(
        "this does not read as a question to a table (probability {:.2f}, needed {:.2f}); ask for what its columns "
        "hold",
        decision.probability, router_->calibration().threshold);
  return out;
}

}  // namespace cadre::agent
