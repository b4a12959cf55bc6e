// The decider's bits: the same for every kernel, and those of yesterday.
// SPDX-License-Identifier: Apache-2.0
#include "model/decider.h"

#include <gtest/gtest.h>

#include <map>

#include "base/random.h"
#include "base/sha256.h"
#include "model/decider_pack.h"

namespace cadre::model {
namespace {

using tensor::QuantKernel;
using tensor::TensorType;

constexpr TensorType kTypes[] = {TensorType::kF32, TensorType::kBF16, TensorType::kQ8_0, TensorType::kQ4_0};

// In [-1, 1), exact: the standard library's logarithm and cosine could differ between systems.
float even(base::Random& random) {
  return static_cast<float>(static_cast<int32_t>(random.below(1u << 16)) - (1 << 15)) / (1 << 15);
}

// Blocks of the shipped shape, and of one that fills no vector.
const DeciderConfig kShipped{.vocabulary = 300, .layers = 2};
const DeciderConfig kOdd{.vocabulary = 300, .width = 96, .layers = 1, .heads = 2, .ffn_width = 160, .head_width = 32};

std::string made_up_pack(const DeciderConfig& config, TensorType type) {
  text::BpeTrainOptions options{.vocab_size = config.vocabulary};
  for (const std::string_view name : special_token_names()) options.special_tokens.emplace_back(name);
  const auto tokenizer = text::BpeTokenizer::train({}, options).value();
  base::Random random(7);
  const auto specs = decider_tensors(config);
  std::vector<std::vector<float>> values;
  for (const auto& spec : specs) {
    const bool norm = spec.name.find("norm") != std::string::npos;
    values.emplace_back(size_t{spec.rows} * spec.columns);
    for (float& value : values.back()) value = even(random) * 0.125f + (norm ? 1.0f : 0.0f);
  }
  const std::vector<std::span<const float>> tensors(values.begin(), values.end());
  const base::Json contract = base::Json::object();
  return encode_decider_pack(
      {.config = config, .specs = specs, .tensors = tensors, .tokenizer = tokenizer, .contract = contract}, type);
}

std::shared_ptr<const DeciderWeights> load(const std::string& pack, QuantKernel kernel) {
  const auto file = tensor::Gguf::parse({reinterpret_cast<const uint8_t*>(pack.data()), pack.size()}).value();
  return DeciderWeights::load(file, kernel).value();
}

// Any input a table could give, and columns and candidates that were left out.
DeciderInput made_up_input(size_t length, uint64_t seed) {
  base::Random random(seed);
  DeciderInput input;
  for (size_t t = 0; t < length; ++t) {
    input.tokens.push_back(static_cast<uint16_t>(random.below(300)));
    input.positions.push_back(static_cast<uint16_t>(t % 2 ? t : kColumnPosition + random.below(kNameTokensMax)));
    input.features.push_back(static_cast<uint32_t>(random.next_u64() & random.next_u64() & random.next_u64()));
  }
  for (size_t i = 0; i < length * length; ++i) input.relations.push_back(static_cast<uint8_t>(random.below(16)));
  const auto token = [&] { return static_cast<uint16_t>(random.chance(0.1) ? kNoToken : random.below(length)); };
  for (size_t c = 0; c < 5; ++c) input.column_token.push_back(token());
  for (size_t c = 0; c < 7; ++c) {
    input.candidates.push_back({.begin_token = token(),
                                .end_token = static_cast<uint16_t>(random.below(length)),
                                .column = static_cast<uint16_t>(random.below(5)),
                                .features = static_cast<uint32_t>(random.next_u64()),
                                .legal_ops = 63});
  }
  return input;
}

// The bytes of all outputs.
std::string bits(const DeciderOutputs& outputs) {
  std::string all;
  for (const auto* part : {&outputs.columns, &outputs.candidates, &outputs.question, &outputs.tokens})
    all.append(reinterpret_cast<const char*>(part->data()), part->size() * sizeof(float));
  return all;
}

constexpr size_t kLengths[] = {1, 2, 15, 16, 17, 39, 70};

// One runner for all lengths, shorter after longer too: what a longer input left in a buffer must not show.
std::string run_all(const std::string& pack, QuantKernel kernel) {
  DeciderRunner runner(load(pack, kernel));
  DeciderOutputs outputs;
  std::string all;
  for (const size_t length : kLengths) {
    runner.run(made_up_input(length, length), outputs);
    all += bits(outputs);
    runner.run(made_up_input(9, length), outputs);
    all += bits(outputs);
  }
  return all;
}

// A change of these bits is a change of what every pack computes: it needs a reason, a new number in the shipped pack's
// evaluation and its line in docs/decisions/0002.
TEST(DeciderRunner, EveryKernelGivesThePinnedBits) {
  const std::map<TensorType, std::string> expected = {{TensorType::kF32, "d2ac39235f027863"},
                                                      {TensorType::kBF16, "7bb856539d9d2b2a"},
                                                      {TensorType::kQ8_0, "841a38e97eb75201"},
                                                      {TensorType::kQ4_0, "6aff23e0d24321a1"}};
  for (const TensorType type : kTypes) {
    const std::string shipped = made_up_pack(kShipped, type), odd = made_up_pack(kOdd, type);
    for (const QuantKernel kernel : tensor::available_quant_kernels()) {
      const std::string all = run_all(shipped, kernel) + run_all(odd, kernel);
      EXPECT_EQ(base::to_hex(base::sha256(all)).substr(0, 16), expected.at(type))
          << tensor::traits(type).name << " " << tensor::quant_kernel_name(kernel);
    }
  }
}

TEST(DeciderRunner, CandidatesScoredLaterHaveTheBitsOfThoseScoredAtOnce) {
  DeciderRunner runner(load(made_up_pack(kShipped, TensorType::kQ8_0), tensor::available_quant_kernels().back()));
  const DeciderInput input = made_up_input(39, 3);
  DeciderOutputs at_once, later;
  runner.run(input, at_once);
  DeciderInput first = input;
  first.candidates.resize(3);
  runner.run(first, later);
  runner.score_more(input, 3, later);
  EXPECT_EQ(bits(at_once), bits(later));
}

}  // namespace
}  // namespace cadre::model
