// Parts of tests of the MCP client: what a server says, and a server of a few lines of shell.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "agent/mcp_client.h"
#include "agent/mcp_tool.h"
#include "base/file.h"

namespace cadre::agent {

// A definition as a server lists it.
inline base::Json mcp_definition(const std::string& name, const std::string& description = "Says something.") {
  return {{"name", name}, {"description", description}, {"inputSchema", {{"type", "object"}}}};
}

inline base::Json mcp_discovery() {
  return {{"resultType", "complete"},
          {"supportedVersions", base::Json::array({kMcpModernVersion})},
          {"capabilities", {{"tools", base::Json::object()}}}};
}

inline base::Json mcp_initialized(const std::string& version = kMcpLegacyVersion) {
  return {{"protocolVersion", version},
          {"capabilities", {{"tools", base::Json::object()}}},
          {"serverInfo", {{"name", "test"}}}};
}

inline base::Json mcp_text(const std::string& text) {
  return {{"content", base::Json::array({{{"type", "text"}, {"text", text}}})}};
}

inline ToolPins mcp_pins(const std::vector<base::Json>& definitions) {
  ToolPins pins;
  for (const base::Json& each : definitions) {
    ToolDefinition definition;
    definition.name = each["name"];
    definition.description = each["description"];
    definition.input_schema = each["inputSchema"];
    definition.output_schema = each.value("outputSchema", base::Json());
    pins.approve("test", definition, 0);
  }
  return pins;
}

// A program that answers each line that holds `key` by running the shell commands of its value, where $id is the message's id. Every line is kept.
class ShellServer {
 public:
  using Cases = std::vector<std::pair<std::string, std::string>>;

  explicit ShellServer(const Cases& cases, const std::string& before = "") {
    std::string script = before + "\nwhile read -r line; do\n  printf '%s\\n' \"$line\" >> '" + log_path() +
                         "'\n  id=${line#*'\"id\":'}; id=${id%%,*}\n  case $line in\n";
    for (const auto& [key, commands] : cases) script += "    *'" + key + "'*) " + commands + " ;;\n";
    script += "  esac\ndone\n";
    CADRE_CHECK(base::replace_file(folder_.path() + "/server.sh", script).ok(), "a script");
  }

  // Prints a result, or an error, as the answer to $id.
  static std::string say(const base::Json& result) {
    return "printf '{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":%s}\\n' \"$id\" '" + base::dump_json(result) + "'";
  }
  static std::string refuse(int code) {
    return "printf '{\"jsonrpc\":\"2.0\",\"id\":%s,\"error\":{\"code\":" + std::to_string(code) +
           ",\"message\":\"no\"}}\\n' \"$id\"";
  }

  McpServerOptions options() const {
    return {.name = "test", .command = {"sh", folder_.path() + "/server.sh"}, .folder = folder_.path()};
  }
  std::string log_path() const { return folder_.path() + "/log"; }
  // How often a line that holds `part` has been read. What was answered was read before.
  int count(const std::string& part) const {
    const std::string log = base::read_file(log_path()).value();
    int count = 0;
    for (size_t at = log.find(part); at != std::string::npos; at = log.find(part, at + 1)) ++count;
    return count;
  }

 private:
  base::TemporaryDirectory folder_ = base::TemporaryDirectory::make().value();
};

}  // namespace cadre::agent
