// SPDX-License-Identifier: Apache-2.0
#include "agent/mcp_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "agent/option_reader.h"
#include "base/clock.h"

namespace cadre::agent {
namespace {

using base::Json;

constexpr auto kTurnLook = std::chrono::milliseconds(20);

int64_t now_ns() {
  return base::system_clock().monotonic_ns();
}

Error server_error(const McpServerOptions& options, ErrorCode code, const std::string& why) {
  return Error{code, fmt::format("MCP server \"{}\": {}", options.name, why)};
}

Result<std::string> variable_of(const McpServerOptions& options, const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr)
    return server_error(options, ErrorCode::kNotFound, fmt::format("the environment variable {} is not set", name));
  return std::string(value);
}

Result<std::vector<net::HttpHeader>> headers_of(const McpServerOptions& options) {
  std::vector<net::HttpHeader> headers;
  for (const auto& [name, value] : options.headers) headers.push_back({name, value});
  for (const auto& [name, variable] : options.header_variables)
    headers.push_back({name, TRY(variable_of(options, variable))});
  for (const net::HttpHeader& header : headers) {
    if (!net::is_header_name(header.name) || !net::is_header_value(header.value))
      return server_error(options, ErrorCode::kInvalid, fmt::format("\"{}\" cannot be sent as a header", header.name));
  }
  return headers;
}

// REQUIRES an error.
McpFailure failure_of(McpAnswer answer) {
  return {std::move(*answer.error), answer.retry_after_ms};
}

}  // namespace

const McpListedTool* McpListing::find(const std::string& name) const {
  const auto found =
      std::find_if(tools.begin(), tools.end(), [&](const McpListedTool& each) { return each.definition.name == name; });
  return found == tools.end() ? nullptr : &*found;
}

Result<std::unique_ptr<McpClient>> McpClient::make(McpServerOptions options,
                                                   std::shared_ptr<const net::HttpClient> client) {
  if (!is_tool_name(options.name))
    return server_error(options, ErrorCode::kInvalid, "its name is not 1 to 64 letters, digits, \"_\", \".\" or \"-\"");
  if (options.command.empty() == options.url.empty())
    return server_error(options, ErrorCode::kInvalid, "say either \"command\" or \"url\"");
  std::unique_ptr<McpTransport> transport;
  if (!options.url.empty()) {
    if (auto destination = net::destination_of(options.url); !destination.ok())
      return server_error(options, ErrorCode::kInvalid, destination.error().message);
    CADRE_CHECK(client != nullptr, "a server on the web needs a client for the web");
    transport = make_mcp_http_transport(options.url, TRY(headers_of(options)), std::move(client));
  } else {
    for (const std::string& name : options.variables) TRY(variable_of(options, name));
    transport = make_mcp_stdio_transport({.argv = options.command,
                                          .working_directory = options.folder,
                                          .environment = options.environment,
                                          .inherited_variables = options.variables,
                                          .limits = {.open_files = 1024}});
  }
  return std::make_unique<McpClient>(options.name, std::move(transport), options.probe_timeout_ms);
}

McpClient::McpClient(std::string name, std::unique_ptr<McpTransport> transport, int64_t probe_timeout_ms)
    : name_(std::move(name)), transport_(std::move(transport)), probe_timeout_ms_(probe_timeout_ms) {}

McpClient::~McpClient() = default;

// Holds one of the two flags, once no other thread does.
class McpClient::Turn {
 public:
  static Result<std::unique_ptr<Turn>> take(McpClient& client, bool McpClient::*flag, const Deadline& deadline) {
    std::unique_lock lock(client.mutex_);
    while (client.*flag) {
      TRY(deadline.check("an MCP server"));
      client.turn_ended_.wait_for(lock, kTurnLook);
    }
    client.*flag = true;
    return std::unique_ptr<Turn>(new Turn(client, flag));
  }
  ~Turn() {
    const std::lock_guard lock(client_.mutex_);
    client_.*flag_ = false;
    client_.turn_ended_.notify_all();
  }

 private:
  Turn(McpClient& client, bool McpClient::*flag) : client_(client), flag_(flag) {}
  McpClient& client_;
  bool McpClient::*flag_;
};

McpResult<McpSpoken> McpClient::ready(const Deadline& deadline) {
  const auto turn = TRY(Turn::take(*this, &McpClient::is_setting_up_, deadline));
  {
    const std::lock_guard lock(mutex_);
    if (spoken_ && transport_->is_open()) return *spoken_;
    spoken_.reset();
    listing_.reset();
  }
  const McpSpoken spoken = TRY(negotiate(deadline));
  const std::lock_guard lock(mutex_);
  era_ = spoken.era;
  spoken_ = spoken;
  return spoken;
}

McpResult<McpSpoken> McpClient::negotiate(const Deadline& deadline) {
  TRY(transport_->open());
  std::optional<McpEra> era;
  {
    const std::lock_guard lock(mutex_);
    era = era_;
  }
  if (!era) era = TRY(probe(deadline));
  if (*era == McpEra::kModern) return McpSpoken{};
  if (!transport_->is_open()) TRY(transport_->open());  // the probe was too much for it
  return initialize(deadline);
}

