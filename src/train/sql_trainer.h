// Trains a SQL decider from questions with gold calls: batches, schedule, checkpoints, progress.
//
// Deterministic: the same recipe, data and instruction set give the same weights, whatever the number of threads and however often
// the run was interrupted. A batch is cut into `shards` slices with gradients of their own; every random choice is drawn from
// (seed, step, place in the batch). A checkpoint holds all of the optimiser's state and replaces the old one atomically.
// Thread safety: one training at a time per run folder.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "model/decider_config.h"
#include "tensor/aligned.h"
#include "text/bpe.h"
#include "train/parameters.h"
#include "train/sql_examples.h"

namespace cadre::train {

struct SqlRecipe {
  std::string name = "sql";
  std::string version = "0.1.0";
  uint64_t seed = 1;
  model::DeciderConfig shape;
  double epochs = 10;
  size_t batch_examples = 32;
  size_t shards = 2;
  size_t warmup_steps = 300;
  AdamOptions adam;
  float final_rate_share = 0.02f;  // of the learning rate, at the end of the cosine
  float dropout = 0.1f;
  Augmentation augmentation;
  base::Json source;  // the recipe as read, for the pack
};

Result<SqlRecipe> sql_recipe_from_json(const base::Json& json);

struct TrainProgress {
  uint64_t step = 0, steps = 0;
  DeciderLoss loss;              // mean per example since the last report
  double tokens_per_second = 0;  // forward, backward and optimiser, all threads
  double seconds = 0;
  bool evaluated = false;
  double dev_logical_form = 0;   // share of dev questions whose best call is the gold call, moving-average weights
};

struct TrainOptions {
  std::string data_directory;        // train.jsonl, train.tables.jsonl, dev.jsonl, dev.tables.jsonl
  std::string run_directory;         // checkpoints; an unfinished run of the same recipe is resumed
  size_t threads = 2;
  size_t questions_max = SIZE_MAX;   // of train, for learning curves
  size_t dev_questions_max = SIZE_MAX;
  double report_seconds = 20;
  double checkpoint_seconds = 120;
  double evaluate_share = 0.1;       // of the steps between evaluations
  bool use_cells = true;             // evaluation
  std::function<void(const TrainProgress&)> on_progress;
};

struct TrainedDecider {
  model::DeciderConfig config;
  std::vector<model::TensorSpec> specs;
  std::vector<tensor::AlignedVector<float>> tensors;  // moving average, in the order of specs
  text::BpeTokenizer tokenizer;
  uint64_t steps = 0;
  double dev_logical_form = 0;
  double seconds = 0;
};

Result<TrainedDecider> train_sql_decider(const SqlRecipe& recipe, const TrainOptions& options);

}  // namespace cadre::train
