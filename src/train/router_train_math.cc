// SPDX-License-Identifier: Apache-2.0
#include "train/router_train_math.h"

#include <algorithm>
#include <cmath>

#include "base/vectorize.h"

namespace cadre::train {

CADRE_VECTORIZE void add_scaled(float* y, const float* x, float a, size_t count) {
  for (size_t i = 0; i < count; ++i) y[i] += a * x[i];
}

CADRE_VECTORIZE float dot(const float* x, const float* y, size_t count) {
  constexpr size_t kLanes = 16;
  float partial[kLanes] = {};
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes)
    for (size_t lane = 0; lane < kLanes; ++lane) partial[lane] += x[i + lane] * y[i + lane];
  for (size_t lane = 0; i < count; ++i, ++lane) partial[lane] += x[i] * y[i];
  float total = 0;
  for (const float sum : partial) total += sum;
  return total;
}

CADRE_VECTORIZE void adagrad_row(float* w, float* sums, const float* gradient, float rate, float decay, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const float g = gradient[i] + decay * w[i];
    sums[i] += g * g;
    w[i] -= rate * g / std::sqrt(sums[i]);
  }
}

CADRE_VECTORIZE static void adam_loop(float* w, float* gradient, float* first, float* second, float rate,
                                      float correction, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const float g = gradient[i];
    first[i] = 0.9f * first[i] + 0.1f * g;
    second[i] = 0.999f * second[i] + 0.001f * (g * g);
    w[i] -= rate * first[i] / (std::sqrt(second[i] * correction) + 1e-8f);
    gradient[i] = 0.0f;
  }
}

void adam(std::span<float> w, std::span<float> gradient, std::span<float> first, std::span<float> second,
          const AdamStep& step) {
  const double t = static_cast<double>(step.step);
  const auto rate = static_cast<float>(step.rate / (1.0 - std::pow(0.9, t)));
  const auto correction = static_cast<float>(1.0 / (1.0 - std::pow(0.999, t)));
  adam_loop(w.data(), gradient.data(), first.data(), second.data(), rate, correction, w.size());
}

std::pair<std::vector<int8_t>, std::vector<float>> quantize_columns(std::span<const float> values, size_t columns) {
  std::vector<float> scales(columns, 0.0f);
  for (size_t i = 0; i < values.size(); ++i) scales[i % columns] = std::max(scales[i % columns], std::abs(values[i]));
  for (float& scale : scales) scale /= 127.0f;
  std::vector<int8_t> rounded(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    const float scale = scales[i % columns];
    rounded[i] =
        scale > 0.0f ? static_cast<int8_t>(std::clamp(std::nearbyint(values[i] / scale), -127.0f, 127.0f)) : int8_t{0};
  }
  return {std::move(rounded), std::move(scales)};
}

}  // namespace cadre::train
