// The servers of a cadre file are its tools of kind mcp.
// SPDX-License-Identifier: Apache-2.0
#include "app/tools_command.h"

#include <fmt/format.h>

#include "agent/cadre_file.h"
#include "agent/mcp_tool.h"
#include "app/exit_codes.h"
#include "app/printable.h"
#include "app/run_output.h"
#include "base/clock.h"
#include "base/json.h"

namespace cadre::app {
namespace {

using base::Json;

constexpr size_t kFingerprintShown = 12;
constexpr size_t kFingerprintMin = 8;

struct Servers {
  std::vector<agent::McpToolsOptions> servers;
  std::shared_ptr<const net::HttpClient> client;
};

Result<Servers> load(const std::string& path) {
  const agent::CadreFile file = TRY(agent::load_cadre_file(path));
  Servers loaded;
  loaded.client = std::make_shared<net::HttpClient>(TRY(net::AddressPolicy::parse(file.addresses)));
  for (const agent::ToolEntry& entry : file.tools) {
    if (entry.options["kind"] == "mcp") loaded.servers.push_back(TRY(agent::mcp_tools_options(entry.options)));
  }
  if (loaded.servers.empty()) return Error{ErrorCode::kNotFound, fmt::format("{}: no tool of kind mcp", path)};
  return loaded;
}

// "approved", "new", or "changed: ...".
std::string state_of(const agent::ToolPins& pins, const std::string& server, const agent::ToolDefinition& listed) {
  const agent::ToolPin* pin = pins.find(server, listed.name);
  if (pin == nullptr) return "new";
  if (pins.check(server, listed).ok()) return "approved " + pin->approved_at;
  return "changed: " + agent::definition_change(pin->definition, listed);
}

struct Look {
  std::shared_ptr<const agent::McpListing> listing;
  agent::ToolPins pins;
};

Result<Look> look_at(const agent::McpToolsOptions& options, const std::shared_ptr<const net::HttpClient>& client,
                     int64_t timeout_ms) {
  Look look{.pins = TRY(agent::ToolPins::read(options.pins))};
  const auto server = TRY(agent::McpClient::make(options.server, client));
  look.listing = TRY(server->list(agent::Deadline::for_ms(timeout_ms, nullptr)));
  return look;
}

void print_look(const std::string& server, const Look& look) {
  fmt::print("{}: {} tools\n", server, look.listing->tools.size());
  for (const agent::McpListedTool& tool : look.listing->tools) {
    const std::string fingerprint = agent::tool_fingerprint(tool.definition).substr(0, kFingerprintShown);
    fmt::print("\n  {}@{}  {}\n    {}\n    takes {}\n", printable(tool.definition.name), fingerprint,
               printable(state_of(look.pins, server, tool.definition)), printable(tool.definition.description),
               printable(base::dump_json(tool.definition.input_schema)));
  }
  for (const std::string& rejected : look.listing->rejected)
    fmt::print("\n  cannot be used: {}\n", printable(rejected));
}

Json look_to_json(const std::string& server, const Look& look) {
  Json tools = Json::array();
  for (const agent::McpListedTool& tool : look.listing->tools)
    tools.push_back({{"name", tool.definition.name},
                     {"fingerprint", agent::tool_fingerprint(tool.definition)},
                     {"state", state_of(look.pins, server, tool.definition)},
                     {"description", tool.definition.description},
                     {"input_schema", tool.definition.input_schema},
                     {"output_schema", tool.definition.output_schema}});
  return {{"server", server}, {"tools", std::move(tools)}, {"rejected", look.listing->rejected}};
}

// The listed tool that NAME or NAME@FINGERPRINT means. A name may hold an "@" itself.
Result<const agent::McpListedTool*> chosen(const agent::McpListing& listing, const std::string& text) {
  if (const agent::McpListedTool* tool = listing.find(text)) return tool;
  const size_t at = text.rfind('@');
  const agent::McpListedTool* tool = at == std::string::npos ? nullptr : listing.find(text.substr(0, at));
  if (tool == nullptr) return Error{ErrorCode::kNotFound, fmt::format("the server lists no usable tool \"{}\"", text)};
  const std::string wanted = text.substr(at + 1);
  if (wanted.size() < kFingerprintMin)
    return Error{ErrorCode::kInvalid,
                 fmt::format("\"{}\": give {} digits of the fingerprint at least", text, kFingerprintMin)};
  if (agent::tool_fingerprint(tool->definition).starts_with(wanted)) return tool;
  return Error{ErrorCode::kDenied, fmt::format("\"{}\" is not what the server lists now; look at it again", text)};
}

}  // namespace

int run_tools_list(const ToolsOptions& options) {
  const auto loaded = load(options.file);
  if (!loaded.ok()) return fail("tools", loaded.error());
  int status = kExitOk;
  Json all = Json::array();
  for (const agent::McpToolsOptions& server : loaded->servers) {
    const auto look = look_at(server, loaded->client, options.timeout_ms);
    if (!look.ok()) {
      status = fail("tools", look.error());
    } else if (options.json) {
      all.push_back(look_to_json(server.server.name, *look));
    } else {
      print_look(server.server.name, *look);
    }
  }
  if (options.json) fmt::print("{}\n", base::dump_json(all));
  return status;
}

int run_tools_approve(const ToolsOptions& options) {
  const auto loaded = load(options.file);
  if (!loaded.ok()) return fail("tools", loaded.error());
  for (const agent::McpToolsOptions& server : loaded->servers) {
    if (server.server.name != options.server) continue;
    auto look = look_at(server, loaded->client, options.timeout_ms);
    if (!look.ok()) return fail("tools", look.error());
    for (const std::string& text : options.tools) {
      const auto tool = chosen(*look->listing, text);
      if (!tool.ok()) return fail("tools", tool.error());
      look->pins.approve(options.server, (*tool)->definition, base::system_clock().wall_us());
    }
    if (auto written = look->pins.write(server.pins); !written.ok()) return fail("tools", written.error());
    fmt::print("approved {} in {}\n",
               options.tools.size() == 1 ? "1 tool" : fmt::format("{} tools", options.tools.size()),
               printable(server.pins));
    return kExitOk;
  }
  return fail("tools",
              Error{ErrorCode::kNotFound, fmt::format("{}: no tool \"{}\" of kind mcp", options.file, options.server)});
}

void add_tools(CommandLine& line, ToolsOptions& options) {
  Command& tools =
      line.command("tools", "What the MCP servers of a cadre file offer, and what of it is approved (docs/tools.md)");
  Command& list = tools.command("list", "Ask each server; show every tool, and whether it is approved, new or changed");
  list.text("file", options.file, "a cadre file").required();
  list.integer("--timeout-ms", options.timeout_ms, "for each server", 1, 3'600'000);
  list.flag("--json", options.json, "one JSON array instead of text");
  list.example("cadre tools list cadre.yaml");
  list.action([&options] { return run_tools_list(options); });
  Command& approve = tools.command("approve", "Approve tools as their server lists them now");
  approve.text("file", options.file, "a cadre file").required();
  approve.text("--server", options.server, "the name of the server in the file").required();
  approve.texts("--tool", options.tools, "NAME, or NAME@FINGERPRINT as `list` shows it; may be given several times")
      .required();
  approve.integer("--timeout-ms", options.timeout_ms, "for the server", 1, 3'600'000);
  approve.example("cadre tools approve cadre.yaml --server files --tool read_text_file@3f2a90c1d2e4");
  approve.action([&options] { return run_tools_approve(options); });
}

}  // namespace cadre::app
