// Reads the keys of one map of a recipe and, at the end, refuses those that nobody asked for: a misspelt setting cannot be silently
// ignored. Errors name the setting. Thread safety: a reader belongs to one thread; the map must outlive it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace cadre::train {

class RecipeReader {
 public:
  // `what` the settings are of ("router"), `where` in front of each key ("net.").
  static Result<RecipeReader> over(const base::Json& map, std::string what, std::string where) {
    if (!map.is_object())
      return Error{ErrorCode::kInvalid, fmt::format("recipe: {}must be a map of settings", where)};
    return RecipeReader(map, std::move(what), std::move(where));
  }
  Result<void> text(const char* key, std::string& out) {
    if (const base::Json* value = find(key)) {
      if (!value->is_string()) return refuse(key, "must be a text");
      out = value->get<std::string>();
    }
    return {};
  }

  Result<void> texts(const char* key, std::vector<std::string>& out) {
    const base::Json* value = find(key);
    if (value == nullptr) return {};
    if (!value->is_array()) return refuse(key, "must be a list of texts");
    for (const base::Json& item : *value) {
      if (!item.is_string()) return refuse(key, "must be a list of texts");
      out.push_back(item.get<std::string>());
    }
    return {};
  }

  template <class Integer>
  Result<void> integer(const char* key, Integer& out, int64_t low, int64_t high) {
    if (const base::Json* value = find(key)) {
      if (!value->is_number_integer() || value->get<int64_t>() < low || value->get<int64_t>() > high)
        return refuse(key, fmt::format("must be an integer from {} to {}", low, high));
      out = static_cast<Integer>(value->get<int64_t>());
    }
    return {};
  }

  template <class Float>
  Result<void> number(const char* key, Float& out, double low, double high) {
    if (const base::Json* value = find(key)) {
      if (!value->is_number() || !(value->get<double>() >= low && value->get<double>() <= high))
        return refuse(key, fmt::format("must be a number from {} to {}", low, high));
      out = static_cast<Float>(value->get<double>());
    }
    return {};
  }

  const base::Json* find(const char* key) {
    known_.insert(key);
    const auto found = map_.find(key);
    return found == map_.end() ? nullptr : &*found;
  }

  Error refuse(const char* key, const std::string& what) const {
    return Error{ErrorCode::kInvalid, fmt::format("recipe: {}{} {}", where_, key, what)};
  }

  Result<void> finish() const {
    for (const auto& [key, value] : map_.items())
      if (!known_.contains(key)) return refuse(key.c_str(), fmt::format("is not a setting of a {}", what_));
    return {};
  }

 private:
  RecipeReader(const base::Json& map, std::string what, std::string where)
      : map_(map), what_(std::move(what)), where_(std::move(where)) {}

  const base::Json& map_;
  std::string what_, where_;
  std::set<std::string> known_;
};

}  // namespace cadre::train
