// Multinomial naive Bayes over words and neighbouring words: the baseline that a trained router must beat.
//
// Log probabilities with additive smoothing; a token never seen in training is left out. Its score for abstaining is the log odds of
// the likeliest label against all others, because the posterior itself saturates at 1. What it says of a text that no label fits
// is poor, and that is the point of the comparison. Tokens are 32-bit hashes of the router's features, not folded into buckets.
// Thread safety: immutable after training. Source: McCallum and Nigam 1998.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "model/ngram_features.h"

namespace cadre::eval {

struct NaiveBayesExample {
  std::vector<uint32_t> tokens;
  uint32_t label = 0;
};

struct NaiveBayesScore {
  uint32_t label = 0;   // the likeliest
  double log_odds = 0;  // of that label against all others
};

class NaiveBayes {
 public:
  NaiveBayes(std::span<const NaiveBayesExample> examples, size_t labels, double smoothing);

  NaiveBayesScore score(std::span<const uint32_t> tokens) const;

 private:
  size_t labels_;
  std::vector<double> prior_;                    // [labels] log
  std::unordered_map<uint32_t, uint32_t> rows_;  // token -> row
  std::vector<double> likelihood_;               // [rows, labels] log
};

}  // namespace cadre::eval
