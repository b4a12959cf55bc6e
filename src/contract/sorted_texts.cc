// SPDX-License-Identifier: Apache-2.0
#include "contract/sorted_texts.h"

#include <algorithm>

namespace cadre::contract {

uint32_t canonical_size_bytes(std::string_view text) {
  uint32_t size = 0;
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte >= 0x20) {
      size += byte == '"' || byte == '\\' ? 2 : 1;
    } else if (byte == '\b' || byte == '\f' || byte == '\n' || byte == '\r' || byte == '\t') {
      size += 2;
    } else {
      return kNotWritable;
    }
  }
  return size;
}

SortedTexts::SortedTexts(std::vector<std::string> texts) : texts_(std::move(texts)) {
  if (!std::is_sorted(texts_.begin(), texts_.end())) std::sort(texts_.begin(), texts_.end());
  texts_.erase(std::unique(texts_.begin(), texts_.end()), texts_.end());
  costs_.reserve(texts_.size());
  for (const std::string& text : texts_) costs_.push_back(canonical_size_bytes(text));
  for (uint32_t low = 0; low < costs_.size(); low += kBlock) {
    const auto begin = costs_.begin() + low;
    const auto end = costs_.begin() + static_cast<ptrdiff_t>(std::min<size_t>(low + kBlock, costs_.size()));
    block_cheapest_.push_back(static_cast<uint32_t>(std::min_element(begin, end) - costs_.begin()));
  }
}

std::optional<uint32_t> SortedTexts::cheapest(uint32_t low, uint32_t high) const {
  if (low >= high) return std::nullopt;
  uint32_t best = low;
  const auto look_at = [&](uint32_t i) {
    if (costs_[i] < costs_[best]) best = i;
  };
  while (low < high) {
    if (low % kBlock == 0 && high - low >= kBlock) {
      look_at(block_cheapest_[low / kBlock]);
      low += kBlock;
    } else {
      look_at(low++);
    }
  }
  return costs_[best] != kNotWritable ? std::optional(best) : std::nullopt;
}

std::pair<uint32_t, uint32_t> SortedTexts::with_prefix(std::string_view prefix) const {
  const auto begins = [&](const std::string& text) { return std::string_view(text).substr(0, prefix.size()); };
  const auto low =
      std::partition_point(texts_.begin(), texts_.end(), [&](const auto& t) { return begins(t) < prefix; });
  const auto high = std::partition_point(low, texts_.end(), [&](const auto& t) { return begins(t) == prefix; });
  return {static_cast<uint32_t>(low - texts_.begin()), static_cast<uint32_t>(high - texts_.begin())};
}

}  // namespace cadre::contract
