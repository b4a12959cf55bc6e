// SPDX-License-Identifier: Apache-2.0
#include "train/decider_net.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <thread>

#include "base/check.h"

namespace cadre::train {

using model::DeciderConfig;
using model::kCountClasses;
using model::kHeadOutputs;
using model::kNoToken;
using tensor::Accumulate;

namespace {

// Positive span boundaries are one word in six; the weight evens the two classes out.
constexpr float kSpanLossWeight = 0.3f;
constexpr float kAnswerableLossWeight = 0.3f;
constexpr float kCountLossWeight = 0.5f;

struct BlockTensors {
  size_t attn_norm, qkv, relation, attn_output, ffn_norm, gate_up, down;
};

struct HeadTensors {
  size_t hidden, hidden_bias, output, output_bias;
};

// One shard's saved activations of one block.
template <class T>
struct BlockState {
  AlignedVector<float> input, qkv, probabilities, middle, gate_up, inverse_rms1, inverse_rms2;
  AlignedVector<T> normed1, attended, normed2, activated;
  std::vector<uint8_t> mask1, mask2;
};

// Activations of a two-layer head over gathered rows.
template <class T>
struct HeadState {
  AlignedVector<float> input, hidden, output, dinput, dhidden, doutput;
  AlignedVector<T> input_t, hidden_t;
  size_t rows = 0;
};

// One shard's activations and scratch.
template <class T>
struct Shard {
  size_t index = 0;
  std::vector<BlockState<T>> blocks;
  HeadState<T> column, condition, question, token;
  AlignedVector<float> stream, normed, final_inverse, dnormed, dstream, wide, wide2, normed_float;
  AlignedVector<T> converted;
  AttentionScratch attention;
  LinearScratch<T> linear;
  std::vector<uint8_t> embedding_mask;
  std::vector<uint16_t> positions;
  std::vector<size_t> first_row;  // of each example
};

}  // namespace

DeciderLoss& DeciderLoss::operator+=(const DeciderLoss& o) {
  select += o.select;
  aggregate += o.aggregate;
  condition += o.condition;
  count += o.count;
  answerable += o.answerable;
  span += o.span;
  return *this;
}

template <class T>
struct DeciderNet<T>::Impl {
  DeciderConfig config;
  Parameters& parameters;
  tensor::MatmulKernel kernel;
  RotaryTable rotary;
  size_t token_embedding, feature_embedding, output_norm, candidate_features, token_output, token_bias;
  std::vector<BlockTensors> blocks;
  HeadTensors column, condition, question;
  std::vector<PackedLinear<T>> packed;  // by tensor; empty where the tensor is no matrix
  std::vector<Shard<T>> shards;

