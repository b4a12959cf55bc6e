// Texts and labels for training a router, read from the data sets that a recipe names.
//
// Equal texts count once, the first source wins. Labels are numbered in the order in which the sources bring them. Samples, folds and
// generated sentences come from the recipe's seed alone: the same files give the same corpus.
// Limits: a file of 2 GiB, 5 million texts, 4,096 labels. Thread safety: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/ngram_features.h"
#include "train/router_recipe.h"

namespace cadre::train {

inline constexpr int32_t kNoLabel = -1;  // out of scope

struct RouterExample {
  model::NgramFeatures features;
  int32_t label = kNoLabel;
  uint32_t fold = 0;
  uint32_t source = 0;  // index into the recipe's sources
};

struct SourceReport {
  std::string data_set, file, sha256;  // of the file; both empty for generated sentences
  size_t texts = 0;                    // used
};

struct RouterCorpus {
  std::vector<std::string> labels;
  std::vector<RouterExample> examples;
  std::vector<SourceReport> reports;  // one per source
};

struct RouterDataOptions {
  std::string data_directory;
  uint64_t seed = 1;
  size_t folds = 5;
  std::vector<std::string> labels = {};  // known before; with `closed` a text with another label is an error
  bool closed = false;
};

Result<RouterCorpus> read_router_corpus(std::span<const RouterSource> sources, const RouterDataOptions& options);

}  // namespace cadre::train
