// Regular expressions as JSON Schema uses them (ECMA-262, unicode mode, `u` flag), parsed once into a tree.
//
// Two consumers, independent of each other: `Regex::search` here (a simulation over positions; the validator's), and the
// automata that constrain decoding (contract/language.h), which are built from the tree.
// Read: alternation, concatenation, * + ? {n} {n,} {n,m} and their lazy forms (laziness does not change a language), groups
// (capturing, non-capturing, named), classes with ranges and negation, \d \D \w \W \s \S (ECMA meanings: \d is [0-9], \w is
// [A-Za-z0-9_], \s has the unicode spaces), \b \B, ^ $, . (no line terminators), escapes \t \n \v \f \r \0 \cX \xHH \uHHHH \u{H+}
// with surrogate pairs, \p{..}/\P{..} for general categories (from the unicode library), script names L/Lu/Ll/N/Nd/P/..., look-ahead
// and look-behind as nodes. An identity escape of a letter is forgiven as that letter, since real schemas have them
// (annex B). Refused by name with the position: back-references, unknown \p names, unbalanced groups, a bound over
// kRegexRepeatMax, more than kRegexNodesMax nodes, nesting over kRegexDepthMax.
// Thread safety: immutable after parse.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cadre::contract {

inline constexpr uint32_t kRegexRepeatMax = 100'000;
inline constexpr size_t kRegexNodesMax = 20'000;
inline constexpr size_t kRegexDepthMax = 250;
inline constexpr uint32_t kUnbounded = UINT32_MAX;

// Sorted, disjoint, non-adjacent ranges of code points, both ends included. Surrogates are never in one.
struct CodePointRange {
  char32_t low = 0, high = 0;
  friend bool operator==(const CodePointRange&, const CodePointRange&) = default;
};
using CodePointSet = std::vector<CodePointRange>;

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

  // Does the pattern match somewhere in `text` (UTF-8)? Work is bounded by memoising (node, position): no catastrophic
  // backtracking. Error kLimit when nodes x length is over a stated bound.
  Result<bool> search(std::string_view text) const;

 private:
  std::string pattern_;
  std::vector<RegexNode> nodes_;
  uint32_t root_ = 0;
};

}  // namespace cadre::contract
