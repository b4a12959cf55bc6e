// Schema text, a zero byte, instance text: the compiled machine and the validator agree, and what generation writes is valid.
// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/random.h"
#include "contract/document_cursor.h"
#include "contract/schema_validate.h"

namespace {

using namespace cadre::contract;  // NOLINT: one small program

constexpr size_t kInputSizeBytesMax = 4096;
constexpr uint32_t kWalkSizeBytesMax = 300;

void check_generated(const Schema& schema, uint64_t seed) {
  auto machine = SchemaMachine::compile(schema, SchemaMode::kGenerate);
  if (!machine.ok()) return;
  cadre::base::Random random(seed);
  DocumentCursor cursor(**machine);
  uint32_t left = (*machine)->distance((*machine)->start()) + 20;
  if (left > kWalkSizeBytesMax) return;
  while (left > 0 && !(cursor.complete() && random.chance(0.3))) {
    const auto first = static_cast<int>(random.below(256));
    bool moved = false;
    for (int i = 0; i < 256 && !moved; ++i) {
      const char byte = static_cast<char>((first + i) % 256);
      DocumentCursor way = cursor;
      moved = way.read(std::string_view(&byte, 1)) && way.distance() <= left - 1;
      if (moved) cursor = way;
    }
    if (!moved) break;
    --left;
  }
  if (!(*machine)->problem().empty()) return;
  if (!cursor.complete()) std::abort();  // a dead end, or past the budget
  const auto document = parse_document(cursor.text());
  if (!document.ok()) std::abort();
  const auto validity = validate_document(schema, *document);
  if (validity.ok() && !validity->valid) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > kInputSizeBytesMax) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t zero = input.find('\0');
  const std::string_view instance = zero == std::string_view::npos ? "" : input.substr(zero + 1);
  SchemaOptions options;
  options.nodes_max = 500;
  const auto schema = read_schema(input.substr(0, zero), options);
  if (!schema.ok()) return 0;
  auto machine = SchemaMachine::compile(*schema, SchemaMode::kAccept);
  if (!machine.ok()) return 0;
  DocumentCursor cursor(**machine);
  const bool accepted = cursor.read(instance) && cursor.complete();
  const auto document = parse_document(instance);
  if ((*machine)->problem().empty()) {
    if (!document.ok() && accepted) std::abort();
    if (document.ok()) {
      const auto validity = validate_document(*schema, *document);
      if (validity.ok() && validity->valid != accepted) std::abort();
    }
  }
  check_generated(*schema, size);
  return 0;
}
