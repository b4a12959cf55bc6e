// Expressions of a cadre file: outside text over outside values.
// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "agent/expression.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  const std::string_view input(reinterpret_cast<const char*>(data), size_bytes);
  const size_t split = input.find('\n');
  const auto expression = cadre::agent::Expression::parse(input.substr(0, split), {"a", "b"});
  if (!expression.ok() || split == std::string_view::npos) return 0;
  const auto value = cadre::base::parse_json(input.substr(split + 1));
  if (!value.ok()) return 0;
  (void)expression->evaluate({{"a", &*value}, {"b", &*value}}, 10'000);
  return 0;
}
