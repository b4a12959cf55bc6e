// Any bytes as a contract file, and as what a pack holds: an Error that says where, or a contract whose canonical form is read as the same.
// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string>
#include <string_view>

#include "agent/specialist_contract.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto contract = cadre::agent::parse_contract(text, "contract.yaml");
  if (!contract.ok()) {
    CADRE_CHECK(!contract.error().message.empty(), "an error says what happened");
    return 0;
  }
  const std::string canonical = cadre::base::dump_json(contract->canonical);
  if (canonical.size() > cadre::agent::kContractBytesMax) return 0;
  const auto again = cadre::agent::contract_from_json(canonical, "pack");
  CADRE_CHECK(again.ok(), "what was accepted is accepted in its canonical form");
  CADRE_CHECK(cadre::base::dump_json(again->canonical) == canonical, "the canonical form is a fixed point");
  return 0;
}
