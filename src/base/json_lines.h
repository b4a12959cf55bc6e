// Files with one JSON value per line.
//
// Read in fixed memory, line by line; empty lines are left out. Every Error names the file and the line.
// Thread safety: functions may be called from any thread.
// Format: https://jsonlines.org
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "base/json.h"
#include "base/result.h"

namespace cadre::base {

inline constexpr size_t kJsonLineSizeBytesMax = size_t{256} << 20;

// Calls `take` with each value in order until it returns false; an Error of it ends the reading, too, and comes back with file and line
// in front.
Result<void> for_each_json_line(const std::string& path, const std::function<Result<bool>(const Json&)>& take);

}  // namespace cadre::base