  Impl(const DeciderConfig& c, Parameters& p, tensor::MatmulKernel k)
      : config(c), parameters(p), kernel(k), rotary(model::kColumnPosition + model::kNameTokensMax + 2, c.head_dim(), c.rope_base) {
    token_embedding = p.index("token_embd.weight");
    feature_embedding = p.index("feature_embd.weight");
    output_norm = p.index("output_norm.weight");
    candidate_features = p.index("head.condition.feature.weight");
    token_output = p.index("head.token.output.weight");
    token_bias = p.index("head.token.output.bias");
    for (uint32_t layer = 0; layer < c.layers; ++layer) {
      const std::string block = "blk." + std::to_string(layer) + ".";
      blocks.push_back({p.index(block + "attn_norm.weight"), p.index(block + "attn_qkv.weight"), p.index(block + "attn_relation.bias"),
                        p.index(block + "attn_output.weight"), p.index(block + "ffn_norm.weight"),
                        p.index(block + "ffn_gate_up.weight"), p.index(block + "ffn_down.weight")});
    }
    const auto head = [&p](const std::string& name) {
      const std::string prefix = "head." + name + ".";
      return HeadTensors{p.index(prefix + "hidden.weight"), p.index(prefix + "hidden.bias"), p.index(prefix + "output.weight"),
                         p.index(prefix + "output.bias")};
    };
    column = head("column");
    condition = head("condition");
    question = head("question");
    packed.resize(p.tensor_count());
    shards.resize(p.shards());
    for (size_t i = 0; i < shards.size(); ++i) {
      shards[i].index = i;
      shards[i].blocks.resize(c.layers);
    }
  }
};

template <class T>
DeciderNet<T>::DeciderNet(const DeciderConfig& config, Parameters& parameters, tensor::MatmulKernel kernel)
    : impl_(std::make_unique<Impl>(config, parameters, kernel)) {}
template <class T>
DeciderNet<T>::~DeciderNet() = default;

template <class T>
void DeciderNet<T>::pack(size_t threads) {
  const auto pack_some = [this, threads](size_t thread) {
    for (size_t i = thread; i < impl_->packed.size(); i += threads) {
      const auto& spec = impl_->parameters.spec(i);
      if (spec.role == model::TensorRole::kMatrix)
        impl_->packed[i].pack(impl_->kernel, impl_->parameters.value(i), spec.rows, spec.columns);
    }
  };
  std::vector<std::thread> workers;
  for (size_t t = 1; t < threads; ++t) workers.emplace_back(pack_some, t);
  pack_some(0);
  for (auto& worker : workers) worker.join();
}

namespace {

template <class T>
void convert_into(const float* x, size_t count, AlignedVector<T>& out) {
  if (out.size() < count) out.resize(count);
  tensor::convert(x, count, out.data());
}

void copy_row(const float* from, size_t row, size_t width, float* to) { std::memcpy(to, from + row * width, width * sizeof(float)); }

void add_row(const float* from, size_t width, float* to, size_t row) {
  for (size_t i = 0; i < width; ++i) to[row * width + i] += from[i];
}

}  // namespace

namespace {

// The one straight story of a shard: embed, blocks, heads with their losses, and back.
template <class T, class Impl>
struct Pass {
  Impl& net;
  Shard<T>& s;
  std::span<const DeciderExample* const> examples;
  const NetOptions& options;
  bool backward;
  base::Random& random;
  size_t rows = 0;
  size_t width = net.config.width;

  float* gradient(size_t tensor) { return net.parameters.gradient(s.index, tensor); }
  const float* weight(size_t tensor) { return net.parameters.value(tensor); }

  // --- embedding

  void embed() {
    s.first_row.clear();
    s.positions.clear();
    rows = 0;
    for (const auto* example : examples) {
      s.first_row.push_back(rows);
      rows += example->input.length();
      s.positions.insert(s.positions.end(), example->input.positions.begin(), example->input.positions.end());
    }
    grow(s.stream, rows * width);
    const float* tokens = weight(net.token_embedding);
    const float* features = weight(net.feature_embedding);
    size_t row = 0;
    for (const auto* example : examples) {
      for (size_t t = 0; t < example->input.length(); ++t, ++row) {
        float* out = s.stream.data() + row * width;
        copy_row(tokens, example->input.tokens[t], width, out);
        for (uint32_t bits = example->input.features[t]; bits != 0; bits &= bits - 1)
          add(out, features + static_cast<size_t>(std::countr_zero(bits)) * width, width);
      }
    }
    s.embedding_mask.resize(rows * width);
    dropout_forward(s.stream.data(), rows * width, options.dropout, random, s.embedding_mask.data());
  }

  void embed_backward() {
    dropout_backward(s.dstream.data(), rows * width, options.dropout, s.embedding_mask.data());
    float* tokens = gradient(net.token_embedding);
    float* features = gradient(net.feature_embedding);
    size_t row = 0;
    for (const auto* example : examples) {
      for (size_t t = 0; t < example->input.length(); ++t, ++row) {
        const float* d = s.dstream.data() + row * width;
        add(tokens + size_t{example->input.tokens[t]} * width, d, width);
        for (uint32_t bits = example->input.features[t]; bits != 0; bits &= bits - 1)
          add(features + static_cast<size_t>(std::countr_zero(bits)) * width, d, width);
      }
    }
  }

