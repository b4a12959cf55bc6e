// SPDX-License-Identifier: Apache-2.0
#include "model/verifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <limits>

#include "contract/test_tables.h"
#include "model/router_pack.h"
#include "model/router_test_models.h"

namespace cadre::model {
namespace {

using base::Json;
using testing::HasSubstr;

VerifierWeights random_weights() {
  return {.net = random_net(256, 16, 8, 1, 3),
          .calibration = {.confidence_weight = 0.6, .verifier_weight = 0.3, .bias = 0.2, .refuse_below = 0.05}};
}

Json contract() {
  return {{"name", "verifier"}, {"version", "7"}, {"kind", "verifier"}, {"calibration", Json::object()}};
}

std::string refusal(const std::string& bytes) {
  const auto gguf = tensor::Gguf::parse({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
  if (!gguf.ok()) return gguf.error().message;
  const auto pack = decode_verifier_pack(*gguf);
  if (!pack.ok()) return pack.error().message;
  const auto verifier = Verifier::make(pack->weights, pack->contract);
  return verifier.ok() ? "accepted" : verifier.error().message;
}

CallFeatures some_features() {
  static const contract::Table table = contract::goals_table();
  const auto task = contract::make_sql_task(table, "how many goals did Harry Kane score in 2019").value();
  const contract::SqlCall call{.select_column = 3,
                               .conditions = {{0, contract::CompareOp::kEqual, "Harry Kane", {4, 6}}}};
  return CallReader(table, task).read(call);
}

TEST(VerifierPack, ReadsBackWhatWasWritten) {
  const std::string bytes = encode_verifier_pack(random_weights(), contract());
  const auto gguf = tensor::Gguf::parse({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}).value();
  const auto pack = decode_verifier_pack(gguf).value();
  EXPECT_EQ(pack.weights.net.tables, random_weights().net.tables);
  EXPECT_EQ(pack.weights.net.output_biases, random_weights().net.output_biases);
  EXPECT_EQ(to_json(pack.weights.calibration), to_json(random_weights().calibration));
  const Verifier verifier = Verifier::make(pack.weights, pack.contract).value();
  EXPECT_EQ(verifier.name(), "verifier@7");
  const Verifier original = Verifier::make(random_weights(), contract()).value();
  EXPECT_EQ(verifier.probability(some_features().grouped()), original.probability(some_features().grouped()));
}

TEST(VerifierPack, WhatIsNoVerifierIsRefusedByName) {
  VerifierWeights two_labels = random_weights();
  two_labels.net = random_net(256, 16, 8, 2, 3);
  EXPECT_THAT(refusal(encode_verifier_pack(two_labels, contract())), HasSubstr("net.output.weight"));
  VerifierWeights not_finite = random_weights();
  not_finite.net.hidden_biases[2] = std::numeric_limits<float>::infinity();
  EXPECT_THAT(refusal(encode_verifier_pack(not_finite, contract())), HasSubstr("net.hidden.bias"));
  VerifierWeights certain = random_weights();
  certain.calibration.bias = 1e9;
  EXPECT_THAT(refusal(encode_verifier_pack(certain, contract())), HasSubstr("\"bias\" is 1000000000"));
  RouterWeights router;
  router.labels = {"a"};
  router.linear = random_linear(16, 1, 1);
  router.net = random_net(16, 8, 4, 1, 1);
  EXPECT_THAT(refusal(encode_router_pack(router, contract())), HasSubstr("architecture \"cadre-router\""));
  std::string other_features = encode_verifier_pack(random_weights(), contract());
  other_features.replace(other_features.find(kCallScheme), std::string(kCallScheme).size(), "call-0");
  EXPECT_THAT(refusal(other_features), HasSubstr("features \"call-0\""));
}

TEST(Verifier, WeightsTurnConfidenceIntoWhatBothSayTogether) {
  const Verifier verifier = Verifier::make(random_weights(), contract()).value();
  for (const double confidence : {0.02, 0.4, 0.97}) {
    for (const double alone : {0.01, 0.5, 0.99}) {
      const Judgement judged = verifier.judge_probability(alone, confidence);
      const double odds = judged.weight * confidence / (1 - confidence);
      EXPECT_NEAR(odds / (1 + odds), judged.together, 1e-9);
      EXPECT_EQ(judged.is_refused, judged.together < 0.05);
    }
  }
  EXPECT_LT(verifier.judge_probability(0.1, 0.8).together, verifier.judge_probability(0.9, 0.8).together);
}

TEST(Verifier, OneThatSaysNothingChangesNothing) {
  VerifierWeights weights = random_weights();
  weights.calibration = {};
  const Verifier verifier = Verifier::make(weights, contract()).value();
  EXPECT_NEAR(verifier.judge_probability(0.001, 0.7).weight, 1, 1e-12);
}

TEST(Verifier, TheWeakestPartIsTheOneWithoutWhichTheCallLooksBest) {
  const Verifier verifier = Verifier::make(random_weights(), contract()).value();
  const CallFeatures features = some_features();
  const std::string weakest = verifier.weakest_part(features);
  double best = verifier.probability(features.grouped());
  std::string expected;
  for (size_t i = 0; i < features.parts.size(); ++i) {
    CallFeatures without;
    for (size_t k = 0; k < features.parts.size(); ++k)
      if (k != i) without.parts.push_back(features.parts[k]);
    const double probability = verifier.probability(without.grouped());
    if (probability > best) best = probability, expected = features.parts[i].name;
  }
  EXPECT_EQ(weakest, expected);
}

// Recorded once: every CPU and compiler must give the same bits, or `cadre replay --verify` would find differences.
TEST(Verifier, TheBitsAreTheSameEverywhere) {
  const Verifier verifier = Verifier::make(random_weights(), contract()).value();
  const Judgement judged = verifier.judge(some_features(), 0.75);
  EXPECT_EQ(std::bit_cast<uint64_t>(judged.probability), 0x3FE066EDA0000000U);
  EXPECT_EQ(std::bit_cast<uint64_t>(judged.weight), 0x3FE9919AAA58F452U);
}

}  // namespace
}  // namespace cadre::model
