// A database as the SQL tool needs it: run one statement with bound values, read-only or in one transaction with its fence.
//
// The fence of a call with a key is a row of the table cadre_calls in the same database, written in the transaction of the call itself: either both
// are there or none. A call whose key is there already returns the recorded result and does nothing. The statement cannot read or write that table.
// Thread safety: any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "agent/tool.h"

namespace cadre::agent {

inline constexpr const char* kCallsTable = "cadre_calls";

struct SqlQuery {
  std::string sql;                     // one statement, parameters numbered
  std::vector<base::Json> parameters;  // null, boolean, number or string; anything else as its JSON text
  bool is_read_only = true;
  bool is_fenced = false;
  std::string call_digest;  // of the tool and the arguments: the same key for another call is refused
};

class SqlBackend {
 public:
  virtual ~SqlBackend() = default;
  // Could the statement run? Names and types are resolved, nothing is executed.
  virtual Result<void> check(const SqlQuery& query) = 0;
  virtual ToolReturn run(const SqlQuery& query, const ToolCall& call) = 0;
};

inline Error key_reused_error(const std::string& key) {
  return Error{ErrorCode::kInvalid,
               "the key \"" + key + "\" stands in cadre_calls for a call with other arguments; nothing was done"};
}

}  // namespace cadre::agent
