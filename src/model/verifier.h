// The learned verifier: how likely a finished call is what the question asks for.
//
// A small net over the features of model/call_features.h, trained on right calls and on wrong ones that execute just as well. It knows
// nothing of the specialist's confidence; its calibration says how both go together:
//   ln odds(right) = confidence_weight ln odds(confidence) + verifier_weight ln odds(probability) + bias
// fitted on questions that neither model was trained on. What a run needs of it is the factor by which the verdict changes the odds.
// All arithmetic is integer or in one stated order (router_net.h, odds.h): the same bits on every CPU. Cost: 3 us a call besides its features.
// Thread safety: immutable.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/json.h"
#include "base/result.h"
#include "model/call_features.h"
#include "model/router_net.h"
#include "tensor/gguf.h"

namespace cadre::model {

inline constexpr const char* kVerifierArchitecture = "cadre-verifier";

struct VerifierCalibration {
  double confidence_weight = 1;
  double verifier_weight = 0;  // 0: the verdict changes nothing
  double bias = 0;
  // Thresholds on the probability that the call is right, all considered.
  double doubt_below =
      1;  // a call is doubted that the verdict makes less likely, and that is right with less than this
  double refuse_below = 0;  // a call that is right with less than this is refused
};

base::Json to_json(const VerifierCalibration& calibration);
Result<VerifierCalibration> verifier_calibration_from_json(const base::Json& json);

// What a pack stores.
struct VerifierWeights {
  RouterNetWeights net;  // one label: right
  VerifierCalibration calibration;
};

struct Judgement {
  double probability = 0;  // that the call is right, by the verifier alone
  double together = 0;     // the same, with the specialist's confidence
  double weight = 1;       // odds(together) / odds(confidence), held to [0.001, 1000]
  bool is_doubted = false;
  bool is_refused = false;
};

class Verifier {
 public:
  // Refuses shapes that do not fit together and numbers that are not finite.
  static Result<Verifier> make(const VerifierWeights& weights, base::Json contract);
  static Result<Verifier> open(const std::string& path);  // a pack

  std::string name() const;  // with version: "verifier@0.1.0"
  const base::Json& contract() const { return contract_; }
  const VerifierCalibration& calibration() const { return calibration_; }

  double probability(const NgramFeatures& features) const;
  // `confidence`: the specialist's probability of this call.
  Judgement judge(const CallFeatures& features, double confidence) const {
    return judge_probability(probability(features.grouped()), confidence);
  }
  // The same from what probability() said.
  Judgement judge_probability(double probability, double confidence) const;
  // The part of the call without which it would look best, if any part makes it look worse.
  std::string weakest_part(const CallFeatures& features) const;

 private:
  Verifier(RouterNet net, VerifierCalibration calibration, base::Json contract);

  RouterNet net_;
  VerifierCalibration calibration_;
  base::Json contract_;
};

struct VerifierPack {
  VerifierWeights weights;
  base::Json contract;  // an object; its "calibration" is that of the weights
};

// Keys: general.architecture ("cadre-verifier"), general.name, general.version; cadre.verifier.features (the scheme of the features);
// cadre.contract (JSON of kind "verifier", its calibration among it). Tensors: net.* as in model/router_pack.h, of one label.
std::string encode_verifier_pack(const VerifierWeights& weights, base::Json contract);
Result<VerifierPack> decode_verifier_pack(const tensor::Gguf& file);

}  // namespace cadre::model