  // --- blocks

  AttentionShape shape(size_t e) const { return {examples[e]->input.length(), width, net.config.heads}; }

  void block_forward(size_t layer) {
    auto& b = s.blocks[layer];
    const auto& t = net.blocks[layer];
    const size_t ffn = net.config.ffn_width, count = rows * width;
    b.input.assign(s.stream.begin(), s.stream.begin() + static_cast<ptrdiff_t>(count));
    grow(b.inverse_rms1, rows);
    grow(b.inverse_rms2, rows);
    grow(s.normed_float, count);
    rms_norm_forward(s.stream.data(), weight(t.attn_norm), rows, width, net.config.norm_epsilon, s.normed_float.data(), b.inverse_rms1.data());
    convert_into(s.normed_float.data(), count, b.normed1);
    grow(b.qkv, rows * 3 * width);
    linear_forward(net.packed[t.qkv], b.normed1.data(), rows, b.qkv.data());
    rotate(net.rotary, s.positions.data(), rows, width, net.config.head_dim(), 1.0f, b.qkv.data());
    size_t probabilities = 0;
    for (size_t e = 0; e < examples.size(); ++e) probabilities += net.config.heads * shape(e).length * shape(e).padded();
    grow(b.probabilities, probabilities);
    grow(s.wide, rows * std::max(3 * width, 2 * ffn));
    float* p = b.probabilities.data();
    for (size_t e = 0; e < examples.size(); ++e) {
      attention_forward(shape(e), b.qkv.data() + s.first_row[e] * 3 * width, examples[e]->input.relations.data(), weight(t.relation), p,
                        s.wide.data() + s.first_row[e] * width, s.attention);
      p += net.config.heads * shape(e).length * shape(e).padded();
    }
    convert_into(s.wide.data(), count, b.attended);
    branch_out(t.attn_output, b.attended.data(), b.mask1);
    b.middle.assign(s.stream.begin(), s.stream.begin() + static_cast<ptrdiff_t>(count));
    rms_norm_forward(s.stream.data(), weight(t.ffn_norm), rows, width, net.config.norm_epsilon, s.normed_float.data(), b.inverse_rms2.data());
    convert_into(s.normed_float.data(), count, b.normed2);
    grow(b.gate_up, rows * 2 * ffn);
    linear_forward(net.packed[t.gate_up], b.normed2.data(), rows, b.gate_up.data());
    swiglu_forward(b.gate_up.data(), rows, ffn, s.wide.data());
    convert_into(s.wide.data(), rows * ffn, b.activated);
    branch_out(t.down, b.activated.data(), b.mask2);
  }

  // stream += dropout(x W^T)
  void branch_out(size_t tensor, const T* x, std::vector<uint8_t>& mask) {
    const size_t count = rows * width;
    grow(s.wide2, count);
    grow(mask, count);
    linear_forward(net.packed[tensor], x, rows, s.wide2.data());
    dropout_forward(s.wide2.data(), count, options.dropout, random, mask.data());
    add(s.stream.data(), s.wide2.data(), count);
  }

  // dx [rows, inputs] of stream += dropout(x W^T); the residual path stays in dstream.
  void branch_back(size_t tensor, const T* x, const std::vector<uint8_t>& mask, float* dx) {
    const size_t count = rows * width;
    grow(s.wide2, count);
    std::memcpy(s.wide2.data(), s.dstream.data(), count * sizeof(float));
    dropout_backward(s.wide2.data(), count, options.dropout, mask.data());
    linear_backward(net.packed[tensor], s.wide2.data(), x, rows, dx, Accumulate::kNo, gradient(tensor), s.linear);
  }

