// Any bytes as an OpenAPI document: every operation it names becomes a tool whose schemas can be read, or is refused with a reason.
// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "agent/openapi.h"
#include "agent/url_template.h"
#include "base/check.h"
#include "base/json.h"
#include "contract/schema.h"

using namespace cadre;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto ids = agent::openapi_operation_ids(text, "f");
  if (!ids.ok()) return 0;
  for (size_t i = 0; i < ids->size() && i < 4; ++i) {
    agent::OpenApiOptions options{.file = "f", .server = "https://h.example"};
    options.operations.push_back({.id = (*ids)[i], .name = "tool"});
    const auto tools = agent::read_openapi(text, options);
    if (!tools.ok()) {
      CADRE_CHECK(!tools.error().message.empty(), "an error says what is not understood");
      continue;
    }
    const agent::HttpToolOptions& http = tools->at(0).http;
    CADRE_CHECK(agent::UrlTemplate::parse(http.url).ok(), "the address can be filled");
    CADRE_CHECK(contract::read_schema(base::dump_json(http.definition.input_schema)).ok(), "the schema can be read");
    CADRE_CHECK(!agent::tool_fingerprint(http.definition).empty(), "a definition has a fingerprint");
  }
  return 0;
}
