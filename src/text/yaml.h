// YAML in: the one file that knows the YAML library (yaml-cpp). Recipes and cadre files are read through it.
//
// A document becomes JSON: maps (string keys, in order), sequences, and scalars. A plain scalar is null (empty, ~, null), a boolean
// (true, false), an integer, a decimal number or else a string; a quoted one is always a string. Refused, with line and column:
// malformed text, a key twice in one map, aliases and anchors (they let a small file expand without bound), tags that name types,
// several documents, nesting or sizes over the limits. Never throws. Thread safety: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace cadre::text {

inline constexpr size_t kYamlBytesMax = size_t{1} << 20;
inline constexpr int kYamlDepthMax = 32;

// `name` stands in front of errors: "recipes/sql.yaml:12:3: key \"epochs\" appears twice".
Result<base::Json> parse_yaml(std::string_view text, std::string_view name);

Result<base::Json> load_yaml(const std::string& path);

}  // namespace cadre::text
