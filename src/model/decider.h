// Runs a decider: one pass over one input, the same bits on every CPU.
//
// DeciderWeights are loaded from a pack once and shared, immutable. A DeciderRunner holds the buffers of one thread.
// All matrix products are those of tensor/quant_matmul.h; the rest is f32 with a stated order and explicit fused multiply-adds, so
// that outputs depend on the file and the input alone (DESIGN P5).
// Thread safety: weights from any thread; a runner belongs to one thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "model/decider_config.h"
#include "model/decider_decode.h"
#include "model/decider_input.h"
#include "tensor/gguf.h"
#include "tensor/quant_matmul.h"
#include "text/bpe.h"

namespace cadre::model {

inline constexpr const char* kDeciderArchitecture = "cadre-decider";

class DeciderWeights {
 public:
  // Error: not a decider, a missing or misshapen tensor, a value that is not finite; names what is wrong.
  static Result<std::shared_ptr<const DeciderWeights>> load(const tensor::Gguf& file, tensor::QuantKernel kernel);

  const DeciderConfig& config() const { return config_; }
  const text::BpeTokenizer& tokenizer() const { return *tokenizer_; }
  const base::Json& contract() const { return contract_; }
  tensor::QuantKernel kernel() const { return kernel_; }
  // What a token is before its features are added and the encoder runs: [width]. REQUIRES token < config().vocabulary.
  std::span<const float> token_embedding(size_t token) const {
    return std::span(token_embedding_).subspan(token * config_.width, config_.width);
  }

 private:
  friend class DeciderRunner;
  struct Block {
    std::vector<float> attention_norm, relation_bias, ffn_norm;
    tensor::QuantMatrix qkv, attention_output, gate_up, down;
  };
  struct Head {
    tensor::QuantMatrix hidden, output;
    std::vector<float> hidden_bias, output_bias;
  };
  DeciderWeights() = default;

  DeciderConfig config_;
  tensor::QuantKernel kernel_ = tensor::QuantKernel::kScalar;
  base::Json contract_;
  std::unique_ptr<text::BpeTokenizer> tokenizer_;
  std::vector<float> token_embedding_;    // [vocabulary, width], dequantised at load: a row is copied per token
  std::vector<float> feature_embedding_;  // [32, width]
  std::vector<float> cosine_, sine_;      // [positions, head_dim / 2]
  std::vector<Block> blocks_;
  std::vector<float> output_norm_;
  Head column_, condition_, question_;
  std::vector<float> candidate_features_;  // [32, head_width]
  tensor::QuantMatrix token_output_;
  std::vector<float> token_bias_;
};

class DeciderRunner {
 public:
  explicit DeciderRunner(std::shared_ptr<const DeciderWeights> weights);
  ~DeciderRunner();
  DeciderRunner(DeciderRunner&&) noexcept;

  // Encodes the input and scores every decision. The encoder's states stay for score_more.
  void run(const DeciderInput& input, DeciderOutputs& outputs);
  // Scores candidates from `first` on, which were appended to the same input after run().
  void score_more(const DeciderInput& input, size_t first, DeciderOutputs& outputs);
  // The encoder alone: the state of every token, [length, width], until the next call.
  std::span<const float> encode(const DeciderInput& input);

 private:
  struct Buffers;
  void block(const DeciderWeights::Block& block, const DeciderInput& input);
  void head(const DeciderWeights::Head& head, size_t rows, size_t inputs, std::span<const uint32_t> feature_bits);
  void score_candidates(const DeciderInput& input, size_t first, DeciderOutputs& outputs);

  std::shared_ptr<const DeciderWeights> weights_;
  std::unique_ptr<Buffers> buffers_;
};

}  // namespace cadre::model
