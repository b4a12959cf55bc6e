// A decider as a trainable network: forward, loss and backward over one shard of a batch.
//
// The net holds the packed weights of one step, shared by all shards, and the activations of each shard. The losses are
// means over the whole batch, so that gradients of shards add up. T is BFloat16 for training, float for gradient checks.
// Thread safety: pack() alone; then run() of distinct shards at once.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "model/decider_config.h"
#include "model/decider_decode.h"
#include "model/decider_input.h"
#include "train/layers.h"
#include "train/parameters.h"

namespace cadre::train {

// What the heads should say. Negative means "no label": the decision takes no part in the loss.
struct DeciderLabels {
  int select_column = -1;
  int aggregate = -1;
  uint8_t legal_aggregates = 0x3f;
  std::vector<int8_t> candidates;  // 0 unused, 1 + CompareOp; -1 ignored
  int count = -1;
  int answerable = -1;
  bool spans_known = false;
  std::vector<std::pair<uint16_t, uint16_t>> spans;  // first token of the first word, first token of the last word
};

struct DeciderExample {
  model::DeciderInput input;
  DeciderLabels labels;
};

struct DeciderLoss {
  double select = 0, aggregate = 0, condition = 0, count = 0, answerable = 0, span = 0;
  double total() const { return select + aggregate + condition + count + answerable + span; }
  DeciderLoss& operator+=(const DeciderLoss& other);
};

using model::DeciderOutputs;

struct NetOptions {
  float dropout = 0.0f;
  float loss_scale = 1.0f;  // 1 / examples of the batch
};

template <class T>
class DeciderNet {
 public:
  DeciderNet(const model::DeciderConfig& config, Parameters& parameters, tensor::MatmulKernel kernel);
  ~DeciderNet();
  // Converts and packs the current weights; `threads` at once. Call after every Parameters::step.
  void pack(size_t threads);

  // Forward and loss of the examples on shard `shard` (below parameters.shards()); with `backward` the gradients are added to the
  // shard's. `random` drives dropout. Outputs are filled if not null, one per example.
  DeciderLoss run(size_t shard, std::span<const DeciderExample* const> examples, const NetOptions& options, bool backward,
                  base::Random random, std::vector<DeciderOutputs>* outputs = nullptr);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cadre::train
