// All weights of a model in one flat f32 array, with AdamW, an exponential moving average, and one gradient array per shard.
//
// Layout: tensors in the order they were added, each padded to a cache line. A shard is a fixed slice of every batch with its own
// gradients; sums over shards run in shard order, so a step's result does not depend on how many threads ran it.
// AdamW: Loshchilov and Hutter 2019 (arXiv:1711.05101). Gradient clipping by global norm.
// Thread safety: distinct shards' gradients may be written at once; step() uses `threads` threads inside and nothing else may run.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/random.h"
#include "model/decider_config.h"
#include "tensor/aligned.h"

namespace cadre::train {

struct AdamOptions {
  float learning_rate = 1e-3f;
  float beta1 = 0.9f;
  float beta2 = 0.98f;
  float epsilon = 1e-8f;
  float weight_decay = 0.01f;  // on matrices only
  float clip_norm = 1.0f;
  float average_decay = 0.999f;  // of the moving average of the weights
};

class Parameters {
 public:
  // Weights start normal with variance 1 / inputs (matrices), 0.02^2-like small values (embeddings), ones (norms), zeros (rest).
  Parameters(const std::vector<model::TensorSpec>& specs, size_t shards, base::Random random);

  size_t tensor_count() const { return specs_.size(); }
  const model::TensorSpec& spec(size_t tensor) const { return specs_[tensor]; }
  size_t index(const std::string& name) const;  // CHECKs that it exists

  float* value(size_t tensor) { return values_.data() + offsets_[tensor]; }
  const float* value(size_t tensor) const { return values_.data() + offsets_[tensor]; }
  float* gradient(size_t shard, size_t tensor) { return gradients_[shard].data() + offsets_[tensor]; }
  const float* average(size_t tensor) const { return average_.data() + offsets_[tensor]; }
  size_t size() const { return values_.size(); }
  size_t shards() const { return gradients_.size(); }
  uint64_t steps() const { return steps_; }

  // One AdamW update from the sum of all shards' gradients, which are then zeroed. Returns the gradient's norm before clipping.
  float step(const AdamOptions& options, size_t threads);

  // Everything that a resumed run needs, as bytes, in a fixed order; load refuses another size.
  std::vector<std::span<float>> state_arrays() { return {values_, moment1_, moment2_, average_}; }
  void set_steps(uint64_t steps) { steps_ = steps; }
  // Swaps weights and their moving average (evaluate, then swap back).
  void swap_average() { values_.swap(average_); }

 private:
  std::vector<model::TensorSpec> specs_;
  std::vector<size_t> offsets_;
  std::vector<uint8_t> decays_;  // per tensor
  tensor::AlignedVector<float> values_, moment1_, moment2_, average_;
  std::vector<tensor::AlignedVector<float>> gradients_;
  uint64_t steps_ = 0;
};

}  // namespace cadre::train
