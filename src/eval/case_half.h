// Half of a suite's cases, by their number from 0: what is tuned on one half is reported on the other.
// Thread safety: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.h"

namespace cadre::eval {

enum class CaseHalf : uint8_t { kBoth, kEven, kOdd };
Result<CaseHalf> case_half(const std::string& name);  // "both", "even", "odd"

constexpr bool is_in_half(CaseHalf half, size_t number) {
  return half == CaseHalf::kBoth || (number % 2 == 1) == (half == CaseHalf::kOdd);
}

}  // namespace cadre::eval
