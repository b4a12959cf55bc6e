// SPDX-License-Identifier: Apache-2.0
#include "model/router.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "model/router_limits.h"

namespace cadre::model {

using base::Json;

namespace {

RouterScore best(const std::vector<float>& probabilities) {
  const auto largest = std::max_element(probabilities.begin(), probabilities.end());
  return {static_cast<uint32_t>(largest - probabilities.begin()), *largest};
}

Json points_to_json(const CalibrationCurve& curve) {
  Json points = Json::array();
  for (const auto& [raw, share] : curve.points) points.push_back({raw, share});
  return points;
}

Result<void> check_curve(const char* key, const CalibrationCurve& curve) {
  const auto& points = curve.points;
  const auto refuse = [key](const char* what) {
    return Error{ErrorCode::kInvalid, fmt::format("router calibration: \"{}\": {}", key, what)};
  };
  if (points.size() < 2 || points.size() > kCalibrationPointsMax) return refuse("needs 2 to 256 points");
  if (points.front().first != 0.0f || points.back().first != 1.0f) return refuse("must run from 0 to 1");
  for (size_t i = 0; i < points.size(); ++i) {
    if (!(points[i].second >= 0.0f && points[i].second <= 1.0f)) return refuse("shares must be 0 to 1");
    if (i > 0 && !(points[i].first > points[i - 1].first && points[i].second > points[i - 1].second))
      return refuse("both coordinates must ascend");
  }
  return {};
}

Result<CalibrationCurve> curve_from_json(const Json& json, const char* key) {
  const Json* points = TRY(base::json_array(json, key));
  if (points->size() > kCalibrationPointsMax)
    return Error{ErrorCode::kLimit,
                 fmt::format("router calibration: \"{}\": more than {} points", key, kCalibrationPointsMax)};
  CalibrationCurve curve;
  for (const Json& point : *points) {
    if (!point.is_array() || point.size() != 2 || !point[0].is_number() || !point[1].is_number())
      return Error{ErrorCode::kInvalid, fmt::format("router calibration: \"{}\": a point is two numbers", key)};
    curve.points.emplace_back(point[0].get<float>(), point[1].get<float>());
  }
  TRY(check_curve(key, curve));
  return curve;
}

Result<float> share_from_json(const Json& json, const char* key, double value_max) {
  const double value = TRY(base::json_number(json, key));
  if (value >= 0.0 && value <= value_max) return static_cast<float>(value);
  return Error{ErrorCode::kInvalid,
               fmt::format("router calibration: \"{}\" is {}, must be 0 to {}", key, value, value_max)};
}

Result<void> check_labels(const std::vector<std::string>& labels) {
  TRY(check_router_size("labels", labels.size(), kRouterLabelsMax));
  std::unordered_set<std::string_view> seen;
  for (const auto& label : labels) {
    if (label.empty() || label.size() > kRouterLabelBytesMax)
      return Error{ErrorCode::kInvalid,
                   fmt::format("router: a label has {} bytes, must have 1 to {}", label.size(), kRouterLabelBytesMax)};
    if (!seen.insert(label).second)
      return Error{ErrorCode::kInvalid, fmt::format("router: label \"{}\" appears twice", label)};
  }
  return {};
}

}  // namespace

float CalibrationCurve::at(float raw) const {
  const auto above = std::find_if(points.begin(), points.end(), [raw](const auto& point) { return raw < point.first; });
  if (above == points.begin()) return points.front().second;
  if (above == points.end()) return points.back().second;
  const auto [x0, y0] = *(above - 1);
  const auto [x1, y1] = *above;
  return y0 + (y1 - y0) * ((raw - x0) / (x1 - x0));
}

Json to_json(const RouterCalibration& calibration) {
  Json json;
  json["threshold"] = calibration.threshold;
  json["linear_accept"] = calibration.linear_accept;
  json["linear_share"] = calibration.linear_share;
  json["linear_points"] = points_to_json(calibration.linear);
  json["points"] = points_to_json(calibration.both);
  return json;
}

Result<RouterCalibration> router_calibration_from_json(const Json& json) {
  RouterCalibration calibration;
  calibration.threshold = TRY(share_from_json(json, "threshold", 1.0));
  calibration.linear_accept = TRY(share_from_json(json, "linear_accept", 2.0));
  calibration.linear_share = TRY(share_from_json(json, "linear_share", 1.0));
  calibration.linear = TRY(curve_from_json(json, "linear_points"));
  calibration.both = TRY(curve_from_json(json, "points"));
  return calibration;
}

const char* router_tier_name(RouterTier tier) {
  return tier == RouterTier::kLinear ? "linear" : "net";
}

Router::Router(std::vector<std::string> labels, LinearClassifier linear, RouterNet net, RouterCalibration calibration)
    : labels_(std::move(labels)),
      linear_(std::move(linear)),
      net_(std::move(net)),
      calibration_(std::move(calibration)) {}

Result<Router> Router::make(const RouterWeights& weights) {
  TRY(check_labels(weights.labels));
  auto linear = TRY(LinearClassifier::make(weights.linear));
  auto net = TRY(RouterNet::make(weights.net));
  if (linear.labels() != weights.labels.size() || net.labels() != weights.labels.size()) {
    return Error{ErrorCode::kInvalid, fmt::format("router: {} labels, but the linear tier scores {} and the net {}",
                                                  weights.labels.size(), linear.labels(), net.labels())};
  }
  TRY(check_curve("linear_points", weights.calibration.linear));
  TRY(check_curve("points", weights.calibration.both));
  return Router(weights.labels, std::move(linear), std::move(net), weights.calibration);
}

RouterScore Router::mix(const std::vector<float>& linear, const std::vector<float>& net) const {
  const float share = calibration_.linear_share;
  std::vector<float> mixed(linear.size());
  for (size_t i = 0; i < mixed.size(); ++i) mixed[i] = share * linear[i] + (1.0f - share) * net[i];
  return best(mixed);
}

RouterScore Router::score_linear(const NgramFeatures& features) const {
  return best(linear_.probabilities(features));
}

RouterScore Router::score_both(const NgramFeatures& features) const {
  return mix(linear_.probabilities(features), net_.probabilities(features));
}

RouterDecision Router::decide(const NgramFeatures& features) const {
  const std::vector<float> linear = linear_.probabilities(features);
  const RouterScore first = best(linear);
  const float alone = calibration_.linear.at(first.raw);
  if (alone >= calibration_.linear_accept)
    return {first.label, alone, alone < calibration_.threshold, RouterTier::kLinear};
  const RouterScore second = mix(linear, net_.probabilities(features));
  const float together = calibration_.both.at(second.raw);
  return {second.label, together, together < calibration_.threshold, RouterTier::kNet};
}

}  // namespace cadre::model
