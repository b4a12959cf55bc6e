// SPDX-License-Identifier: Apache-2.0
#include "agent/specialist_pack.h"

#include "base/sha256.h"
#include "engine/decider_engine.h"

namespace cadre::agent {

Result<Pack> load_decider_pack(const std::string& path) {
  const auto loaded = TRY(engine::DeciderEngine::load_file(path));
  const auto make_engine = [weights = loaded.weights]() -> std::unique_ptr<engine::SpecialistEngine> {
    return std::make_unique<engine::DeciderEngine>(weights, engine::DeciderEngineOptions{});
  };
  const base::Json& contract = loaded.weights->contract();
  return Pack{make_engine()->name(), policy_of_contract(contract), make_engine, contract,
              [file = loaded.file] { return base::to_hex(base::sha256(file->file.bytes())); }};
}

// A second attempt asks for twice as many readings of the question.
StepPolicy policy_of_contract(const base::Json& contract) {
  StepPolicy policy{.attempts_max = 2, .candidates_max = 8, .retries_max = 2};
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

}  // namespace cadre::agent
