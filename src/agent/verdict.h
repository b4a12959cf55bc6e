// What one verifier says of one candidate.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace cadre::agent {

// What a failed verdict means for the candidate.
enum class Severity : uint8_t {
  kReject,  // the call is wrong: it may never be executed again in this run
  kDoubt,   // the call may be right, but less probably so than the specialist thought
};

struct Verdict {
  std::string rule;  // "contract", "read_only", "executes", "non_empty", "learned", "confidence"
  bool passed = false;
  std::string evidence;  // what was seen, for people
  Severity severity = Severity::kReject;
  // By which factor the odds of the call being right change. Not said: 1 if it passed, else what
  // the policy keeps of a doubted call (StepPolicy::doubt_keeps).
  std::optional<double> weight = std::nullopt;
  bool operator==(const Verdict&) const = default;
};

}  // namespace cadre::agent
