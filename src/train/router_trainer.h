// Trains a router pack from a recipe: both tiers, calibration on left-out folds, evaluation card, one GGUF file.
//
// Every fold's texts are scored by tiers trained without them; those scores set the curves and the threshold; then both tiers are
// trained on everything. The evaluation files of the recipe are read after that, for the card alone.
// Deterministic: the same recipe and files give the same weights on every CPU (with one C library: its log and pow are used).
// Cost: (folds + 1) trainings; 134 s (intents) and 26 s (scope) of CPU time for the shipped recipes. Thread safety: pure function.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "model/router_pack.h"
#include "train/router_calibrate.h"
#include "train/router_data.h"
#include "train/router_recipe.h"

namespace cadre::train {

struct RouterProgress {
  size_t part = 0, parts = 0;  // 1 to folds: a fold; the last: the final training
  const char* tier = "";       // "linear", "net"
  size_t epoch = 0, epochs = 0;
  double loss = 0;     // mean of the epoch
  double seconds = 0;  // of CPU time since the start
};

struct RouterTrainOptions {
  std::string data_directory;  // the sources' files lie below it
  std::string output_path;     // of the pack
  std::string date;            // for the evaluation card
  std::function<void(const RouterProgress&)> on_progress = {};
};

Result<void> train_router(const RouterRecipe& recipe, const RouterTrainOptions& options);

// The same without writing a file; output_path is not used.
Result<model::RouterPack> make_router_pack(const RouterRecipe& recipe, const RouterTrainOptions& options);

}  // namespace cadre::train
