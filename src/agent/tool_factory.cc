// SPDX-License-Identifier: Apache-2.0
#include "agent/tool_factory.h"

#include <fmt/format.h>

#include <array>
#include <string>
#include <utility>

#include "agent/http_tool.h"
#include "agent/sql_tool.h"

namespace cadre::agent {
namespace {

using base::Json;
using Client = std::shared_ptr<const net::HttpClient>;

template <class Made>
Result<std::shared_ptr<Tool>> shared(Result<Made> made) {
  if (!made.ok()) return std::move(made).error();
  return std::shared_ptr<Tool>(std::move(*made));
}

struct Kind {
  const char* name;
  Result<void> (*check)(const Json& options);
  Result<std::shared_ptr<Tool>> (*make)(const Json& options, const Client& client);
};

constexpr std::array<Kind, 2> kKinds = {{
    {"sql",
     [](const Json& options) -> Result<void> {
       TRY(sql_tool_options(options));
       return {};
     },
     [](const Json& options, const Client& client) -> Result<std::shared_ptr<Tool>> {
       return shared(make_sql_tool(TRY(sql_tool_options(options)), client->policy()));
     }},
    {"http",
     [](const Json& options) -> Result<void> {
       TRY(http_tool_options(options));
       return {};
     },
     [](const Json& options, const Client& client) -> Result<std::shared_ptr<Tool>> {
       return shared(make_http_tool(TRY(http_tool_options(options)), client));
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

Result<std::shared_ptr<Tool>> make_tool(const Json& options, const Client& client) {
  return TRY(kind_of(options))->make(options, client);
}

}  // namespace cadre::agent
