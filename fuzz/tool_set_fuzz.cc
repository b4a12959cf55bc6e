// Two bytes (format, choice and limits), tools JSON, a zero byte, an answer: machine and parser agree about it, and
// what generation writes is an answer of the set.
// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/random.h"
#include "contract/document_cursor.h"
#include "contract/tool_calls.h"

namespace {

using namespace cadre::contract;  // NOLINT: one small program

constexpr size_t kInputSizeBytesMax = 4096;
constexpr uint32_t kWalkSizeBytesMax = 400;

void check_generated(const std::shared_ptr<const ToolSet>& set, uint64_t seed) {
  auto machine = SchemaMachine::compile(set, SchemaMode::kGenerate);
  if (!machine.ok()) return;
  cadre::base::Random random(seed);
  DocumentCursor cursor(**machine);
  if (random.chance(0.7)) cursor.read(set->format().trigger);
  uint32_t left = cursor.distance() + 20;
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
  const auto answer = parse_tool_calls(cursor.text(), *set);
  if (!answer.ok() && answer.error().code == cadre::ErrorCode::kInvalid) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2 || size > kInputSizeBytesMax) return 0;
  const ToolFormat formats[] = {ToolFormat::hermes(), ToolFormat::llama3(), ToolFormat::mistral(), ToolFormat::openai(),
                                ToolFormat::functions()};
  ToolSetOptions options;
  options.choice = static_cast<ToolChoice>(data[1] & 3);
  options.calls_max = 1 + (data[1] >> 2 & 3);
  if ((data[1] & 0x10) != 0) options.calls_max = kUnlimited;
  if ((data[1] & 0x20) != 0) options.text_chars_max = data[1] >> 6;
  options.schema.nodes_max = 500;
  const std::string_view input(reinterpret_cast<const char*>(data) + 2, size - 2);
  const size_t zero = input.find('\0');
  const std::string_view text = zero == std::string_view::npos ? "" : input.substr(zero + 1);
  auto tools = read_tools(input.substr(0, zero));
  if (!tools.ok()) return 0;
  if (!tools->empty()) options.named = tools->front().name;
  const auto set = ToolSet::make(std::move(*tools), formats[data[0] % std::size(formats)], options);
  if (!set.ok()) return 0;
  auto machine = SchemaMachine::compile(*set, SchemaMode::kAccept);
  if (!machine.ok()) return 0;
  DocumentCursor cursor(**machine);
  const bool accepted = cursor.read(text) && cursor.complete();
  const auto answer = parse_tool_calls(text, **set);
  const bool decided = answer.ok() || answer.error().code == cadre::ErrorCode::kInvalid;
  if (decided && (*machine)->problem().empty() && answer.ok() != accepted) std::abort();
  check_generated(*set, size);
  return 0;
}
