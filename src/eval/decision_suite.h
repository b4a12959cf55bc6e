// Decision walks over a folder of MaskBench files: do random choices always end in a valid document, and which instances can be chosen?
//
// Random walks choose uniformly, with the texts and numbers of the file's instances as input; where nothing in it fits, the shortest value that
// the contract allows is supplied. Guided walks choose what a valid instance says, with that instance's own texts as input, one per line. Each
// document is validated by contract/schema_validate.h.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "contract/decision_points.h"

namespace cadre::eval {

struct DecisionSuiteOptions {
  std::string data;
  size_t walks = 3;  // random, per schema
  uint64_t seed = 1;
  bool number_words = true;  // the instance's numbers are in the input too
  std::string split;         // only files of this split; empty: all
  contract::DecisionOptions decisions;
  std::function<void(size_t done, size_t all)> on_progress;  // may be empty
};

struct DecisionCount {
  size_t schemas = 0, compiled = 0;
  size_t walks = 0, done = 0, invalid = 0;  // done: ended; invalid: ended and refused by the validator
  size_t without_supply = 0;                // done by choices alone
  size_t decisions = 0, supplied = 0;
  size_t instances = 0, reached = 0;  // valid instances of compiled schemas
  DecisionCount& operator+=(const DecisionCount& other);
};

struct DecisionReport {
  std::map<std::string, DecisionCount> splits;
  DecisionCount total;
  std::map<std::string, size_t> missed;  // instances by the decision that did not offer what they say
  std::vector<std::string>
      complaints;  // "file: walk 2: stuck: reason"; behind those, "file: instance not reached: enum"
};

Result<DecisionReport> run_decision_suite(const DecisionSuiteOptions& options);

}  // namespace cadre::eval
