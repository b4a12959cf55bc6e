// Trains a learned verifier: right calls of training questions against the specialist's own wrong proposals and corrupted calls.
//
// The net learns on the tables that the specialist learned on. How its probability goes together with the specialist's confidence is
// fitted on the tables that neither has seen (CorpusPart::kCalibration), by logistic regression over the specialist's first calls.
// Deterministic: the same recipe, data and specialist give the same pack on every CPU (with one C library).
// Cost: 100 s of processor time for 42,000 questions, 800 MB; most of it asking the specialist and executing what it says.
// Thread safety: one training at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "model/verifier.h"
#include "train/call_examples.h"
#include "train/verifier_recipe.h"

namespace cadre::train {

struct VerifierProgress {
  const char* part = "";  // "judge", "train", "calibrate"
  size_t done = 0, total = 0;
  double loss = 0;  // of "train": mean of the epoch
};

struct VerifierTrainOptions {
  std::string data_directory;  // train.jsonl, train.tables.jsonl
  ProposeCalls propose;
  std::string specialist;  // its name, for the pack
  size_t questions_max = SIZE_MAX;
  std::function<void(const VerifierProgress&)> on_progress = {};
};

// The pack but for its evaluation card.
Result<model::VerifierPack> train_verifier(const VerifierRecipe& recipe, const VerifierTrainOptions& options);

// ln odds(right) = a ln odds(confidence) + b ln odds(verifier) + c, by Newton's method; a and b not below 0.
struct ScoredCall {
  double confidence = 0, verifier = 0;
  bool is_right = false;
};
model::VerifierCalibration fit_verifier_calibration(const std::vector<ScoredCall>& calls);

}  // namespace cadre::train
