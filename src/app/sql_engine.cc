// SPDX-License-Identifier: Apache-2.0
#include "app/sql_engine.h"

#include "base/json.h"

namespace cadre::app {
namespace {

// The threshold that the pack was calibrated to; a pack without one answers at the default.
agent::Policy policy_of(const base::Json& contract) {
  agent::Policy policy;
  const auto calibration = base::json_object(contract, "calibration");
  if (!calibration.ok()) return policy;
  const auto threshold = base::json_number(**calibration, "threshold");
  if (threshold.ok() && *threshold >= 0 && *threshold <= 1) policy.confidence_min = *threshold;
  const auto answerable = base::json_number(**calibration, "answerable_min");
  if (answerable.ok() && *answerable >= 0 && *answerable <= 1) policy.answerable_min = *answerable;
  const auto keeps = base::json_number(**calibration, "empty_keeps");
  if (keeps.ok() && *keeps >= 0 && *keeps <= 1) policy.doubt_keeps = *keeps;
  return policy;
}

}  // namespace

Result<LoadedSpecialist> load_sql_engine(const std::string& path, const engine::DeciderEngineOptions& options) {
  auto engine = TRY(engine::DeciderEngine::load(path, options));
  const agent::Policy policy = policy_of(engine->contract());
  return LoadedSpecialist{std::move(engine), policy};
}

}  // namespace cadre::app
