// Opens what a question needs: the user's table, the specialist, the dispatcher.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "agent/recover.h"
#include "app/sql_engine.h"
#include "base/result.h"

namespace cadre::app {

struct WorldPaths {
  std::string table;
  std::string table_name;  // empty: the only one
  std::string specialist;  // empty: looked up (app/paths.h)
};

// The specialist that would be used. kNotFound says where it was looked for.
Result<std::string> specialist_path(const std::string& given);

Result<std::unique_ptr<agent::World>> open_world(const WorldPaths& paths, const SpecialistLoader& load_specialist);

// For runs that another process left: opens the world of a recorded request.
agent::OpenWorld world_opener(SpecialistLoader load_specialist);

}  // namespace cadre::app
