// Conditions that a cadre file puts before a call and after it, as verdicts: agent/expression.h over what the step knows.
//
// A condition that cannot be evaluated (a missing member, a text where a number is needed) has failed: it says why.
// Thread safety: immutable.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "agent/expression.h"
#include "agent/verdict.h"
#include "base/result.h"

namespace cadre::agent {

inline constexpr size_t kAssertionsMax = 64;

class Assertions {
 public:
  // `rule` is what their verdicts are called; `names` what they may refer to. kInvalid names the condition and the place in it.
  static Result<Assertions> parse(const std::string& rule, const std::vector<std::string>& conditions,
                                  const std::vector<std::string>& names);

  // One verdict for each, in order.
  std::vector<Verdict> check(const std::vector<ExpressionValue>& values) const;

 private:
  std::string rule_;
  std::vector<Expression> conditions_;
};

}  // namespace cadre::agent
