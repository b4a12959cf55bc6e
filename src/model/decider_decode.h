// From the heads' scores to ranked calls.
//
// A call's probability is the product of its decisions' probabilities: select column, aggregate given the column, "unused" or an
// operator for every candidate condition, and the count of conditions; sets of conditions that contradict each other (overlapping
// words, two conditions on one column that are no range) are left out and the rest renormalised. The best calls are found with a beam over
// condition sets; ties are broken by order, so that the ranking is the same everywhere.
// Thread safety: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "contract/sql_task.h"
#include "model/decider_input.h"

namespace cadre::model {

// Raw scores; entries of columns and candidates that were left out of the input are below -1e29.
struct DeciderOutputs {
  std::vector<float> columns;     // [columns, 16]: select score, then 6 aggregate logits
  std::vector<float> candidates;  // [candidates, 16]: unused, then CompareOp
  std::vector<float> question;    // [16]: 5 count classes, answerable
  std::vector<float> tokens;      // [tokens, 16]: span begins, span ends
};

struct RankedCall {
  contract::SqlCall call;
  double probability = 0;
};

std::vector<RankedCall> rank_calls(const contract::TableSchema& schema, const contract::SqlTask& task, const DeciderOutputs& outputs,
                                   size_t calls_max);

// Spans of question words that the token head reads as a value, most probable first; at least `probability_min`.
std::vector<contract::WordSpan> proposed_spans(const DeciderInput& input, const DeciderOutputs& outputs, double probability_min,
                                               size_t spans_max);

double answerable_probability(const DeciderOutputs& outputs);

}  // namespace cadre::model
