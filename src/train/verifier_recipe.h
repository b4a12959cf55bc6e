// How a learned verifier is trained: the recipe file (recipes/verifier.yaml) as a checked value. Thread safety: values.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "train/router_recipe.h"

namespace cadre::train {

struct VerifierRecipe {
  std::string name = "verifier", version, purpose;
  uint64_t seed = 1;
  size_t proposals = 8;        // calls asked of the specialist for each question
  size_t proposed_wrong = 6;   // of those, wrong ones trained on
  double synthetic = 0.35;     // made questions, as a share of the natural ones
  double unanswerable = 0.12;  // questions that one table cannot answer, as a share of the natural ones
  double doubt_below = 0.8;    // a run looks at other calls too where one is less likely than this and than the specialist said
  double refuse_below = 0.02;  // the run refuses calls that are right with less than this probability
  RouterNetOptions net;
  base::Json source;  // the recipe as read, for the pack
};

// An unknown key is an error.
Result<VerifierRecipe> verifier_recipe_from_json(const base::Json& json);

}  // namespace cadre::train
