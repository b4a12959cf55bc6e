// A pattern and a text, split at the first zero byte: parsing gives an Error or a tree in order, and searching gives an answer or
// the limit, never a crash or a hang. The pattern wrapped in a group must give the same answer.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "contract/regex.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using cadre::contract::Regex;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t zero = std::min(input.find('\0'), input.size());
  const auto pattern = input.substr(0, zero);
  const auto text = input.substr(std::min(zero + 1, input.size())).substr(0, 200);
  const auto regex = Regex::parse(pattern);
  if (!regex.ok()) return 0;
  const auto& nodes = regex->nodes();
  CADRE_CHECK(regex->root() < nodes.size(), "the root is a node");
  for (size_t i = 0; i < nodes.size(); ++i) {
    for (const uint32_t child : nodes[i].children) CADRE_CHECK(child < i, "children come before their parents");
    for (size_t k = 1; k < nodes[i].set.size(); ++k)
      CADRE_CHECK(nodes[i].set[k - 1].high + 1 < nodes[i].set[k].low, "sets are in normal form");
  }
  const auto found = regex->search(text);
  const auto wrapped = Regex::parse("(?:" + std::string(pattern) + ")");
  if (!found.ok() || !wrapped.ok()) return 0;
  const auto again = wrapped->search(text);
  CADRE_CHECK(!again.ok() || *again == *found, "a group around a pattern changes nothing");
  return 0;
}
