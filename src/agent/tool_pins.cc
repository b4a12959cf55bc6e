// SPDX-License-Identifier: Apache-2.0
#include "agent/tool_pins.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <tuple>

#include "agent/json_values.h"
#include "base/file.h"

namespace cadre::agent {
namespace {

using base::Json;

constexpr int64_t kVersion = 1;
constexpr size_t kShownBytes = 300;

std::string time_text(int64_t now_us) {
  const std::time_t seconds = static_cast<std::time_t>(now_us / 1'000'000);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                     parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::string shown(const std::string& text) {
  return base::dump_json(text.size() > kShownBytes ? text.substr(0, kShownBytes) + "..." : text);
}

Result<ToolPin> pin_of(const Json& item) {
  ToolPin pin;
  pin.server = TRY(base::json_string(item, "server"));
  pin.tool = TRY(base::json_string(item, "tool"));
  pin.approved_at = TRY(base::json_string(item, "approved_at"));
  const std::string fingerprint = TRY(base::json_string(item, "fingerprint"));
  const Json& definition = *TRY(base::json_object(item, "definition"));
  pin.definition.name = pin.tool;
  pin.definition.description = TRY(base::json_string(definition, "description"));
  pin.definition.input_schema = *TRY(base::json_object(definition, "input_schema"));
  pin.definition.output_schema = definition.value("output_schema", Json());
  pin.definition.effect = ToolEffect::kOnce;
  if (fingerprint == tool_fingerprint(pin.definition)) return pin;
  return Error{
      ErrorCode::kCorrupt,
      fmt::format("the fingerprint of tool \"{}\" of server \"{}\" is not that of its definition; approve it again",
                  pin.tool, pin.server)};
}

Json json_of(const ToolPin& pin) {
  return {{"server", pin.server},
          {"tool", pin.tool},
          {"fingerprint", tool_fingerprint(pin.definition)},
          {"approved_at", pin.approved_at},
          {"definition",
           {{"description", pin.definition.description},
            {"input_schema", pin.definition.input_schema},
            {"output_schema", pin.definition.output_schema}}}};
}

}  // namespace

std::string definition_change(const ToolDefinition& before, const ToolDefinition& after) {
  if (before.description != after.description)
    return fmt::format("the description was {} and is {}", shown(before.description), shown(after.description));
  if (const auto at = first_difference(before.input_schema, after.input_schema); !at.empty())
    return fmt::format("the input schema differs at {}", at);
  if (const auto at = first_difference(before.output_schema, after.output_schema); !at.empty())
    return fmt::format("the output schema differs at {}", at);
  return "";
}

Result<ToolPins> ToolPins::read(const std::string& path) {
  if (!base::file_exists(path)) return ToolPins();
  auto parsed = parse(TRY(base::read_file(path, kToolPinsBytesMax)));
  if (!parsed.ok()) return std::move(parsed).error().with_context(path);
  return parsed;
}

Result<ToolPins> ToolPins::parse(const std::string& json) {
  const Json document = TRY(base::parse_json(json));
  const int64_t version = TRY(base::json_int(document, "version"));
  if (version != kVersion)
    return Error{ErrorCode::kUnsupported, fmt::format("pins of version {}; {} is understood", version, kVersion)};
  ToolPins pins;
  for (const Json& item : *TRY(base::json_array(document, "tools"))) {
    ToolPin pin = TRY(pin_of(item));
    if (pins.find(pin.server, pin.tool) != nullptr)
      return Error{ErrorCode::kInvalid,
                   fmt::format("tool \"{}\" of server \"{}\" stands there twice", pin.tool, pin.server)};
    pins.pins_.push_back(std::move(pin));
  }
  return pins;
}

std::string ToolPins::json() const {
  Json tools = Json::array();
  for (const ToolPin& pin : pins_) tools.push_back(json_of(pin));
  return base::dump_json({{"version", kVersion}, {"tools", std::move(tools)}}, 2) + "\n";
}

Result<void> ToolPins::write(const std::string& path) const {
  return base::replace_file(path, json());
}

const ToolPin* ToolPins::find(const std::string& server, const std::string& tool) const {
  const auto found = std::find_if(pins_.begin(), pins_.end(),
                                  [&](const ToolPin& pin) { return pin.server == server && pin.tool == tool; });
  return found == pins_.end() ? nullptr : &*found;
}

void ToolPins::approve(const std::string& server, const ToolDefinition& listed, int64_t now_us) {
  forget(server, listed.name);
  ToolPin pin{.server = server, .tool = listed.name, .approved_at = time_text(now_us), .definition = listed};
  pin.definition.effect = ToolEffect::kOnce;
  pin.definition.is_fenced = false;
  const auto at = std::find_if(pins_.begin(), pins_.end(), [&](const ToolPin& each) {
    return std::tie(each.server, each.tool) > std::tie(pin.server, pin.tool);
  });
  pins_.insert(at, std::move(pin));
}

bool ToolPins::forget(const std::string& server, const std::string& tool) {
  return std::erase_if(pins_, [&](const ToolPin& pin) { return pin.server == server && pin.tool == tool; }) > 0;
}

Result<void> ToolPins::check(const std::string& server, const ToolDefinition& listed) const {
  const ToolPin* pin = find(server, listed.name);
  const auto denied = [&](const std::string& why) {
    return Error{
        ErrorCode::kDenied,
        fmt::format("tool \"{}\" of MCP server \"{}\" {}; look at it (cadre tools list) and approve it if it is "
                    "what you want (cadre tools approve)",
                    listed.name, server, why)};
  };
  if (pin == nullptr) return denied("has not been approved");
  if (tool_fingerprint(pin->definition) == tool_fingerprint(listed)) return {};
  return denied(
      fmt::format("is not as it was approved {}: {}", pin->approved_at, definition_change(pin->definition, listed)));
}

}  // namespace cadre::agent
