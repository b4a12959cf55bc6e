// SPDX-License-Identifier: Apache-2.0
#include "model/linear_classifier.h"

#include "model/router_limits.h"
#include "model/router_math.h"

namespace cadre::model {

Result<LinearClassifier> LinearClassifier::make(const LinearWeights& weights) {
  TRY(check_router_size("linear buckets", weights.buckets, kRouterRowsMax));
  TRY(check_router_size("labels", weights.labels, kRouterLabelsMax));
  TRY(check_power_of_two("linear buckets", weights.buckets));
  TRY(check_router_values("linear.weight", weights.weights.size(), size_t{weights.buckets} * weights.labels));
  TRY(check_router_floats("linear.scale", weights.scales, weights.labels));
  TRY(check_router_floats("linear.bias", weights.biases, weights.labels));
  LinearClassifier made;
  made.mask_ = weights.buckets - 1;
  made.labels_ = weights.labels;
  made.stride_ = padded_row(weights.labels);
  made.table_ = pad_rows(weights.weights, weights.labels);
  made.scales_ = weights.scales;
  made.biases_ = weights.biases;
  return made;
}

std::vector<float> LinearClassifier::probabilities(const NgramFeatures& features) const {
  tensor::AlignedVector<int32_t> sums(stride_, 0);
  for (const auto* group : {&features.words, &features.pairs, &features.pieces})
    sum_rows(table_.data(), stride_, *group, mask_, sums.data());
  const float scale = inverse_root(features.count());
  std::vector<float> out(labels_);
  for (size_t label = 0; label < labels_; ++label)
    out[label] = static_cast<float>(sums[label]) * scales_[label] * scale + biases_[label];
  softmax_with_none(out);
  return out;
}

}  // namespace cadre::model
