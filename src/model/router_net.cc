// SPDX-License-Identifier: Apache-2.0
#include "model/router_net.h"

#include <algorithm>

#include "model/router_limits.h"
#include "model/router_math.h"

namespace cadre::model {
namespace {

Result<void> check_shapes(const RouterNetWeights& w) {
  TRY(check_router_size("net rows", w.rows, kRouterRowsMax));
  TRY(check_power_of_two("net rows", w.rows));
  TRY(check_router_size("net width", w.width, kRouterWidthMax));
  TRY(check_router_size("net hidden", w.hidden, kRouterHiddenMax));
  TRY(check_router_size("labels", w.labels, kRouterLabelsMax));
  for (size_t group = 0; group < kNetGroups; ++group)
    TRY(check_router_values(kNetTableNames[group], w.tables[group].size(), size_t{w.rows} * w.width));
  TRY(check_router_floats("net.table.scale", w.table_scales, kNetGroups * w.width));
  TRY(check_router_values("net.hidden.weight", w.hidden_weights.size(), kNetGroups * w.width * w.hidden));
  TRY(check_router_floats("net.hidden.scale", w.hidden_scales, w.hidden));
  TRY(check_router_floats("net.hidden.bias", w.hidden_biases, w.hidden));
  TRY(check_router_values("net.output.weight", w.output_weights.size(), size_t{w.hidden} * w.labels));
  TRY(check_router_floats("net.output.scale", w.output_scales, w.labels));
  TRY(check_router_floats("net.output.bias", w.output_biases, w.labels));
  return {};
}

tensor::AlignedVector<float> dequantize(const std::vector<int8_t>& values, const std::vector<float>& scales) {
  tensor::AlignedVector<float> out(values.size());
  for (size_t i = 0; i < values.size(); ++i) out[i] = static_cast<float>(values[i]) * scales[i % scales.size()];
  return out;
}

}  // namespace

Result<RouterNet> RouterNet::make(const RouterNetWeights& weights) {
  TRY(check_shapes(weights));
  RouterNet made;
  made.mask_ = weights.rows - 1;
  made.width_ = weights.width;
  made.stride_ = padded_row(weights.width);
  for (size_t group = 0; group < kNetGroups; ++group)
    made.tables_[group] = pad_rows(weights.tables[group], weights.width);
  made.table_scales_ = weights.table_scales;
  made.hidden_weights_ = dequantize(weights.hidden_weights, weights.hidden_scales);
  made.output_weights_ = dequantize(weights.output_weights, weights.output_scales);
  made.hidden_biases_ = weights.hidden_biases;
  made.output_biases_ = weights.output_biases;
  return made;
}

std::vector<float> RouterNet::hidden(const NgramFeatures& features) const {
  const std::array<const std::vector<uint32_t>*, kNetGroups> groups = {&features.words, &features.pairs,
                                                                       &features.pieces};
  tensor::AlignedVector<int32_t> sums(stride_);
  std::vector<float> pooled(kNetGroups * width_), out(hidden_biases_.size());
  for (size_t group = 0; group < kNetGroups; ++group) {
    std::fill(sums.begin(), sums.end(), 0);
    sum_rows(tables_[group].data(), stride_, *groups[group], mask_, sums.data());
    const float scale = inverse_root(groups[group]->size());
    for (size_t i = group * width_, column = 0; column < width_; ++i, ++column)
      pooled[i] = static_cast<float>(sums[column]) * table_scales_[i] * scale;
  }
  dense(pooled, hidden_weights_.data(), hidden_biases_, out);
  for (float& value : out) value = std::max(value, 0.0f);
  return out;
}

std::vector<float> RouterNet::probabilities(const NgramFeatures& features) const {
  std::vector<float> out(labels());
  dense(hidden(features), output_weights_.data(), output_biases_, out);
  softmax_with_none(out);
  return out;
}

}  // namespace cadre::model
