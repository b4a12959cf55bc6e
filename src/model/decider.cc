// SPDX-License-Identifier: Apache-2.0
#include "model/decider.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/check.h"
#include "base/vectorize.h"
#include "tensor/small_product.h"
#include "tensor/vector_math.h"

namespace cadre::model {

using tensor::AlignedVector;
using tensor::QuantInput;
using tensor::QuantMatrix;

namespace {

constexpr size_t kPositions = kColumnPosition + kNameTokensMax + 2;

// --- loading

struct Loader {
  const tensor::Gguf& file;
  const DeciderConfig& config;
  tensor::QuantKernel kernel;
  std::vector<TensorSpec> specs = decider_tensors(config);

  Result<const tensor::GgufTensor*> find(const std::string& name) const {
    const auto spec = std::find_if(specs.begin(), specs.end(), [&](const TensorSpec& s) { return s.name == name; });
    CADRE_CHECK(spec != specs.end(), "only tensors of decider_tensors() are loaded");
    const tensor::GgufTensor* found = TRY(file.tensor(name));
    if (found->dim_count > 2 || found->dims[0] != spec->columns || found->dims[1] != spec->rows)
      return Error{ErrorCode::kInvalid,
                   fmt::format("tensor \"{}\": expected {} rows of {}", name, spec->rows, spec->columns)};
    return found;
  }

  Result<std::vector<float>> floats(const std::string& name) const {
    const tensor::GgufTensor& t = *TRY(find(name));
    std::vector<float> out(t.dims[0] * t.dims[1]);
    TRY(tensor::dequantize_row(t.type, t.bytes, out));
    for (const float x : out)
      if (!std::isfinite(x))
        return Error{ErrorCode::kInvalid, fmt::format("tensor \"{}\" holds a value that is not finite", name)};
    return out;
  }

