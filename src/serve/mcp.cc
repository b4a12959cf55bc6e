// SPDX-License-Identifier: Apache-2.0
#include "serve/mcp.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/random.h"
#include "base/sha256.h"

namespace cadre::serve {
namespace {

constexpr const char* kDispatcherTool = "cadre";
constexpr const char* kVersionKey = "io.modelcontextprotocol/protocolVersion";
constexpr const char* kCapabilitiesKey = "io.modelcontextprotocol/clientCapabilities";
constexpr std::array kLegacyVersions = {"2025-11-25", "2025-06-18", "2025-03-26"};
constexpr int64_t kListTtlMs = 60'000;

base::Json server_info() {
  return {{"name", "cadre"}, {"version", "0.1.0"}};
}

base::Json supported_versions() {
  auto versions = base::Json::array({kMcpModern});
  for (const auto* version : kLegacyVersions) versions.push_back(version);
  return versions;
}

const base::Json* meta_of(const RpcMessage& message) {
  if (!message.params.contains("_meta") || !message.params["_meta"].is_object()) return nullptr;
  return &message.params["_meta"];
}

// Results of the modern era say that they are complete and who made them.
base::Json dressed(base::Json result, McpEra era) {
  if (era == McpEra::kLegacy) return result;
  result["resultType"] = "complete";
  result["_meta"]["io.modelcontextprotocol/serverInfo"] = server_info();
  return result;
}

McpOutcome failed(const base::Json& id, int http_status, int code, std::string message, base::Json data = {}) {
  return {.reply = rpc_error(id, {code, std::move(message), std::move(data)}), .http_status = http_status};
}

// What the modern era wants of each request's _meta.
std::optional<McpOutcome> check_meta(const RpcMessage& message) {
  const auto* meta = meta_of(message);
  const auto version = meta == nullptr ? base::Json() : meta->value(kVersionKey, base::Json());
  if (!version.is_string()) {
    return failed(message.id, 400, kRpcInvalidParams, std::string("params._meta must have ") + kVersionKey);
  }
  if (version != kMcpModern) {
    return failed(message.id, 400, kMcpUnsupportedVersion, "unsupported protocol version",
                  {{"supported", supported_versions()}, {"requested", version}});
  }
  if (!meta->contains(kCapabilitiesKey) || !(*meta)[kCapabilitiesKey].is_object()) {
    return failed(message.id, 400, kRpcInvalidParams, std::string("params._meta must have ") + kCapabilitiesKey);
  }
  return std::nullopt;
}

base::Json text_schema() {
  return {{"type", "object"},
          {"properties", {{"text", {{"type", "string"}, {"description", "what is asked, in plain English"}}}}},
          {"required", base::Json::array({"text"})},
          {"additionalProperties", false}};
}

bool is_object_schema(const base::Json& schema) {
  return schema.is_object() && schema.contains("type") && schema["type"] == "object";
}

// Older clients want an object at the root of an output schema.
bool shows_output(const agent::SpecialistView& specialist, McpEra era) {
  return era == McpEra::kModern ? specialist.output_schema.is_object() : is_object_schema(specialist.output_schema);
}

base::Json tool_json(const agent::SpecialistView& specialist, McpEra era) {
  base::Json tool = {{"name", specialist.name}, {"description", specialist.purpose}};
  tool["inputSchema"] = is_object_schema(specialist.input_schema) ? specialist.input_schema : text_schema();
  if (shows_output(specialist, era)) tool["outputSchema"] = specialist.output_schema;
  tool["annotations"] = {{"readOnlyHint", specialist.is_read_only}};
  if (!specialist.version.empty()) tool["_meta"] = {{"cadre/version", specialist.version}};
  return tool;
}

agent::SpecialistView dispatcher_view(const std::vector<agent::SpecialistView>& specialists) {
  agent::SpecialistView view;
  view.name = kDispatcherTool;
  view.purpose = "Answers a request with the specialists that it needs, and checks every step.";
  view.is_read_only =
      std::all_of(specialists.begin(), specialists.end(), [](const auto& each) { return each.is_read_only; });
  return view;
}

// What a run that did not answer tells the model that called.
std::string why_not(const agent::RunView& view) {
  const auto why = view.message.empty() ? view.reason : view.message;
  const auto run = "run " + view.run.text();
  if (view.status == agent::RunStatus::kWaiting) return run + " waits for a person's approval";
  return run + " " + agent::run_status_name(view.status) + ": " + why;
}

base::Json text_content(const std::string& text) {
  auto content = base::Json::array();
  content.push_back({{"type", "text"}, {"text", text}});
  return content;
}

}  // namespace

McpEra McpMethods::era_of(const RpcMessage& message) {
  const auto* meta = meta_of(message);
  const bool is_modern = message.method == "server/discover" || (meta != nullptr && meta->contains(kVersionKey));
  return is_modern ? McpEra::kModern : McpEra::kLegacy;
}

McpOutcome McpMethods::handle(const RpcMessage& message, McpEra era, const std::string& asker) const {
  if (message.kind != RpcMessage::Kind::kRequest) return {.http_status = 202};
  const bool is_modern = era == McpEra::kModern;
  if (is_modern) {
    if (auto fault = check_meta(message)) return std::move(*fault);
  }
  const auto done = [&](base::Json result) {
    return McpOutcome{.reply = rpc_result(message.id, dressed(std::move(result), era))};
  };
  if (message.method == "tools/list") {
    if (message.params.contains("cursor"))
      return failed(message.id, 200, kRpcInvalidParams, "cursor: no page has been given out");
    return done(list_tools(era));
  }
  if (message.method == "tools/call") return call_tool(message, asker);
  if (is_modern && message.method == "server/discover") return done(discover());
  if (!is_modern && message.method == "initialize") return done(initialize(message));
  if (!is_modern && message.method == "ping") return done(base::Json::object());
  return failed(message.id, is_modern ? 404 : 200, kRpcMethodNotFound, "method not found: " + message.method);
}

base::Json McpMethods::initialize(const RpcMessage& message) const {
  const auto asked = message.params.value("protocolVersion", base::Json());
  const auto found =
      std::find_if(kLegacyVersions.begin(), kLegacyVersions.end(), [&](const char* each) { return asked == each; });
  return {{"protocolVersion", found == kLegacyVersions.end() ? kLegacyVersions.front() : *found},
          {"capabilities", {{"tools", base::Json::object()}}},
          {"serverInfo", server_info()}};
}

base::Json McpMethods::discover() const {
  return {{"supportedVersions", supported_versions()},
          {"capabilities", {{"tools", base::Json::object()}}},
          {"ttlMs", kListTtlMs},
          {"cacheScope", "private"}};
}

base::Json McpMethods::list_tools(McpEra era) const {
  auto specialists = around_.service.specialists();
  std::sort(specialists.begin(), specialists.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  auto tools = base::Json::array({tool_json(dispatcher_view(specialists), era)});
  for (const auto& each : specialists) {
    if (each.name != kDispatcherTool) tools.push_back(tool_json(each, era));
  }
  base::Json result = {{"tools", std::move(tools)}};
  if (era == McpEra::kModern) {
    result["ttlMs"] = kListTtlMs;
    result["cacheScope"] = "private";
  }
  return result;
}

McpOutcome McpMethods::call_tool(const RpcMessage& message, const std::string& asker) const {
  const auto invalid = [&](const std::string& what) { return failed(message.id, 200, kRpcInvalidParams, what); };
  const auto name = message.params.value("name", base::Json());
  if (!name.is_string()) return invalid("params.name must be a string");
  const auto arguments = message.params.value("arguments", base::Json::object());
  if (!arguments.is_object()) return invalid("params.arguments must be an object");
  McpCall call{.tool = name.get<std::string>()};
  const auto specialists = around_.service.specialists();
  const auto found =
      std::find_if(specialists.begin(), specialists.end(), [&](const auto& each) { return each.name == call.tool; });
  if (found == specialists.end() && call.tool != kDispatcherTool) return invalid("unknown tool: " + call.tool);

  if (call.tool != kDispatcherTool) call.run.specialist = call.tool;
  if (call.tool != kDispatcherTool && is_object_schema(found->input_schema)) {
    call.run.input = arguments;
  } else {
    if (!arguments.contains("text") || !arguments["text"].is_string())
      return invalid("params.arguments.text must be a string");
    call.run.text = arguments["text"].get<std::string>();
  }
  call.has_output_schema = found != specialists.end() && shows_output(*found, era_of(message));
  call.run.asker = asker;
  if (const auto* meta = meta_of(message); meta != nullptr && meta->contains("progressToken")) {
    call.progress_token = (*meta)["progressToken"];
    if (!call.progress_token.is_string() && !call.progress_token.is_number_integer()) {
      return invalid("params._meta.progressToken must be a string or an integer");
    }
  }
  return {.call = std::move(call)};
}

std::vector<base::Json> McpMethods::progress(const store::RunId& run, const McpCall& call,
                                             std::unique_ptr<agent::EventReader>& reader) const {
  std::vector<base::Json> notifications;
  if (call.progress_token.is_null()) return notifications;
  if (reader == nullptr) reader = around_.service.read_events(run, -1);
  const auto events = reader->next(kMcpProgressAtOnce);
  if (!events.ok()) return notifications;  // the response says what went wrong
  for (const agent::RunEvent& event : *events) {
    notifications.push_back(rpc_notification(
        "notifications/progress",
        {{"progressToken", call.progress_token}, {"progress", event.sequence + 1}, {"message", event.kind}}));
  }
  return notifications;
}

base::Json McpMethods::call_response(const base::Json& id, McpEra era, const McpCall& call,
                                     const Result<agent::RunView>& view) const {
  if (!view.ok()) {
    const bool is_input = view.error().code == ErrorCode::kInvalid || view.error().code == ErrorCode::kLimit;
    if (!is_input) return rpc_error(id, {kRpcInternalError, view.error().message, {}});
    // The calling model can mend its arguments: it gets to read what is wrong with them.
    return rpc_result(id, dressed({{"content", text_content(view.error().message)}, {"isError", true}}, era));
  }
  base::Json result;
  const bool is_answered = view->status == agent::RunStatus::kAnswered;
  if (!is_answered) {
    result["content"] = text_content(why_not(*view));
  } else {
    const auto data = base::dump_json(view->value);
    result["content"] = text_content(view->text.empty() ? data : view->text);
    if (call.has_output_schema) {
      if (!view->text.empty() && view->text != data) result["content"].push_back({{"type", "text"}, {"text", data}});
      result["structuredContent"] = view->value;
    }
  }
  result["isError"] = !is_answered;
  result["_meta"] = {{"cadre/run", view->run.text()}, {"cadre/status", agent::run_status_name(view->status)}};
  return rpc_result(id, dressed(std::move(result), era));
}

Result<std::string> McpSessions::open(const std::string& asker) {
  std::array<uint8_t, 16> chance{};
  TRY(base::secure_random(chance));
  auto id = base::to_hex(chance);
  const std::lock_guard lock(mutex_);
  if (sessions_.size() >= kMcpSessionsMax) {
    sessions_.erase(std::min_element(sessions_.begin(), sessions_.end(),
                                     [](const auto& a, const auto& b) { return a.second.used_ns < b.second.used_ns; }));
  }
  sessions_[id] = {.asker = asker, .used_ns = clock_.monotonic_ns()};
  return id;
}

bool McpSessions::use(const std::string& session, const std::string& asker) {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(session);
  if (found == sessions_.end() || found->second.asker != asker) return false;
  found->second.used_ns = clock_.monotonic_ns();
  return true;
}

bool McpSessions::close(const std::string& session, const std::string& asker) {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(session);
  if (found == sessions_.end() || found->second.asker != asker) return false;
  sessions_.erase(found);
  return true;
}

void McpSessions::add_call(const std::string& session, const std::string& call, std::function<void()> cancel) {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(session);
  if (found == sessions_.end() || found->second.calls.size() >= kMcpCallsPerSessionMax) return;
  found->second.calls[call] = std::move(cancel);
}

void McpSessions::remove_call(const std::string& session, const std::string& call) {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(session);
  if (found != sessions_.end()) found->second.calls.erase(call);
}

void McpSessions::cancel_call(const std::string& session, const std::string& call) {
  std::function<void()> cancel;
  {
    const std::lock_guard lock(mutex_);
    const auto found = sessions_.find(session);
    if (found == sessions_.end() || !found->second.calls.contains(call)) return;
    cancel = found->second.calls[call];
  }
  cancel();
}

}  // namespace cadre::serve
