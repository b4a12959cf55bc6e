// Contracts held to their promises at random: masks against trying every token, machine against validator, walks against their budget.
//
// For each schema of a folder (eval/maskbench_suite.h), with quotas that add up to the numbers asked for:
//   masks      along valid documents and random ways, in both modes, the mask is compared with what advance() takes, token by token;
//   instances  documents written by the machine, valid and invalid ones of the file, mutations of all these (in their structure and in their bytes), random
//              values out of the schema's own names and constants: machine and validator must say the same;
//   walks      random tokens of the masks under random budgets from the shortest document on: each must end, within its budget, in a
//              document that the validator takes.
// Vocabularies are small and made anew for each schema: every byte, pieces of the file, and tokens of the given vocabulary, since trying
// every token of a large one costs a tenth of a second per state; `full_every` states are compared over the whole of it all the same.
// What went wrong is in `failures`, each with the schema's file and the text. Deterministic for a seed, whatever the number of threads.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"

namespace cadre::eval {

struct ContractCheckOptions {
  std::string data;
  std::vector<std::string> tokens;  // by id; may be empty
  size_t states = 10'000;           // masks compared
  size_t instances = 10'000;
  size_t walks = 1'000;
  size_t full_every = 0;  // one state in so many is compared over the whole vocabulary; 0: none
  size_t every = 1;       // each so many-th schema
  uint64_t seed = 1;
  size_t threads = 1;
  size_t failures_max = 100;
  std::function<void(size_t done, size_t all)> on_progress;  // called from any thread, one at a time
};

struct ContractCheckReport {
  size_t schemas = 0, schemas_generating = 0;
  size_t states = 0, states_full = 0, tokens_tried = 0, masks_wrong = 0;
  size_t instances = 0, instances_valid = 0, instances_without_answer = 0, disagreements = 0;
  size_t walks = 0, walk_tokens = 0, walks_invalid = 0, walks_stuck = 0, walks_over_budget = 0;
  std::vector<std::string> failures;

  ContractCheckReport& operator+=(const ContractCheckReport& other);
};

Result<ContractCheckReport> check_contracts(const ContractCheckOptions& options);

}  // namespace cadre::eval
