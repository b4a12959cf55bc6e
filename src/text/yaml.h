// YAML in: the one file that knows the YAML library (yaml-cpp). Recipes and cadre files are read through it.
//
// A document becomes JSON: maps (string keys, in order), sequences, and scalars. A plain scalar is null (empty, ~, null), a boolean
// (true, false), an integer, a decimal number or else a string; a quoted one is always a string. Refused, with line and column:
// malformed text, a key twice in one map, aliases and anchors (they let a small file expand without bound), tags that name types,
// several documents, nesting or sizes over the limits. Never throws. Thread safety: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace cadre::text {

inline constexpr size_t kYamlBytesMax = size_t{1} << 20;
inline constexpr int kYamlDepthMax = 32;

// `name` stands in front of errors: "recipes/sql.yaml:12:3: key \"epochs\" appears twice".
Result<base::Json> parse_yaml(std::string_view text, std::string_view name);

// Where something stands in the text; both count from 1.
struct YamlPlace {
  int line = 1;
  int column = 1;
  bool operator==(const YamlPlace&) const = default;
};

// The places of a document's parts by JSON pointer (RFC 6901): of a member its key, of an element the element, "" the document.
using YamlPlaces = std::map<std::string, YamlPlace, std::less<>>;

struct YamlDocument {
  base::Json value;
  YamlPlaces places;
};

// For readers that say where something is wrong that is well-formed YAML.
Result<YamlDocument> parse_yaml_document(std::string_view text, std::string_view name);

// The pointer of a member or element below `pointer`.
std::string yaml_pointer(std::string_view pointer, std::string_view key);

Result<base::Json> load_yaml(const std::string& path);

}  // namespace cadre::text
