// Any bytes as a message of the Model Context Protocol, in both eras: a response, a tool call to make, or nothing for a notification.
// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/json.h"
#include "serve/mcp.h"
#include "serve/mcp_http.h"
#include "serve/scripted_service.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cadre::serve;
  static ScriptedService service;
  static const McpMethods methods({service, cadre::base::system_clock(), [] { return false; }});
  const std::string text(reinterpret_cast<const char*>(data), size);
  (void)decode_mcp_header(text);
  const auto read = read_rpc(text);
  if (read.error) {
    CADRE_CHECK(!read.error->message.empty(), "an error says what happened");
    return 0;
  }
  for (const auto era : {McpMethods::era_of(read.message), McpEra::kModern, McpEra::kLegacy}) {
    const auto outcome = methods.handle(read.message, era, "fuzz");
    const bool is_request = read.message.kind == RpcMessage::Kind::kRequest;
    CADRE_CHECK(is_request == (outcome.call.has_value() || !outcome.reply.is_null()),
                "each request is answered, and nothing else");
    (void)cadre::base::dump_json(outcome.reply);
  }
  return 0;
}
