// SPDX-License-Identifier: Apache-2.0
#include "agent/mcp_tool.h"

#include <fmt/format.h>

#include "agent/option_reader.h"

namespace cadre::agent {
namespace {

using base::Json;

class McpTool final : public Tool {
 public:
  McpTool(ToolDefinition definition, McpToolChoice choice, std::shared_ptr<McpClient> client,
          std::shared_ptr<const ToolPins> pins)
      : definition_(std::move(definition)),
        choice_(std::move(choice)),
        client_(std::move(client)),
        pins_(std::move(pins)) {}

  const ToolDefinition& definition() const override { return definition_; }

  ToolReturn call(const ToolCall& call) override {
    ToolReturn returned = make(call);
    if (returned.error)
      returned.error = std::move(*returned.error).with_context(fmt::format("tool \"{}\"", definition_.name));
    return returned;
  }

 private:
  bool has_effect() const { return definition_.effect != ToolEffect::kRead; }

  // The tool as the server lists it now, if it is the approved one.
  McpResult<std::shared_ptr<const McpListing>> approved(const Deadline& deadline) const {
    auto listing = TRY(client_->list(deadline));
    const McpListedTool* listed = listing->find(choice_.tool);
    if (listed == nullptr)
      return Error{ErrorCode::kNotFound, fmt::format("MCP server \"{}\" no longer lists a usable tool \"{}\"",
                                                     client_->name(), choice_.tool)};
    TRY(pins_->check(client_->name(), listed->definition));
    return listing;
  }

  ToolReturn make(const ToolCall& call) const {
    if (!call.arguments.is_object()) return {.error = Error{ErrorCode::kInvalid, "the arguments are not an object"}};
    const Deadline deadline = Deadline::for_ms(call.timeout_ms, call.cancel);
    std::optional<std::string> state;
    bool has_listed_again = false;
    for (int round = 0; round < kMcpRoundsMax; ++round) {
      auto listing = approved(deadline);
      if (!listing.ok())
        return {.error = listing.error(),
                .is_uncertain = has_effect() && state.has_value(),
                .retry_after_ms = listing.error().retry_after_ms};
      const McpListedTool& listed = *(*listing)->find(choice_.tool);
      McpAnswer answer = client_->call(listed, call.arguments, state, deadline);
      if (answer.error)
        return {.error = std::move(answer.error),
                .is_uncertain = has_effect() && (answer.may_have_arrived || state),
                .retry_after_ms = answer.retry_after_ms};
      const bool is_mismatch = answer.message.failure && answer.message.failure->code == kMcpHeaderMismatch;
      if (is_mismatch && !has_listed_again) {
        has_listed_again = true;  // it may want other headers than those we know of
        client_->forget_list();
        continue;
      }
      McpCallAnswer said = read_mcp_call(answer.message, definition_.output_schema.is_object());
      if (!said.request_state) return finish(std::move(said), call.result_size_bytes_max);
      state = std::move(said.request_state);
    }
    return {.error = Error{ErrorCode::kLimit,
                           fmt::format("the server wants to be asked again more than {} times", kMcpRoundsMax)},
            .is_uncertain = has_effect()};
  }

  ToolReturn finish(McpCallAnswer said, int64_t result_size_bytes_max) const {
    if (said.error) {
      const bool is_certain = said.is_certain || (said.is_tool_error && choice_.failures_change_nothing);
      return {.error = std::move(said.error), .is_uncertain = has_effect() && !is_certain};
    }
    if (base::dump_json(said.result).size() > static_cast<size_t>(result_size_bytes_max))
      return {.error = Error{ErrorCode::kLimit,
                             fmt::format("the result is over the limit of {} bytes", result_size_bytes_max)},
              .is_uncertain = has_effect()};
    return {.result = std::move(said.result)};
  }

