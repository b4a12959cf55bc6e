// SPDX-License-Identifier: Apache-2.0
#include "app/sql_engine.h"

#include <fmt/format.h>

#include "base/file.h"

namespace cadre::app {

Result<LoadedSpecialist> load_sql_engine(const std::string& path) {
  if (!base::file_exists(path))
    return Error{ErrorCode::kNotFound, fmt::format("specialist \"{}\": no such file", path)};
  return Error{ErrorCode::kUnsupported, fmt::format("specialist \"{}\": this build runs no packs", path)};
}

}  // namespace cadre::app
