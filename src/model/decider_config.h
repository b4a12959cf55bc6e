// The shape of a decider: a bidirectional encoder over question and column names, and the heads that score decisions.
//
// Input: [CLS] question tokens, then for each column one column token and the tokens of its name. Every token is the sum of its
// token embedding and the embeddings of its set feature bits (links found by string matching, kinds, types). Blocks are
// pre-norm: RMS norm, attention with rotary positions and a learned bias per head and *relation* of the two tokens (this word
// equals that header word, stands in that column's cell, ...), SwiGLU. Columns carry no order: each restarts at the same position.
// Heads: column (select pointer and aggregate choice), condition (operator choice or "unused" for a candidate condition),
// question (count of conditions, answerable or not), token (a value starts here, ends here).
// Ideas: relation-aware attention, Wang et al. 2020 (RAT-SQL, arXiv:1911.04942), here a bias; RoPE, Su et al. 2021;
// SwiGLU, Shazeer 2020; lexical links as input, Guo et al. 2019 (IRNet). Thread safety: plain values.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace cadre::model {

inline constexpr int kFeatureCount = 32;   // token feature bits, and candidate feature bits
inline constexpr int kRelationCount = 16;  // one AVX-512 register holds a head's bias table
inline constexpr int kHeadOutputs = 16;    // rows of every head's last matrix; the unused ones stay zero
inline constexpr int kCountClasses = 5;    // 0..4 conditions

struct DeciderConfig {
  uint32_t vocabulary = 4096;
  uint32_t width = 192;         // of a token's state; a multiple of 32
  uint32_t layers = 4;
  uint32_t heads = 6;           // width / heads is the head's width, a multiple of 16
  uint32_t ffn_width = 512;     // a multiple of 32
  uint32_t head_width = 128;    // hidden layer of the heads; a multiple of 32
  float rope_base = 1000.0f;
  float norm_epsilon = 1e-5f;

  uint32_t head_dim() const { return width / heads; }
};

base::Json to_json(const DeciderConfig& config);
// Error: a missing key or a shape outside its limits (a hostile file must not make us allocate without bound).
Result<DeciderConfig> decider_config_from_json(const base::Json& json);
Result<void> check_config(const DeciderConfig& config);

enum class TensorRole : uint8_t {
  kEmbedding,  // rows are looked up
  kMatrix,     // [outputs, inputs]; quantised in a pack
  kVector,     // norms, biases, tables; always f32
};

struct TensorSpec {
  std::string name;
  uint32_t rows = 0;
  uint32_t columns = 0;
  TensorRole role = TensorRole::kMatrix;
};

// Every tensor of a decider in file order. The trainer's parameters and the pack's tensors are exactly these.
std::vector<TensorSpec> decider_tensors(const DeciderConfig& config);

}  // namespace cadre::model
