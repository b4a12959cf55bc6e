// Schema text, a zero byte, instance text, a zero byte, the input: the machine with these bindings and the validator agree, generation writes valid
// documents, and every span that provenance names lies in the input and spells the value.
// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/random.h"
#include "base/utf8.h"
#include "contract/schema_contract.h"
#include "contract/schema_validate.h"

namespace {

using namespace cadre::contract;  // NOLINT: one small program

constexpr size_t kInputSizeBytesMax = 4096;
constexpr uint32_t kWalkSizeBytesMax = 300;

std::string_view take_part(std::string_view& rest) {
  const size_t zero = rest.find('\0');
  const std::string_view part = rest.substr(0, zero);
  rest = zero == std::string_view::npos ? std::string_view() : rest.substr(zero + 1);
  return part;
}

std::shared_ptr<const Bindings> bind(std::string_view input) {
  if (!cadre::base::is_valid_utf8(input)) return nullptr;
  BindingOptions options;
  options.today = CivilDate{2026, 11, 25};
  options.calling_code = "49";
  if (input.size() % 2 == 1) options.date_order = DateOrder::kDayMonth;
  auto bindings = std::make_shared<Bindings>(options);
  // A set of the input's lines.
  std::vector<std::string> lines;
  for (std::string_view rest = input; !rest.empty();) {
    const size_t feed = std::min(rest.find('\n'), rest.size());
    lines.emplace_back(rest.substr(0, feed));
    rest.remove_prefix(std::min(feed + 1, rest.size()));
  }
  if (!bindings->bind_source("input", std::string(input)).ok()) std::abort();
  if (!bindings->bind_source("notes", "Zo\xC3\xA9 paid 12.50 on May 3, 2026\r\n\tthrice").ok()) std::abort();
  auto set = ValueSet::make(std::move(lines));
  if (!set.ok() || !bindings->bind_set("ids", std::move(*set)).ok()) std::abort();
  return bindings;
}

void check_origins(const Schema& schema, const Bindings& bindings, const JsonValue& document) {
  const auto origins = provenance(schema, bindings, document);
  if (!origins.ok()) return;  // a limit
  for (const Provenance& origin : *origins) {
    if (origin.kind == Provenance::Kind::kSet) continue;
    const std::string* source = bindings.source(origin.source);
    if (source == nullptr || origin.begin >= origin.end || origin.end > source->size() || origin.occurrences == 0)
      std::abort();
  }
}

void check_generated(const std::shared_ptr<const Schema>& schema, const std::shared_ptr<const Bindings>& bindings,
                     uint64_t seed) {
  const auto contract = SchemaContract::compile(schema, SchemaMode::kGenerate, bindings);
  if (!contract.ok()) return;
  cadre::base::Random random(seed);
  Contract::State state = (*contract)->start();
  std::string text;
  uint32_t left = (*contract)->distance(state) + 20;
  if (left > kWalkSizeBytesMax) return;
  while (left > 0 && !((*contract)->complete(state) && random.chance(0.3))) {
    const auto first = static_cast<int>(random.below(256));
    bool moved = false;
    for (int i = 0; i < 256 && !moved; ++i) {
      const char byte = static_cast<char>((first + i) % 256);
      Contract::State way = state;
      moved = (*contract)->read(way, std::string_view(&byte, 1)) && (*contract)->distance(way) <= left - 1;
      if (!moved) continue;
      state = way;
      text.push_back(byte);
    }
    if (!moved) break;
    --left;
  }
  if (!(*contract)->problem().empty()) return;
  if (!(*contract)->complete(state)) std::abort();  // a dead end, or past the budget
  const auto document = parse_document(text);
  if (!document.ok()) std::abort();
  const auto validity = validate_document(*schema, *document, bindings.get());
  if (validity.ok() && !validity->valid) std::abort();
  if (validity.ok()) check_origins(*schema, *bindings, *document);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > kInputSizeBytesMax) return 0;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const std::string_view schema_text = take_part(rest), instance = take_part(rest);
  SchemaOptions options;
  options.nodes_max = 500;
  auto read = read_schema(schema_text, options);
  if (!read.ok()) return 0;
  const auto schema = std::make_shared<const Schema>(std::move(*read));
  const auto bindings = bind(rest);
  if (bindings == nullptr) return 0;
  const auto contract = SchemaContract::compile(schema, SchemaMode::kAccept, bindings);
  if (!contract.ok()) return 0;
  const auto accepted = (*contract)->accepts(instance);
  const auto document = parse_document(instance);
  if (accepted.ok()) {
    if (!document.ok() && *accepted) std::abort();
    if (document.ok()) {
      const auto validity = validate_document(*schema, *document, bindings.get());
      if (validity.ok() && validity->valid != *accepted) std::abort();
      if (validity.ok() && validity->valid) check_origins(*schema, *bindings, *document);
    }
  }
  check_generated(schema, bindings, size);
  return 0;
}
