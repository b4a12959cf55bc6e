// From trained weights to packs: the contract of a SQL decider, its calibration, and the file in each quantisation.
//
// Calibration runs the quantised engine itself on the tables that training left out, so the probabilities are those of what ships.
// Thread safety: pure functions over the caller's values.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/json.h"
#include "base/result.h"
#include "forge/calibrate.h"
#include "tensor/tensor_type.h"
#include "train/sql_trainer.h"

namespace cadre::forge {

// The contract without calibration and evaluation card.
base::Json sql_contract(const train::SqlRecipe& recipe, const train::TrainedDecider& trained);

struct SqlPack {
  std::string bytes;  // of the GGUF file
  base::Json contract;
  Calibration calibration;
};

// Quantises, calibrates on `calibration_corpus`, and encodes with `card` as the evaluation card (an object; may be empty).
Result<SqlPack> make_sql_pack(const train::TrainedDecider& trained, base::Json contract, tensor::TensorType type,
                              const train::SqlCorpus& calibration_corpus, double risk_max);

// The same pack with its evaluation card filled in.
std::string with_card(const train::TrainedDecider& trained, SqlPack& pack, tensor::TensorType type, base::Json card);

}  // namespace cadre::forge
