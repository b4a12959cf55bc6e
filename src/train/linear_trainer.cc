// SPDX-License-Identifier: Apache-2.0
#include "train/linear_trainer.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "model/router_math.h"
#include "train/router_train_math.h"

namespace cadre::train {
namespace {

constexpr float kFirstSquares = 1e-6f;  // Adagrad's sums start here, so that the first step is finite

// The weights in float while they are trained, rows padded for whole vector registers.
class LinearTraining {
 public:
  LinearTraining(size_t labels, const LinearOptions& options)
      : options_(options),
        labels_(labels),
        stride_((labels + 15) / 16 * 16),
        mask_(options.buckets - 1),
        weights_(options.buckets * stride_, 0.0f),
        squares_(weights_.size(), kFirstSquares),
        biases_(stride_, 0.0f),
        bias_squares_(stride_, kFirstSquares),
        probabilities_(stride_) {}

  // One step; returns the loss before it.
  double step(const RouterExample& example, float rate) {
    rows_.clear();
    for (const auto* group : {&example.features.words, &example.features.pairs, &example.features.pieces})
      for (const uint32_t hash : *group) rows_.push_back(hash & mask_);
    const float scale = model::inverse_root(rows_.size());
    std::fill(probabilities_.begin(), probabilities_.end(), 0.0f);
    for (const uint32_t row : rows_) add_scaled(probabilities_.data(), &weights_[row * stride_], scale, stride_);
    for (size_t label = 0; label < labels_; ++label) probabilities_[label] += biases_[label];
    const std::span<float> p(probabilities_.data(), labels_);
    model::softmax_with_none(p);
    double none = 1.0;
    for (const float share : p) none -= share;
    const double loss =
        -std::log(std::max(example.label >= 0 ? double{p[static_cast<size_t>(example.label)]} : none, 1e-9));
    if (example.label >= 0) p[static_cast<size_t>(example.label)] -= 1.0f;  // now the gradient of the logits
    adagrad_row(biases_.data(), bias_squares_.data(), probabilities_.data(), rate, 0.0f, stride_);
    for (float& gradient : probabilities_) gradient *= scale;
    for (const uint32_t row : rows_)
      adagrad_row(&weights_[row * stride_], &squares_[row * stride_], probabilities_.data(), rate,
                  options_.weight_decay, stride_);
    return loss;
  }

  model::LinearWeights rounded() const {
    std::vector<float> dense(options_.buckets * labels_);
    for (size_t row = 0; row < options_.buckets; ++row)
      std::copy_n(&weights_[row * stride_], labels_, &dense[row * labels_]);
    auto [weights, scales] = quantize_columns(dense, labels_);
    return {.buckets = options_.buckets,
            .labels = static_cast<uint32_t>(labels_),
            .weights = std::move(weights),
            .scales = std::move(scales),
            .biases = {biases_.begin(), biases_.begin() + static_cast<ptrdiff_t>(labels_)}};
  }

 private:
  const LinearOptions& options_;
  size_t labels_, stride_;
  uint32_t mask_;
  std::vector<float> weights_, squares_;  // [buckets, stride_]
  std::vector<float> biases_, bias_squares_;
  std::vector<float> probabilities_;  // then the gradient; what is past labels_ stays 0
  std::vector<uint32_t> rows_;
};

}  // namespace

model::LinearWeights train_linear(std::span<const RouterExample> examples, std::span<const uint32_t> chosen,
                                  size_t labels, const LinearOptions& options, base::Random random,
                                  const EpochCallback& on_epoch) {
  CADRE_CHECK(labels > 0 && std::has_single_bit(options.buckets), "the trainer checks the recipe");
  LinearTraining training(labels, options);
  std::vector<uint32_t> order(chosen.begin(), chosen.end());
  for (size_t epoch = 0; epoch < options.epochs; ++epoch) {
    random.shuffle(std::span(order));
    const float rate = options.learning_rate * (1.0f - static_cast<float>(epoch) / static_cast<float>(options.epochs));
    double loss = 0;
    for (const uint32_t index : order) loss += training.step(examples[index], rate);
    if (on_epoch) on_epoch(epoch + 1, loss / static_cast<double>(std::max<size_t>(order.size(), 1)));
  }
  return training.rounded();
}

}  // namespace cadre::train
