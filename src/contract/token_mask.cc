// SPDX-License-Identifier: Apache-2.0
#include "contract/token_mask.h"

#include <algorithm>
#include <bit>

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

TokenMask unite(std::span<const RankInterval> intervals, std::span<const uint64_t> bits) {
  TokenMaskBuilder both;
  both.reserve(intervals.size() + 128);
  size_t done = 0;
  for (size_t word = 0; word < bits.size(); ++word) {
    for (uint64_t left = bits[word]; left != 0;) {
      const auto first = static_cast<uint32_t>(std::countr_zero(left));
      const auto length = static_cast<uint32_t>(std::countr_one(left >> first));
      const auto low = static_cast<uint32_t>(word * 64 + first);
      size_t before = done;
      while (before < intervals.size() && intervals[before].low < low) ++before;
      both.add_all(intervals.subspan(done, before - done));
      done = before;
      both.add(low, low + length);
      left = first + length == 64 ? 0 : left >> (first + length) << (first + length);
    }
  }
  both.add_all(intervals.subspan(done));
  return both.finish();
}

}  // namespace cadre::contract
