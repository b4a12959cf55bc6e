// The specialist that `cadre ask` runs: loaded from a pack, with the thresholds that the pack was calibrated to.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "agent/events.h"
#include "base/result.h"
#include "engine/specialist_engine.h"

namespace cadre::app {

struct LoadedSpecialist {
  std::unique_ptr<engine::SpecialistEngine> engine;
  agent::Policy policy;
};

using SpecialistLoader = std::function<Result<LoadedSpecialist>(const std::string& path)>;

Result<LoadedSpecialist> load_sql_engine(const std::string& path);

}  // namespace cadre::app
