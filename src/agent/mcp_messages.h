// The messages of the Model Context Protocol as a client writes and reads them. No time, no process, no network.
//
// Two eras: in the modern one (2026-07-28) every request says in _meta who speaks which revision, and there is no session; in the legacy one (2025-11-25,
// 2025-06-18, 2025-03-26) a client opens with initialize. What a server says is outside input: checked, bounded, believed in nothing. Titles, icons and
// annotations are not read; a server's word that a tool changes nothing is only its word.
// Spec: modelcontextprotocol.io/specification/2026-07-28 and the earlier revisions. Thread safety: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/tool.h"
#include "net/http_client.h"
#include "net/json_rpc.h"

namespace cadre::agent {

inline constexpr const char* kMcpModernVersion = "2026-07-28";
inline constexpr const char* kMcpLegacyVersion = "2025-11-25";  // the newest with a session
inline constexpr int kMcpHeaderMismatch = -32020;
inline constexpr int kMcpMissingCapability = -32021;
inline constexpr int kMcpUnsupportedVersion = -32022;
inline constexpr size_t kMcpToolsMax = 1'000;               // of one server
inline constexpr size_t kMcpDefinitionBytesMax = 64 << 10;  // of one tool
inline constexpr size_t kMcpMessageBytesMax = 16 << 20;  // of one message, and of all that comes before it in a stream

enum class McpEra : uint8_t { kModern, kLegacy };

// A request's params, with the _meta that the modern era wants.
base::Json mcp_params(McpEra era, base::Json params);
base::Json mcp_initialize_params();

// What an answer to server/discover says about the server. kUnsupported: a modern server that speaks no revision we speak, or has no tools.
Result<McpEra> read_mcp_probe(const net::RpcMessage& answer);
// A server refused the revision that it lists among those it speaks: asked again, it may think better of it.
bool refuses_what_it_speaks(const net::RpcMessage& answer);
// The revision that a legacy server chose. kUnsupported: one we do not speak, or no tools.
Result<std::string> read_mcp_initialize(const net::RpcMessage& answer);

// A parameter that is repeated in a header, for whoever routes by it.
struct McpHeaderParameter {
  std::string header;             // "Mcp-Param-Region"
  std::vector<std::string> path;  // of the members that lead to it in the arguments
};

struct McpListedTool {
  ToolDefinition definition;  // as the server says; its effect is once, whatever the server says
  std::vector<McpHeaderParameter> headers;
};

struct McpToolPage {
  std::vector<McpListedTool> tools;
  std::vector<std::string> rejected;  // definitions that cannot be used, and why
  std::string next_cursor;            // empty: the last page
  std::optional<int64_t> ttl_ms;
};
Result<McpToolPage> read_mcp_tool_page(const net::RpcMessage& answer, McpEra era);

// The Mcp-Param-... headers of a call. kInvalid: an argument that cannot stand in a header.
Result<std::vector<net::HttpHeader>> mcp_parameter_headers(const McpListedTool& tool, const base::Json& arguments);
// A text as a header's value: as it is, or "=?base64?...?=".
std::string mcp_header_value(const std::string& text);

// What an answer to tools/call says. The result is the structured content where there is some; else the text, where there is nothing but text; else the list
// of content items as it came.
struct McpCallAnswer {
  std::optional<Error> error;
  bool is_certain = false;                   // with an error: the server says that it has not done what was asked
  bool is_tool_error = false;                // the tool ran and reported this
  std::optional<std::string> request_state;  // ask again, with this
  base::Json result;
};
McpCallAnswer read_mcp_call(const net::RpcMessage& answer, bool has_output_schema);

// What a server's own request is answered with: a ping is, nothing else is offered.
base::Json mcp_reply_to(const net::RpcMessage& request);

}  // namespace cadre::agent
