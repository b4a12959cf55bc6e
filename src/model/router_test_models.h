// Small routers of random weights for tests, and the same forward passes written plainly.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "base/random.h"
#include "model/router.h"

namespace cadre::model {

inline std::vector<int8_t> random_bytes(size_t count, base::Random& random) {
  std::vector<int8_t> values(count);
  for (auto& value : values) value = static_cast<int8_t>(static_cast<int>(random.below(255)) - 127);
  return values;
}

inline std::vector<float> random_floats(size_t count, float low, float high, base::Random& random) {
  std::vector<float> values(count);
  for (auto& value : values) value = low + (high - low) * static_cast<float>(random.uniform());
  return values;
}

inline LinearWeights random_linear(uint32_t buckets, uint32_t labels, uint64_t seed) {
  base::Random random(seed);
  return {.buckets = buckets,
          .labels = labels,
          .weights = random_bytes(size_t{buckets} * labels, random),
          .scales = random_floats(labels, 0.001f, 0.02f, random),
          .biases = random_floats(labels, -1.0f, 1.0f, random)};
}

inline RouterNetWeights random_net(uint32_t rows, uint32_t width, uint32_t hidden, uint32_t labels, uint64_t seed) {
  base::Random random(seed);
  RouterNetWeights net;
  net.rows = rows, net.width = width, net.hidden = hidden, net.labels = labels;
  for (auto& table : net.tables) table = random_bytes(size_t{rows} * width, random);
  net.table_scales = random_floats(kNetGroups * width, 0.001f, 0.01f, random);
  net.hidden_weights = random_bytes(kNetGroups * width * hidden, random);
  net.hidden_scales = random_floats(hidden, 0.0005f, 0.002f, random);
  net.hidden_biases = random_floats(hidden, -0.1f, 0.1f, random);
  net.output_weights = random_bytes(size_t{hidden} * labels, random);
  net.output_scales = random_floats(labels, 0.0005f, 0.002f, random);
  net.output_biases = random_floats(labels, -0.5f, 0.5f, random);
  return net;
}

inline CalibrationCurve straight_curve() {
  return {{{0.0f, 0.0f}, {1.0f, 1.0f}}};
}

inline RouterWeights random_router(uint32_t labels, uint64_t seed) {
  RouterWeights weights;
  for (uint32_t label = 0; label < labels; ++label) weights.labels.push_back("intent_" + std::to_string(label));
  weights.linear = random_linear(64, labels, seed);
  weights.net = random_net(64, 8, 12, labels, seed + 1);
  weights.calibration.linear = weights.calibration.both = straight_curve();
  return weights;
}

}  // namespace cadre::model
