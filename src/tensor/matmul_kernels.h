// Inside of the training products: what each instruction set provides, as plain functions over plain pointers.
//
// Files compiled for an instruction set include nothing but this header and the intrinsics: an inline function of a
// shared header compiled there could be the copy the linker keeps for everybody, and would then fault on a smaller
// machine.
//
// Packed B is cut into panels of `columns` outputs (the last may be narrower, always a multiple of 16), one after the
// other:
//   kRows:  [k, width]         element (i, j) of the panel at i * width + j
//   kPairs: [k / 2, width, 2]  two consecutive k side by side, the operand of vdpbf16ps and tdpbf16ps
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "tensor/bfloat16.h"

namespace cadre::tensor::internal {

enum class PanelLayout { kRows, kPairs };

// c [m, n] (ldc) = or += a [m, k] (lda) * b (packed). Each output is one chain over k, continued from c when
// accumulating.
template <class T>
using MultiplyFunction = void (*)(const T* a, size_t lda, size_t m, const T* b, size_t k, size_t n, float* c,
                                  size_t ldc, bool accumulate);

template <class T>
struct MultiplyKernel {
  size_t columns;  // width of a full panel, a multiple of 16
  PanelLayout layout;
  MultiplyFunction<T> multiply;
};

extern const MultiplyKernel<float> kMultiplyF32Scalar, kMultiplyF32Avx2, kMultiplyF32Avx512;
extern const MultiplyKernel<BFloat16> kMultiplyBf16Scalar, kMultiplyBf16Avx2, kMultiplyBf16Avx512,
    kMultiplyBf16Avx512Bf16, kMultiplyBf16Amx;

// Moving and converting elements: the same bytes from every instruction set. Strides in bytes.
struct MoveFunctions {
  // out [columns, rows] = x [rows, columns] transposed, elements of 2 and 4 bytes.
  void (*transpose16)(const void* x, size_t stride, size_t rows, size_t columns, void* out, size_t out_stride);
  void (*transpose32)(const void* x, size_t stride, size_t rows, size_t columns, void* out, size_t out_stride);
  // out[2j] = even[j], out[2j + 1] = odd[j]; elements of 2 bytes; count a multiple of 16.
  void (*interleave16)(const void* even, const void* odd, size_t count, void* out);
  // Rounds as to_bfloat16 does, bit for bit.
  void (*convert)(const float* x, size_t count, BFloat16* out);
};

extern const MoveFunctions kMoveScalar, kMoveAvx2, kMoveAvx512;
extern const MoveFunctions kMoveAvx512Bf16;  // as kMoveAvx512, with the converting instruction

}  // namespace cadre::tensor::internal
