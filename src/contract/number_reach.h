// Can a JSON number that begins like this still become one of the values wanted?
//
// The values wanted are pieces of the number line. What a text can still become: more digits may follow, and an exponent that moves the point anywhere, so
// "2" can still be 0.2 (2e-1) and 20, but no integer of at most 1; in an exponent the digits are fixed and it alone still grows.
// The answer is exact but for three things, where it is yes: numbers of more than 36 digits in units of `step`, steps of more than 18 digits, and that a
// machine reads at most kNumberSizeBytesMax bytes of a number.
// Thread safety: stateless.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "contract/decimal.h"

namespace cadre::contract {

// Values between two bounds, of them the multiples of `step`. A single value: both bounds, closed.
struct NumberPiece {
  std::optional<Decimal> low, high;  // none: no bound
  bool low_open = false, high_open = false;
  Decimal step;        // zero: any value
  bool plain = false;  // spelt without fraction and exponent
};

// `begun`: not empty, and some JSON number begins like it.
bool number_can_reach(const std::vector<NumberPiece>& wanted, std::string_view begun);

// A step whose multiples are multiples of both; if that has more than 18 digits, the greater of the two. Zero: no demand.
Decimal common_step(const Decimal& a, const Decimal& b);

}  // namespace cadre::contract
