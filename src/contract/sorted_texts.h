// A list of texts in order, as the language of an enum and large sets need it: found by prefix, and the one that is shortest to write.
//
// Costs are bytes as canonical JSON writes a string (one per byte, two for the short escapes); a text with a control character that has no short
// escape cannot be written.
// Cost: O(n log n) to build, O(n / 512 + 1024) for cheapest(). Thread safety: immutable.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cadre::contract {

inline constexpr uint32_t kNotWritable = UINT32_MAX;

// Bytes between the quotes; kNotWritable without \u escapes.
uint32_t canonical_size_bytes(std::string_view text);

class SortedTexts {
 public:
  explicit SortedTexts(std::vector<std::string> texts);  // in any order, doubles dropped

  const std::vector<std::string>& all() const { return texts_; }
  // Of the texts [low, high).
  std::optional<uint32_t> cheapest(uint32_t low, uint32_t high) const;
  // The texts that begin with `prefix`: [first, second).
  std::pair<uint32_t, uint32_t> with_prefix(std::string_view prefix) const;

 private:
  static constexpr uint32_t kBlock = 512;
  std::vector<std::string> texts_;
  std::vector<uint32_t> costs_;           // [texts]
  std::vector<uint32_t> block_cheapest_;  // [blocks] index of a text
};

}  // namespace cadre::contract
