// The search: every node is a function from a set of positions to the set of positions where its matches can end (or, run
// backwards, begin). Such functions distribute over unions, so one pass per node serves all starts at once.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>
#include <map>
#include <numeric>

#include "base/utf8.h"
#include "contract/regex.h"

namespace cadre::contract {
namespace {

using Positions = std::vector<uint32_t>;  // sorted, each once
enum class Direction : uint8_t { kForward, kBackward };

std::vector<char32_t> code_points(std::string_view text) {
  std::vector<char32_t> out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const auto [code, size_bytes] = base::decode_utf8(text, i);
    out.push_back(size_bytes == 0 ? base::kReplacementCharacter : code);
    i += std::max<uint32_t>(size_bytes, 1);
  }
  return out;
}

class Search {
 public:
  Search(const std::vector<RegexNode>& nodes, std::string_view text) : nodes_(nodes), text_(code_points(text)) {}

  bool matches(uint32_t root) { return !move(root, all(), Direction::kForward).empty(); }
  bool over_limit() const { return steps_ > kRegexSearchStepsMax; }

 private:
  Positions all() const {
    Positions out(text_.size() + 1);
    std::iota(out.begin(), out.end(), 0u);
    return out;
  }

  Positions move(uint32_t index, const Positions& from, Direction direction) {
    steps_ += from.size() + 1;
    if (from.empty() || over_limit()) return {};
    const RegexNode& node = nodes_[index];
    switch (node.kind) {
      case RegexKind::kEmpty:
        return from;
      case RegexKind::kSet:
        return step(node.set, from, direction);
      case RegexKind::kConcat:
        return concat(node, from, direction);
      case RegexKind::kAlternate:
        return alternate(node, from, direction);
      case RegexKind::kRepeat:
        return repeat(node, from, direction);
      case RegexKind::kBegin:
        return filter(from, [](uint32_t position) { return position == 0; });
      case RegexKind::kEnd:
        return filter(from, [this](uint32_t position) { return position == text_.size(); });
      case RegexKind::kWordBoundary:
        return filter(from, [this](uint32_t position) { return is_boundary(position); });
      case RegexKind::kNotWordBoundary:
        return filter(from, [this](uint32_t position) { return !is_boundary(position); });
      default:
        return look(index, from);
    }
  }

  template <class Predicate>
  static Positions filter(const Positions& from, Predicate keep) {
    Positions out;
    std::copy_if(from.begin(), from.end(), std::back_inserter(out), keep);
    return out;
  }

  bool is_word(size_t position) const { return position < text_.size() && contains(word_set(), text_[position]); }
  bool is_boundary(uint32_t position) const { return (position > 0 && is_word(position - 1)) != is_word(position); }

  Positions step(const CodePointSet& set, const Positions& from, Direction direction) const {
    Positions out;
    for (const uint32_t position : from) {
      if (direction == Direction::kForward) {
        if (position < text_.size() && contains(set, text_[position])) out.push_back(position + 1);
      } else if (position > 0 && contains(set, text_[position - 1])) {
        out.push_back(position - 1);
      }
    }
    return out;
  }

  Positions concat(const RegexNode& node, Positions at, Direction direction) {
    const size_t count = node.children.size();
    for (size_t i = 0; i < count && !at.empty(); ++i)
      at = move(node.children[direction == Direction::kForward ? i : count - 1 - i], at, direction);
    return at;
  }

  Positions alternate(const RegexNode& node, const Positions& from, Direction direction) {
    Positions out;
    for (const uint32_t child : node.children) {
      const auto branch = move(child, from, direction);
      Positions both;
      both.reserve(out.size() + branch.size());
      std::set_union(out.begin(), out.end(), branch.begin(), branch.end(), std::back_inserter(both));
      out = std::move(both);
    }
    return out;
  }

  Positions repeat(const RegexNode& node, const Positions& from, Direction direction) {
    const uint32_t child = node.children[0];
    Positions at = from;
    // A set that the child maps to itself stays; the positions that k rounds reach grow from k = length on, so this ends
    // after twice the length at the latest.
    for (uint32_t round = 0; round < node.low && !at.empty(); ++round) {
      auto next = move(child, at, direction);
      if (next == at) break;
      at = std::move(next);
    }
    return close(child, std::move(at), node.high == kUnbounded ? kUnbounded : node.high - node.low, direction);
  }

  // Positions reached in up to `rounds` rounds, breadth first: who is found early has the most rounds left.
  Positions close(uint32_t child, Positions frontier, uint32_t rounds, Direction direction) {
    if (rounds == 0 || frontier.empty()) return frontier;
    std::vector<bool> seen(text_.size() + 1);
    Positions out = frontier;
    for (const uint32_t position : frontier) seen[position] = true;
    for (uint32_t round = 0; round < rounds && !frontier.empty(); ++round) {
      frontier = filter(move(child, frontier, direction), [&](uint32_t position) { return !seen[position]; });
      for (const uint32_t position : frontier) seen[position] = true;
      out.insert(out.end(), frontier.begin(), frontier.end());
    }
    std::sort(out.begin(), out.end());
    return out;
  }

  // Where the look-around holds does not depend on who asks: worked out once, for every position.
  Positions look(uint32_t index, const Positions& from) {
    const RegexNode& node = nodes_[index];
    auto found = looks_.find(index);
    if (found == looks_.end()) {
      const bool is_ahead = node.kind == RegexKind::kLookAhead || node.kind == RegexKind::kNegativeLookAhead;
      const auto holds = move(node.children[0], all(), is_ahead ? Direction::kBackward : Direction::kForward);
      found = looks_.emplace(index, std::vector<bool>(text_.size() + 1)).first;
      for (const uint32_t position : holds) found->second[position] = true;
    }
    const bool wanted = node.kind == RegexKind::kLookAhead || node.kind == RegexKind::kLookBehind;
    return filter(from, [&](uint32_t position) { return found->second[position] == wanted; });
  }

  const std::vector<RegexNode>& nodes_;
  std::vector<char32_t> text_;
  std::map<uint32_t, std::vector<bool>> looks_;
  size_t steps_ = 0;
};

}  // namespace

Result<bool> Regex::search(std::string_view text) const {
  if (text.size() >= UINT32_MAX) return Error{ErrorCode::kLimit, "regular expression: the text is over 4 GiB"};
  Search search(nodes_, text);
  const bool found = search.matches(root_);
  if (search.over_limit()) {
    return Error{ErrorCode::kLimit, "regular expression \"" + pattern_.substr(0, 200) +
                                        "\": too much work on a text of " + std::to_string(text.size()) + " bytes"};
  }
  return found;
}

}  // namespace cadre::contract