  Result<QuantMatrix> matrix(const std::string& name) const {
    TRY(floats(name));  // refuses values that are not finite
    const tensor::GgufTensor& t = *TRY(find(name));
    return QuantMatrix::make(kernel, t.type, t.dims[1], t.dims[0], t.bytes);
  }
};

// --- arithmetic of the encoder that tensor/ does not have; fixed order, explicit fma

CADRE_VECTORIZE
void add_row(float* __restrict y, const float* __restrict x, size_t count) {
  for (size_t i = 0; i < count; ++i) y[i] += x[i];
}

CADRE_VECTORIZE
void rotate_half(float* __restrict low, float* __restrict high, const float* __restrict cosine,
                 const float* __restrict sine, size_t half) {
  for (size_t i = 0; i < half; ++i) {
    const float a = low[i], b = high[i];
    low[i] = __builtin_fmaf(a, cosine[i], -(b * sine[i]));
    high[i] = __builtin_fmaf(a, sine[i], b * cosine[i]);
  }
}

CADRE_VECTORIZE
void bias_relu(float* __restrict x, const float* __restrict bias, size_t count) {
  for (size_t i = 0; i < count; ++i) x[i] = std::max(x[i] + bias[i], 0.0f);
}

}  // namespace

Result<std::shared_ptr<const DeciderWeights>> DeciderWeights::load(const tensor::Gguf& file,
                                                                   tensor::QuantKernel kernel) {
  const auto architecture = TRY(file.string("general.architecture"));
  if (architecture != kDeciderArchitecture)
    return Error{ErrorCode::kUnsupported,
                 fmt::format("architecture is \"{}\", a \"{}\" was expected", architecture, kDeciderArchitecture)};
  std::shared_ptr<DeciderWeights> w(new DeciderWeights);
  w->kernel_ = kernel;
  w->config_ = TRY(decider_config_from_json(TRY(base::parse_json(TRY(file.string("cadre.decider"))))));
  w->contract_ = TRY(base::parse_json(TRY(file.string("cadre.contract"))));
  const auto copies = [&file](const char* key) -> Result<std::vector<std::string>> {
    const auto views = TRY(file.strings(key));
    return std::vector<std::string>(views.begin(), views.end());
  };
  auto tokens = TRY(copies("tokenizer.ggml.tokens"));
  auto merges = TRY(copies("tokenizer.ggml.merges"));
  if (tokens.size() > w->config_.vocabulary)
    return Error{ErrorCode::kInvalid,
                 fmt::format("{} tokens are more than the vocabulary of {}", tokens.size(), w->config_.vocabulary)};
  w->tokenizer_ = std::make_unique<text::BpeTokenizer>(
      TRY(text::BpeTokenizer::from_lists(std::move(tokens), std::move(merges), kSpecialTokenCount)));

  const Loader loader{file, w->config_, kernel};
  w->token_embedding_ = TRY(loader.floats("token_embd.weight"));
  w->feature_embedding_ = TRY(loader.floats("feature_embd.weight"));
  for (uint32_t i = 0; i < w->config_.layers; ++i) {
    const std::string name = fmt::format("blk.{}.", i);
    Block b;
    b.attention_norm = TRY(loader.floats(name + "attn_norm.weight"));
    b.relation_bias = TRY(loader.floats(name + "attn_relation.bias"));
    b.ffn_norm = TRY(loader.floats(name + "ffn_norm.weight"));
    b.qkv = TRY(loader.matrix(name + "attn_qkv.weight"));
    b.attention_output = TRY(loader.matrix(name + "attn_output.weight"));
    b.gate_up = TRY(loader.matrix(name + "ffn_gate_up.weight"));
    b.down = TRY(loader.matrix(name + "ffn_down.weight"));
    w->blocks_.push_back(std::move(b));
  }
  w->output_norm_ = TRY(loader.floats("output_norm.weight"));
  const auto load_head = [&](const std::string& name) -> Result<Head> {
    Head head;
    head.hidden = TRY(loader.matrix("head." + name + ".hidden.weight"));
    head.output = TRY(loader.matrix("head." + name + ".output.weight"));
    head.hidden_bias = TRY(loader.floats("head." + name + ".hidden.bias"));
    head.output_bias = TRY(loader.floats("head." + name + ".output.bias"));
    return head;
  };
  w->column_ = TRY(load_head("column"));
  w->condition_ = TRY(load_head("condition"));
  w->question_ = TRY(load_head("question"));
  w->candidate_features_ = TRY(loader.floats("head.condition.feature.weight"));
  w->token_output_ = TRY(loader.matrix("head.token.output.weight"));
  w->token_bias_ = TRY(loader.floats("head.token.output.bias"));

  // Rotations are computed in double and rounded once; libm's last bit could differ between systems, so they are kept coarse:
  // an angle's sine and cosine are rounded to 2^-20, far below what 8-bit weights resolve.
  const size_t half = w->config_.head_dim() / 2;
  const auto coarse = [](double x) { return static_cast<float>(std::nearbyint(x * 1048576.0) / 1048576.0); };
  for (size_t p = 0; p < kPositions; ++p) {
    for (size_t i = 0; i < half; ++i) {
      const double angle = static_cast<double>(p) / std::pow(static_cast<double>(w->config_.rope_base),
                                                             static_cast<double>(i) / static_cast<double>(half));
      w->cosine_.push_back(coarse(std::cos(angle)));
      w->sine_.push_back(coarse(std::sin(angle)));
    }
  }
  return std::shared_ptr<const DeciderWeights>(std::move(w));
}

struct DeciderRunner::Buffers {
  AlignedVector<float> stream, normed, qkv, attended, gate_up, activated, projected;  // [t, ...]
  AlignedVector<float> keys, scores;                                                  // one head
  AlignedVector<float> gathered, hidden, output;                                      // heads
  std::vector<uint32_t> bits;
  std::vector<size_t> owners;
  QuantInput quantized;
};

DeciderRunner::DeciderRunner(std::shared_ptr<const DeciderWeights> weights)
    : weights_(std::move(weights)), buffers_(std::make_unique<Buffers>()) {}
DeciderRunner::~DeciderRunner() = default;
DeciderRunner::DeciderRunner(DeciderRunner&&) noexcept = default;

std::span<const float> DeciderRunner::encode(const DeciderInput& input) {
  auto& b = *buffers_;
  const size_t width = weights_->config_.width, length = input.length();
  b.stream.resize(length * width);
  for (size_t t = 0; t < length; ++t) {
    float* row = b.stream.data() + t * width;
    CADRE_CHECK(input.tokens[t] < weights_->config_.vocabulary, "inputs are built with this model's tokenizer");
    std::memcpy(row, weights_->token_embedding_.data() + input.tokens[t] * width, width * sizeof(float));
    for (uint32_t bits = input.features[t]; bits != 0; bits &= bits - 1)
      add_row(row, weights_->feature_embedding_.data() + static_cast<size_t>(std::countr_zero(bits)) * width, width);
  }
  for (const auto& each : weights_->blocks_) block(each, input);
  b.normed.resize(length * width);
  for (size_t t = 0; t < length; ++t)
    tensor::rms_norm(b.stream.data() + t * width, weights_->output_norm_.data(), width, weights_->config_.norm_epsilon,
                     b.normed.data() + t * width);
  return {b.normed.data(), length * width};
}

void DeciderRunner::block(const DeciderWeights::Block& w, const DeciderInput& input) {
  auto& b = *buffers_;
  const auto& config = weights_->config_;
  const size_t width = config.width, ffn = config.ffn_width, length = input.length(), head_dim = config.head_dim(),
               half = head_dim / 2;
  const auto normalize = [&](const std::vector<float>& weight) {
    b.normed.resize(length * width);
    for (size_t t = 0; t < length; ++t)
      tensor::rms_norm(b.stream.data() + t * width, weight.data(), width, config.norm_epsilon,
                       b.normed.data() + t * width);
  };
  const auto product = [&](const AlignedVector<float>& x, const QuantMatrix& matrix, AlignedVector<float>& y) {
    b.quantized.assign(weights_->kernel_, x.data(), matrix.k(), length, matrix.k(), matrix.type());
    y.resize(length * matrix.n());
    tensor::matmul(b.quantized, matrix, y.data(), matrix.n());
  };

  normalize(w.attention_norm);
  product(b.normed, w.qkv, b.qkv);
  for (size_t t = 0; t < length; ++t) {
    const float* cosine = weights_->cosine_.data() + input.positions[t] * half;
    const float* sine = weights_->sine_.data() + input.positions[t] * half;
    for (size_t offset = 0; offset < 2 * width; offset += head_dim) {
      float* row = b.qkv.data() + t * 3 * width + offset;
      rotate_half(row, row + half, cosine, sine, half);
    }
  }
  const size_t padded = (length + 15) / 16 * 16, stride = 3 * width;
  const float scale = 1.0f / std::sqrt(static_cast<float>(head_dim));
  b.attended.resize(length * width);
  b.keys.resize(head_dim * padded);
  b.scores.resize(length * padded);
  for (size_t h = 0; h < config.heads; ++h) {
    const float* queries = b.qkv.data() + h * head_dim;
    tensor::small_transpose(queries + width, stride, length, head_dim, b.keys.data(), padded);
    tensor::small_product(queries, stride, 1, b.keys.data(), padded, length, head_dim, padded, b.scores.data(), padded);
    tensor::softmax_rows(b.scores.data(), padded, length, length, scale, input.relations.data(),
                         w.relation_bias.data() + h * kRelationCount);
    tensor::small_product(b.scores.data(), padded, 1, queries + 2 * width, stride, length, length, head_dim,
                          b.attended.data() + h * head_dim, width);
  }
  product(b.attended, w.attention_output, b.projected);
  add_row(b.stream.data(), b.projected.data(), length * width);

  normalize(w.ffn_norm);
  product(b.normed, w.gate_up, b.gate_up);
  b.activated.resize(length * ffn);
  for (size_t t = 0; t < length; ++t)
    tensor::swiglu(b.gate_up.data() + t * 2 * ffn, b.gate_up.data() + t * 2 * ffn + ffn, ffn,
                   b.activated.data() + t * ffn);
  product(b.activated, w.down, b.projected);
  add_row(b.stream.data(), b.projected.data(), length * width);
}

// Reads b.gathered [rows, inputs], leaves b.output [rows, 16].
void DeciderRunner::head(const DeciderWeights::Head& w, size_t rows, size_t inputs,
                         std::span<const uint32_t> feature_bits) {
  auto& b = *buffers_;
  const size_t hidden = weights_->config_.head_width;
  b.quantized.assign(weights_->kernel_, b.gathered.data(), inputs, rows, inputs, w.hidden.type());
  b.hidden.resize(rows * hidden);
  tensor::matmul(b.quantized, w.hidden, b.hidden.data(), hidden);
  for (size_t r = 0; r < rows; ++r) {
    float* row = b.hidden.data() + r * hidden;
    for (uint32_t bits = feature_bits.empty() ? 0 : feature_bits[r]; bits != 0; bits &= bits - 1)
      add_row(row, weights_->candidate_features_.data() + static_cast<size_t>(std::countr_zero(bits)) * hidden, hidden);
    bias_relu(row, w.hidden_bias.data(), hidden);
  }
  b.quantized.assign(weights_->kernel_, b.hidden.data(), hidden, rows, hidden, w.output.type());
  b.output.resize(rows * kHeadOutputs);
  tensor::matmul(b.quantized, w.output, b.output.data(), kHeadOutputs);
  for (size_t r = 0; r < rows; ++r) add_row(b.output.data() + r * kHeadOutputs, w.output_bias.data(), kHeadOutputs);
}

void DeciderRunner::score_candidates(const DeciderInput& input, size_t first, DeciderOutputs& outputs) {
  auto& b = *buffers_;
  const size_t width = weights_->config_.width;
  outputs.candidates.resize(input.candidates.size() * kHeadOutputs);
  std::fill(outputs.candidates.begin() + static_cast<ptrdiff_t>(first * kHeadOutputs), outputs.candidates.end(),
            -1e30f);
  b.bits.clear();
  b.owners.clear();
  b.gathered.clear();
  const auto gather = [&](size_t token) {
    b.gathered.insert(b.gathered.end(), b.normed.data() + token * width, b.normed.data() + (token + 1) * width);
  };
  for (size_t c = first; c < input.candidates.size(); ++c) {
    const auto& row = input.candidates[c];
    if (row.begin_token == kNoToken || input.column_token[row.column] == kNoToken) continue;
    gather(row.begin_token);
    gather(row.end_token);
    gather(input.column_token[row.column]);
    b.bits.push_back(row.features);
    b.owners.push_back(c);
  }
  if (b.owners.empty()) return;
  head(weights_->condition_, b.owners.size(), 3 * width, b.bits);
  for (size_t r = 0; r < b.owners.size(); ++r)
    std::memcpy(outputs.candidates.data() + b.owners[r] * kHeadOutputs, b.output.data() + r * kHeadOutputs,
                kHeadOutputs * sizeof(float));
}

void DeciderRunner::run(const DeciderInput& input, DeciderOutputs& outputs) {
  auto& b = *buffers_;
  const size_t width = weights_->config_.width, length = input.length();
  encode(input);

  outputs.columns.assign(input.column_token.size() * kHeadOutputs, -1e30f);
  b.owners.clear();
  b.gathered.clear();
  for (size_t c = 0; c < input.column_token.size(); ++c) {
    if (input.column_token[c] == kNoToken) continue;
    const float* column = b.normed.data() + input.column_token[c] * width;
    b.gathered.insert(b.gathered.end(), column, column + width);
    b.gathered.insert(b.gathered.end(), b.normed.data(), b.normed.data() + width);
    b.owners.push_back(c);
  }
  if (!b.owners.empty()) {
    head(weights_->column_, b.owners.size(), 2 * width, {});
    for (size_t r = 0; r < b.owners.size(); ++r)
      std::memcpy(outputs.columns.data() + b.owners[r] * kHeadOutputs, b.output.data() + r * kHeadOutputs,
                  kHeadOutputs * sizeof(float));
  }
  score_candidates(input, 0, outputs);

  b.gathered.assign(b.normed.begin(), b.normed.begin() + static_cast<ptrdiff_t>(width));
  head(weights_->question_, 1, width, {});
  outputs.question.assign(b.output.begin(), b.output.begin() + kHeadOutputs);

  outputs.tokens.resize(length * kHeadOutputs);
  b.quantized.assign(weights_->kernel_, b.normed.data(), width, length, width, weights_->token_output_.type());
  tensor::matmul(b.quantized, weights_->token_output_, outputs.tokens.data(), kHeadOutputs);
  for (size_t t = 0; t < length; ++t)
    add_row(outputs.tokens.data() + t * kHeadOutputs, weights_->token_bias_.data(), kHeadOutputs);
}

void DeciderRunner::score_more(const DeciderInput& input, size_t first, DeciderOutputs& outputs) {
  score_candidates(input, first, outputs);
}

}  // namespace cadre::model
