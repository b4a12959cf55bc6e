// Any bytes as what a server of the Model Context Protocol sends: each reader takes it or says why not, what is taken can be written again, and headers
// made from it are headers. Also as a file of pins.
// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "agent/mcp_messages.h"
#include "agent/tool_pins.h"
#include "base/check.h"
#include "base/json.h"

using namespace cadre;

namespace {

void check_page(const net::RpcMessage& message, agent::McpEra era) {
  const auto page = agent::read_mcp_tool_page(message, era);
  if (!page.ok()) return;
  CADRE_CHECK(page->tools.size() + page->rejected.size() <= agent::kMcpToolsMax, "a page has a limit");
  agent::ToolPins pins;
  for (const agent::McpListedTool& tool : page->tools) {
    const auto headers = agent::mcp_parameter_headers(tool, message.result);
    if (headers.ok()) {
      for (const net::HttpHeader& header : *headers)
        CADRE_CHECK(net::is_header_name(header.name) && net::is_header_value(header.value), "a header can be sent");
    }
    CADRE_CHECK(net::is_header_value(agent::mcp_header_value(tool.definition.name)), "a name can be sent");
    pins.approve("server", tool.definition, 0);
    CADRE_CHECK(pins.check("server", tool.definition).ok(), "what was approved is approved");
  }
  const auto again = agent::ToolPins::parse(pins.json());
  CADRE_CHECK(again.ok() && again->json() == pins.json(), "pins survive their file");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  (void)agent::ToolPins::parse(text);
  CADRE_CHECK(net::is_header_value(agent::mcp_header_value(text)), "any text can be sent in a header");
  const net::RpcRead read = net::read_rpc(text, 200);
  if (read.error) return 0;
  const net::RpcMessage& message = read.message;
  if (message.kind == net::RpcMessage::Kind::kRequest) {
    CADRE_CHECK(!net::read_rpc(base::dump_json(agent::mcp_reply_to(message))).error, "a reply is a message");
    return 0;
  }
  if (message.kind != net::RpcMessage::Kind::kResponse) return 0;
  (void)agent::read_mcp_probe(message);
  (void)agent::read_mcp_initialize(message);
  for (const auto era : {agent::McpEra::kModern, agent::McpEra::kLegacy}) check_page(message, era);
  for (const bool has_schema : {false, true}) {
    const auto answer = agent::read_mcp_call(message, has_schema);
    CADRE_CHECK(!answer.error || !answer.request_state, "an error is not asked again");
    (void)base::dump_json(answer.result);
  }
  return 0;
}
