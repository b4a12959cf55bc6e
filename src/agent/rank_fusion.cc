// SPDX-License-Identifier: Apache-2.0
#include "agent/rank_fusion.h"

#include <algorithm>
#include <map>

namespace cadre::agent {
namespace {

constexpr double kRankOffset = 60;  // as published; how little the first few places differ

}  // namespace

std::vector<Ranked> fuse_ranks(std::span<const size_t> first, std::span<const size_t> second, double second_share) {
  std::map<size_t, double> scores;
  const auto add = [&](std::span<const size_t> ranking, double share) {
    for (size_t i = 0; i < ranking.size(); ++i)
      scores[ranking[i]] += share / (kRankOffset + static_cast<double>(i + 1));
  };
  add(first, 1 - second_share);
  add(second, second_share);
  std::vector<Ranked> fused;
  for (const auto& [item, score] : scores) fused.push_back({item, score});
  std::stable_sort(fused.begin(), fused.end(), [](const Ranked& a, const Ranked& b) { return a.score > b.score; });
  return fused;
}

}  // namespace cadre::agent
