// Trains the router's small net: hand-written backward; Adam for the dense layers, row-wise Adagrad for the hashed tables.
//
// What a step hides and drops is drawn from the seed. Deterministic with one C library, on every CPU. Cost: 12-20 s for 17,000 texts, 150 labels, width 96,
// 30 epochs. Thread safety: pure function.
// Idea: word dropout as in deep averaging networks (Iyyer et al. 2015); label smoothing (Szegedy et al. 2016) makes the largest
// probability tell in-scope from out-of-scope texts (docs/decisions/0007-router.md).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <span>
#include <vector>

#include "base/random.h"
#include "model/router_net.h"
#include "train/linear_trainer.h"
#include "train/router_data.h"
#include "train/router_recipe.h"

namespace cadre::train {

// The net in float, with the gradients of a batch.
class RouterNetTraining {
 public:
  struct Array {
    std::vector<float> values, gradient, first, second;
  };

  RouterNetTraining(size_t labels, const RouterNetOptions& options, base::Random random);

  // Forward and backward of one example: adds to the gradients of the dense layers, updates the tables' gradients; returns the loss.
  // Dropout is drawn from `random`; nullptr: none.
  double add_example(const RouterExample& example, base::Random* random);
  // Applies the gradients of `examples` examples. rate_share: of the recipe's rates, by the schedule.
  void update(size_t examples, float rate_share);

  // The net rounded to 8 bits.
  model::RouterNetWeights rounded() const;

  // For the test of the gradients.
  std::array<Array*, 4> dense_arrays() { return {&hidden_, &hidden_bias_, &output_, &output_bias_}; }
  std::vector<float>& tables() { return tables_; }  // [groups, rows, width]
  std::vector<float> table_gradient() const;        // of the examples since the last update, same shape

 private:
  struct PendingRow {
    uint32_t row;       // group * rows + hash & mask
    uint32_t gradient;  // index into pending_gradients_, in rows of width
  };

  void pool(const RouterExample& example, base::Random* random);
  double loss_and_gradient(int32_t label);
  void backward();
  void update_tables(float rate);

  RouterNetOptions options_;
  size_t labels_, stride_, inputs_;
  uint64_t step_ = 0;
  std::vector<float> tables_;
  std::vector<float> table_squares_;  // [groups * rows]: one sum per row
  Array hidden_, hidden_bias_, output_, output_bias_;

  // One example's forward pass.
  std::array<std::vector<uint32_t>, model::kNetGroups> kept_;
  std::vector<float> pooled_, activations_, masks_, logits_;
  std::vector<float> activation_gradient_, pooled_gradient_;
  // Table rows to update at the end of the batch.
  std::vector<PendingRow> pending_;
  std::vector<float> pending_gradients_;
};

model::RouterNetWeights train_router_net(std::span<const RouterExample> examples, std::span<const uint32_t> chosen,
                                         size_t labels, const RouterNetOptions& options, base::Random random,
                                         const EpochCallback& on_epoch);

}  // namespace cadre::train
