// SPDX-License-Identifier: Apache-2.0
#include "agent/mcp_messages.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "base/base64.h"
#include "contract/schema.h"

namespace cadre::agent {
namespace {

using base::Json;
using net::RpcMessage;

constexpr std::array kLegacyVersions = {kMcpLegacyVersion, "2025-06-18", "2025-03-26"};
constexpr size_t kNameBytesMax = 128;
constexpr size_t kQuotedBytes = 300;
constexpr size_t kErrorTextBytesMax = 2'000;
constexpr int64_t kExactIntegerMax = (int64_t{1} << 53) - 1;
constexpr const char* kHeaderKeyword = "x-mcp-header";

Json client_info() {
  return {{"name", "cadre"}, {"version", "0.1.0"}};
}

bool is_legacy_version(const Json& version) {
  return std::any_of(kLegacyVersions.begin(), kLegacyVersions.end(), [&](const char* each) { return version == each; });
}

std::string cut(std::string text, size_t size_bytes_max = kQuotedBytes) {
  if (text.size() > size_bytes_max) text = text.substr(0, size_bytes_max) + "...";
  return text;
}

// A member of an object; null where there is none.
Json member_of(const Json& object, const char* key) {
  return object.is_object() ? object.value(key, Json()) : Json();
}

Error server_error(const net::RpcError& failure, ErrorCode code) {
  return Error{code, fmt::format("the server answered error {}: {}", failure.code, cut(failure.message))};
}

Error no_tools() {
  return Error{ErrorCode::kUnsupported, "the server says that it offers no tools"};
}

// Of a list of versions: the era we would speak; nothing: none of it.
std::optional<McpEra> era_among(const Json& versions) {
  if (!versions.is_array()) return std::nullopt;
  if (std::find(versions.begin(), versions.end(), kMcpModernVersion) != versions.end()) return McpEra::kModern;
  if (std::any_of(versions.begin(), versions.end(), is_legacy_version)) return McpEra::kLegacy;
  return std::nullopt;
}

Error no_common_version(const Json& versions) {
  return Error{
      ErrorCode::kUnsupported,
      fmt::format("the server speaks revisions {} of the protocol; {} and {} to {} are "
                  "spoken here",
                  cut(base::dump_json(versions)), kMcpModernVersion, kLegacyVersions.back(), kLegacyVersions.front())};
}

// Finds the parameters that go into headers, and what is wrong with how they are marked.
class HeaderFinder {
 public:
  Result<std::vector<McpHeaderParameter>> find(const Json& schema) {
    TRY(walk(schema, true));
    return std::move(found_);
  }

 private:
  Result<void> walk(const Json& schema, bool is_reachable) {
    if (schema.is_array()) {
      for (const Json& each : schema) TRY(walk(each, false));
      return {};
    }
    if (!schema.is_object()) return {};
    for (const auto& [keyword, value] : schema.items()) {
      if (keyword == kHeaderKeyword) {
        TRY(take(schema, value, is_reachable));
      } else if (keyword == "properties" && value.is_object()) {
        TRY(walk_members(value, is_reachable));
      } else if ((keyword == "patternProperties" || keyword == "$defs" || keyword == "dependentSchemas") &&
                 value.is_object()) {
        TRY(walk_members(value, false));
      } else if (keyword != "const" && keyword != "enum" && keyword != "default" && keyword != "examples") {
        TRY(walk(value, false));
      }
    }
    return {};
  }

  // Of a map from names to schemas, where the keyword may be a name like any other.
  Result<void> walk_members(const Json& map, bool is_reachable) {
    for (const auto& [name, schema] : map.items()) {
      path_.push_back(name);
      TRY(walk(schema, is_reachable));
      path_.pop_back();
    }
    return {};
  }

  Result<void> take(const Json& schema, const Json& name, bool is_reachable) {
    const auto wrong = [](const char* why) { return Error{ErrorCode::kInvalid, fmt::format("x-mcp-header {}", why)}; };
    if (!is_reachable || path_.empty()) return wrong("stands where no plain path of properties leads");
    if (!name.is_string() || !net::is_header_name(name.get<std::string>())) return wrong("is no header's name");
    const Json type = member_of(schema, "type");
    if (type != "string" && type != "integer" && type != "boolean")
      return wrong("is on a parameter that is no string, integer or boolean");
    std::string lower = name.get<std::string>();
    for (char& c : lower)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    if (!names_.insert(lower).second) return wrong("is given twice");
    found_.push_back({"Mcp-Param-" + name.get<std::string>(), path_});
    return {};
  }

