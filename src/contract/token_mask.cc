// SPDX-License-Identifier: Apache-2.0
#include "contract/token_mask.h"

#include <algorithm>

namespace cadre::contract {

bool TokenMask::allows(uint32_t rank) const {
  const auto after = std::upper_bound(intervals.begin(), intervals.end(), rank,
                                      [](uint32_t r, const RankInterval& interval) { return r < interval.low; });
  return after != intervals.begin() && rank < std::prev(after)->high;
}

std::optional<uint32_t> TokenMask::single() const {
  return count == 1 ? std::optional(intervals[0].low) : std::nullopt;
}

void TokenMask::fill_bits(std::span<uint64_t> bits) const {
  std::fill(bits.begin(), bits.end(), 0);
  for (const auto& [low, high] : intervals) {
    const size_t first = low / 64, last = (high - 1) / 64;
    const uint64_t from_low = ~uint64_t{0} << (low % 64), to_high = ~uint64_t{0} >> (63 - (high - 1) % 64);
    if (first == last) {
      bits[first] |= from_low & to_high;
      continue;
    }
    bits[first] |= from_low;
    std::fill(bits.begin() + static_cast<ptrdiff_t>(first) + 1, bits.begin() + static_cast<ptrdiff_t>(last),
              ~uint64_t{0});
    bits[last] |= to_high;
  }
}

TokenMask unite(const TokenMask& a, const TokenMask& b) {
  TokenMask both;
  both.intervals.reserve(a.intervals.size() + b.intervals.size());
  for (size_t i = 0, j = 0; i < a.intervals.size() || j < b.intervals.size();) {
    const bool take_a = j == b.intervals.size() || (i < a.intervals.size() && a.intervals[i].low <= b.intervals[j].low);
    const RankInterval next = take_a ? a.intervals[i++] : b.intervals[j++];
    if (!both.intervals.empty() && next.low <= both.intervals.back().high) {
      both.intervals.back().high = std::max(both.intervals.back().high, next.high);
    } else {
      both.intervals.push_back(next);
    }
  }
  for (const RankInterval& interval : both.intervals) both.count += interval.high - interval.low;
  return both;
}

}  // namespace cadre::contract
