// Probabilities as log-odds and back, with the same bits on every CPU.
//
// libm's log and exp differ between versions and instruction sets; these are fixed sequences of IEEE double operations (the build
// forbids fusing them) and exact scalings by powers of two, within 1e-9 relative. Thread safety: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace cadre::model {

double fixed_log(double x);  // of a finite x > 0
double fixed_exp(double x);  // x is held to [-700, 700]

// ln(p / (1 - p)), p held to [1e-5, 1 - 1e-5]: beyond, a calibrated probability says nothing.
double log_odds(double probability);
double probability_of(double log_odds);

}  // namespace cadre::model