  void block_backward(size_t layer) {
    auto& b = s.blocks[layer];
    const auto& t = net.blocks[layer];
    const size_t ffn = net.config.ffn_width;
    grow(s.wide, rows * std::max(3 * width, 2 * ffn));
    grow(s.normed_float, rows * std::max(width, ffn));
    branch_back(t.down, b.activated.data(), b.mask2, s.normed_float.data());
    swiglu_backward(b.gate_up.data(), s.normed_float.data(), rows, ffn, s.wide.data());
    linear_backward(net.packed[t.gate_up], s.wide.data(), b.normed2.data(), rows, s.normed_float.data(), Accumulate::kNo,
                    gradient(t.gate_up), s.linear);
    rms_norm_backward(b.middle.data(), weight(t.ffn_norm), b.inverse_rms2.data(), s.normed_float.data(), rows, width, s.dstream.data(),
                      gradient(t.ffn_norm));
    branch_back(t.attn_output, b.attended.data(), b.mask1, s.normed_float.data());
    const float* p = b.probabilities.data();
    for (size_t e = 0; e < examples.size(); ++e) {
      attention_backward(shape(e), b.qkv.data() + s.first_row[e] * 3 * width, examples[e]->input.relations.data(), p,
                         s.normed_float.data() + s.first_row[e] * width, s.wide.data() + s.first_row[e] * 3 * width,
                         gradient(t.relation), s.attention);
      p += net.config.heads * shape(e).length * shape(e).padded();
    }
    rotate(net.rotary, s.positions.data(), rows, width, net.config.head_dim(), -1.0f, s.wide.data());
    linear_backward(net.packed[t.qkv], s.wide.data(), b.normed1.data(), rows, s.normed_float.data(), Accumulate::kNo, gradient(t.qkv),
                    s.linear);
    rms_norm_backward(b.input.data(), weight(t.attn_norm), b.inverse_rms1.data(), s.normed_float.data(), rows, width, s.dstream.data(),
                      gradient(t.attn_norm));
  }

  // --- heads: input rows are gathered by the caller into h.input

  void head_forward(HeadState<T>& h, const HeadTensors& t, size_t inputs, const std::vector<uint32_t>* feature_bits) {
    const size_t hidden = net.config.head_width;
    convert_into(h.input.data(), h.rows * inputs, h.input_t);
    grow(h.hidden, h.rows * hidden);
    linear_forward(net.packed[t.hidden], h.input_t.data(), h.rows, h.hidden.data());
    add_bias(h.hidden.data(), weight(t.hidden_bias), h.rows, hidden);
    if (feature_bits != nullptr) {
      for (size_t r = 0; r < h.rows; ++r)
        for (uint32_t bits = (*feature_bits)[r]; bits != 0; bits &= bits - 1)
          add(h.hidden.data() + r * hidden, weight(net.candidate_features) + static_cast<size_t>(std::countr_zero(bits)) * hidden, hidden);
    }
    relu_forward(h.hidden.data(), h.rows * hidden);
    convert_into(h.hidden.data(), h.rows * hidden, h.hidden_t);
    grow(h.output, h.rows * kHeadOutputs);
    linear_forward(net.packed[t.output], h.hidden_t.data(), h.rows, h.output.data());
    add_bias(h.output.data(), weight(t.output_bias), h.rows, kHeadOutputs);
    h.doutput.assign(h.rows * kHeadOutputs, 0.0f);
  }

  void head_backward(HeadState<T>& h, const HeadTensors& t, size_t inputs, const std::vector<uint32_t>* feature_bits) {
    const size_t hidden = net.config.head_width;
    grow(h.dhidden, h.rows * hidden);
    grow(h.dinput, h.rows * inputs);
    bias_backward(h.doutput.data(), h.rows, kHeadOutputs, gradient(t.output_bias));
    linear_backward(net.packed[t.output], h.doutput.data(), h.hidden_t.data(), h.rows, h.dhidden.data(), Accumulate::kNo,
                    gradient(t.output), s.linear);
    relu_backward(h.hidden.data(), h.dhidden.data(), h.rows * hidden);
    if (feature_bits != nullptr) {
      for (size_t r = 0; r < h.rows; ++r)
        for (uint32_t bits = (*feature_bits)[r]; bits != 0; bits &= bits - 1)
          add(gradient(net.candidate_features) + static_cast<size_t>(std::countr_zero(bits)) * hidden, h.dhidden.data() + r * hidden, hidden);
    }
    bias_backward(h.dhidden.data(), h.rows, hidden, gradient(t.hidden_bias));
    linear_backward(net.packed[t.hidden], h.dhidden.data(), h.input_t.data(), h.rows, h.dinput.data(), Accumulate::kNo,
                    gradient(t.hidden), s.linear);
  }

