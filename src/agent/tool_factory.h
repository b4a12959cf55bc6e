// Tools of a cadre file, by their kind.
//
//   sql      agent/sql_tool.h        http     agent/http_tool.h      openapi  agent/openapi.h: a tool for each operation that is named
//   process  agent/process_tool.h    file     agent/file_tool.h      mcp      agent/mcp_tool.h: tools of one server, as approved
//   memory   agent/memory_tool.h     retrieval  agent/retrieval_tool.h     history  agent/history_tool.h
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "agent/tool.h"
#include "base/json.h"
#include "base/result.h"
#include "net/http_client.h"

namespace cadre::agent {

inline constexpr const char* kToolKinds = "sql, http, openapi, process, file, mcp, memory, retrieval, history";

// Can a tool be made of these options? Nothing is opened. kInvalid names the key.
Result<void> check_tool_options(const base::Json& options);

// One tool, called as the options say, or several with names of their own. The client's policy decides which addresses they may reach.
Result<std::vector<std::shared_ptr<Tool>>> make_tools(const base::Json& options,
                                                      const std::shared_ptr<const net::HttpClient>& client);

}  // namespace cadre::agent
