// Decides what a text asks for: one of a few labels, or none of them. Two tiers over the same features, cheapest first.
//
// The linear tier decides alone where its calibrated probability reaches linear_accept; otherwise the net runs too and both are
// averaged. Below `threshold` the router abstains: the text is out of scope. Probabilities are calibrated on texts that training left
// out: of a hundred decisions at 0.9, ninety are right. Does not: read punctuation or capitals, look beyond 2,048 bytes.
// The same text and pack give the same bits on every CPU. Thread safety: immutable, may be used from any thread.
//
//   const Router router = TRY(Router::open("specialists/intents.gguf"));
//   const RouterDecision decision = router.decide("freeze my account");
//   if (!decision.abstained) act_on(router.labels()[decision.label]);
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "model/linear_classifier.h"
#include "model/router_net.h"

namespace cadre::model {

inline constexpr const char* kRouterArchitecture = "cadre-router";

// Maps a raw probability to the share of decisions that were right at it: straight lines between points, both coordinates ascending,
// from (0, y0) to (1, y1). Strictly increasing, so that ranking is kept.
struct CalibrationCurve {
  std::vector<std::pair<float, float>> points;

  float at(float raw) const;
};

struct RouterCalibration {
  CalibrationCurve linear;     // of the linear tier alone
  CalibrationCurve both;       // of the average of both tiers
  float linear_share = 0.5f;   // of the linear tier in the average
  float linear_accept = 2.0f;  // calibrated; above 1: the linear tier never decides alone
  float threshold = 0.5f;      // calibrated; below it the router abstains
};

base::Json to_json(const RouterCalibration& calibration);
Result<RouterCalibration> router_calibration_from_json(const base::Json& json);

// Everything a router is made of; what a pack stores.
struct RouterWeights {
  std::vector<std::string> labels;
  LinearWeights linear;
  RouterNetWeights net;
  RouterCalibration calibration;
};

enum class RouterTier : uint8_t { kLinear, kNet };
const char* router_tier_name(RouterTier tier);  // "linear", "net"

struct RouterDecision {
  uint32_t label = 0;      // the likeliest, also when abstaining
  float probability = 0;   // calibrated, that the text is in scope and has this label
  bool abstained = false;  // probability is below the threshold: treat the text as out of scope
  RouterTier tier = RouterTier::kLinear;
};

// The likeliest label before calibration.
struct RouterScore {
  uint32_t label = 0;
  float raw = 0;
};

class Router {
 public:
  static Result<Router> make(const RouterWeights& weights);
  static Result<Router> open(const std::string& path);  // a pack; model/router_pack.h

  const std::vector<std::string>& labels() const { return labels_; }
  const RouterCalibration& calibration() const { return calibration_; }
  RouterDecision decide(std::string_view text) const { return decide(ngram_features(text)); }
  RouterDecision decide(const NgramFeatures& features) const;

  // The tiers one by one, for calibration and for measuring them.
  RouterScore score_linear(const NgramFeatures& features) const;
  RouterScore score_both(const NgramFeatures& features) const;
  std::vector<float> probabilities_linear(const NgramFeatures& features) const {
    return linear_.probabilities(features);
  }
  std::vector<float> probabilities_net(const NgramFeatures& features) const { return net_.probabilities(features); }
  // What the net's hidden layer makes of a text: texts that ask for like things have like directions (docs/decisions/0010-vectors.md).
  std::vector<float> hidden_net(const NgramFeatures& features) const { return net_.hidden(features); }

 private:
  Router(std::vector<std::string> labels, LinearClassifier linear, RouterNet net, RouterCalibration calibration);
  RouterScore mix(const std::vector<float>& linear, const std::vector<float>& net) const;

  std::vector<std::string> labels_;
  LinearClassifier linear_;
  RouterNet net_;
  RouterCalibration calibration_;
};

}  // namespace cadre::model
