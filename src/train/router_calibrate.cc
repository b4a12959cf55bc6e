// SPDX-License-Identifier: Apache-2.0
#include "train/router_calibrate.h"

#include <algorithm>

namespace cadre::train {
namespace {

constexpr size_t kBinsMax = 50;      // of equal size
constexpr size_t kBinCasesMin = 20;  // fewer say little about a share
constexpr float kRise = 1e-4f;       // least step between points: the curve must be strictly increasing

struct Block {
  double raw = 0, right = 0, cases = 0;                           // sums
  double share() const { return (right + 0.5) / (cases + 1.0); }  // never exactly 0 or 1
};

std::vector<Block> bins_of(const std::vector<std::pair<float, bool>>& scored) {
  const size_t bins = std::clamp<size_t>(scored.size() / kBinCasesMin, 1, kBinsMax);
  std::vector<Block> blocks(bins);
  for (size_t i = 0; i < scored.size(); ++i) {
    Block& block = blocks[i * bins / scored.size()];
    block.raw += scored[i].first;
    block.right += scored[i].second ? 1 : 0;
    block.cases += 1;
  }
  return blocks;
}

// Merges neighbours until shares ascend.
std::vector<Block> pool_violators(const std::vector<Block>& bins) {
  std::vector<Block> pooled;
  for (const Block& bin : bins) {
    pooled.push_back(bin);
    while (pooled.size() > 1 && pooled[pooled.size() - 2].share() >= pooled.back().share()) {
      const Block last = pooled.back();
      pooled.pop_back();
      pooled.back().raw += last.raw;
      pooled.back().right += last.right;
      pooled.back().cases += last.cases;
    }
  }
  return pooled;
}

float threshold_of(std::vector<float> right, double declined_max) {
  if (right.empty()) return 0.5f;
  std::sort(right.begin(), right.end());
  const auto declined = static_cast<size_t>(declined_max * static_cast<double>(right.size()));
  return right[std::min(declined, right.size() - 1)];
}

// The lowest probability above which the linear tier errs no more often than `risk_max`; 2 if there is none.
float lowest_safe(std::vector<std::pair<float, bool>> scored, double risk_max) {
  std::sort(scored.begin(), scored.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  float lowest = 2.0f;
  size_t wrong = 0;
  for (size_t i = 0; i < scored.size(); ++i) {
    wrong += scored[i].second ? 0 : 1;
    const bool last_of_equals = i + 1 == scored.size() || scored[i + 1].first != scored[i].first;
    if (last_of_equals && static_cast<double>(wrong) <= risk_max * static_cast<double>(i + 1)) lowest = scored[i].first;
  }
  return lowest;
}

}  // namespace

model::CalibrationCurve fit_curve(std::vector<std::pair<float, bool>> scored) {
  model::CalibrationCurve curve;
  if (scored.empty()) return {{{0.0f, 0.0f}, {1.0f, 1.0f}}};
  std::sort(scored.begin(), scored.end());
  curve.points.emplace_back(0.0f, 0.0f);
  for (const Block& block : pool_violators(bins_of(scored))) {
    const auto raw = static_cast<float>(block.raw / block.cases);
    const auto share = static_cast<float>(block.share());
    const auto [last_raw, last_share] = curve.points.back();
    if (raw > last_raw + kRise && raw < 1.0f - kRise && share > last_share + kRise)
      curve.points.emplace_back(raw, share);
  }
  curve.points.emplace_back(1.0f, (1.0f + curve.points.back().second) / 2);
  return curve;
}

CalibrationReport calibrate(std::span<const RouterOutcome> outcomes, const CalibrationOptions& options) {
  std::vector<std::pair<float, bool>> linear, both;
  for (const auto& outcome : outcomes) {
    linear.emplace_back(outcome.linear_raw, outcome.linear_right);
    both.emplace_back(outcome.both_raw, outcome.both_right);
  }
  CalibrationReport report;
  auto& calibration = report.calibration;
  calibration.linear = fit_curve(linear);
  calibration.both = fit_curve(both);
  calibration.linear_share = options.linear_share;
  for (auto& [raw, right] : linear) raw = calibration.linear.at(raw);
  calibration.linear_accept = lowest_safe(linear, options.linear_risk_max);

  // What the router will say and whether it is right.
  std::vector<std::pair<float, bool>> decided;
  for (size_t i = 0; i < outcomes.size(); ++i) {
    const bool alone = linear[i].first >= calibration.linear_accept;
    report.linear_only += alone;
    decided.push_back(alone ? linear[i] : std::pair{calibration.both.at(both[i].first), both[i].second});
  }
  std::vector<float> right;
  for (const auto& [probability, is_right] : decided)
    if (is_right) right.push_back(probability);
  calibration.threshold = threshold_of(std::move(right), options.declined_right_max);
  // The linear tier must not accept what the threshold declines.
  calibration.linear_accept = std::max(calibration.linear_accept, calibration.threshold);

  double answered = 0, wrong = 0;
  for (const auto& [probability, is_right] : decided) {
    answered += probability >= calibration.threshold;
    wrong += probability >= calibration.threshold && !is_right;
  }
  const auto cases = static_cast<double>(std::max<size_t>(decided.size(), 1));
  report.cases = decided.size();
  report.coverage = answered / cases;
  report.risk = answered > 0 ? wrong / answered : 0;
  report.linear_only /= cases;
  return report;
}

}  // namespace cadre::train
