// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <fmt/format.h>

namespace cadre::base {
namespace {

// The library recurses when it destroys a value, so depth is bounded before anything is built.
Result<void> check_depth(std::string_view text, int depth_max) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > depth_max)
        return Error{ErrorCode::kLimit, fmt::format("JSON nests deeper than {} levels at byte {}", depth_max, i)};
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return {};
}

Result<const Json*> member(const Json& object, const char* key, const char* type, bool (Json::*is)() const noexcept) {
  if (!object.is_object()) return Error{ErrorCode::kInvalid, fmt::format("expected an object with the key \"{}\"", key)};
  const auto it = object.find(key);
  if (it == object.end()) return Error{ErrorCode::kInvalid, fmt::format("key \"{}\" is missing", key)};
  if (!((*it).*is)()) return Error{ErrorCode::kInvalid, fmt::format("key \"{}\" is not {}", key, type)};
  return &*it;
}

}  // namespace

Result<Json> parse_json(std::string_view text, int depth_max) {
  TRY(check_depth(text, depth_max));
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    return Error{ErrorCode::kInvalid, fmt::format("not valid JSON at byte {}", error.byte)};
  } catch (const std::exception& error) {
    return Error{ErrorCode::kInvalid, fmt::format("not valid JSON: {}", error.what())};
  }
}

std::string dump_json(const Json& value, int indent) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

Result<std::string> json_string(const Json& object, const char* key) {
  return TRY(member(object, key, "a string", &Json::is_string))->get<std::string>();
}

Result<int64_t> json_int(const Json& object, const char* key) {
  return TRY(member(object, key, "an integer", &Json::is_number_integer))->get<int64_t>();
}

Result<double> json_number(const Json& object, const char* key) {
  return TRY(member(object, key, "a number", &Json::is_number))->get<double>();
}

Result<bool> json_bool(const Json& object, const char* key) {
  return TRY(member(object, key, "true or false", &Json::is_boolean))->get<bool>();
}

Result<const Json*> json_array(const Json& object, const char* key) { return member(object, key, "an array", &Json::is_array); }

Result<const Json*> json_object(const Json& object, const char* key) {
  return member(object, key, "an object", &Json::is_object);
}

}  // namespace cadre::base
