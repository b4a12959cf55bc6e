// Regular expressions as JSON Schema uses them (ECMA-262, unicode mode, `u` flag), parsed once into a tree.
//
// Two consumers, independent of each other: `Regex::search` here (sets of positions moved through the tree; the validator's), and
// the automata that constrain decoding (contract/language.h), which are built from the tree.
// Read: alternation, concatenation, * + ? {n} {n,} {n,m} and their lazy forms (laziness does not change a language), groups
// (capturing, non-capturing, named), classes with ranges and negation, \d \D \w \W \s \S (ECMA meanings: \d is [0-9], \w is
// [A-Za-z0-9_], \s has the unicode spaces), \b \B, ^ $, . (no line terminators), escapes \t \n \v \f \r \0 \cX \xHH \uHHHH \u{H+}
// with surrogate pairs, \p{..}/\P{..} for general categories by short or long name (L, Lu, Letter, Nd, digit, ..), Any,
// ASCII and Assigned, look-ahead and look-behind as nodes. What real schemas have against the u flag is forgiven as annex B
// does: an identity escape of a letter means that letter; ] } and a { that begins no bound mean themselves; a - beside a
// class escape means itself. Refused by name with the position: back-references, unknown \p names (scripts among
// them), unbalanced groups, inline flags, a bound over kRegexRepeatMax, more than kRegexNodesMax nodes, nesting over kRegexDepthMax.
// Thread safety: immutable after parse.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "contract/code_points.h"

namespace cadre::contract {

inline constexpr uint32_t kRegexRepeatMax = 100'000;
inline constexpr size_t kRegexNodesMax = 20'000;
inline constexpr size_t kRegexDepthMax = 250;
inline constexpr uint32_t kUnbounded = UINT32_MAX;
// Positions visited by one search, all nodes together: about 0.3 s of work.
inline constexpr size_t kRegexSearchStepsMax = 30'000'000;

enum class RegexKind : uint8_t {
  kEmpty,              // the empty string
  kSet,                // one code point out of `set` (which may be empty: matches nothing)
  kConcat,             // children in order
  kAlternate,          // one of the children
  kRepeat,             // children[0], `low` to `high` times (kUnbounded: no limit)
  kBegin,              // ^
  kEnd,                // $
  kWordBoundary,       // \b
  kNotWordBoundary,    // \B
  kLookAhead,          // (?=child)
  kNegativeLookAhead,  // (?!child)
  kLookBehind,         // (?<=child)
  kNegativeLookBehind  // (?<!child)
};

struct RegexNode {
  RegexKind kind = RegexKind::kEmpty;
  CodePointSet set;
  std::vector<uint32_t> children;  // indices into Regex::nodes(), always smaller than this node's own
  uint32_t low = 0, high = 0;
};

class Regex {
 public:
  static Result<Regex> parse(std::string_view pattern);

  const std::string& pattern() const { return pattern_; }
  const std::vector<RegexNode>& nodes() const { return nodes_; }
  uint32_t root() const { return root_; }

  // Does the pattern match somewhere in `text` (UTF-8)? A node moves a whole set of positions at once, so there is no
  // backtracking. Error kLimit after kRegexSearchStepsMax positions.
  Result<bool> search(std::string_view text) const;

 private:
  std::string pattern_;
  std::vector<RegexNode> nodes_;
  uint32_t root_ = 0;
};

}  // namespace cadre::contract
