// Gradients of every layer and of the whole network against finite differences, in f32 on the scalar kernel.
// SPDX-License-Identifier: Apache-2.0
#include "train/decider_net.h"

#include <gtest/gtest.h>

#include <cmath>

namespace cadre::train {
namespace {

using model::DeciderConfig;

// Central difference of f at x[i] against an analytic gradient; tolerance relative to the larger of both.
template <class F>
void expect_gradient(float* x, size_t count, const float* gradient, const F& f, size_t probes, float step = 1e-2f, double tolerance = 2e-2) {
  base::Random random(11);
  for (size_t p = 0; p < probes; ++p) {
    const size_t i = random.below(count);
    const float kept = x[i];
    x[i] = kept + step;
    const double up = f();
    x[i] = kept - step;
    const double down = f();
    x[i] = kept;
    const double numeric = (up - down) / (2.0 * step);
    EXPECT_NEAR(gradient[i], numeric, tolerance * std::max(0.05, std::abs(numeric))) << "element " << i;
  }
}

std::vector<float> random_values(size_t count, uint64_t seed) {
  base::Random random(seed);
  std::vector<float> out(count);
  for (auto& x : out) x = static_cast<float>(random.normal());
  return out;
}

double weighted_sum(const std::vector<float>& x, const std::vector<float>& weights) {
  double total = 0;
  for (size_t i = 0; i < x.size(); ++i) total += static_cast<double>(x[i]) * weights[i];
  return total;
}

TEST(Layers, RmsNormBackwardMatchesFiniteDifferences) {
  const size_t rows = 3, width = 32;
  auto x = random_values(rows * width, 1), weight = random_values(width, 2);
  const auto dout = random_values(rows * width, 3);
  std::vector<float> out(rows * width), inverse(rows), dx(rows * width), dweight(width);
  const auto f = [&] {
    rms_norm_forward(x.data(), weight.data(), rows, width, 1e-5f, out.data(), inverse.data());
    return weighted_sum(out, dout);
  };
  f();
  rms_norm_backward(x.data(), weight.data(), inverse.data(), dout.data(), rows, width, dx.data(), dweight.data());
  expect_gradient(x.data(), x.size(), dx.data(), f, 40);
  expect_gradient(weight.data(), width, dweight.data(), f, 20);
}

TEST(Layers, SwigluBackwardMatchesFiniteDifferences) {
  const size_t rows = 3, width = 32;
  auto x = random_values(rows * 2 * width, 4);
  const auto dout = random_values(rows * width, 5);
  std::vector<float> out(rows * width), dx(x.size());
  const auto f = [&] {
    swiglu_forward(x.data(), rows, width, out.data());
    return weighted_sum(out, dout);
  };
  f();
  swiglu_backward(x.data(), dout.data(), rows, width, dx.data());
  expect_gradient(x.data(), x.size(), dx.data(), f, 60);
}

TEST(Layers, AttentionBackwardMatchesFiniteDifferencesForInputsAndRelationBias) {
  const AttentionShape shape{.length = 21, .width = 64, .heads = 2};
  auto qkv = random_values(shape.length * 3 * shape.width, 6), bias = random_values(shape.heads * 16, 7);
  const auto dout = random_values(shape.length * shape.width, 8);
  std::vector<uint8_t> relations(shape.length * shape.length);
  base::Random random(9);
  for (auto& r : relations) r = static_cast<uint8_t>(random.below(16));
  std::vector<float> out(shape.length * shape.width), probabilities(shape.heads * shape.length * shape.padded()), dqkv(qkv.size()),
      dbias(bias.size());
  AttentionScratch scratch;
  const auto f = [&] {
    attention_forward(shape, qkv.data(), relations.data(), bias.data(), probabilities.data(), out.data(), scratch);
    return weighted_sum(out, dout);
  };
  f();
  attention_backward(shape, qkv.data(), relations.data(), probabilities.data(), dout.data(), dqkv.data(), dbias.data(), scratch);
  expect_gradient(qkv.data(), qkv.size(), dqkv.data(), f, 80);
  expect_gradient(bias.data(), bias.size(), dbias.data(), f, 32);
}

TEST(Layers, RotationBackwardUndoesTheRotation) {
  const RotaryTable table(8, 16, 100.0f);
  auto x = random_values(4 * 96, 10);
  const auto kept = x;
  const std::vector<uint16_t> positions = {0, 3, 7, 1};
  rotate(table, positions.data(), 4, 32, 16, 1.0f, x.data());
  EXPECT_NE(x, kept);
  rotate(table, positions.data(), 4, 32, 16, -1.0f, x.data());
  for (size_t i = 0; i < x.size(); ++i) EXPECT_NEAR(x[i], kept[i], 1e-5);
}

TEST(Layers, LinearBackwardMatchesFiniteDifferencesForOddRows) {
  const size_t rows = 5, n = 16, k = 32;
  auto x = random_values(rows * k, 12), weight = random_values(n * k, 13);
  const auto dout = random_values(rows * n, 14);
  std::vector<float> y(rows * n), dx(rows * k), dweight(n * k);
  PackedLinear<float> linear;
  LinearScratch<float> scratch;
  const auto f = [&] {
    linear.pack(tensor::MatmulKernel::kScalar, weight.data(), n, k);
    linear_forward(linear, x.data(), rows, y.data());
    return weighted_sum(y, dout);
  };
  f();
  linear_backward(linear, dout.data(), x.data(), rows, dx.data(), tensor::Accumulate::kNo, dweight.data(), scratch);
  expect_gradient(x.data(), x.size(), dx.data(), f, 40);
  expect_gradient(weight.data(), weight.size(), dweight.data(), f, 40);
}

TEST(Layers, CrossEntropyLeavesForbiddenChoicesOut) {
  const float logits[3] = {1.0f, 50.0f, 2.0f};
  const uint8_t allowed[3] = {1, 0, 1};
  float dlogits[3];
  const double loss = cross_entropy(logits, 3, 2, 1.0f, allowed, dlogits);
  EXPECT_NEAR(loss, std::log(1 + std::exp(-1.0)), 1e-6);
  EXPECT_EQ(dlogits[1], 0.0f);
  EXPECT_NEAR(dlogits[0] + dlogits[2], 0.0f, 1e-6);
}

// A small made-up input with every kind of label.
DeciderExample made_up_example(uint64_t seed, size_t words, size_t columns) {
  base::Random random(seed);
  DeciderExample example;
  auto& in = example.input;
  const auto push = [&](uint16_t token, uint16_t position, uint32_t features) {
    in.tokens.push_back(token);
    in.positions.push_back(position);
    in.features.push_back(features);
  };
  push(model::kCls, 0, 0);
  for (size_t w = 0; w < words; ++w) {
    in.word_token.push_back(static_cast<uint16_t>(in.length()));
    push(static_cast<uint16_t>(5 + random.below(290)), static_cast<uint16_t>(1 + w), static_cast<uint32_t>(random.below(1u << 10)));
  }
  for (size_t c = 0; c < columns; ++c) {
    in.column_token.push_back(static_cast<uint16_t>(in.length()));
    push(model::kTextColumn, model::kColumnPosition, 1u << model::kColumnText);
    push(static_cast<uint16_t>(5 + random.below(290)), model::kColumnPosition + 1, 0);
  }
  in.relations.resize(in.length() * in.length());
  for (auto& r : in.relations) r = static_cast<uint8_t>(random.below(16));
  auto& labels = example.labels;
  labels.select_column = static_cast<int>(random.below(columns));
  labels.aggregate = static_cast<int>(random.below(6));
  for (size_t c = 0; c < columns; ++c) {
    in.candidates.push_back({in.word_token[c], in.word_token[c + 1], static_cast<uint16_t>(c), static_cast<uint32_t>(random.below(1u << 15)), 7});
    labels.candidates.push_back(static_cast<int8_t>(random.below(4)));
  }
  labels.count = 2;
  labels.answerable = 1;
  labels.spans_known = true;
  labels.spans.emplace_back(in.word_token[0], in.word_token[1]);
  return example;
}

TEST(DeciderNet, GradientsOfEveryTensorMatchFiniteDifferences) {
  DeciderConfig config;
  config.vocabulary = 300;
  config.width = 32;
  config.layers = 2;
  config.heads = 2;
  config.ffn_width = 64;
  config.head_width = 32;
  const auto specs = model::decider_tensors(config);
  Parameters parameters(specs, 1, base::Random(5));
  DeciderNet<float> net(config, parameters, tensor::MatmulKernel::kScalar);
  const auto a = made_up_example(21, 5, 3), b = made_up_example(22, 9, 4);
  const DeciderExample* const examples[] = {&a, &b};
  const NetOptions options{.dropout = 0.0f, .loss_scale = 0.5f};
  const auto loss = [&] {
    net.pack(1);
    return net.run(0, examples, options, false, base::Random(1)).total();
  };
  net.pack(1);
  net.run(0, examples, options, true, base::Random(1));
  for (size_t t = 0; t < specs.size(); ++t) {
    SCOPED_TRACE(specs[t].name);
    const size_t count = size_t{specs[t].rows} * specs[t].columns;
    expect_gradient(parameters.value(t), count, parameters.gradient(0, t), loss, 6, 5e-3f, 6e-2);
  }
}

TEST(DeciderNet, DropoutIsTheSameInForwardAndBackwardForOneSeed) {
  DeciderConfig config;
  config.vocabulary = 300;
  config.width = 32;
  config.layers = 1;
  config.heads = 2;
  config.ffn_width = 32;
  config.head_width = 32;
  Parameters parameters(model::decider_tensors(config), 1, base::Random(5));
  DeciderNet<float> net(config, parameters, tensor::MatmulKernel::kScalar);
  const auto a = made_up_example(31, 6, 3);
  const DeciderExample* const examples[] = {&a};
  const NetOptions options{.dropout = 0.3f};
  net.pack(1);
  net.run(0, examples, options, true, base::Random(7));
  const size_t qkv = parameters.index("blk.0.attn_qkv.weight");
  const auto loss = [&] {
    net.pack(1);
    return net.run(0, examples, options, false, base::Random(7)).total();
  };
  expect_gradient(parameters.value(qkv), 96 * 32, parameters.gradient(0, qkv), loss, 20, 5e-3f, 6e-2);
  EXPECT_NE(net.run(0, examples, options, false, base::Random(7)).total(), net.run(0, examples, options, false, base::Random(8)).total());
}

TEST(DeciderNet, Bf16FollowsF32Closely) {
  DeciderConfig config;
  config.vocabulary = 300;
  config.width = 64;
  config.layers = 2;
  config.heads = 4;
  config.ffn_width = 96;
  config.head_width = 32;
  const auto specs = model::decider_tensors(config);
  Parameters exact(specs, 1, base::Random(5)), rounded(specs, 1, base::Random(5));
  DeciderNet<float> net32(config, exact, tensor::MatmulKernel::kScalar);
  DeciderNet<tensor::BFloat16> net16(config, rounded, tensor::best_matmul_kernel<tensor::BFloat16>());
  const auto a = made_up_example(41, 8, 4);
  const DeciderExample* const examples[] = {&a};
  net32.pack(1);
  net16.pack(2);
  const double loss32 = net32.run(0, examples, {}, true, base::Random(1)).total();
  const double loss16 = net16.run(0, examples, {}, true, base::Random(1)).total();
  EXPECT_NEAR(loss16, loss32, 0.02 * loss32);
  double dot = 0, norm32 = 0, norm16 = 0;
  for (size_t t = 0; t < specs.size(); ++t) {
    for (size_t i = 0; i < size_t{specs[t].rows} * specs[t].columns; ++i) {
      const double x = exact.gradient(0, t)[i], y = rounded.gradient(0, t)[i];
      dot += x * y;
      norm32 += x * x;
      norm16 += y * y;
    }
  }
  EXPECT_GT(dot / std::sqrt(norm32 * norm16), 0.995);
}

}  // namespace
}  // namespace cadre::train
