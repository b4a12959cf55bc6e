// SPDX-License-Identifier: Apache-2.0
#include "model/verifier.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "model/net_tensors.h"
#include "model/odds.h"

namespace cadre::model {

using base::Json;

namespace {

constexpr double kWeightMax = 1000;
constexpr double kCoefficientMax = 100;  // no fit comes near; a hostile file must not make arithmetic overflow

Result<double> bounded(const Json& json, const char* key, double low, double high) {
  const double value = TRY(base::json_number(json, key));
  if (value >= low && value <= high) return value;
  return Error{ErrorCode::kInvalid,
               fmt::format("verifier calibration: \"{}\" is {}, must be {} to {}", key, value, low, high)};
}

Result<void> check_identity(const tensor::Gguf& file) {
  const auto architecture = TRY(file.string("general.architecture"));
  if (architecture != kVerifierArchitecture)
    return Error{ErrorCode::kUnsupported,
                 fmt::format("architecture \"{}\", a verifier is \"{}\"", architecture, kVerifierArchitecture)};
  const auto scheme = TRY(file.string("cadre.verifier.features"));
  if (scheme != kCallScheme)
    return Error{ErrorCode::kUnsupported,
                 fmt::format("features \"{}\", this build has \"{}\": train the pack again", scheme, kCallScheme)};
  return {};
}

}  // namespace

Json to_json(const VerifierCalibration& calibration) {
  return {{"confidence_weight", calibration.confidence_weight},
          {"verifier_weight", calibration.verifier_weight},
          {"bias", calibration.bias},
          {"doubt_below", calibration.doubt_below},
          {"refuse_below", calibration.refuse_below}};
}

Result<VerifierCalibration> verifier_calibration_from_json(const Json& json) {
  VerifierCalibration calibration;
  calibration.confidence_weight = TRY(bounded(json, "confidence_weight", 0, kCoefficientMax));
  calibration.verifier_weight = TRY(bounded(json, "verifier_weight", 0, kCoefficientMax));
  calibration.bias = TRY(bounded(json, "bias", -kCoefficientMax, kCoefficientMax));
  calibration.doubt_below = TRY(bounded(json, "doubt_below", 0, 1));
  calibration.refuse_below = TRY(bounded(json, "refuse_below", 0, 1));
  return calibration;
}

Verifier::Verifier(RouterNet net, VerifierCalibration calibration, Json contract)
    : net_(std::move(net)), calibration_(calibration), contract_(std::move(contract)) {}

Result<Verifier> Verifier::make(const VerifierWeights& weights, Json contract) {
  auto net = TRY(RouterNet::make(weights.net));
  if (net.labels() != 1)
    return Error{ErrorCode::kInvalid, fmt::format("verifier: the net scores {} labels, must be 1", net.labels())};
  return Verifier(std::move(net), weights.calibration, std::move(contract));
}

Result<Verifier> Verifier::open(const std::string& path) {
  const auto load = [&path]() -> Result<Verifier> {
    const auto file = TRY(tensor::GgufFile::open(path));
    auto pack = TRY(decode_verifier_pack(file.gguf));
    return make(pack.weights, std::move(pack.contract));
  };
  auto verifier = load();
  if (!verifier.ok()) return std::move(verifier).error().with_context(fmt::format("load verifier \"{}\"", path));
  return verifier;
}

std::string Verifier::name() const {
  return contract_.value("name", std::string("verifier")) + "@" + contract_.value("version", std::string("0"));
}

double Verifier::probability(const NgramFeatures& features) const {
  return net_.probabilities(features)[0];
}

Judgement Verifier::judge_probability(double probability, double confidence) const {
  Judgement out;
  out.probability = probability;
  const double before = log_odds(confidence);
  const double after = calibration_.confidence_weight * before +
                       calibration_.verifier_weight * log_odds(out.probability) + calibration_.bias;
  out.together = probability_of(after);
  out.weight = std::clamp(fixed_exp(after - before), 1 / kWeightMax, kWeightMax);
  out.is_doubted = out.weight < 1 && out.together < calibration_.doubt_below;
  out.is_refused = out.together < calibration_.refuse_below;
  return out;
}

std::string Verifier::weakest_part(const CallFeatures& features) const {
  std::string weakest;
  double best = probability(features.grouped());
  for (size_t i = 0; i < features.parts.size(); ++i) {
    CallFeatures without = features;
    without.parts[i].hashes.clear();
    const double probability_without = probability(without.grouped());
    if (probability_without <= best) continue;
    best = probability_without;
    weakest = features.parts[i].name;
  }
  return weakest;
}

std::string encode_verifier_pack(const VerifierWeights& weights, Json contract) {
  contract["calibration"].update(to_json(weights.calibration));
  tensor::GgufBuilder builder;
  builder.add_string("general.architecture", kVerifierArchitecture);
  builder.add_string("general.name", contract.value("name", "verifier"));
  builder.add_string("general.version", contract.value("version", "0"));
  builder.add_string("cadre.verifier.features", kCallScheme);
  builder.add_string("cadre.contract", base::dump_json(contract));
  visit_net_tensors(weights.net, [&builder](const char* name, const auto& values, uint64_t columns, uint64_t rows) {
    add_packed_tensor(builder, name, values, columns, rows);
  });
  return builder.bytes();
}

Result<VerifierPack> decode_verifier_pack(const tensor::Gguf& file) {
  VerifierPack pack;
  TRY(check_identity(file));
  TRY(read_net_sizes(file, pack.weights.net));
  pack.weights.net.labels = 1;
  pack.contract = TRY(base::parse_json(TRY(file.string("cadre.contract"))));
  pack.weights.calibration = TRY(verifier_calibration_from_json(*TRY(base::json_object(pack.contract, "calibration"))));
  Result<void> outcome;
  visit_net_tensors(pack.weights.net, [&](const char* name, auto& values, uint64_t columns, uint64_t rows) {
    if (outcome.ok()) outcome = read_packed_tensor(file, name, values, columns, rows);
  });
  TRY(std::move(outcome));
  return pack;
}

}  // namespace cadre::model