  // Row numbers of the shard's stream that a head reads side by side.
  void gather(HeadState<T>& h, const std::vector<std::vector<size_t>>& sources) {
    const size_t parts = sources.size();
    h.rows = sources[0].size();
    grow(h.input, h.rows * parts * width);
    for (size_t p = 0; p < parts; ++p)
      for (size_t r = 0; r < h.rows; ++r) copy_row(s.normed.data(), sources[p][r], width, h.input.data() + (r * parts + p) * width);
  }
  void scatter(HeadState<T>& h, const std::vector<std::vector<size_t>>& sources) {
    const size_t parts = sources.size();
    for (size_t p = 0; p < parts; ++p)
      for (size_t r = 0; r < h.rows; ++r) add_row(h.dinput.data() + (r * parts + p) * width, width, s.dnormed.data(), sources[p][r]);
  }

  DeciderLoss heads(std::vector<DeciderOutputs>* outputs) {
    DeciderLoss loss;
    s.dnormed.assign(rows * width, 0.0f);
    if (outputs != nullptr) outputs->assign(examples.size(), {});
    loss += column_head(outputs);
    loss += condition_head(outputs);
    loss += question_head(outputs);
    loss += token_head(outputs);
    return loss;
  }

  DeciderLoss column_head(std::vector<DeciderOutputs>* outputs) {
    std::vector<std::vector<size_t>> sources(2);
    std::vector<std::pair<size_t, size_t>> owner;  // example, column
    for (size_t e = 0; e < examples.size(); ++e) {
      const auto& columns = examples[e]->input.column_token;
      for (size_t c = 0; c < columns.size(); ++c) {
        if (columns[c] == kNoToken) continue;
        sources[0].push_back(s.first_row[e] + columns[c]);
        sources[1].push_back(s.first_row[e]);
        owner.emplace_back(e, c);
      }
    }
    if (owner.empty()) return {};
    gather(s.column, sources);
    head_forward(s.column, net.column, 2 * width, nullptr);
    DeciderLoss loss;
    std::vector<float> scores, dscores;
    for (size_t r = 0; r < owner.size();) {
      const size_t e = owner[r].first, first = r;
      while (r < owner.size() && owner[r].first == e) ++r;
      const auto& labels = examples[e]->labels;
      if (outputs != nullptr) {
        auto& out = (*outputs)[e].columns;
        out.assign(examples[e]->input.column_token.size() * kHeadOutputs, -1e30f);
        for (size_t i = first; i < r; ++i)
          std::memcpy(out.data() + owner[i].second * kHeadOutputs, s.column.output.data() + i * kHeadOutputs, kHeadOutputs * sizeof(float));
      }
      scores.clear();
      size_t target = SIZE_MAX;
      for (size_t i = first; i < r; ++i) {
        if (labels.select_column == static_cast<int>(owner[i].second)) target = i - first;
        scores.push_back(s.column.output[i * kHeadOutputs]);
      }
      if (target == SIZE_MAX) continue;
      dscores.assign(scores.size(), 0.0f);
      loss.select += cross_entropy(scores.data(), scores.size(), target, options.loss_scale, nullptr, dscores.data());
      for (size_t i = first; i < r; ++i) s.column.doutput[i * kHeadOutputs] += dscores[i - first];
      if (labels.aggregate < 0) continue;
      uint8_t allowed[contract::kAggregateCount];
      for (int a = 0; a < contract::kAggregateCount; ++a) allowed[a] = (labels.legal_aggregates >> a) & 1;
      if (!allowed[labels.aggregate]) continue;
      loss.aggregate += cross_entropy(s.column.output.data() + (first + target) * kHeadOutputs + 1, contract::kAggregateCount,
                                      static_cast<size_t>(labels.aggregate), options.loss_scale, allowed,
                                      s.column.doutput.data() + (first + target) * kHeadOutputs + 1);
    }
    if (backward) {
      head_backward(s.column, net.column, 2 * width, nullptr);
      scatter(s.column, sources);
    }
    return loss;
  }

