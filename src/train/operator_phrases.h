// Rewrites a question so that it asks with another comparison: the training data has only "=", ">" and "<".
//
// "more than 5" becomes "at least 5" or "5 or more" (>=); "less than 5" becomes "at most 5" (<=); a plain value gets "other than" or
// "not" in front (<>). Thread safety: pure function.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/random.h"
#include "contract/sql_call.h"

namespace cadre::train {

struct RewrittenQuestion {
  std::string question;
  contract::CompareOp op;
};

// [begin, end) are the bytes of the value in the question, `op` its operator. nullopt where no phrase to replace is found.
std::optional<RewrittenQuestion> rewrite_operator(const std::string& question, uint32_t begin, uint32_t end, contract::CompareOp op,
                                                  base::Random& random);

}  // namespace cadre::train
