// Sets of Unicode code points: normal form, complement, and the named ones of regular expressions.
//
// A set in normal form is sorted, its ranges neither touch nor overlap and hold no surrogates. Functions take any ranges and
// give back the normal form. Thread safety: pure functions; the category tables are built once, on first use (about 10 ms).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

namespace cadre::contract {

// Both ends included.
struct CodePointRange {
  char32_t low = 0, high = 0;
  friend bool operator==(const CodePointRange&, const CodePointRange&) = default;
};
using CodePointSet = std::vector<CodePointRange>;

CodePointSet normalize(CodePointSet ranges);
CodePointSet negate(const CodePointSet& set);           // REQUIRES normal form
bool contains(const CodePointSet& set, char32_t code);  // REQUIRES normal form

const CodePointSet& digit_set();  // \d: [0-9]
const CodePointSet& word_set();   // \w: [A-Za-z0-9_]
const CodePointSet& space_set();  // \s: ECMA white space and line terminators
const CodePointSet& dot_set();    // . : all but line terminators

// What stands between the braces of \p{..}: a general category by short or long name, perhaps after "gc=" or
// "General_Category=", or Any, ASCII, Assigned. Null when there is no such name here.
const CodePointSet* property_set(std::string_view name);

}  // namespace cadre::contract
