// SPDX-License-Identifier: Apache-2.0
#include "eval/case_half.h"

#include <fmt/format.h>

namespace cadre::eval {

Result<CaseHalf> case_half(const std::string& name) {
  if (name == "both") return CaseHalf::kBoth;
  if (name == "even") return CaseHalf::kEven;
  if (name == "odd") return CaseHalf::kOdd;
  return Error{ErrorCode::kInvalid, fmt::format("half \"{}\": say both, even or odd", name)};
}

}  // namespace cadre::eval
