// Any bytes as a cadre file: an Error whose every line names a place, or a file whose limits can be used.
// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string>
#include <string_view>

#include "agent/cadre_file.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto exists = [](const std::string& path) { return !path.ends_with("missing"); };
  const auto file = cadre::agent::parse_cadre_file(text, "cadre.yaml", exists);
  if (!file.ok()) {
    CADRE_CHECK(!file.error().message.empty(), "an error says what happened");
    return 0;
  }
  CADRE_CHECK(!file->specialists.empty() && !file->name.empty(), "what is required is there");
  const auto budget = cadre::agent::budget_of(*file);
  CADRE_CHECK(budget.attempts_max > 0 && budget.calls_max > 0, "a run can be made");
  for (const auto& specialist : file->specialists) {
    const bool is_table = specialist.kind == cadre::agent::SpecialistKind::kTable;
    CADRE_CHECK(!is_table || (!specialist.pack.empty() && !specialist.table.empty()), "a specialist has its files");
    const auto policy = cadre::agent::policy_of(*file, specialist, {});
    CADRE_CHECK(policy.attempts_max > 0 && policy.candidates_max > 0 && policy.timeout_ms > 0, "a step can be made");
    for (const auto& [pointer, place] : specialist.places)
      CADRE_CHECK(pointer.empty() || pointer[0] == '/', "places are those of the specialist's own parts");
  }
  return 0;
}
