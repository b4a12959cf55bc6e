// What a tool returned, as tests look at it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/tool.h"

namespace cadre::agent {

// kInternal where nothing went wrong, which no test expects.
inline ErrorCode error_code(const ToolReturn& returned) {
  return returned.error ? returned.error->code : ErrorCode::kInternal;
}

}  // namespace cadre::agent
