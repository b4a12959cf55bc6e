// SPDX-License-Identifier: Apache-2.0
#include "agent/tool_factory.h"

#include <fmt/format.h>

#include <array>
#include <string>
#include <utility>

#include "agent/file_tool.h"
#include "agent/history_tool.h"
#include "agent/http_tool.h"
#include "agent/mcp_tool.h"
#include "agent/memory_tool.h"
#include "agent/openapi.h"
#include "agent/process_tool.h"
#include "agent/retrieval_tool.h"
#include "agent/sql_tool.h"

namespace cadre::agent {
namespace {

using base::Json;
using Client = std::shared_ptr<const net::HttpClient>;

using Tools = std::vector<std::shared_ptr<Tool>>;

Result<Tools> one(Result<std::unique_ptr<Tool>> made) {
  if (!made.ok()) return std::move(made).error();
  return Tools{std::shared_ptr<Tool>(std::move(*made))};
}

struct Kind {
  const char* name;
  Result<void> (*check)(const Json& options);
  Result<Tools> (*make)(const Json& options, const Client& client);
};

// An error of `read`, if any.
template <class Options>
Result<void> outcome_of(const Result<Options>& read) {
  if (!read.ok()) return read.error();
  return {};
}

constexpr std::array<Kind, 9> kKinds = {{
    {"sql", [](const Json& options) { return outcome_of(sql_tool_options(options)); },
     [](const Json& options, const Client& client) -> Result<Tools> {
       return one(make_sql_tool(TRY(sql_tool_options(options)), client->policy()));
     }},
    {"http", [](const Json& options) { return outcome_of(http_tool_options(options)); },
     [](const Json& options, const Client& client) -> Result<Tools> {
       return one(make_http_tool(TRY(http_tool_options(options)), client));
     }},
    {"openapi", [](const Json& options) { return outcome_of(openapi_options(options)); },
     [](const Json& options, const Client& client) -> Result<Tools> {
       Tools tools;
       auto made = TRY(make_openapi_tools(TRY(openapi_options(options)), client));
       for (auto& tool : made) tools.push_back(std::move(tool));
       return tools;
     }},
    {"mcp", [](const Json& options) { return outcome_of(mcp_tools_options(options)); },
     [](const Json& options, const Client& client) -> Result<Tools> {
       Tools tools;
       auto made = TRY(make_mcp_tools(TRY(mcp_tools_options(options)), client));
       for (auto& tool : made) tools.push_back(std::move(tool));
       return tools;
     }},
    {"process", [](const Json& options) { return outcome_of(process_tool_options(options)); },
     [](const Json& options, const Client&) -> Result<Tools> {
       return one(make_process_tool(TRY(process_tool_options(options))));
     }},
    {"file", [](const Json& options) { return outcome_of(file_tool_options(options)); },
     [](const Json& options, const Client&) -> Result<Tools> {
       return one(make_file_tool(TRY(file_tool_options(options))));
     }},
    {"memory", [](const Json& options) { return outcome_of(memory_tool_options(options)); },
     [](const Json& options, const Client&) -> Result<Tools> {
       return one(make_memory_tool(TRY(memory_tool_options(options))));
     }},
    {"retrieval", [](const Json& options) { return outcome_of(retrieval_tool_options(options)); },
     [](const Json& options, const Client&) -> Result<Tools> {
       return one(make_retrieval_tool(TRY(retrieval_tool_options(options))));
     }},
    {"history", [](const Json& options) { return outcome_of(history_tool_options(options)); },
     [](const Json& options, const Client&) -> Result<Tools> {
       return one(make_history_tool(TRY(history_tool_options(options))));
     }},
}};

Result<const Kind*> kind_of(const Json& options) {
  const std::string name = TRY(base::json_string(options, "kind"));
  for (const Kind& kind : kKinds) {
    if (name == kind.name) return &kind;
  }
  return Error{ErrorCode::kInvalid, fmt::format("\"kind\": \"{}\" is no tool; there are {}", name, kToolKinds)};
}

}  // namespace

Result<void> check_tool_options(const Json& options) {
  return TRY(kind_of(options))->check(options);
}

Result<Tools> make_tools(const Json& options, const Client& client) {
  return TRY(kind_of(options))->make(options, client);
}

}  // namespace cadre::agent
