// Tools of a cadre file, by their kind.
//
//   sql     agent/sql_tool.h       http    agent/http_tool.h
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "agent/tool.h"
#include "base/json.h"
#include "base/result.h"
#include "net/http_client.h"

namespace cadre::agent {

inline constexpr const char* kToolKinds = "sql, http";

// Can a tool be made of these options? Nothing is opened. kInvalid names the key.
Result<void> check_tool_options(const base::Json& options);

// Its client's policy decides which addresses it may reach.
Result<std::shared_ptr<Tool>> make_tool(const base::Json& options,
                                        const std::shared_ptr<const net::HttpClient>& client);

}  // namespace cadre::agent
