// Loops of router training: readable scalar code, vectorised by the compiler, the same bits whatever the instruction set.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace cadre::train {

// y += a * x
void add_scaled(float* y, const float* x, float a, size_t count);

// Dot product in 16 interleaved partial sums, which are then added in ascending order.
float dot(const float* x, const float* y, size_t count);

// Adagrad on one row: sums += g * g, w -= rate * g / sqrt(sums), with g = gradient + decay * w.
void adagrad_row(float* w, float* sums, const float* gradient, float rate, float decay, size_t count);

struct AdamStep {
  float rate = 0;     // with the schedule, not yet corrected for bias
  uint64_t step = 0;  // from 1
};
// Adam (Kingma and Ba 2015: 0.9, 0.999, 1e-8) over a whole array; clears the gradient.
void adam(std::span<float> w, std::span<float> gradient, std::span<float> first, std::span<float> second,
          const AdamStep& step);

// Rounds [rows, columns] to 8 bits with one scale per column: largest magnitude / 127.
std::pair<std::vector<int8_t>, std::vector<float>> quantize_columns(std::span<const float> values, size_t columns);

}  // namespace cadre::train
