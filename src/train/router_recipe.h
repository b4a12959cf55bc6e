// What a router is trained on and how: the recipe file (recipes/router.yaml, recipes/scope.yaml) as a checked value.
//
// Every key is checked: an unknown one is an error, so a misspelt setting cannot be silently ignored. Thread safety: values.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace cadre::train {

// Where texts come from: a file of a data set, or sentences that we generate.
struct RouterSource {
  std::string data_set;             // "clinc150"; texts of one data set share it
  std::string file;                 // below the data directory; .jsonl, or .tsv with a header line
  std::string text;                 // path of the text in a line: "question", "utterances.*.text"; a column of a .tsv
  std::string label;                // path of the label; empty: all texts are `is`
  std::string is;                   // a label for all texts; "none": out of scope
  std::string out_of_scope;         // the value of `label` that means out of scope
  std::vector<std::string> except;  // values of `except_field` whose texts are left out
  std::vector<std::string> only;    // if given, the values of `except_field` whose texts are taken, all others left out
  std::string except_field;         // default: `label`
  std::string generate;             // "table_questions" (from a file of tables), "writer_requests", instead of `text`
  size_t texts_max = SIZE_MAX;      // a seeded sample of that many
  int fold = -1;                    // for all texts of the source; -1: drawn per text
  std::string origin, licence;      // for the pack: where to get it, under which terms
};

struct LinearOptions {
  uint32_t buckets = 8192;
  size_t epochs = 12;
  float learning_rate = 0.1f;  // Adagrad's, falling to 0 along a line
  float weight_decay = 1e-4f;  // pulls the weights of the features present, per example
};

struct RouterNetOptions {
  uint32_t rows = 4096, width = 96, hidden = 256;
  size_t epochs = 30, batch_examples = 16;
  float learning_rate = 0.001f;  // Adam's, for the dense layers; both rates fall to 0 along a line
  float table_rate = 0.02f;      // Adagrad's, for the tables
  float feature_dropout = 0.5f;  // share of n-grams hidden from the net
  float hidden_dropout = 0.4f;
  float label_smoothing = 0.15f;  // share of the target spread over all labels and none
};

struct RouterRecipe {
  std::string name, version, purpose;
  uint64_t seed = 1;
  size_t folds = 5;  // for calibration; at least 2
  LinearOptions linear;
  RouterNetOptions net;
  float linear_share = 0.5f;          // of the linear tier in the average of both
  double declined_right_max = 0.01;   // the threshold may turn away this share of the right decisions of left-out texts
  double linear_risk_max = 0.005;     // share wrong among what the linear tier decides alone
  std::vector<RouterSource> sources;  // to train on
  std::vector<RouterSource> evaluation;  // for the evaluation card; never trained on
  base::Json source;                     // the recipe as read, for the pack
};

// The settings of a net ("net." of the recipe of a `what`).
Result<void> read_net_options(const base::Json& json, const char* what, RouterNetOptions& options);

Result<RouterRecipe> router_recipe_from_json(const base::Json& json);

}  // namespace cadre::train
