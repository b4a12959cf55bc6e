// A schema and an instance, split at the first zero byte: reading gives an Error or a graph whose ids are in range, validating a
// verdict or a limit. Negating the schema must turn the verdict.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "contract/json_document.h"
#include "contract/schema.h"
#include "contract/schema_validate.h"

namespace {

using namespace cadre::contract;

void check_ids(const Schema& schema) {
  const auto check = [&](SchemaId id) { CADRE_CHECK(id < schema.nodes.size(), "every id is a node"); };
  check(schema.root);
  for (const auto& node : schema.nodes) {
    for (const SchemaId id : node.all_of) check(id);
    for (const auto& list : node.any_of) std::for_each(list.begin(), list.end(), check);
    for (const auto& property : node.properties) check(property.second);
    for (const auto& item : node.pattern_properties) {
      check(item.schema);
      CADRE_CHECK(item.pattern < schema.patterns.size(), "every pattern is read");
    }
    for (const uint32_t pattern : node.patterns) CADRE_CHECK(pattern < schema.patterns.size(), "every pattern is read");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t zero = std::min(input.find('\0'), input.size());
  const auto text = input.substr(0, zero);
  const auto schema = read_schema(text, {.assert_formats = size % 2 == 0, .nodes_max = 2000});
  if (!schema.ok()) return 0;
  check_ids(*schema);
  const auto instance = parse_document(input.substr(std::min(zero + 1, input.size())), 100);
  if (!instance.ok()) return 0;
  const auto verdict = validate_document(*schema, *instance);
  if (!verdict.ok()) return 0;
  CADRE_CHECK(verdict->valid == verdict->message.empty(), "a violation has a message and nothing else has");
  // The document moves one level down, so references by pointer from its root would change their meaning.
  if (text.find('#') != std::string_view::npos || text.find("$schema") != std::string_view::npos) return 0;
  const auto negated =
      read_schema("{\"not\":" + std::string(text) + "}", {.assert_formats = size % 2 == 0, .nodes_max = 2001});
  if (!negated.ok()) return 0;
  const auto turned = validate_document(*negated, *instance);
  CADRE_CHECK(!turned.ok() || turned->valid != verdict->valid, "not turns the verdict");
  return 0;
}
