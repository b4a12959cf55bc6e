// SPDX-License-Identifier: Apache-2.0
#include "eval/metrics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <utility>

namespace cadre::eval {

double percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const auto rank = static_cast<size_t>(std::ceil(share * static_cast<double>(values.size())));
  return values[std::clamp<size_t>(rank, 1, values.size()) - 1];
}

RiskCoverage::RiskCoverage(std::vector<Outcome> outcomes)
    : answered_(std::move(outcomes)), case_count_(answered_.size()) {
  std::erase_if(answered_, [](const Outcome& outcome) { return outcome.is_abstained; });
  std::stable_sort(answered_.begin(), answered_.end(),
                   [](const Outcome& a, const Outcome& b) { return a.confidence > b.confidence; });
  size_t wrong = 0;
  for (size_t i = 0; i < answered_.size(); ++i) {
    wrong += answered_[i].is_correct ? 0 : 1;
    const bool is_last_of_equals = i + 1 == answered_.size() || answered_[i + 1].confidence < answered_[i].confidence;
    if (!is_last_of_equals) continue;
    const auto answered = static_cast<double>(i + 1);
    points_.push_back({answered / static_cast<double>(case_count_), static_cast<double>(wrong) / answered});
  }
}

double RiskCoverage::area() const {
  double area = 0;
  double coverage = 0;
  for (const Point& point : points_) {
    area += point.risk * (point.coverage - coverage);
    coverage = point.coverage;
  }
  return coverage > 0 ? area / coverage : 0;
}

double RiskCoverage::coverage_at(double risk) const {
  double coverage = 0;
  for (const Point& point : points_) {
    if (point.risk <= risk) coverage = point.coverage;
  }
  return coverage;
}

std::optional<double> RiskCoverage::risk_at(double coverage) const {
  const auto reached = std::find_if(points_.begin(), points_.end(),
                                    [&](const Point& point) { return point.coverage >= coverage - 1e-12; });
  if (reached == points_.end()) return std::nullopt;
  return reached->risk;
}

double RiskCoverage::calibration_error() const {
  constexpr size_t kBins = 10;
  std::array<double, kBins> confidence{}, correct{};
  for (const Outcome& outcome : answered_) {
    const double place = std::clamp(outcome.confidence, 0.0, 1.0) * kBins;
    const size_t bin = std::min(static_cast<size_t>(place), kBins - 1);
    confidence[bin] += outcome.confidence;
    correct[bin] += outcome.is_correct ? 1 : 0;
  }
  double difference = 0;
  for (size_t bin = 0; bin < kBins; ++bin) difference += std::abs(confidence[bin] - correct[bin]);
  return answered_.empty() ? 0 : difference / static_cast<double>(answered_.size());
}

}  // namespace cadre::eval
