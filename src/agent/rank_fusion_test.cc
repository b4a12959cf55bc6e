// SPDX-License-Identifier: Apache-2.0
#include "agent/rank_fusion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cadre::agent {
namespace {

using testing::ElementsAre;

std::vector<size_t> order(const std::vector<size_t>& first, const std::vector<size_t>& second, double second_share) {
  std::vector<size_t> items;
  for (const Ranked& one : fuse_ranks(first, second, second_share)) items.push_back(one.item);
  return items;
}

TEST(RankFusion, WhatBothFindComesFirst) {
  EXPECT_THAT(order({7, 3, 9}, {5, 3, 1}, 0.5), ElementsAre(3, 5, 7, 1, 9));
  EXPECT_THAT(order({7, 3}, {5, 3}, 0.3), ElementsAre(3, 7, 5));
  EXPECT_THAT(order({7, 8}, {8, 7}, 0.3), ElementsAre(7, 8)) << "the larger share decides";
  EXPECT_THAT(order({}, {4, 2}, 0.3), ElementsAre(4, 2));
  EXPECT_THAT(order({}, {}, 0.3), testing::IsEmpty());
  EXPECT_NEAR(fuse_ranks(std::vector<size_t>{1}, std::vector<size_t>{1}, 0.3).at(0).score, 1.0 / 61, 1e-12);
}

}  // namespace
}  // namespace cadre::agent
