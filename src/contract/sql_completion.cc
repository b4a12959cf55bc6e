// SPDX-License-Identifier: Apache-2.0
#include "contract/sql_completion.h"

#include <algorithm>
#include <unordered_set>
#include <utility>
#include <vector>

namespace cadre::contract {

uint32_t SqlCompletion::least_size(const SqlMenu::Open& open) {
  return (open.space ? 1 : 0) + (open.kind == SqlTokenClass::kString ? 2 : 1);
}

SqlCompletion::Way SqlCompletion::way(uint32_t token_state) {
  const auto known = ways_.find(token_state);
  return known != ways_.end() ? known->second : search(token_state);
}

// What may come next, the most promising last.
std::vector<SqlCompletion::Step> SqlCompletion::steps(const SqlMenu& menu) {
  std::vector<Step> steps;
  const auto add = [&](uint32_t next, uint32_t choice, uint32_t cost) {
    steps.push_back({uint64_t{cost} + tokens_.bytes_at_least(next), next, choice, cost});
  };
  for (uint32_t i = 0; i < menu.choices.size(); ++i)
    add(menu.choices[i].next, i, static_cast<uint32_t>(menu.choices[i].text.size()));
  for (const SqlMenu::Open& token : menu.open) {
    if (token.kind != SqlTokenClass::kIdentifier) add(token.next, kNoChoice, least_size(token));
  }
  std::stable_sort(steps.begin(), steps.end(), [](const Step& a, const Step& b) { return a.promise > b.promise; });
  return steps;
}

// Depth first: the grammar has hardly a dead end, and what a scope still demands (joins, columns) is met on any way.
SqlCompletion::Way SqlCompletion::search(uint32_t token_state) {
  struct Place {
    uint32_t at;
    std::vector<Step> left;  // the last one is under way
  };
  std::vector<Place> path;
  std::unordered_set<uint32_t> visited{token_state};
  uint32_t at = token_state;
  for (;;) {
    const SqlMenu& menu = tokens_.menu(at);
    const auto known = ways_.find(at);
    if (menu.end || (known != ways_.end() && known->second.distance != kNoWay)) break;
    path.push_back({at, known == ways_.end() ? steps(menu) : std::vector<Step>{}});
    while (!path.empty()) {
      std::vector<Step>& left = path.back().left;
      while (!left.empty() && !visited.insert(left.back().next).second) left.pop_back();
      if (!left.empty()) break;
      path.pop_back();
      if (!path.empty()) path.back().left.pop_back();
    }
    if (path.empty() || visited.size() > kStatesMax) return ways_[token_state] = {};
    at = path.back().left.back().next;
  }
  ways_.try_emplace(at, Way{0, kNoChoice});
  for (uint32_t distance = ways_[at].distance; !path.empty(); path.pop_back()) {
    distance += path.back().left.back().cost;
    ways_[path.back().at] = {distance, path.back().left.back().choice};
  }
  return ways_[token_state];
}

}  // namespace cadre::contract
