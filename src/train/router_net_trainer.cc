// SPDX-License-Identifier: Apache-2.0
#include "train/router_net_trainer.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "model/router_math.h"
#include "train/router_train_math.h"

namespace cadre::train {
namespace {

using model::kNetGroups;

constexpr float kTableInit = 0.1f;     // standard deviation
constexpr float kSquaresMin = 1e-12f;  // keeps Adagrad's first step finite

RouterNetTraining::Array make_array(size_t count, double deviation, base::Random& random) {
  RouterNetTraining::Array array;
  array.values.resize(count);
  array.gradient.assign(count, 0.0f);
  array.first.assign(count, 0.0f);
  array.second.assign(count, 0.0f);
  if (deviation > 0)
    for (float& value : array.values) value = static_cast<float>(random.normal() * deviation);
  return array;
}

}  // namespace

RouterNetTraining::RouterNetTraining(size_t labels, const RouterNetOptions& options, base::Random random)
    : options_(options), labels_(labels), stride_((labels + 15) / 16 * 16), inputs_(kNetGroups * options.width) {
  tables_.resize(kNetGroups * options.rows * options.width);
  for (float& value : tables_) value = static_cast<float>(random.normal() * kTableInit);
  table_squares_.assign(kNetGroups * options.rows, 0.0f);
  hidden_ = make_array(inputs_ * options.hidden, std::sqrt(2.0 / static_cast<double>(inputs_)), random);
  hidden_bias_ = make_array(options.hidden, 0, random);
  output_ = make_array(options.hidden * stride_, std::sqrt(1.0 / options.hidden), random);
  output_bias_ = make_array(stride_, 0, random);
  pooled_.resize(inputs_);
  pooled_gradient_.resize(inputs_);
  activations_.resize(options.hidden);
  activation_gradient_.resize(options.hidden);
  masks_.resize(options.hidden);
  logits_.resize(stride_);
}

void RouterNetTraining::pool(const RouterExample& example, base::Random* random) {
  const std::array<const std::vector<uint32_t>*, kNetGroups> groups = {&example.features.words, &example.features.pairs,
                                                                       &example.features.pieces};
  std::fill(pooled_.begin(), pooled_.end(), 0.0f);
  for (uint32_t group = 0; group < kNetGroups; ++group) {
    auto& kept = kept_[group];
    kept.clear();
    for (const uint32_t hash : *groups[group])
      if (random == nullptr || !random->chance(options_.feature_dropout))
        kept.push_back(group * options_.rows + (hash & (options_.rows - 1)));
    const float scale = model::inverse_root(kept.size());
    for (const uint32_t row : kept)
      add_scaled(&pooled_[group * options_.width], &tables_[size_t{row} * options_.width], scale, options_.width);
  }
}

// Leaves the gradient of the logits in logits_. The target is the label (or none) with label_smoothing spread over all labels and none.
double RouterNetTraining::loss_and_gradient(int32_t label) {
  const std::span<float> p(logits_.data(), labels_);
  model::softmax_with_none(p);
  double none = 1.0;
  for (const float share : p) none -= share;
  const double loss = -std::log(std::max(label >= 0 ? double{p[static_cast<size_t>(label)]} : none, 1e-9));
  const float spread = options_.label_smoothing / static_cast<float>(labels_ + 1);
  for (float& share : p) share -= spread;
  if (label >= 0) p[static_cast<size_t>(label)] -= 1.0f - options_.label_smoothing;
  return loss;
}

double RouterNetTraining::add_example(const RouterExample& example, base::Random* random) {
  pool(example, random);
  const size_t hidden = options_.hidden;
  model::dense(pooled_, hidden_.values.data(), hidden_bias_.values, activations_);
  const float kept_scale = random == nullptr ? 1.0f : 1.0f / (1.0f - options_.hidden_dropout);
  for (size_t i = 0; i < hidden; ++i) {
    const bool dropped = random != nullptr && random->chance(options_.hidden_dropout);
    masks_[i] = activations_[i] > 0.0f && !dropped ? kept_scale : 0.0f;
    activations_[i] *= masks_[i];
  }
  model::dense(activations_, output_.values.data(), output_bias_.values, logits_);
  std::fill(logits_.begin() + static_cast<ptrdiff_t>(labels_), logits_.end(), 0.0f);
  const double loss = loss_and_gradient(example.label);
  backward();
  return loss;
}

void RouterNetTraining::backward() {
  const size_t hidden = options_.hidden, width = options_.width;
  add_scaled(output_bias_.gradient.data(), logits_.data(), 1.0f, stride_);
  for (size_t i = 0; i < hidden; ++i) {
    activation_gradient_[i] = 0.0f;
    if (masks_[i] == 0.0f) continue;
    activation_gradient_[i] = masks_[i] * dot(&output_.values[i * stride_], logits_.data(), stride_);
    add_scaled(&output_.gradient[i * stride_], logits_.data(), activations_[i], stride_);
  }
  add_scaled(hidden_bias_.gradient.data(), activation_gradient_.data(), 1.0f, hidden);
  for (size_t i = 0; i < inputs_; ++i) {
    pooled_gradient_[i] = dot(&hidden_.values[i * hidden], activation_gradient_.data(), hidden);
    add_scaled(&hidden_.gradient[i * hidden], activation_gradient_.data(), pooled_[i], hidden);
  }
  // All rows of a group get the same gradient: that of the sum, times the scale by which it was summed.
  for (size_t group = 0; group < kNetGroups; ++group) {
    const auto at = static_cast<uint32_t>(pending_gradients_.size() / width);
    const float scale = model::inverse_root(kept_[group].size());
    for (size_t i = 0; i < width; ++i) pending_gradients_.push_back(pooled_gradient_[group * width + i] * scale);
    for (const uint32_t row : kept_[group]) pending_.push_back({row, at});
  }
}

// Adagrad per row and example, not per batch: tables are sparse, and a batch seldom meets the same row twice.
void RouterNetTraining::update_tables(float rate) {
  const size_t width = options_.width;
  std::vector<float> mean_squares(pending_gradients_.size() / width);
  for (size_t i = 0; i < mean_squares.size(); ++i)
    mean_squares[i] =
        dot(&pending_gradients_[i * width], &pending_gradients_[i * width], width) / static_cast<float>(width);
  for (const auto& [row, at] : pending_) {
    float& squares = table_squares_[row];
    squares += mean_squares[at];
    add_scaled(&tables_[size_t{row} * width], &pending_gradients_[at * width], -rate / std::sqrt(squares + kSquaresMin),
               width);
  }
  pending_.clear();
  pending_gradients_.clear();
}

void RouterNetTraining::update(size_t examples, float rate_share) {
  update_tables(options_.table_rate * rate_share);
  const AdamStep adam_step{options_.learning_rate * rate_share, ++step_};
  const float mean = 1.0f / static_cast<float>(examples);
  for (Array* array : dense_arrays()) {
    for (float& gradient : array->gradient) gradient *= mean;
    adam(array->values, array->gradient, array->first, array->second, adam_step);
  }
}

std::vector<float> RouterNetTraining::table_gradient() const {
  std::vector<float> gradient(tables_.size(), 0.0f);
  for (const auto& [row, at] : pending_)
    add_scaled(&gradient[size_t{row} * options_.width], &pending_gradients_[size_t{at} * options_.width], 1.0f,
               options_.width);
  return gradient;
}

model::RouterNetWeights RouterNetTraining::rounded() const {
  model::RouterNetWeights out{.rows = options_.rows,
                              .width = options_.width,
                              .hidden = options_.hidden,
                              .labels = static_cast<uint32_t>(labels_),
                              .tables = {},
                              .table_scales = {},
                              .hidden_weights = {},
                              .hidden_scales = {},
                              .hidden_biases = hidden_bias_.values,
                              .output_weights = {},
                              .output_scales = {},
                              .output_biases = output_bias_.values};
  const size_t table_size = size_t{options_.rows} * options_.width;
  for (size_t group = 0; group < kNetGroups; ++group) {
    auto [values, scales] =
        quantize_columns(std::span(tables_).subspan(group * table_size, table_size), options_.width);
    out.tables[group] = std::move(values);
    out.table_scales.insert(out.table_scales.end(), scales.begin(), scales.end());
  }
  std::tie(out.hidden_weights, out.hidden_scales) = quantize_columns(hidden_.values, options_.hidden);
  std::vector<float> output(options_.hidden * labels_);
  for (size_t i = 0; i < options_.hidden; ++i) std::copy_n(&output_.values[i * stride_], labels_, &output[i * labels_]);
  std::tie(out.output_weights, out.output_scales) = quantize_columns(output, labels_);
  out.output_biases.resize(labels_);
  return out;
}

model::RouterNetWeights train_router_net(std::span<const RouterExample> examples, std::span<const uint32_t> chosen,
                                         size_t labels, const RouterNetOptions& options, base::Random random,
                                         const EpochCallback& on_epoch) {
  CADRE_CHECK(labels > 0 && std::has_single_bit(options.rows), "the trainer checks the recipe");
  RouterNetTraining training(labels, options, random.fork(0));
  std::vector<uint32_t> order(chosen.begin(), chosen.end());
  const size_t batches = (order.size() + options.batch_examples - 1) / options.batch_examples;
  const auto steps = static_cast<float>(batches * options.epochs);
  size_t step = 0;
  for (size_t epoch = 0; epoch < options.epochs; ++epoch) {
    random.shuffle(std::span(order));
    double loss = 0;
    for (size_t begin = 0; begin < order.size(); begin += options.batch_examples) {
      const size_t end = std::min(begin + options.batch_examples, order.size());
      for (size_t i = begin; i < end; ++i) loss += training.add_example(examples[order[i]], &random);
      training.update(end - begin, 1.0f - static_cast<float>(step++) / steps);
    }
    if (on_epoch) on_epoch(epoch + 1, loss / static_cast<double>(std::max<size_t>(order.size(), 1)));
  }
  return training.rounded();
}

}  // namespace cadre::train
