// SPDX-License-Identifier: Apache-2.0
#include "model/decider_pack.h"

#include "base/check.h"
#include "model/decider.h"
#include "tensor/gguf.h"
#include "tensor/quant_matmul.h"

namespace cadre::model {

using tensor::TensorType;

// What "Q4_0" means for a pack. Token embedding and heads stay at 8 bits: rows of the embedding are added up without a product that would
// average their errors, and the heads are small (a tenth of the bytes) and last. The blocks' matrices are at 4 bits: on WikiSQL dev all four
// files of one training agree within 0.05 points of logical form (docs/decisions/0003-quantisation.md), so nothing finer is worth its bytes.
// Q8_0 is what ships: 0.9 MB more, the same speed while the weights fit the second-level cache, and no risk for a pack nobody measured.
TensorType packed_type(const TensorSpec& spec, TensorType type) {
  if (spec.role == TensorRole::kVector) return TensorType::kF32;
  const bool keeps_8_bits = spec.role == TensorRole::kEmbedding || spec.name.starts_with("head.");
  return type == TensorType::kQ4_0 && keeps_8_bits ? TensorType::kQ8_0 : type;
}

std::string encode_decider_pack(const DeciderPack& pack, TensorType type) {
  CADRE_CHECK(pack.specs.size() == pack.tensors.size(), "one array per tensor");
  tensor::GgufBuilder builder;
  builder.add_string("general.architecture", kDeciderArchitecture);
  builder.add_string("general.name", pack.contract.value("name", "decider"));
  builder.add_string("general.version", pack.contract.value("version", "0"));
  builder.add_string("general.file_type", tensor::traits(type).name);
  builder.add_string("cadre.decider", base::dump_json(to_json(pack.config)));
  builder.add_string("cadre.contract", base::dump_json(pack.contract));
  builder.add_string("tokenizer.ggml.model", "gpt2");
  builder.add_strings("tokenizer.ggml.tokens", pack.tokenizer.tokens());
  builder.add_strings("tokenizer.ggml.merges", pack.tokenizer.merges());
  std::vector<std::vector<uint8_t>> data(pack.specs.size());
  for (size_t i = 0; i < pack.specs.size(); ++i) {
    const auto& spec = pack.specs[i];
    CADRE_CHECK(pack.tensors[i].size() == size_t{spec.rows} * spec.columns, "arrays have their tensors' shapes");
    const TensorType stored = packed_type(spec, type);
    for (size_t row = 0; row < spec.rows; ++row)
      tensor::quantize_row(stored, pack.tensors[i].subspan(row * spec.columns, spec.columns), data[i]);
    const uint64_t dims[2] = {spec.columns, spec.rows};
    builder.add_tensor(spec.name, stored, std::span(dims, spec.rows == 1 ? 1 : 2), data[i]);
  }
  return builder.bytes();
}

}  // namespace cadre::model
