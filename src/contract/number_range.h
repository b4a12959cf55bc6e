// Numbers between two bounds, each perhaps left out itself: what the bounds of one or several schemas leave. Plain values.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "contract/decimal.h"
#include "contract/schema.h"

namespace cadre::contract {

struct NumberBound {
  Decimal value;
  bool is_open = false;  // the bound itself is left out
};

struct NumberRange {
  std::optional<NumberBound> low, high;  // none: endless

  // What holds of both.
  void add(const SchemaNode& node) {
    if (node.minimum) raise({*node.minimum, false});
    if (node.exclusive_minimum) raise({*node.exclusive_minimum, true});
    if (node.maximum) lower({*node.maximum, false});
    if (node.exclusive_maximum) lower({*node.exclusive_maximum, true});
  }

  bool starts_within(const NumberRange& other) const { return !other.low || (low && is_as_tight(*low, *other.low, 1)); }
  bool ends_within(const NumberRange& other) const {
    return !other.high || (high && is_as_tight(*high, *other.high, -1));
  }
  // No number is in both, as the other one ends first.
  bool is_above(const NumberRange& other) const {
    if (!low || !other.high) return false;
    const int order = low->value.compare(other.high->value);
    return order > 0 || (order == 0 && (low->is_open || other.high->is_open));
  }

 private:
  static bool is_as_tight(const NumberBound& bound, const NumberBound& other, int sign) {
    const int order = bound.value.compare(other.value) * sign;
    return order > 0 || (order == 0 && (bound.is_open || !other.is_open));
  }
  void raise(const NumberBound& bound) {
    if (!low || is_as_tight(bound, *low, 1)) low = bound;
  }
  void lower(const NumberBound& bound) {
    if (!high || is_as_tight(bound, *high, -1)) high = bound;
  }
};

}  // namespace cadre::contract