  const ToolDefinition definition_;
  const McpToolChoice choice_;
  const std::shared_ptr<McpClient> client_;
  const std::shared_ptr<const ToolPins> pins_;
};

Result<McpToolChoice> choice_of(const OptionReader& server, const Json& item) {
  McpToolChoice choice;
  if (item.is_string()) {
    choice.tool = item.get<std::string>();
    return choice;
  }
  if (!item.is_object()) return server.error("tools", "is not a list of names or maps");
  OptionReader reader(item);
  choice.tool = TRY(reader.text("tool"));
  choice.name = TRY(reader.text_or("name", ""));
  choice.effect = TRY(tool_effect_of(TRY(reader.text_or("effect", "once"))));
  choice.failures_change_nothing = TRY(reader.flag_or("failures_change_nothing", false));
  TRY(reader.finish());
  return choice;
}

}  // namespace

Result<McpToolsOptions> mcp_tools_options(const Json& object) {
  OptionReader reader(object);
  McpToolsOptions options;
  McpServerOptions& server = options.server;
  server.name = TRY(reader.text("name"));
  if (!is_tool_name(server.name)) return reader.error("name", "is not 1 to 64 letters, digits, \"_\", \".\" or \"-\"");
  TRY(reader.text_or("kind", ""));
  server.command = TRY(reader.texts_or_none("command"));
  server.url = TRY(reader.text_or("url", ""));
  server.environment = TRY(reader.text_map_or_none("environment"));
  server.variables = TRY(reader.texts_or_none("variables"));
  server.folder = TRY(reader.text_or("folder", ""));
  server.headers = TRY(reader.text_map_or_none("headers"));
  server.header_variables = TRY(reader.text_map_or_none("header_variables"));
  server.probe_timeout_ms = TRY(reader.whole_number_or("probe_timeout_ms", server.probe_timeout_ms, 1, 600'000));
  options.pins = TRY(reader.text("pins"));
  const Json tools = TRY(reader.array_or_null("tools"));
  for (const Json& item : tools) options.tools.push_back(TRY(choice_of(reader, item)));
  TRY(reader.finish());
  if (server.command.empty() == server.url.empty())
    return reader.error("command", "or \"url\" says where the server is, one of both");
  const bool has_process_keys = !server.environment.empty() || !server.variables.empty() || !server.folder.empty();
  if (!server.url.empty() && has_process_keys) return reader.error("url", "takes no environment, variables or folder");
  const bool has_http_keys = !server.headers.empty() || !server.header_variables.empty();
  if (server.url.empty() && has_http_keys) return reader.error("command", "takes no headers");
  return options;
}

Result<std::unique_ptr<Tool>> make_mcp_tool(const McpToolChoice& choice, std::shared_ptr<McpClient> client,
                                            std::shared_ptr<const ToolPins> pins) {
  const ToolPin* pin = pins->find(client->name(), choice.tool);
  ToolDefinition definition;
  definition.name = choice.tool;
  if (pin == nullptr) return pins->check(client->name(), definition).error();
  definition = pin->definition;
  definition.name = choice.name.empty() ? choice.tool : choice.name;
  if (!is_tool_name(definition.name))
    return Error{
        ErrorCode::kInvalid,
        fmt::format("\"{}\" cannot name a tool here (1 to 64 letters, digits, \"_\", \".\" or \"-\"); give it a "
                    "\"name\"",
                    definition.name)};
  definition.effect = choice.effect;
  return std::unique_ptr<Tool>(
      std::make_unique<McpTool>(std::move(definition), choice, std::move(client), std::move(pins)));
}

Result<std::vector<std::unique_ptr<Tool>>> make_mcp_tools(const McpToolsOptions& options,
                                                          std::shared_ptr<const net::HttpClient> client) {
  const auto pins = std::make_shared<const ToolPins>(TRY(ToolPins::read(options.pins)));
  const std::shared_ptr<McpClient> server = TRY(McpClient::make(options.server, std::move(client)));
  std::vector<std::unique_ptr<Tool>> tools;
  for (const McpToolChoice& choice : options.tools) tools.push_back(TRY(make_mcp_tool(choice, server, pins)));
  if (tools.empty())
    return Error{ErrorCode::kInvalid, fmt::format("MCP server \"{}\": \"tools\" names none", options.server.name)};
  return tools;
}

}  // namespace cadre::agent
