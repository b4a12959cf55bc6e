// SPDX-License-Identifier: Apache-2.0
#include "model/router_math.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/check.h"
#include "base/vectorize.h"

namespace cadre::model {
namespace {

constexpr size_t kRowsPerFlush = 256;  // 256 x 127 fits int16, so most of the summing is done at twice the width

// sums[0, stride) += the rows of at most kRowsPerFlush hashes.
CADRE_VECTORIZE void add_rows(const int8_t* table, size_t stride, const uint32_t* hashes, size_t count, uint32_t mask,
                              int32_t* sums) {
  for (size_t column = 0; column < stride; column += kRowStep) {
    int16_t partial[kRowStep] = {};
    for (size_t i = 0; i < count; ++i) {
      const int8_t* row = table + (hashes[i] & mask) * stride + column;
      for (size_t j = 0; j < kRowStep; ++j) partial[j] = static_cast<int16_t>(partial[j] + row[j]);
    }
    for (size_t j = 0; j < kRowStep; ++j) sums[column + j] += partial[j];
  }
}

CADRE_VECTORIZE void dense_loop(const float* in, size_t inputs, const float* weights, float* out, size_t outputs) {
  for (size_t i = 0; i < inputs; ++i) {
    const float value = in[i];
    if (value == 0.0f) continue;
    const float* row = weights + i * outputs;
    for (size_t o = 0; o < outputs; ++o) out[o] += value * row[o];
  }
}

}  // namespace

void sum_rows(const int8_t* table, size_t stride, std::span<const uint32_t> hashes, uint32_t mask, int32_t* sums) {
  CADRE_DCHECK(stride % kRowStep == 0, "rows are padded");
  for (size_t begin = 0; begin < hashes.size(); begin += kRowsPerFlush)
    add_rows(table, stride, hashes.data() + begin, std::min(kRowsPerFlush, hashes.size() - begin), mask, sums);
}

void dense(std::span<const float> in, const float* weights, std::span<const float> bias, std::span<float> out) {
  CADRE_DCHECK(bias.size() == out.size(), "one bias per output");
  std::copy(bias.begin(), bias.end(), out.begin());
  dense_loop(in.data(), in.size(), weights, out.data(), out.size());
}

float inverse_root(size_t count) {
  return count == 0 ? 0.0f : 1.0f / std::sqrt(static_cast<float>(count));
}

// 2^n * e^r with |r| <= ln(2) / 2: Taylor's polynomial of degree 7 by Horner's rule (error below 6e-9 before rounding).
float exp_of_negative(float x) {
  if (!(x > -87.0f)) return 0.0f;
  const float n = std::nearbyint(x * 1.44269504f);
  const float r = (x - n * 0.693145752f) - n * 1.42860677e-6f;  // ln 2 in two parts, the first exact times n
  float p = 1.0f / 5040.0f;
  p = p * r + 1.0f / 720.0f;
  p = p * r + 1.0f / 120.0f;
  p = p * r + 1.0f / 24.0f;
  p = p * r + 1.0f / 6.0f;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  return p * std::bit_cast<float>(static_cast<uint32_t>(static_cast<int32_t>(n) + 127) << 23);
}

void softmax_with_none(std::span<float> logits) {
  float largest = 0.0f;
  for (const float logit : logits) largest = std::max(largest, logit);
  float total = exp_of_negative(-largest);
  for (float& logit : logits) total += logit = exp_of_negative(logit - largest);
  const float scale = 1.0f / total;
  for (float& logit : logits) logit *= scale;
}

}  // namespace cadre::model
