// A tool of an MCP server as a tool of a cadre: called only while it is what a person approved.
//
// The definition is the approved one (agent/tool_pins.h), so that a deployment knows its tools while a server is down. Before a call the server's list is
// looked at, as fresh as the server's own ttl wants it; a tool that is new or has changed is not called (kDenied: what changed, how to approve).
// What a server says of a tool's effect is not believed: it is once, unless the cadre file says otherwise.
//
// The result is the structured content where the tool has an output schema or there is some; else the text; else the content items as they came.
// A tool's own error is kInvalid with its text. With an effect, it is uncertain whether a call happened that failed after it may have arrived, unless the
// server refused it unseen (a JSON-RPC error of the request itself); with `failures_change_nothing` a tool's own error is certain too.
// A server that asks for input is refused; one that only wants to be asked again is, up to kMcpRoundsMax times. check() looks at the approval alone.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/mcp_client.h"
#include "agent/tool.h"
#include "agent/tool_pins.h"

namespace cadre::agent {

inline constexpr int kMcpRoundsMax = 10;

struct McpToolChoice {
  std::string tool;  // as the server calls it
  std::string name;  // of the tool here; empty: the server's
  ToolEffect effect = ToolEffect::kOnce;
  bool failures_change_nothing = false;
};

struct McpToolsOptions {
  McpServerOptions server;
  std::string pins;                  // path of the file with the approvals
  std::vector<McpToolChoice> tools;  // at least one
};

// Keys: name (the server's), kind, command, url, environment, variables, folder, headers, header_variables, probe_timeout_ms, pins, and tools: names, or maps
// of tool, name, effect, failures_change_nothing.
Result<McpToolsOptions> mcp_tools_options(const base::Json& object);

// Starts and asks nothing. Error: kDenied a tool that was never approved; the pins; the options.
Result<std::vector<std::unique_ptr<Tool>>> make_mcp_tools(const McpToolsOptions& options,
                                                          std::shared_ptr<const net::HttpClient> client);

// For tests, and for whoever has the parts.
Result<std::unique_ptr<Tool>> make_mcp_tool(const McpToolChoice& choice, std::shared_ptr<McpClient> client,
                                            std::shared_ptr<const ToolPins> pins);

}  // namespace cadre::agent
