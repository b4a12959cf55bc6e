// What the files of SchemaPrograms share.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cadre::contract {

inline constexpr uint32_t kUnknown = UINT32_MAX - 1;  // in memos: not asked yet
inline constexpr size_t kNonemptyStepsMax =
    500;  // of a search for a reachable end of a text; unknown counts as reachable

inline uint64_t pair_key(uint32_t a, uint32_t b) {
  return static_cast<uint64_t>(a) << 32 | b;
}

inline bool is_seen(const std::vector<uint64_t>& seen, uint32_t name) {
  return (seen[name / 64] >> (name % 64) & 1) != 0;
}

}  // namespace cadre::contract
