// SPDX-License-Identifier: Apache-2.0
#include "app/sql_engine.h"

#include "agent/specialist_pack.h"

namespace cadre::app {

Result<LoadedSpecialist> load_sql_engine(const std::string& path, const engine::DeciderEngineOptions& options) {
  auto engine = TRY(engine::DeciderEngine::load(path, options));
  const agent::Policy policy = agent::policy_of_contract(engine->contract());
  return LoadedSpecialist{std::move(engine), policy};
}

}  // namespace cadre::app
