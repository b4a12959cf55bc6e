// SPDX-License-Identifier: Apache-2.0
#include "model/decider_config.h"

#include <fmt/format.h>

namespace cadre::model {

base::Json to_json(const DeciderConfig& config) {
  base::Json json;
  json["vocabulary"] = config.vocabulary;
  json["width"] = config.width;
  json["layers"] = config.layers;
  json["heads"] = config.heads;
  json["ffn_width"] = config.ffn_width;
  json["head_width"] = config.head_width;
  json["rope_base"] = config.rope_base;
  json["norm_epsilon"] = config.norm_epsilon;
  return json;
}

Result<DeciderConfig> decider_config_from_json(const base::Json& json) {
  DeciderConfig config;
  const auto read = [&json](const char* key, uint32_t& out) -> Result<void> {
    const int64_t value = TRY(base::json_int(json, key));
    if (value < 0 || value > 1 << 20) return Error{ErrorCode::kInvalid, fmt::format("\"{}\" is {}, out of range", key, value)};
    out = static_cast<uint32_t>(value);
    return {};
  };
  TRY(read("vocabulary", config.vocabulary));
  TRY(read("width", config.width));
  TRY(read("layers", config.layers));
  TRY(read("heads", config.heads));
  TRY(read("ffn_width", config.ffn_width));
  TRY(read("head_width", config.head_width));
  config.rope_base = static_cast<float>(TRY(base::json_number(json, "rope_base")));
  config.norm_epsilon = static_cast<float>(TRY(base::json_number(json, "norm_epsilon")));
  TRY(check_config(config));
  return config;
}

Result<void> check_config(const DeciderConfig& config) {
  const auto refuse = [](const char* what) {
    return Error{ErrorCode::kInvalid, fmt::format("decider shape: {}", what)};
  };
  if (config.vocabulary < 300 || config.vocabulary > 65536) return refuse("vocabulary must be 300 to 65,536");
  if (config.width < 32 || config.width > 1024 || config.width % 32 != 0) return refuse("width must be a multiple of 32 up to 1,024");
  if (config.layers < 1 || config.layers > 24) return refuse("layers must be 1 to 24");
  if (config.heads < 1 || config.width % config.heads != 0 || config.head_dim() % 16 != 0)
    return refuse("width / heads must be a multiple of 16");
  if (config.ffn_width < 32 || config.ffn_width > 4096 || config.ffn_width % 32 != 0)
    return refuse("ffn_width must be a multiple of 32 up to 4,096");
  if (config.head_width < 32 || config.head_width > 1024 || config.head_width % 32 != 0)
    return refuse("head_width must be a multiple of 32 up to 1,024");
  if (!(config.rope_base >= 10.0f && config.rope_base <= 1e7f)) return refuse("rope_base must be 10 to 10,000,000");
  if (!(config.norm_epsilon >= 1e-8f && config.norm_epsilon <= 1e-2f)) return refuse("norm_epsilon must be 1e-8 to 1e-2");
  return {};
}

std::vector<TensorSpec> decider_tensors(const DeciderConfig& c) {
  std::vector<TensorSpec> tensors;
  const auto matrix = [&](std::string name, uint32_t rows, uint32_t columns) {
    tensors.push_back({std::move(name), rows, columns, TensorRole::kMatrix});
  };
  const auto vector = [&](std::string name, uint32_t rows, uint32_t columns) {
    tensors.push_back({std::move(name), rows, columns, TensorRole::kVector});
  };
  tensors.push_back({"token_embd.weight", c.vocabulary, c.width, TensorRole::kEmbedding});
  tensors.push_back({"feature_embd.weight", kFeatureCount, c.width, TensorRole::kVector});
  for (uint32_t layer = 0; layer < c.layers; ++layer) {
    const std::string block = fmt::format("blk.{}.", layer);
    vector(block + "attn_norm.weight", 1, c.width);
    matrix(block + "attn_qkv.weight", 3 * c.width, c.width);
    vector(block + "attn_relation.bias", c.heads, kRelationCount);
    matrix(block + "attn_output.weight", c.width, c.width);
    vector(block + "ffn_norm.weight", 1, c.width);
    matrix(block + "ffn_gate_up.weight", 2 * c.ffn_width, c.width);
    matrix(block + "ffn_down.weight", c.width, c.ffn_width);
  }
  vector("output_norm.weight", 1, c.width);
  const auto head = [&](const std::string& name, uint32_t inputs) {
    matrix("head." + name + ".hidden.weight", c.head_width, inputs);
    vector("head." + name + ".hidden.bias", 1, c.head_width);
    matrix("head." + name + ".output.weight", kHeadOutputs, c.head_width);
    vector("head." + name + ".output.bias", 1, kHeadOutputs);
  };
  head("column", 2 * c.width);
  head("condition", 3 * c.width);
  vector("head.condition.feature.weight", kFeatureCount, c.head_width);
  head("question", c.width);
  matrix("head.token.output.weight", kHeadOutputs, c.width);
  vector("head.token.output.bias", 1, kHeadOutputs);
  return tensors;
}

}  // namespace cadre::model
