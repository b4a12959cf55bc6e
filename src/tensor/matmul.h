// Matrix products for training: operands in bfloat16 or f32, sums in f32.
//
// B is packed once into the layout of the machine's kernel, then multiplied by many A. T is BFloat16 or float. Kernels:
// scalar (reference), AVX2, AVX-512, AVX-512 BF16, AMX; chosen at run time. Each kernel has one fixed summation order,
// independent of `m` and of threads; different kernels round differently (training has a numerics class per instruction
// set, P5).
// Shapes: k a multiple of 32, n a multiple of 16, m any. Leading dimensions in elements. Pointers 64-byte aligned where
// the caller owns them.
// Thread safety: functions on distinct outputs may run at once. No allocation except in pack (grows `out`) and no
// failure.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tensor/aligned.h"
#include "tensor/bfloat16.h"

namespace cadre::tensor {

enum class MatmulKernel { kScalar, kAvx2, kAvx512, kAvx512Bf16, kAmx };

const char* matmul_kernel_name(MatmulKernel kernel);
// The kernels this machine can run for T, slowest first; the last is what best_matmul_kernel returns.
// kAvx512Bf16 is left out on Intel, where vdpbf16ps runs at half the f32 rate.
template <class T>
std::vector<MatmulKernel> available_matmul_kernels();
template <class T>
MatmulKernel best_matmul_kernel();

template <class T>
struct PackedMatrix {
  MatmulKernel kernel = MatmulKernel::kScalar;  // the layout belongs to a kernel
  size_t k = 0;
  size_t n = 0;
  AlignedVector<T> data;
};

// B from [k, n] row-major.
template <class T>
void pack(MatmulKernel kernel, const T* b, size_t ldb, size_t k, size_t n, PackedMatrix<T>& out);
// B = Wt from W [n, k] row-major.
template <class T>
void pack_transposed(MatmulKernel kernel, const T* w, size_t ldw, size_t k, size_t n, PackedMatrix<T>& out);

enum class Accumulate { kNo, kYes };

// c [m, n] f32 (ldc) = or += a [m, k] (lda) * b.
template <class T>
void matmul(const T* a, size_t lda, size_t m, const PackedMatrix<T>& b, float* c, size_t ldc, Accumulate accumulate);

// out [columns, rows] = x [rows, columns] transposed.
template <class T>
void transpose(const T* x, size_t ldx, size_t rows, size_t columns, T* out, size_t ldout);

// out[i] = T(x[i]).
void convert(const float* x, size_t count, BFloat16* out);
void convert(const float* x, size_t count, float* out);

}  // namespace cadre::tensor
