// JSON in and out: the one file that knows the JSON library (nlohmann-json).
//
// parse_json never throws: malformed text, invalid UTF-8, a depth over the limit come back as an Error with the byte position.
// dump_json replaces invalid UTF-8 by U+FFFD rather than failing, and keeps the order in which keys were inserted.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cadre::base {

using Json = nlohmann::ordered_json;

inline constexpr int kJsonDepthMax = 256;

Result<Json> parse_json(std::string_view text, int depth_max = kJsonDepthMax);

// One line, or indented by `indent` spaces if it is not negative.
std::string dump_json(const Json& value, int indent = -1);

// Typed look-ups for outside JSON: a missing or mistyped key is an Error that names the key.
Result<std::string> json_string(const Json& object, const char* key);
Result<int64_t> json_int(const Json& object, const char* key);
Result<double> json_number(const Json& object, const char* key);
Result<bool> json_bool(const Json& object, const char* key);
// The array or object itself, by value of a pointer into `object` (valid while it is).
Result<const Json*> json_array(const Json& object, const char* key);
Result<const Json*> json_object(const Json& object, const char* key);

}  // namespace cadre::base
