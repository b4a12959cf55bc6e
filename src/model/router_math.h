// The arithmetic of the router: sums of int8 rows, dense layers, softmax with an empty choice. The same bits on every CPU.
//
// Integer sums are exact. Float sums run over the inputs in ascending order, one multiply and one add each (the build forbids fusing
// them); the compiler may only vectorise across outputs, which are independent. exp is ours, because libm's differs between versions.
// Thread safety: pure functions over the caller's buffers.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace cadre::model {

// Rows of a hashed table are padded to a multiple of this, so that a row is summed in whole vector registers.
inline constexpr size_t kRowStep = 32;
inline constexpr size_t padded_row(size_t width) {
  return (width + kRowStep - 1) / kRowStep * kRowStep;
}

// sums[0, stride) += the rows hash & mask, over all hashes. table: [mask + 1, stride] int8, stride a multiple of kRowStep.
void sum_rows(const int8_t* table, size_t stride, std::span<const uint32_t> hashes, uint32_t mask, int32_t* sums);

// out[o] = bias[o] + sum over i of in[i] * weights[i, o]; inputs that are zero are skipped. weights: [in.size(), out.size()].
void dense(std::span<const float> in, const float* weights, std::span<const float> bias, std::span<float> out);

// 1 / sqrt(count), 0 for an empty group: keeps the scale of a sum independent of the text's length.
float inverse_root(size_t count);

// e^x for x <= 0, within 2e-7 relative; 0 below -87.
float exp_of_negative(float x);

// Turns logits into probabilities in place; the empty choice has logit 0 and gets what is left over.
void softmax_with_none(std::span<float> logits);

}  // namespace cadre::model
