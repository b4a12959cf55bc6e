// The rows of a query as a tool's result: {"rows": [{column: value}], "row_count": n, "is_complete": b}, within a call's limits.
//
// A column without a name, or with one that was there before, gets a number behind it, so that no value is lost. Rows beyond the limits are cut
// off and is_complete says so; a first row that is too large by itself is an error. Thread safety: one thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "agent/tool.h"

namespace cadre::agent {

class SqlRows {
 public:
  explicit SqlRows(const ToolCall& call) : rows_max_(call.rows_max), size_bytes_max_(call.result_size_bytes_max) {}

  void set_columns(const std::vector<std::string>& names);
  // False: the row did not fit, and none that follows will. REQUIRES one value per column.
  Result<bool> add(std::vector<base::Json> values);
  bool is_full() const { return !is_complete_; }

  // `changed`: rows that a statement wrote; negative: it does not write.
  base::Json result(int64_t changed) &&;

 private:
  int64_t rows_max_;
  int64_t size_bytes_max_;
  int64_t size_bytes_ = 0;
  bool is_complete_ = true;
  std::vector<std::string> columns_;
  base::Json rows_ = base::Json::array();
};

// What result() returns, as a JSON Schema.
base::Json sql_output_schema(bool writes);

}  // namespace cadre::agent