McpResult<McpEra> McpClient::probe(const Deadline& deadline) {
  Deadline own = Deadline::for_ms(std::min(probe_timeout_ms_, deadline.left_ms()), deadline.cancel);
  McpRequest request{.id = next_id(),
                     .method = "server/discover",
                     .params = mcp_params(McpEra::kModern, Json::object()),
                     .may_be_cancelled = false};
  McpAnswer answer = transport_->ask(request, own);
  if (!answer.error && refuses_what_it_speaks(answer.message)) {
    request.id = next_id();
    answer = transport_->ask(request, own);
  }
  if (!answer.error) return TRY(read_mcp_probe(answer.message));
  TRY(deadline.check("an MCP server"));
  if (transport_->is_sign_of_legacy(answer)) return McpEra::kLegacy;
  return failure_of(std::move(answer));
}

McpResult<McpSpoken> McpClient::initialize(const Deadline& deadline) {
  McpSpoken spoken{McpEra::kLegacy, ""};
  const McpRequest request{.id = next_id(),
                           .method = "initialize",
                           .params = mcp_initialize_params(),
                           .spoken = spoken,
                           .may_be_cancelled = false};
  McpAnswer answer = transport_->ask(request, deadline);
  if (answer.error) return failure_of(std::move(answer));
  spoken.version = TRY(read_mcp_initialize(answer.message));
  transport_->tell("notifications/initialized", Json::object(), spoken, deadline.left_ms());
  return spoken;
}

McpAnswer McpClient::ask(McpRequest request, const Deadline& deadline) {
  const Json params = std::move(request.params);
  for (int attempt = 0;; ++attempt) {
    auto spoken = ready(deadline);
    if (!spoken.ok()) return {.error = spoken.error(), .retry_after_ms = spoken.error().retry_after_ms};
    request.id = next_id();
    request.spoken = *spoken;
    request.params = mcp_params(spoken->era, params);
    McpAnswer answer = transport_->ask(request, deadline);
    const bool was_not_there = answer.error && !answer.may_have_arrived && !transport_->is_open();
    if (attempt == 1 || !was_not_there) return answer;
  }
}

McpResult<std::shared_ptr<const McpListing>> McpClient::list(const Deadline& deadline) {
  auto result = [&]() -> McpResult<std::shared_ptr<const McpListing>> {
    const auto turn = TRY(Turn::take(*this, &McpClient::is_listing_, deadline));
    TRY(ready(deadline));
    const bool has_changed = transport_->take_tools_changed();
    {
      const std::lock_guard lock(mutex_);
      if (listing_ && !has_changed && now_ns() < listing_ends_ns_) return listing_;
    }
    return fetch_list(deadline);
  }();
  if (result.ok()) return result;
  const std::optional<int64_t> retry_after_ms = result.error().retry_after_ms;
  return McpFailure{std::move(result).error().with_context(fmt::format("MCP server \"{}\"", name_)), retry_after_ms};
}

void McpClient::forget_list() {
  const std::lock_guard lock(mutex_);
  listing_.reset();
}

McpResult<std::shared_ptr<const McpListing>> McpClient::fetch_list(const Deadline& deadline) {
  auto listing = std::make_shared<McpListing>();
  std::optional<int64_t> ttl_ms;
  std::string cursor;
  for (int pages = 0;; ++pages) {
    if (pages == kMcpPagesMax)
      return Error{ErrorCode::kLimit, fmt::format("the list of tools has more than {} pages", kMcpPagesMax)};
    McpRequest request;
    request.method = "tools/list";
    request.params = Json::object();
    if (!cursor.empty()) request.params["cursor"] = cursor;
    McpAnswer answer = ask(std::move(request), deadline);
    if (answer.error) return failure_of(std::move(answer));
    const McpEra era = TRY(ready(deadline)).era;
    McpToolPage page = TRY(read_mcp_tool_page(answer.message, era));
    for (McpListedTool& tool : page.tools) {
      const bool is_taken = listing->find(tool.definition.name) != nullptr;
      if (is_taken) return Error{ErrorCode::kInvalid, fmt::format("two tools are called \"{}\"", tool.definition.name)};
      listing->tools.push_back(std::move(tool));
    }
    listing->rejected.insert(listing->rejected.end(), page.rejected.begin(), page.rejected.end());
    if (listing->tools.size() + listing->rejected.size() > kMcpToolsMax)
      return Error{ErrorCode::kLimit, fmt::format("the server lists more than {} tools", kMcpToolsMax)};
    if (page.ttl_ms) ttl_ms = std::min(*page.ttl_ms, ttl_ms.value_or(kMcpListMsMax));
    if (page.next_cursor.empty()) break;
    cursor = page.next_cursor;
  }
  const std::lock_guard lock(mutex_);
  listing_ = listing;
  listing_ends_ns_ = now_ns() + std::min(ttl_ms.value_or(kMcpListMs), kMcpListMsMax) * 1'000'000;
  return std::shared_ptr<const McpListing>(std::move(listing));
}

McpAnswer McpClient::call(const McpListedTool& tool, const Json& arguments, const std::optional<std::string>& state,
                          const Deadline& deadline) {
  auto headers = mcp_parameter_headers(tool, arguments);
  if (!headers.ok()) return {.error = std::move(headers).error()};
  Json params = {{"name", tool.definition.name}, {"arguments", arguments}};
  if (state) params["requestState"] = *state;
  McpRequest request;
  request.method = "tools/call";
  request.params = std::move(params);
  request.tool = tool.definition.name;
  request.headers = std::move(headers).value();
  return ask(std::move(request), deadline);
}

}  // namespace cadre::agent
