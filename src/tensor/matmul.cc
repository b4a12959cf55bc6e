// Choosing a kernel at run time, and packing for it.
// SPDX-License-Identifier: Apache-2.0
#include "tensor/matmul.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "base/check.h"
#include "base/cpu.h"
#include "tensor/matmul_kernels.h"

namespace cadre::tensor {
namespace {

using internal::MoveFunctions;
using internal::MultiplyKernel;
using internal::PanelLayout;

const MultiplyKernel<float>& kernel_of(MatmulKernel kernel, float) {
  switch (kernel) {
    case MatmulKernel::kScalar:
      return internal::kMultiplyF32Scalar;
    case MatmulKernel::kAvx2:
      return internal::kMultiplyF32Avx2;
    case MatmulKernel::kAvx512:
      return internal::kMultiplyF32Avx512;
    case MatmulKernel::kAvx512Bf16:
    case MatmulKernel::kAmx:
      break;
  }
  CADRE_CHECK(false, "f32 products have no kernel for this instruction set");
  return internal::kMultiplyF32Scalar;
}

const MultiplyKernel<BFloat16>& kernel_of(MatmulKernel kernel, BFloat16) {
  switch (kernel) {
    case MatmulKernel::kScalar:
      return internal::kMultiplyBf16Scalar;
    case MatmulKernel::kAvx2:
      return internal::kMultiplyBf16Avx2;
    case MatmulKernel::kAvx512:
      return internal::kMultiplyBf16Avx512;
    case MatmulKernel::kAvx512Bf16:
      return internal::kMultiplyBf16Avx512Bf16;
    case MatmulKernel::kAmx:
      return internal::kMultiplyBf16Amx;
  }
  return internal::kMultiplyBf16Scalar;
}

// Which functions move the bytes does not change the bytes, so this depends on the machine alone.
const MoveFunctions& move_functions() {
  const base::CpuFeatures& cpu = base::cpu_features();
  if (cpu.avx512_bf16) return internal::kMoveAvx512Bf16;
  if (cpu.avx512) return internal::kMoveAvx512;
  if (cpu.avx2) return internal::kMoveAvx2;
  return internal::kMoveScalar;
}

template <class T>
void start_packing(MatmulKernel kernel, size_t k, size_t n, PackedMatrix<T>& out) {
  CADRE_CHECK(k > 0 && k % 32 == 0 && n % 16 == 0, "shapes of packed matrices are padded by the caller");
  out.kernel = kernel;
  out.k = k;
  out.n = n;
  if (out.data.size() < k * n) out.data.resize(k * n);  // never shrinks: growing back would fill with zeros first
}

template <class T>
void pack_panel(const MultiplyKernel<T>& kernel, const T* b, size_t ldb, size_t k, size_t width, T* out) {
  if (kernel.layout == PanelLayout::kRows) {
    for (size_t i = 0; i < k; ++i) std::memcpy(out + i * width, b + i * ldb, width * sizeof(T));
    return;
  }
  const MoveFunctions& move = move_functions();
  for (size_t i = 0; i < k; i += 2) move.interleave16(b + i * ldb, b + (i + 1) * ldb, width, out + i * width);
}

template <class T>
void pack_panel_transposed(const MultiplyKernel<T>& kernel, const T* w, size_t ldw, size_t k, size_t width, T* out) {
  const MoveFunctions& move = move_functions();
  const size_t stride = ldw * sizeof(T);
  if (sizeof(T) == 4) {
    move.transpose32(w, stride, width, k, out, width * 4);
  } else if (kernel.layout == PanelLayout::kRows) {
    move.transpose16(w, stride, width, k, out, width * 2);
  } else {
    move.transpose32(w, stride, width, k / 2, out, width * 4);  // a pair of k moves as one element of 4 bytes
  }
}

}  // namespace

const char* matmul_kernel_name(MatmulKernel kernel) {
  switch (kernel) {
    case MatmulKernel::kScalar:
      return "scalar";
    case MatmulKernel::kAvx2:
      return "avx2";
    case MatmulKernel::kAvx512:
      return "avx512";
    case MatmulKernel::kAvx512Bf16:
      return "avx512-bf16";
    case MatmulKernel::kAmx:
      return "amx";
  }
  return "unknown";
}

template <class T>
std::vector<MatmulKernel> available_matmul_kernels() {
  const base::CpuFeatures& cpu = base::cpu_features();
  std::vector<MatmulKernel> kernels = {MatmulKernel::kScalar};
  if (cpu.avx2) kernels.push_back(MatmulKernel::kAvx2);
  if (cpu.avx512) kernels.push_back(MatmulKernel::kAvx512);
  if (std::is_same_v<T, BFloat16>) {
    if (cpu.avx512_bf16 && cpu.vendor != base::CpuVendor::kIntel) kernels.push_back(MatmulKernel::kAvx512Bf16);
    if (cpu.amx_bf16) kernels.push_back(MatmulKernel::kAmx);
  }
  return kernels;
}

template <class T>
MatmulKernel best_matmul_kernel() {
  return available_matmul_kernels<T>().back();
}

template <class T>
void pack(MatmulKernel kernel, const T* b, size_t ldb, size_t k, size_t n, PackedMatrix<T>& out) {
  start_packing(kernel, k, n, out);
  const MultiplyKernel<T>& chosen = kernel_of(kernel, T());
  for (size_t j = 0; j < n; j += chosen.columns) {
    pack_panel(chosen, b + j, ldb, k, std::min(chosen.columns, n - j), out.data.data() + j * k);
  }
}

template <class T>
void pack_transposed(MatmulKernel kernel, const T* w, size_t ldw, size_t k, size_t n, PackedMatrix<T>& out) {
  start_packing(kernel, k, n, out);
  const MultiplyKernel<T>& chosen = kernel_of(kernel, T());
  for (size_t j = 0; j < n; j += chosen.columns) {
    pack_panel_transposed(chosen, w + j * ldw, ldw, k, std::min(chosen.columns, n - j), out.data.data() + j * k);
  }
}

template <class T>
void matmul(const T* a, size_t lda, size_t m, const PackedMatrix<T>& b, float* c, size_t ldc, Accumulate accumulate) {
  kernel_of(b.kernel, T()).multiply(a, lda, m, b.data.data(), b.k, b.n, c, ldc, accumulate == Accumulate::kYes);
}

template <class T>
void transpose(const T* x, size_t ldx, size_t rows, size_t columns, T* out, size_t ldout) {
  const MoveFunctions& move = move_functions();
  (sizeof(T) == 2 ? move.transpose16 : move.transpose32)(x, ldx * sizeof(T), rows, columns, out, ldout * sizeof(T));
}

void convert(const float* x, size_t count, BFloat16* out) {
  move_functions().convert(x, count, out);
}
void convert(const float* x, size_t count, float* out) {
  std::memcpy(out, x, count * sizeof(float));
}

template std::vector<MatmulKernel> available_matmul_kernels<float>();
template std::vector<MatmulKernel> available_matmul_kernels<BFloat16>();
template MatmulKernel best_matmul_kernel<float>();
template MatmulKernel best_matmul_kernel<BFloat16>();
template void pack(MatmulKernel, const float*, size_t, size_t, size_t, PackedMatrix<float>&);
template void pack(MatmulKernel, const BFloat16*, size_t, size_t, size_t, PackedMatrix<BFloat16>&);
template void pack_transposed(MatmulKernel, const float*, size_t, size_t, size_t, PackedMatrix<float>&);
template void pack_transposed(MatmulKernel, const BFloat16*, size_t, size_t, size_t, PackedMatrix<BFloat16>&);
template void matmul(const float*, size_t, size_t, const PackedMatrix<float>&, float*, size_t, Accumulate);
template void matmul(const BFloat16*, size_t, size_t, const PackedMatrix<BFloat16>&, float*, size_t, Accumulate);
template void transpose(const float*, size_t, size_t, size_t, float*, size_t);
template void transpose(const BFloat16*, size_t, size_t, size_t, BFloat16*, size_t);

}  // namespace cadre::tensor