  DeciderLoss condition_head(std::vector<DeciderOutputs>* outputs) {
    std::vector<std::vector<size_t>> sources(3);
    std::vector<uint32_t> bits;
    std::vector<std::pair<size_t, size_t>> owner;
    for (size_t e = 0; e < examples.size(); ++e) {
      const auto& input = examples[e]->input;
      if (outputs != nullptr) (*outputs)[e].candidates.assign(input.candidates.size() * kHeadOutputs, -1e30f);
      for (size_t c = 0; c < input.candidates.size(); ++c) {
        const auto& row = input.candidates[c];
        if (row.begin_token == kNoToken || input.column_token[row.column] == kNoToken) continue;
        sources[0].push_back(s.first_row[e] + row.begin_token);
        sources[1].push_back(s.first_row[e] + row.end_token);
        sources[2].push_back(s.first_row[e] + input.column_token[row.column]);
        bits.push_back(row.features);
        owner.emplace_back(e, c);
      }
    }
    if (owner.empty()) return {};
    gather(s.condition, sources);
    head_forward(s.condition, net.condition, 3 * width, &bits);
    DeciderLoss loss;
    for (size_t r = 0; r < owner.size(); ++r) {
      const auto [e, c] = owner[r];
      float* output = s.condition.output.data() + r * kHeadOutputs;
      if (outputs != nullptr) std::memcpy((*outputs)[e].candidates.data() + c * kHeadOutputs, output, kHeadOutputs * sizeof(float));
      const auto& labels = examples[e]->labels.candidates;
      if (labels.size() <= c || labels[c] < 0) continue;
      const uint8_t legal = examples[e]->input.candidates[c].legal_ops;
      uint8_t allowed[1 + contract::kCompareOpCount] = {1};
      for (int op = 0; op < contract::kCompareOpCount; ++op) allowed[1 + op] = legal >> op & 1;
      if (!allowed[labels[c]]) continue;
      loss.condition += cross_entropy(output, 1 + contract::kCompareOpCount, static_cast<size_t>(labels[c]), options.loss_scale, allowed,
                                      s.condition.doutput.data() + r * kHeadOutputs);
    }
    if (backward) {
      head_backward(s.condition, net.condition, 3 * width, &bits);
      scatter(s.condition, sources);
    }
    return loss;
  }

  DeciderLoss question_head(std::vector<DeciderOutputs>* outputs) {
    const std::vector<std::vector<size_t>> sources{s.first_row};
    gather(s.question, sources);
    head_forward(s.question, net.question, width, nullptr);
    DeciderLoss loss;
    for (size_t e = 0; e < examples.size(); ++e) {
      float* output = s.question.output.data() + e * kHeadOutputs;
      float* doutput = s.question.doutput.data() + e * kHeadOutputs;
      if (outputs != nullptr) (*outputs)[e].question.assign(output, output + kHeadOutputs);
      const auto& labels = examples[e]->labels;
      if (labels.count >= 0)
        loss.count += cross_entropy(output, kCountClasses, static_cast<size_t>(std::min(labels.count, kCountClasses - 1)),
                                    options.loss_scale * kCountLossWeight, nullptr, doutput);
      if (labels.answerable >= 0)
        loss.answerable += binary_cross_entropy(output[kCountClasses], labels.answerable != 0, options.loss_scale * kAnswerableLossWeight,
                                                doutput + kCountClasses);
    }
    if (backward) {
      head_backward(s.question, net.question, width, nullptr);
      scatter(s.question, sources);
    }
    return loss;
  }

