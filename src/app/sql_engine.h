// The specialist that `cadre ask` runs: loaded from a pack, with the thresholds that the pack was calibrated to.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "agent/events.h"
#include "base/result.h"
#include "engine/decider_engine.h"
#include "engine/specialist_engine.h"

namespace cadre::app {

struct LoadedSpecialist {
  std::unique_ptr<engine::SpecialistEngine> engine;
  agent::Policy policy;
};

using SpecialistLoader = std::function<Result<LoadedSpecialist>(const std::string& path)>;

// A pack of a decider, with the best kernel of this machine.
Result<LoadedSpecialist> load_sql_engine(const std::string& path, const engine::DeciderEngineOptions& options);
inline Result<LoadedSpecialist> load_sql_engine(const std::string& path) {
  return load_sql_engine(path, engine::DeciderEngineOptions{});
}

}  // namespace cadre::app
