// Numbers that sum up a suite: percentiles, and how risk falls as a specialist abstains more.
//
// Risk–coverage (Geifman and El-Yaniv 2017, arXiv:1705.08500): answer the share `coverage` of the cases with the
// highest confidence; `risk` is the share of wrong ones among them. Cases of equal confidence are answered together.
// Thread safety: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace cadre::eval {

// Nearest rank; 0 for no values. `share` in (0, 1].
double percentile(std::vector<double> values, double share);

struct Outcome {
  double confidence = 0;
  bool is_correct = false;
  bool is_abstained = false;  // never answered, whatever the threshold
};

class RiskCoverage {
 public:
  explicit RiskCoverage(std::vector<Outcome> outcomes);
  // Mean risk over all coverages up to that of the cases that are answered at all; 0 if there are none. Lower is
  // better.
  double area() const;
  // The largest coverage at which the risk is at most `risk`.
  double coverage_at(double risk) const;
  // The risk when the most confident `coverage` of the cases are answered; none where fewer are answered at all.
  std::optional<double> risk_at(double coverage) const;
  // Mean of |confidence - share of correct| over ten bins of confidence, weighted by their cases (ECE, Guo et al.
  // 2017).
  double calibration_error() const;

 private:
  struct Point {
    double coverage;
    double risk;
  };
  std::vector<Outcome> answered_;  // most confident first
  std::vector<Point> points_;      // one per distinct confidence
  size_t case_count_;
};

}  // namespace cadre::eval