  // Span boundaries over the first tokens of question words.
  DeciderLoss token_head(std::vector<DeciderOutputs>* outputs) {
    auto& h = s.token;
    std::vector<std::vector<size_t>> sources(1);
    std::vector<std::pair<size_t, size_t>> owner;
    for (size_t e = 0; e < examples.size(); ++e) {
      if (!examples[e]->labels.spans_known && outputs == nullptr) continue;
      if (outputs != nullptr) (*outputs)[e].tokens.assign(examples[e]->input.length() * kHeadOutputs, -1e30f);
      for (const uint16_t token : examples[e]->input.word_token) {
        if (token == kNoToken) continue;
        sources[0].push_back(s.first_row[e] + token);
        owner.emplace_back(e, token);
      }
    }
    if (owner.empty()) return {};
    gather(h, sources);
    convert_into(h.input.data(), h.rows * width, h.input_t);
    grow(h.output, h.rows * kHeadOutputs);
    linear_forward(net.packed[net.token_output], h.input_t.data(), h.rows, h.output.data());
    add_bias(h.output.data(), weight(net.token_bias), h.rows, kHeadOutputs);
    h.doutput.assign(h.rows * kHeadOutputs, 0.0f);
    DeciderLoss loss;
    for (size_t r = 0; r < owner.size(); ++r) {
      const auto [e, token] = owner[r];
      const float* output = h.output.data() + r * kHeadOutputs;
      if (outputs != nullptr) std::memcpy((*outputs)[e].tokens.data() + token * kHeadOutputs, output, kHeadOutputs * sizeof(float));
      if (!examples[e]->labels.spans_known) continue;
      bool begins = false, ends = false;
      for (const auto& [first, last] : examples[e]->labels.spans) {
        begins |= first == token;
        ends |= last == token;
      }
      const float scale = options.loss_scale * kSpanLossWeight;
      loss.span += binary_cross_entropy(output[0], begins, scale, h.doutput.data() + r * kHeadOutputs);
      loss.span += binary_cross_entropy(output[1], ends, scale, h.doutput.data() + r * kHeadOutputs + 1);
    }
    if (backward) {
      grow(h.dinput, h.rows * width);
      bias_backward(h.doutput.data(), h.rows, kHeadOutputs, gradient(net.token_bias));
      linear_backward(net.packed[net.token_output], h.doutput.data(), h.input_t.data(), h.rows, h.dinput.data(), Accumulate::kNo,
                      gradient(net.token_output), s.linear);
      scatter(h, sources);
    }
    return loss;
  }

  DeciderLoss run(std::vector<DeciderOutputs>* outputs) {
    embed();
    for (size_t layer = 0; layer < s.blocks.size(); ++layer) block_forward(layer);
    grow(s.normed, rows * width);
    grow(s.final_inverse, rows);
    rms_norm_forward(s.stream.data(), weight(net.output_norm), rows, width, net.config.norm_epsilon, s.normed.data(), s.final_inverse.data());
    const DeciderLoss loss = heads(outputs);
    if (!backward) return loss;
    s.dstream.assign(rows * width, 0.0f);
    rms_norm_backward(s.stream.data(), weight(net.output_norm), s.final_inverse.data(), s.dnormed.data(), rows, width, s.dstream.data(),
                      gradient(net.output_norm));
    for (size_t layer = s.blocks.size(); layer-- > 0;) block_backward(layer);
    embed_backward();
    return loss;
  }
};

}  // namespace

template <class T>
DeciderLoss DeciderNet<T>::run(size_t shard, std::span<const DeciderExample* const> examples, const NetOptions& options, bool backward,
                               base::Random random, std::vector<DeciderOutputs>* outputs) {
  CADRE_CHECK(!examples.empty(), "a shard has at least one example");
  Pass<T, Impl> pass{*impl_, impl_->shards[shard], examples, options, backward, random};
  return pass.run(outputs);
}

template class DeciderNet<float>;
template class DeciderNet<tensor::BFloat16>;

}  // namespace cadre::train
