// How often a call is right when the model says p: measured on questions that training never saw, and fitted so that it may be quoted.
//
// The fit is isotonic regression (pool adjacent violators; Zadrozny and Elkan 2002) over the raw probability of the best call against
// whether executing it gives the gold result, cut to a few points. The threshold is the lowest calibrated probability at which the
// share of wrong answers among those given stays below a stated risk.
// Thread safety: pure functions; the engine belongs to the caller's thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "engine/specialist_engine.h"
#include "train/sql_examples.h"

namespace cadre::forge {

// What executing one candidate showed.
struct CandidateOutcome {
  double probability = 0;  // raw
  bool finds_nothing = false;
  bool right = false;  // executing it gives the gold result
};

// One question: its candidates that execute, most probable first.
struct Outcome {
  double probability = 0;  // raw, of the best call
  bool right = false;
  std::vector<CandidateOutcome> candidates;
};

struct Calibration {
  std::vector<std::pair<double, double>> points;  // raw -> share right, both ascending
  double threshold = 0;                           // calibrated; below it the specialist abstains
  double risk = 0;                                // share wrong among answered, at the threshold, on the calibration questions
  double coverage = 0;                            // share answered there
  double accuracy = 0;                            // without abstaining
  double empty_keeps = 1;   // share of its probability that a candidate keeps when it finds nothing; chosen for accuracy
  double guided_accuracy = 0;  // without abstaining, when results may overrule the ranking so
  size_t cases = 0;
};

// Runs the best calls of every question. The engine's pack must not be calibrated yet.
Result<std::vector<Outcome>> collect_outcomes(engine::SpecialistEngine& engine, const train::SqlCorpus& corpus);

Calibration fit_calibration(std::vector<Outcome> outcomes, double risk_max);

base::Json to_json(const Calibration& calibration);

}  // namespace cadre::forge
