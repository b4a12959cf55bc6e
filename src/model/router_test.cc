// SPDX-License-Identifier: Apache-2.0
#include "model/router.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "model/router_math.h"
#include "model/router_test_models.h"

namespace cadre::model {
namespace {

constexpr const char* kTexts[] = {"", "hello", "what is the balance of my account", "turn the lights off, please",
                                  "12 34"};

void softmax_plainly(std::vector<double>& logits) {
  double total = 1;
  for (const double logit : logits) total += std::exp(logit);
  for (double& logit : logits) logit = std::exp(logit) / total;
}

TEST(LinearClassifier, MatchesThePlainFormula) {
  const auto weights = random_linear(128, 37, 1);
  const auto classifier = LinearClassifier::make(weights).value();
  for (const char* text : kTexts) {
    const auto features = ngram_features(text);
    std::vector<double> expected(37);
    for (size_t label = 0; label < 37; ++label) {
      double sum = 0;
      for (const auto* group : {&features.words, &features.pairs, &features.pieces})
        for (const uint32_t hash : *group) sum += weights.weights[hash % 128 * 37 + label];
      expected[label] =
          sum * weights.scales[label] / std::sqrt(static_cast<double>(features.count())) + weights.biases[label];
    }
    softmax_plainly(expected);
    const auto probabilities = classifier.probabilities(features);
    for (size_t label = 0; label < 37; ++label) EXPECT_NEAR(probabilities[label], expected[label], 1e-5) << text;
  }
}

TEST(RouterNet, MatchesThePlainFormula) {
  const auto w = random_net(64, 20, 30, 11, 2);
  const auto net = RouterNet::make(w).value();
  for (const char* text : kTexts) {
    const auto features = ngram_features(text);
    const std::array<const std::vector<uint32_t>*, 3> groups = {&features.words, &features.pairs, &features.pieces};
    std::vector<double> pooled(60), hidden(30), out(11);
    for (size_t i = 0; i < 60; ++i) {
      for (const uint32_t hash : *groups[i / 20]) pooled[i] += w.tables[i / 20][hash % 64 * 20 + i % 20];
      if (!groups[i / 20]->empty())
        pooled[i] *= w.table_scales[i] / std::sqrt(static_cast<double>(groups[i / 20]->size()));
    }
    for (size_t h = 0; h < 30; ++h) {
      hidden[h] = w.hidden_biases[h];
      for (size_t i = 0; i < 60; ++i) hidden[h] += pooled[i] * w.hidden_weights[i * 30 + h] * w.hidden_scales[h];
      hidden[h] = std::max(hidden[h], 0.0);
    }
    for (size_t o = 0; o < 11; ++o) {
      out[o] = w.output_biases[o];
      for (size_t h = 0; h < 30; ++h) out[o] += hidden[h] * w.output_weights[h * 11 + o] * w.output_scales[o];
    }
    softmax_plainly(out);
    const auto probabilities = net.probabilities(features);
    for (size_t o = 0; o < 11; ++o) EXPECT_NEAR(probabilities[o], out[o], 1e-4) << text;
  }
}

TEST(Router, TheSameTextGivesTheSameDecision) {
  const auto router = Router::make(random_router(9, 3)).value();
  for (const char* text : kTexts) {
    const auto a = router.decide(text), b = router.decide(text);
    EXPECT_EQ(a.label, b.label);
    EXPECT_EQ(a.probability, b.probability);
  }
}

TEST(Router, TheLinearTierDecidesAloneFromItsAcceptProbabilityOn) {
  auto weights = random_router(9, 4);
  weights.calibration.linear_accept = 0.0f;
  weights.calibration.threshold = 0.0f;
  const auto hasty = Router::make(weights).value();
  weights.calibration.linear_accept = 2.0f;
  const auto careful = Router::make(weights).value();
  const auto features = ngram_features("hello there");
  EXPECT_EQ(hasty.decide(features).tier, RouterTier::kLinear);
  EXPECT_EQ(hasty.decide(features).probability, hasty.score_linear(features).raw);
  EXPECT_EQ(careful.decide(features).tier, RouterTier::kNet);
  EXPECT_EQ(careful.decide(features).probability, careful.score_both(features).raw);
}

TEST(Router, BelowTheThresholdItAbstainsAndStillNamesTheLikeliest) {
  auto weights = random_router(9, 5);
  weights.calibration.threshold = 1.0f;
  const auto router = Router::make(weights).value();
  const auto decision = router.decide("hello there");
  EXPECT_TRUE(decision.abstained);
  EXPECT_EQ(decision.label, router.score_both(ngram_features("hello there")).label);
}

TEST(Router, TheAverageIsThatOfTheTiers) {
  auto weights = random_router(5, 6);
  weights.calibration.linear_share = 0.25f;
  const auto router = Router::make(weights).value();
  const auto features = ngram_features("some words here");
  const auto linear = router.probabilities_linear(features), net = router.probabilities_net(features);
  const auto score = router.score_both(features);
  EXPECT_FLOAT_EQ(score.raw, 0.25f * linear[score.label] + 0.75f * net[score.label]);
}

TEST(CalibrationCurve, RunsStraightBetweenItsPoints) {
  const CalibrationCurve curve{{{0.0f, 0.1f}, {0.5f, 0.2f}, {1.0f, 0.9f}}};
  EXPECT_FLOAT_EQ(curve.at(0.0f), 0.1f);
  EXPECT_FLOAT_EQ(curve.at(0.25f), 0.15f);
  EXPECT_FLOAT_EQ(curve.at(0.75f), 0.55f);
  EXPECT_FLOAT_EQ(curve.at(1.0f), 0.9f);
}

TEST(CalibrationCurve, SurvivesJsonToTheBit) {
  RouterCalibration calibration{.linear = {{{0.0f, 0.0f}, {0.1f, 0.3f}, {1.0f, 0.99f}}},
                                .both = straight_curve(),
                                .linear_share = 0.4f,
                                .linear_accept = 0.97f,
                                .threshold = 0.47f};
  const auto text = base::dump_json(to_json(calibration));
  const auto back = router_calibration_from_json(base::parse_json(text).value()).value();
  EXPECT_EQ(back.linear.points, calibration.linear.points);
  EXPECT_EQ(back.both.points, calibration.both.points);
  EXPECT_EQ(back.linear_share, calibration.linear_share);
  EXPECT_EQ(back.linear_accept, calibration.linear_accept);
  EXPECT_EQ(back.threshold, calibration.threshold);
}

TEST(CalibrationCurve, JsonThatIsNoCurveIsRefused) {
  const auto with = [](const char* points) {
    return std::string(
               R"({"threshold":0.5,"linear_accept":1,"linear_share":0.5,"linear_points":[[0,0],[1,1]],"points":)") +
           points + "}";
  };
  EXPECT_TRUE(router_calibration_from_json(base::parse_json(with("[[0,0],[1,1]]")).value()).ok());
  for (const char* points :
       {"[]", "[[0,0]]", "[[0,0],[0,1]]", "[[0,0.5],[1,0.5]]", "[[0,1],[1,0]]", "[[0.1,0],[1,1]]", "[[0,0],[0.9,1]]",
        "[[0,0],[1,1.5]]", "[[0,-1],[1,1]]", "[[0,0],[1]]", "[[0,0],\"x\"]", "[[0,0],[1,1e999]]", "3", "null"}) {
    const auto json = base::parse_json(with(points));
    if (!json.ok()) continue;
    EXPECT_FALSE(router_calibration_from_json(json.value()).ok()) << points;
  }
  for (const char* text : {"{}", "[]", "3", R"({"threshold":2})", R"({"threshold":-0.1})", R"({"threshold":"x"})"})
    EXPECT_FALSE(router_calibration_from_json(base::parse_json(text).value()).ok()) << text;
}

// Every way in which parts may not fit together is an Error, not a wild read later.
TEST(Router, PartsThatDoNotFitAreRefused) {
  const auto refuses = [](auto&& spoil) {
    auto weights = random_router(5, 7);
    spoil(weights);
    return !Router::make(weights).ok();
  };
  EXPECT_FALSE(refuses([](RouterWeights&) {}));
  EXPECT_TRUE(refuses([](RouterWeights& w) { w.labels.pop_back(); }));
  EXPECT_TRUE(refuses([](RouterWeights& w) { w.labels.clear(); }));
  EXPECT_TRUE(refuses([](RouterWeights& w) { w.labels[1] = w.labels[0]; }));
  EXPECT_TRUE(refuses([](RouterWeights& w) { w.labels[1] = ""; }));
  EXPECT_TRUE(refuses([](RouterWeights& w) { w.linear.buckets = 63; }));
  EXPECT_TRUE(refuses([](RouterWeights& w) { w.linear.buckets = 128; }));
  EXPECT_TRUE(refuses([](RouterWeights& w) { w.linear.buckets = 0; }));
  EXPECT_TRUE(refuses([](RouterWeights& w) { w.linear.weights.pop_back(); }));
  EXPECT_TRUE(refuses([](RouterWeights& w) { w.linear.scales[0] = std::numeric_limits<float>::quiet_NaN(); }));
  EXPECT_TRUE(refuses([](RouterWeights& w) { w.linear.biases[0] = std::numeric_limits<float>::infinity(); }));
  EXPECT_TRUE(refuses([](RouterWeights& w) { w.net.rows = 32; }));
  EXPECT_TRUE(refuses([](RouterWeights& w) { w.net.width = 0; }));
  EXPECT_TRUE(refuses([](RouterWeights& w) { w.net.hidden = 13; }));
  EXPECT_TRUE(refuses([](RouterWeights& w) { w.net.labels = 4; }));
  EXPECT_TRUE(refuses([](RouterWeights& w) { w.net.tables[2].pop_back(); }));
  EXPECT_TRUE(refuses([](RouterWeights& w) { w.net.table_scales[0] = 1e30f; }));
  EXPECT_TRUE(refuses([](RouterWeights& w) { w.net.output_biases.push_back(0); }));
  EXPECT_TRUE(refuses([](RouterWeights& w) { w.calibration.both.points.clear(); }));
}

TEST(Router, TheLargestWeightsAllowedGiveFiniteProbabilities) {
  auto weights = random_router(5, 8);
  for (auto* scales :
       {&weights.linear.scales, &weights.net.table_scales, &weights.net.hidden_scales, &weights.net.output_scales})
    std::fill(scales->begin(), scales->end(), 1e6f);
  const auto router = Router::make(weights).value();
  for (const char* text : kTexts) {
    const auto decision = router.decide(text);
    EXPECT_GE(decision.probability, 0.0f);
    EXPECT_LE(decision.probability, 1.0f);
  }
}

}  // namespace
}  // namespace cadre::model
