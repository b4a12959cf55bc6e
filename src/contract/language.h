// Regular languages over bytes as expressions, and their deterministic automata built on demand by Brzozowski derivatives.
//
// A Language is an id in a LanguageTable; equal expressions (up to the usual similarity rules: associativity, commutativity and
// idempotence of | and &, units and zeros) have equal ids, so ids are the states of a DFA: `derivative(l, byte)` is the
// transition, `nullable(l)` tells whether l is a final state. Intersection and complement are operators like any other, which is what
// pattern AND length AND enum, and `not`, need. Complement is with respect to all byte strings; text is known to be UTF-8 by
// whoever feeds it.
// Idea: Brzozowski 1964; Owens, Reppy, Turon 2009 (similarity, derivative classes); hash-consing as in derivre.
// Errors: a table over its limits answers kLimit from the building functions; derivative() past `states_max` gives kLimitReached.
// Thread safety: none; one table per compiled contract, guarded by its owner.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "contract/regex.h"

namespace cadre::contract {

using Language = uint32_t;
using ByteSet = std::bitset<256>;

class LanguageTable {
 public:
  struct Limits {
    size_t nodes_max = 2'000'000;  // expressions in the table
  };
  LanguageTable();
  explicit LanguageTable(Limits limits);
  ~LanguageTable();
  LanguageTable(LanguageTable&&) noexcept;
  LanguageTable& operator=(LanguageTable&&) noexcept;

  // Constants: no string at all, the empty string alone, every string. They have the same ids in every table.
  static constexpr Language kNothing = 0, kEmptyString = 1, kEverything = 2;

  Language bytes(const ByteSet& set);
  Language literal(std::string_view text);
  Language code_points(const CodePointSet& set);  // UTF-8 sequences
  Language concat(Language a, Language b);
  Language alternate(std::vector<Language> parts);
  Language intersect(std::vector<Language> parts);
  Language complement(Language a);
  Language repeat(Language a, uint32_t low, uint32_t high);  // high may be kUnbounded
  // Any of many literals (an enum): built as a shared trie, not as an alternation of n expressions.
  Language literals(std::vector<std::string> texts);
  // Strings of `low` to `high` code points. Derivatives stay O(1) in size however large the bounds are.
  Language length(uint64_t low, uint64_t high);
  // Strings in which the pattern matches somewhere (ECMA search). Look-around and \b are rewritten where that is regular
  // (look-ahead at any position is; a look-behind is when it can be turned round), else Error kUnsupported that names it.
  Result<Language> from_regex(const Regex& regex);

  bool nullable(Language a) const;
  Language derivative(Language a, uint8_t byte);  // memoised
  // Does the language hold any string of well-formed UTF-8? Searches derivatives with a memo; after `steps_max` new states the
  // answer is unknown (nullopt).
  std::optional<bool> nonempty(Language a, size_t steps_max = 10'000);
  // The length in bytes of a shortest string, and one such string; nullopt when empty or not found within `steps_max` states.
  std::optional<std::string> shortest(Language a, size_t steps_max = 10'000);
  // Bytes b with derivative(a, b) == a.
  const ByteSet& self_loop(Language a);
  size_t size() const;
  size_t size_bytes() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace cadre::contract
