// A recorded run held against what its specialists say today: every local step made again from the journal, and its bytes compared.
//
// For each record that answers a question (a plan, an attempt, verdicts, an answer) the state before it is folded from the records, the
// question is asked again of the specialist, and the two answers are compared as JSON without times. Tools are not called again: what they
// returned is taken from the record. What a remote model said is taken from the record, too, and marked so.
//
// Planning is compared where all its tiers are local. Thread safety: as the specialists.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/live_run.h"
#include "base/result.h"
#include "store/journal.h"

namespace cadre::agent {

enum class ReplayOutcome : uint8_t {
  kEqual,
  kDifferent,
  kRecorded,  // not made again: a tool's return, a person's decision, a remote model's words
};
const char* replay_outcome_name(ReplayOutcome outcome);  // "equal", "different", "recorded"

struct ReplayedRecord {
  int64_t sequence = 0;
  std::string kind;
  std::string step;  // empty: the whole run
  ReplayOutcome outcome = ReplayOutcome::kRecorded;
  std::string recorded, now;  // where they differ, as JSON, cut to kReplayShownMax around the first difference
};

inline constexpr size_t kReplayShownMax = 200;

// With the specialists, of the same identities, that the run was planned with: kInvalid where they are others. With `with_others` any of the
// same names will do: the differences are what they would have done in the run's place, as long as that took the same course.
Result<std::vector<ReplayedRecord>> replay_records(const store::Journal& journal, const store::RunId& run,
                                                   const Specialists& specialists, const Planner& planner,
                                                   bool with_others);

}  // namespace cadre::agent
