// The router's second tier: a small net over the same hashed n-grams.
//
// Three embedding tables (words, neighbouring words, pieces), each summed and scaled by the root of its group's size; the three sums
// side by side are the input of one hidden layer (ReLU) and one output per label. The order of words enters through the pairs alone:
// a convolution over words was slower and a point worse (docs/decisions/0007-router.md).
// Tables are summed in integers and scaled per column; the two dense layers run in f32 in one stated order (router_math.h): the same
// bits on every CPU. Cost: 10-30 us. Thread safety: immutable.
// Idea: deep averaging networks, Iyyer et al. 2015; fastText's pieces.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/result.h"
#include "model/ngram_features.h"
#include "tensor/aligned.h"

namespace cadre::model {

inline constexpr size_t kNetGroups = 3;  // words, pairs, pieces
inline constexpr std::array<const char*, kNetGroups> kNetTableNames = {"net.words.weight", "net.pairs.weight",
                                                                       "net.pieces.weight"};

// As stored in a pack. Column c of a dense layer is values[i, c] * scales[c].
struct RouterNetWeights {
  uint32_t rows = 0;                                   // of each table; a power of two, at most 2^20
  uint32_t width = 0;                                  // of a table's row, at most 1024
  uint32_t hidden = 0;                                 // at most 4096
  uint32_t labels = 0;                                 // at most 4096
  std::array<std::vector<int8_t>, kNetGroups> tables;  // [rows, width]
  std::vector<float> table_scales;                     // [groups, width]
  std::vector<int8_t> hidden_weights;                  // [groups * width, hidden]
  std::vector<float> hidden_scales, hidden_biases;     // [hidden]
  std::vector<int8_t> output_weights;                  // [hidden, labels]
  std::vector<float> output_scales, output_biases;     // [labels]
};

class RouterNet {
 public:
  // Refuses shapes that do not fit together and numbers that are not finite.
  static Result<RouterNet> make(const RouterNetWeights& weights);

  uint32_t labels() const { return static_cast<uint32_t>(output_biases_.size()); }
  // Probability of each label; what is missing to 1 belongs to none of them.
  std::vector<float> probabilities(const NgramFeatures& features) const;
  // What the hidden layer makes of the text.
  std::vector<float> hidden(const NgramFeatures& features) const;

 private:
  RouterNet() = default;

  uint32_t mask_ = 0;
  size_t width_ = 0, stride_ = 0;
  std::array<tensor::AlignedVector<int8_t>, kNetGroups> tables_;  // [rows, stride_]
  std::vector<float> table_scales_;                               // [groups, width_]
  tensor::AlignedVector<float> hidden_weights_, output_weights_;
  std::vector<float> hidden_biases_, output_biases_;
};

}  // namespace cadre::model
