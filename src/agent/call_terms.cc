// SPDX-License-Identifier: Apache-2.0
#include "agent/call_terms.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/json_values.h"

namespace cadre::agent {

using base::Json;

Result<CallTerms> CallTerms::make(CallTermsOptions options) {
  for (const std::string& pointer : options.grounded) {
    if (!pointer.empty() && pointer[0] != '/')
      return Error{ErrorCode::kInvalid, fmt::format("\"{}\" is no JSON pointer; say \"\" or \"/member\"", pointer)};
  }
  CallTerms terms;
  auto before = Assertions::parse("before", options.before, {"call", "input"});
  if (!before.ok()) return std::move(before).error().with_context("before");
  auto after = Assertions::parse("after", options.after, {"call", "input", "result"});
  if (!after.ok()) return std::move(after).error().with_context("after");
  terms.before_ = std::move(*before);
  terms.after_ = std::move(*after);
  terms.options_ = std::move(options);
  return terms;
}

std::vector<Verdict> CallTerms::before_call(const Json& call, const Json& input, const Json& source) const {
  std::vector<Verdict> verdicts = check_own(call, source);
  for (Verdict& verdict : before_.check({{"call", &call}, {"input", &input}})) verdicts.push_back(std::move(verdict));
  return verdicts;
}

// Exclusions and grounding.
std::vector<Verdict> CallTerms::check_own(const Json& call, const Json& source) const {
  for (const Json& excluded : options_.excluded) {
    if (is_same_value(excluded, call)) return {{"excluded", false, "the contract excludes this call"}};
  }
  if (options_.grounded.empty()) return {};
  const auto read = GroundingSource::read(source, options_.grounding);
  if (!read.ok()) return {{"grounded", false, read.error().message}};
  for (const std::string& pointer : options_.grounded) {
    const Json* value = at_pointer(call, pointer);
    if (value == nullptr) continue;  // the schema says whether it must be there
    if (const auto checked = read->check(*value); !checked.ok())
      return {
          {"grounded", false, pointer.empty() ? checked.error().message : pointer + ": " + checked.error().message}};
  }
  return {{"grounded", true, ""}};
}

std::vector<Verdict> CallTerms::after_call(const Json& call, const Json& input, const Json& result) const {
  return after_.check({{"call", &call}, {"input", &input}, {"result", &result}});
}

}  // namespace cadre::agent
