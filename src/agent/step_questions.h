// What a step asks of its specialist, taken out of the state of its run: the same whether the run is being carried out or replayed.
//
// Thread safety: a question is a value of its own; asking is as the specialist.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/plan_run.h"
#include "agent/planner.h"
#include "base/cancel.h"
#include "base/json.h"

namespace cadre::agent {

// Copied, so that the state may go on.
struct StepQuestion {
  StepQuestion(const RunState& state, size_t step, const CheckedSpecialist& specialist);

  StepTask task() const { return {instruction, input, refused, feedback}; }

  size_t step = 0;
  const CheckedSpecialist* specialist = nullptr;
  std::string instruction;
  base::Json input;
  std::vector<base::Json> refused;
  std::optional<Error> feedback;
  int64_t attempts = 0;
  StepPolicy policy;
  Candidate candidate;  // the one being judged
  base::Json result;    // of its call
};

AttemptReturned ask_attempt(const StepQuestion& question, const Attempt& effect, const base::Cancel* cancel);
// Makes the call, with its key. What cannot be recorded is an error, or of a call that changed something a result that says so.
CallReturned ask_tool(const StepQuestion& question, const Assignment& assignment, const std::string& key,
                      const base::Cancel* cancel);
CallVerified ask_call_verdicts(const StepQuestion& question);
ResultVerified ask_result_verdicts(const StepQuestion& question);

// The answer of a run whose steps are all done: the steps that nobody waits for say it, each in its own words; every step says where its
// part comes from. Requires that the specialists of all steps are there.
AnswerComposed compose_answer_of(const RunState& state, const Specialists& specialists);

}  // namespace cadre::agent
