// Two rankings of the same things as one: reciprocal rank fusion.
//
// A thing at place r of a ranking, from 1, scores that ranking's share / (60 + r), and the sum over both ranks it; of equal ones the lower number is first.
// How comparable the two rankings' own scores are does not matter. Deterministic. Thread safety: pure function.
// Source: Cormack, Clarke, Buettcher 2009, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning Methods".
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace cadre::agent {

struct Ranked {
  size_t item = 0;
  double score = 0;
};

// `second_share` 0 to 1; the first ranking has the rest. No ranking names an item twice.
std::vector<Ranked> fuse_ranks(std::span<const size_t> first, std::span<const size_t> second, double second_share);

}  // namespace cadre::agent
