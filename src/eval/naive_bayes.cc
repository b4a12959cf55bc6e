// SPDX-License-Identifier: Apache-2.0
#include "eval/naive_bayes.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace cadre::eval {

NaiveBayes::NaiveBayes(std::span<const NaiveBayesExample> examples, size_t labels, double smoothing)
    : labels_(labels), prior_(labels, smoothing) {
  CADRE_CHECK(labels > 0 && smoothing > 0, "otherwise there is nothing to choose, or a logarithm of 0");
  for (const auto& example : examples)
    for (const uint32_t token : example.tokens) rows_.emplace(token, static_cast<uint32_t>(rows_.size()));
  likelihood_.assign(rows_.size() * labels, smoothing);
  std::vector<double> totals(labels, smoothing * static_cast<double>(rows_.size()));
  for (const auto& example : examples) {
    prior_[example.label] += 1;
    totals[example.label] += static_cast<double>(example.tokens.size());
    for (const uint32_t token : example.tokens) likelihood_[rows_.at(token) * labels + example.label] += 1;
  }
  double cases = 0;
  for (const double count : prior_) cases += count;
  for (double& count : prior_) count = std::log(count / cases);
  for (size_t i = 0; i < likelihood_.size(); ++i) likelihood_[i] = std::log(likelihood_[i] / totals[i % labels]);
}

NaiveBayesScore NaiveBayes::score(std::span<const uint32_t> tokens) const {
  std::vector<double> sums = prior_;
  for (const uint32_t token : tokens) {
    const auto found = rows_.find(token);
    if (found == rows_.end()) continue;
    const double* row = &likelihood_[size_t{found->second} * labels_];
    for (size_t label = 0; label < labels_; ++label) sums[label] += row[label];
  }
  const auto best = std::max_element(sums.begin(), sums.end());
  double others = 0;
  for (auto sum = sums.begin(); sum != sums.end(); ++sum)
    if (sum != best) others += std::exp(*sum - *best);
  return {static_cast<uint32_t>(best - sums.begin()), -std::log(std::max(others, 1e-300))};
}

}  // namespace cadre::eval
