// All decisions of a contract that do not wait for others, at once: what one pass of an encoder scores.
//
// For a tool set the choice of tool; then, per tool (or for the schema), member by member: is it there, and what may its value be, down into
// objects and into arrays (one point for all items). A walk meets the same points, those that it meets, with the same candidates or, where
// the text so far rules some out, a part of them; outline_key() says which is which. Not in the outline: members of names of their own, values in
// a recursion, and what lies deeper than kOutlineDepthMax or behind kOutlinePointsMax points.
// Thread safety: as DecisionPoints says.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "contract/decision_points.h"

namespace cadre::contract {

inline constexpr size_t kOutlineDepthMax = 8;
inline constexpr size_t kOutlinePointsMax = 4096;

struct DecisionOutline {
  std::vector<DecisionPoint> points;                     // in the order of the output
  std::unordered_map<std::string, size_t> index_of_key;  // of outline_key()
};

// Two points of one outline never have the same key, and a walk's point has that of the outline's that it is.
std::string outline_key(const DecisionPoint& point);

// `input` may be null.
DecisionOutline decision_outline(DecisionPoints& points, const std::shared_ptr<DecisionSource>& input);

}  // namespace cadre::contract
