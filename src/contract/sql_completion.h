// Ways to the end of a statement from every token state of generate mode: how many bytes they take at most, consistently along the way.
//
// A way is searched depth first, led by what the program needs at least when nothing in scope matters (SqlTokens::bytes_at_least). It is good, not always
// shortest. All token states along a way that was found keep their part of it, and later ways join it; so a distance once given never changes
// and each step along its way gives the rest of it. A search over kStatesMax token states gives up, and that state is not offered to who has a budget.
// Thread safety: none; one per machine.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "contract/sql_tokens.h"

namespace cadre::contract {

class SqlCompletion {
 public:
  static constexpr uint32_t kNoWay = UINT32_MAX;
  static constexpr uint32_t kNoChoice = UINT32_MAX;
  struct Way {
    uint32_t distance = kNoWay;
    uint32_t choice = kNoChoice;  // the choice of the menu that it begins with; kNoChoice: the end, or an open token
  };

  explicit SqlCompletion(SqlTokens& tokens) : tokens_(tokens) {}
  Way way(uint32_t token_state);
  size_t size_bytes() const { return ways_.size() * 48; }
  // Bytes of the shortest open token of a class, its space included.
  static uint32_t least_size(const SqlMenu::Open& open);

 private:
  static constexpr size_t kStatesMax = 5'000;
  struct Step {
    uint64_t promise = 0;  // bytes of the token and what the program needs behind it; less is better
    uint32_t next = 0;     // token state
    uint32_t choice = 0;
    uint32_t cost = 0;
  };
  std::vector<Step> steps(const SqlMenu& menu);
  Way search(uint32_t token_state);

  SqlTokens& tokens_;
  std::unordered_map<uint32_t, Way> ways_;
};

}  // namespace cadre::contract
