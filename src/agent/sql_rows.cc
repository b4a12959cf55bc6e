// SPDX-License-Identifier: Apache-2.0
#include "agent/sql_rows.h"

#include <fmt/format.h>

#include <algorithm>

namespace cadre::agent {

using base::Json;

void SqlRows::set_columns(const std::vector<std::string>& names) {
  columns_.clear();
  for (const std::string& name : names) {
    const std::string base = name.empty() ? "column" : name;
    std::string unique = base;
    for (int n = 2; std::find(columns_.begin(), columns_.end(), unique) != columns_.end(); ++n)
      unique = fmt::format("{}_{}", base, n);
    columns_.push_back(unique);
  }
}

Result<bool> SqlRows::add(std::vector<Json> values) {
  CADRE_CHECK(values.size() == columns_.size(), "a value for every column");
  if (!is_complete_) return false;
  if (static_cast<int64_t>(rows_.size()) >= rows_max_) {
    is_complete_ = false;
    return false;
  }
  Json row = Json::object();
  for (size_t i = 0; i < values.size(); ++i) row[columns_[i]] = std::move(values[i]);
  const auto row_bytes = static_cast<int64_t>(base::dump_json(row).size()) + 1;
  if (size_bytes_ + row_bytes > size_bytes_max_) {
    if (rows_.empty())
      return Error{ErrorCode::kLimit, fmt::format("the first row takes {} bytes, over the limit of {} for a result",
                                                  row_bytes, size_bytes_max_)};
    is_complete_ = false;
    return false;
  }
  size_bytes_ += row_bytes;
  rows_.push_back(std::move(row));
  return true;
}

Json SqlRows::result(int64_t changed) && {
  Json result = {{"row_count", rows_.size()}, {"is_complete", is_complete_}};
  result["rows"] = std::move(rows_);
  if (changed >= 0) result["changed"] = changed;
  return result;
}

Json sql_output_schema(bool writes) {
  Json schema = {{"type", "object"},
                 {"properties",
                  {{"row_count", {{"type", "integer"}}},
                   {"is_complete", {{"type", "boolean"}}},
                   {"rows", {{"type", "array"}, {"items", {{"type", "object"}}}}}}},
                 {"required", {"row_count", "is_complete", "rows"}}};
  if (writes) {
    schema["properties"]["changed"] = {{"type", "integer"}};
    schema["required"].push_back("changed");
  }
  return schema;
}

}  // namespace cadre::agent
