// The JSON Schema of an object with these members and no others: what most tools take and return.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/json.h"

namespace cadre::agent {

inline base::Json object_schema(const base::Json& properties, const base::Json& required) {
  return {{"type", "object"}, {"properties", properties}, {"required", required}, {"additionalProperties", false}};
}

}  // namespace cadre::agent
