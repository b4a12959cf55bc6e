// Writes a decider as one GGUF file that carries its contract.
//
// Keys: general.architecture ("cadre-decider"), general.name, general.version, general.file_type; cadre.decider (the shape, JSON);
// cadre.contract (JSON, see docs/packs.md); tokenizer.ggml.model ("gpt2"), .tokens, .merges. Tensors: those of decider_tensors(),
// matrices and the token embedding in `type`, vectors in F32. With Q4_0 the token embedding and the heads stay Q8_0: they are
// small and lose most (docs/decisions/0003-quantisation.md).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "model/decider_config.h"
#include "tensor/tensor_type.h"
#include "text/bpe.h"

namespace cadre::model {

struct DeciderPack {
  const DeciderConfig& config;
  std::span<const TensorSpec> specs;
  std::span<const std::span<const float>> tensors;  // in the order of specs
  const text::BpeTokenizer& tokenizer;
  const base::Json& contract;
};

// The bytes of the file.
std::string encode_decider_pack(const DeciderPack& pack, tensor::TensorType type);

// The type a tensor gets in a pack of `type`.
tensor::TensorType packed_type(const TensorSpec& spec, tensor::TensorType type);

}  // namespace cadre::model
