// What is held of a call beyond its schemas: calls that are never made, places whose figures must stand in the input, conditions before and after.
//
//   excluded   the call is one of those that are never made
//   grounded   every figure in the named places stands in what the call was made from (agent/grounding.h)
//   before     conditions over "call" and "input"
//   after      conditions over "call", "input" and "result"
//
// Thread safety: immutable.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "agent/assertions.h"
#include "agent/grounding.h"
#include "base/json.h"
#include "base/result.h"

namespace cadre::agent {

struct CallTermsOptions {
  std::vector<std::string> before;
  std::vector<std::string> after;
  std::vector<base::Json> excluded;
  std::vector<std::string> grounded;  // JSON pointers into the call; "": all of it
  GroundingOptions grounding;
};

class CallTerms {
 public:
  // kInvalid: a condition that cannot be read, what is no JSON pointer.
  static Result<CallTerms> make(CallTermsOptions options);

  // `source`: the part of the input that figures must stand in.
  std::vector<Verdict> before_call(const base::Json& call, const base::Json& input, const base::Json& source) const;
  std::vector<Verdict> after_call(const base::Json& call, const base::Json& input, const base::Json& result) const;

 private:
  std::vector<Verdict> check_own(const base::Json& call, const base::Json& source) const;

  CallTermsOptions options_;
  Assertions before_, after_;
};

}  // namespace cadre::agent
