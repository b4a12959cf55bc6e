// SPDX-License-Identifier: Apache-2.0
#include "agent/assertions.h"

#include <fmt/format.h>

#include <utility>

namespace cadre::agent {

Result<Assertions> Assertions::parse(const std::string& rule, const std::vector<std::string>& conditions,
                                     const std::vector<std::string>& names) {
  if (conditions.size() > kAssertionsMax)
    return Error{ErrorCode::kLimit, fmt::format("{} conditions; at most {}", conditions.size(), kAssertionsMax)};
  Assertions assertions;
  assertions.rule_ = rule;
  for (const std::string& condition : conditions) {
    auto expression = Expression::parse(condition, names);
    if (!expression.ok()) return std::move(expression).error().with_context(fmt::format("condition \"{}\"", condition));
    assertions.conditions_.push_back(std::move(*expression));
  }
  return assertions;
}

std::vector<Verdict> Assertions::check(const std::vector<ExpressionValue>& values) const {
  std::vector<Verdict> verdicts;
  for (const Expression& condition : conditions_) {
    const auto holds = condition.holds(values);
    Verdict verdict{rule_, holds.ok() && *holds, condition.text()};
    if (!holds.ok()) verdict.evidence += ": " + holds.error().message;
    verdicts.push_back(std::move(verdict));
  }
  return verdicts;
}

}  // namespace cadre::agent