  std::vector<std::string> path_;
  std::set<std::string> names_;
  std::vector<McpHeaderParameter> found_;
};

Result<void> check_schema(const Json& schema, const char* which) {
  auto read = contract::read_schema(base::dump_json(schema));
  if (!read.ok()) return std::move(read).error().with_context(which);
  return {};
}

Result<McpListedTool> read_tool(const Json& item, McpEra era) {
  McpListedTool tool;
  ToolDefinition& definition = tool.definition;
  definition.name = TRY(base::json_string(item, "name"));
  if (definition.name.empty() || definition.name.size() > kNameBytesMax)
    return Error{ErrorCode::kInvalid, fmt::format("a name that is not 1 to {} bytes long", kNameBytesMax)};
  const Json description = member_of(item, "description");
  if (description.is_string()) definition.description = description.get<std::string>();
  definition.input_schema = *TRY(base::json_object(item, "inputSchema"));
  if (member_of(definition.input_schema, "type") != "object")
    return Error{ErrorCode::kInvalid, "the input schema's type is not \"object\""};
  definition.output_schema = member_of(item, "outputSchema");
  if (!definition.output_schema.is_null() && !definition.output_schema.is_object())
    return Error{ErrorCode::kInvalid, "\"outputSchema\" is not an object"};
  definition.effect = ToolEffect::kOnce;
  TRY(check_schema(definition.input_schema, "the input schema"));
  if (definition.output_schema.is_object()) TRY(check_schema(definition.output_schema, "the output schema"));
  if (era == McpEra::kModern) tool.headers = TRY(HeaderFinder().find(definition.input_schema));
  return tool;
}

// The text of content that is nothing but text; nothing: there is something else.
std::optional<std::string> only_text(const Json& content) {
  std::string text;
  for (const Json& item : content) {
    if (member_of(item, "type") != "text" || !member_of(item, "text").is_string()) return std::nullopt;
    if (!text.empty()) text += "\n";
    text += item["text"].get<std::string>();
  }
  return text;
}

bool is_refused_unseen(int64_t code) {
  return code == net::kRpcParseError || code == net::kRpcInvalidRequest || code == net::kRpcMethodNotFound ||
         code == net::kRpcInvalidParams || (code <= kMcpHeaderMismatch && code >= kMcpUnsupportedVersion);
}

// One that a double holds, so that every reader of the header reads the same.
bool is_exact_integer(const Json& value) {
  if (value.is_number_unsigned()) return value.get<uint64_t>() <= kExactIntegerMax;
  return value.is_number_integer() && std::abs(value.get<double>()) <= static_cast<double>(kExactIntegerMax);
}

McpCallAnswer failed(ErrorCode code, std::string message) {
  McpCallAnswer answer;
  answer.error = Error{code, std::move(message)};
  return answer;
}

McpCallAnswer read_input_required(const Json& result) {
  const Json inputs = member_of(result, "inputRequests");
  if (inputs.is_object() && !inputs.empty())
    return failed(ErrorCode::kUnsupported,
                  fmt::format("the server asks for something in return ({}), which is not given here",
                              cut(base::dump_json(member_of(inputs.front(), "method")))));
  const Json state = member_of(result, "requestState");
  if (!state.is_string()) return failed(ErrorCode::kInvalid, "the server wants more, and does not say what");
  McpCallAnswer answer;
  answer.request_state = state.get<std::string>();
  return answer;
}

}  // namespace

Json mcp_params(McpEra era, Json params) {
  if (era == McpEra::kLegacy) return params;
  params["_meta"] = {{"io.modelcontextprotocol/protocolVersion", kMcpModernVersion},
                     {"io.modelcontextprotocol/clientInfo", client_info()},
                     {"io.modelcontextprotocol/clientCapabilities", Json::object()}};
  return params;
}

Json mcp_initialize_params() {
  return {{"protocolVersion", kMcpLegacyVersion}, {"capabilities", Json::object()}, {"clientInfo", client_info()}};
}

bool refuses_what_it_speaks(const RpcMessage& answer) {
  return answer.failure && answer.failure->code == kMcpUnsupportedVersion &&
         era_among(member_of(answer.failure->data, "supported")) == McpEra::kModern;
}

Result<McpEra> read_mcp_probe(const RpcMessage& answer) {
  if (answer.failure) {
    const int64_t code = answer.failure->code;
    if (code == kMcpUnsupportedVersion) {
      const Json supported = member_of(answer.failure->data, "supported");
      const auto era = era_among(supported);
      if (era == McpEra::kLegacy) return McpEra::kLegacy;
      if (era == McpEra::kModern)
        return Error{ErrorCode::kUnsupported,
                     fmt::format("the server refuses revision {} of the protocol, which it lists as one it speaks",
                                 kMcpModernVersion)};
      return no_common_version(supported);
    }
    if (code == kMcpHeaderMismatch || code == kMcpMissingCapability)
      return server_error(*answer.failure, ErrorCode::kUnsupported);
    return McpEra::kLegacy;
  }
  const Json versions = member_of(answer.result, "supportedVersions");
  if (!versions.is_array()) return McpEra::kLegacy;  // it answers to everything
  const auto era = era_among(versions);
  if (!era) return no_common_version(versions);
  if (*era == McpEra::kModern && !member_of(member_of(answer.result, "capabilities"), "tools").is_object())
    return no_tools();
  return *era;
}

Result<std::string> read_mcp_initialize(const RpcMessage& answer) {
  if (answer.failure) return server_error(*answer.failure, ErrorCode::kUnsupported);
  const Json version = member_of(answer.result, "protocolVersion");
  if (!is_legacy_version(version)) return no_common_version(version);
  if (!member_of(member_of(answer.result, "capabilities"), "tools").is_object()) return no_tools();
  return version.get<std::string>();
}

Result<McpToolPage> read_mcp_tool_page(const RpcMessage& answer, McpEra era) {
  if (answer.failure) return server_error(*answer.failure, ErrorCode::kInvalid);
  const Json* tools = TRY(base::json_array(answer.result, "tools"));
  if (tools->size() > kMcpToolsMax)
    return Error{ErrorCode::kLimit, fmt::format("the server lists more than {} tools", kMcpToolsMax)};
  McpToolPage page;
  for (const Json& item : *tools) {
    const Json name = member_of(item, "name");
    const std::string shown = name.is_string() ? cut(name.get<std::string>(), kNameBytesMax) : "?";
    if (base::dump_json(item).size() > kMcpDefinitionBytesMax) {
      page.rejected.push_back(
          fmt::format("{}: a definition over the limit of {} bytes", shown, kMcpDefinitionBytesMax));
      continue;
    }
    auto tool = read_tool(item, era);
    if (tool.ok()) {
      page.tools.push_back(std::move(tool).value());
    } else {
      page.rejected.push_back(fmt::format("{}: {}", shown, tool.error().message));
    }
  }
  const Json cursor = member_of(answer.result, "nextCursor");
  if (cursor.is_string()) page.next_cursor = cursor.get<std::string>();
  const Json ttl_ms = member_of(answer.result, "ttlMs");
  if (ttl_ms.is_number_unsigned()) {
    page.ttl_ms = static_cast<int64_t>(std::min<uint64_t>(ttl_ms.get<uint64_t>(), INT64_MAX));
  } else if (ttl_ms.is_number_integer()) {
    page.ttl_ms = std::max<int64_t>(0, ttl_ms.get<int64_t>());
  }
  return page;
}

std::string mcp_header_value(const std::string& text) {
  const bool is_plain =
      std::all_of(text.begin(), text.end(), [](char c) { return (c >= 0x20 && c <= 0x7e) || c == '\t'; });
  const bool is_padded =
      !text.empty() && (text.front() == ' ' || text.front() == '\t' || text.back() == ' ' || text.back() == '\t');
  const bool looks_encoded = text.starts_with("=?base64?") && text.ends_with("?=");
  if (is_plain && !is_padded && !looks_encoded) return text;
  return "=?base64?" + base::to_base64(text) + "?=";
}

Result<std::vector<net::HttpHeader>> mcp_parameter_headers(const McpListedTool& tool, const Json& arguments) {
  std::vector<net::HttpHeader> headers;
  for (const McpHeaderParameter& parameter : tool.headers) {
    Json value = arguments;
    for (const std::string& name : parameter.path) value = member_of(value, name.c_str());
    if (value.is_null()) continue;
    if (!value.is_string() && !value.is_boolean() && !is_exact_integer(value))
      return Error{
          ErrorCode::kInvalid,
          fmt::format("argument \"{}\" goes into a header, and is no text, no exact integer, not true or false",
                      parameter.path.back())};
    headers.push_back(
        {parameter.header, mcp_header_value(value.is_string() ? value.get<std::string>() : base::dump_json(value))});
  }
  return headers;
}

McpCallAnswer read_mcp_call(const RpcMessage& answer, bool has_output_schema) {
  if (answer.failure) {
    McpCallAnswer refused = failed(ErrorCode::kInvalid, server_error(*answer.failure, ErrorCode::kInvalid).message);
    refused.is_certain = is_refused_unseen(answer.failure->code);
    return refused;
  }
  const Json& result = answer.result;
  if (!result.is_object()) return failed(ErrorCode::kInvalid, "the server's result is not an object");
  const Json type = member_of(result, "resultType");
  if (type == "input_required") return read_input_required(result);
  if (!type.is_null() && type != "complete")
    return failed(ErrorCode::kInvalid, fmt::format("a result of the unknown type {}", cut(base::dump_json(type))));
  const Json content = result.contains("content") ? result["content"] : Json::array();
  if (!content.is_array()) return failed(ErrorCode::kInvalid, "the result's content is not a list");
  const auto text = only_text(content);
  if (member_of(result, "isError") == true) {
    McpCallAnswer said = failed(ErrorCode::kInvalid, cut(text ? *text : base::dump_json(content), kErrorTextBytesMax));
    said.is_tool_error = true;
    return said;
  }
  McpCallAnswer done;
  if (result.contains("structuredContent")) {
    done.result = result["structuredContent"];
  } else if (has_output_schema) {
    return failed(ErrorCode::kInvalid, "the result has no structured content, which the output schema promises");
  } else if (text) {
    done.result = *text;
  } else {
    done.result = content;
  }
  return done;
}

Json mcp_reply_to(const RpcMessage& request) {
  if (request.method == "ping") return net::rpc_result(request.id, Json::object());
  return net::rpc_error(request.id, {net::kRpcMethodNotFound, "not offered by this client", {}});
}

}  // namespace cadre::agent
