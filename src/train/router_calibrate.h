// Turns what a router did on texts that its training left out into calibration curves and thresholds.
//
// A curve is isotonic regression (pool adjacent violators; Zadrozny and Elkan 2002) of "the decision was right" on the raw score, over
// bins of equal size. Nothing here looks at a validation split. Thread safety: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "model/router.h"

namespace cadre::train {

// One left-out text.
struct RouterOutcome {
  float linear_raw = 0, both_raw = 0;  // the likeliest label's probability by the linear tier, by the average of both
  bool linear_right = false, both_right = false;  // in scope and the label is right
};

struct CalibrationOptions {
  float linear_share = 0.5f;
  double declined_right_max = 0.01;  // share of right decisions that the threshold may turn away
  double linear_risk_max = 0.005;    // share wrong of those that the linear tier decides alone
};

struct CalibrationReport {
  model::RouterCalibration calibration;
  size_t cases = 0;
  double risk = 0;         // share wrong among the texts not declined
  double coverage = 0;     // share of the texts not declined
  double linear_only = 0;  // share of the texts that the linear tier decides alone
};

model::CalibrationCurve fit_curve(std::vector<std::pair<float, bool>> scored);

CalibrationReport calibrate(std::span<const RouterOutcome> outcomes, const CalibrationOptions& options);

}  // namespace cadre::train
