// All that the agent sees of inference: attempt(task) -> ranked candidates with probabilities.
//
// Deciders stand behind this interface, later generators, remote endpoints and scripted engines of tests do too; the agent does not
// know which. A candidate is always inside the contract: it was assembled from the task's decision points.
// Thread safety: an engine belongs to one thread at a time; several engines may share one set of weights.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "contract/sql_task.h"
#include "contract/table.h"

namespace cadre::engine {

// Where the time of one attempt went, in nanoseconds.
struct AttemptTimings {
  int64_t features_ns = 0;  // tokenising, links
  int64_t encoder_ns = 0;
  int64_t heads_ns = 0;
};

struct SqlCandidate {
  contract::SqlCall call;
  double probability = 0;  // calibrated share of answerable cases like this one in which the call is right; sums to at most 1 over candidates
};

struct SqlAttempt {
  std::vector<SqlCandidate> candidates;  // most probable first, all distinct
  // How sure the model is that the question asks for something one table and this form of SELECT can answer (1 where not trained).
  double answerable = 1;
  // Words that the model reads as a value but that no candidate condition covers ("Atlantis" where no cell says so).
  std::vector<contract::WordSpan> unmatched_values;
  AttemptTimings timings;
};

class SpecialistEngine {
 public:
  virtual ~SpecialistEngine() = default;
  virtual std::string name() const = 0;  // of the pack, with version
  virtual Result<SqlAttempt> attempt_sql(const contract::Table& table, const contract::SqlTask& task, size_t candidates_max) = 0;
};

}  // namespace cadre::engine
