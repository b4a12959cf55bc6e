// The router's first tier: multinomial logistic regression over hashed n-grams, 8 bits a weight.
//
// One table row per hash bucket, one column per label; a text's logits are the sum of its features' rows, scaled by the square root of
// their number. Summing is exact (integers), the rest is one multiply and one add per label: the same bits on every CPU.
// Cost: 2-4 us for 150 labels and 100 features, 1.3 MB touched sparsely. Thread safety: immutable.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "model/ngram_features.h"
#include "tensor/aligned.h"

namespace cadre::model {

// As stored in a pack.
struct LinearWeights {
  uint32_t buckets = 0;         // a power of two, at most 2^20
  uint32_t labels = 0;          // at most 4096
  std::vector<int8_t> weights;  // [buckets, labels]
  std::vector<float> scales;    // [labels]: logit = sum * scale / sqrt(features) + bias
  std::vector<float> biases;    // [labels]
};

class LinearClassifier {
 public:
  // Refuses shapes that do not fit together and numbers that are not finite.
  static Result<LinearClassifier> make(const LinearWeights& weights);

  uint32_t labels() const { return labels_; }
  // Probability of each label; what is missing to 1 belongs to none of them.
  std::vector<float> probabilities(const NgramFeatures& features) const;

 private:
  LinearClassifier() = default;

  uint32_t mask_ = 0;
  uint32_t labels_ = 0;
  size_t stride_ = 0;
  tensor::AlignedVector<int8_t> table_;  // [buckets, stride_]
  std::vector<float> scales_;
  std::vector<float> biases_;
};

}  // namespace cadre::model
