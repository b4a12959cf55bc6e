// How well a router did on labelled cases: the figures of the intents suite and of a pack's evaluation card.
// Thread safety: pure functions. Source of the two headline figures: Larson et al. 2019 (CLINC150), with one difference: an abstention
// on an in-scope case is wrong here.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/json.h"

namespace cadre::model {

struct RouterCase {
  int32_t label = -1;      // true label, -1: out of scope
  uint32_t predicted = 0;  // the likeliest label, also when abstaining
  float probability = 0;   // that it is right; ranks cases for the AUROC
  bool abstained = false;
};

struct RouterScores {
  size_t cases = 0, in_scope = 0, out_of_scope = 0, abstained = 0;
  double in_scope_accuracy = 0;    // right and not abstained, of in-scope cases
  double forced_accuracy = 0;      // as if it never abstained
  double out_of_scope_recall = 0;  // abstained, of out-of-scope cases
  double auroc = 0;  // chance that an in-scope case is more probable than an out-of-scope one; 0 if one kind is absent
  double macro_f1 = 0;  // mean F1 over labels that occur in the cases; an abstention is no prediction
};

// The chance that a scored case of which `second` holds is above one of which it does not, ties in the middle; nullopt if one kind is absent.
std::optional<double> area_under_curve(std::vector<std::pair<double, bool>> scored);

RouterScores score_cases(std::span<const RouterCase> cases);

// One flat object.
base::Json to_json(const RouterScores& scores);

}  // namespace cadre::model
