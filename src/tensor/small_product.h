// Products of small matrices inside attention, f32, the same bits on every CPU.
//
// out [rows, columns] = A B. Element (r, k) of A is a[r * a_row + k * a_inner], so that a transposed A costs nothing; B is
// [inner, columns] with b_stride. columns is a multiple of 16; B's rows may be read up to there. Each output is one chain over k
// ascending of a rounded product and a rounded sum (not fused, so that machines without FMA agree).
// Blocks of 4 x 48 keep the sums in registers: 2.5 times the speed of one row at a time on Zen 5.
// Thread safety: pure function over the caller's buffers.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace cadre::tensor {

void small_product(const float* a, size_t a_row, size_t a_inner, const float* b, size_t b_stride, size_t rows,
                   size_t inner, size_t columns, float* out, size_t out_stride);

// out [columns, rows rounded up to 16] = A [rows, columns] transposed, zeros in the places beyond `rows`. columns is a
// multiple of 16.
void small_transpose(const float* a, size_t a_row, size_t rows, size_t columns, float* out, size_t out_stride);

}  // namespace cadre::tensor
