// Matrix products for inference: the same bits on every CPU (DESIGN P5).
//
// y [m, n] = x [m, k] * Wt, W [n, k] stored as F32, BF16, Q8_0 or Q4_0 in GGUF's block layout (blocks of 32 along k).
// * Q8_0, Q4_0: x is quantised per block of 32: scale = largest / 127 and value = x * (127 / largest), rounded to
// nearest
//   even, where largest is the largest magnitude (a block below 2^-100 is zero; one with infinity or NaN gives NaN).
//   Each block's integer dot product is exact; y accumulates fma(float(dot), scale_w * scale_x, y) over blocks in
//   ascending order.
// * F32, BF16: y accumulates fma(w, x, y) over k in ascending order, one chain per output.
// Every kernel (scalar, AVX2, AVX-512 VNNI, AMX) does exactly that arithmetic per output, so results are bit-equal and
// independent of m.
// Thread safety: a QuantMatrix is immutable after construction; products on distinct outputs may run at once.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "tensor/aligned.h"
#include "tensor/tensor_type.h"

namespace cadre::tensor {

enum class QuantKernel { kScalar, kAvx2, kAvx512Vnni, kAmx };

const char* quant_kernel_name(QuantKernel kernel);
std::vector<QuantKernel> available_quant_kernels();  // slowest first

// Weights, repacked for a kernel at load.
class QuantMatrix {
 public:
  // `bytes` is GGUF tensor data of n rows of k elements. k a multiple of 32, any n (padded inside). Error: wrong size
  // or type.
  static Result<QuantMatrix> make(QuantKernel kernel, TensorType type, size_t n, size_t k,
                                  std::span<const uint8_t> bytes);
  size_t n() const { return n_; }
  size_t k() const { return k_; }
  TensorType type() const { return type_; }

 private:
  friend class QuantInput;
  friend void matmul(const class QuantInput& x, const QuantMatrix& w, float* y, size_t ldy);
  void pack_blocks(std::span<const uint8_t> bytes);    // Q8_0, Q4_0
  void pack_elements(std::span<const uint8_t> bytes);  // F32, BF16
  QuantKernel kernel_ = QuantKernel::kScalar;
  TensorType type_ = TensorType::kF32;
  size_t n_ = 0, k_ = 0;
  AlignedVector<uint8_t> packed_;
  AlignedVector<float> scales_;
};

// x prepared once and multiplied by several W of the same k (query, key, value; gate, up).
class QuantInput {
 public:
  // Reads x [m, k] f32 (ldx). Reuses its buffers between calls.
  void assign(QuantKernel kernel, const float* x, size_t ldx, size_t m, size_t k, TensorType weight_type);
  size_t m() const { return m_; }

 private:
  friend void matmul(const QuantInput& x, const QuantMatrix& w, float* y, size_t ldy);
  QuantKernel kernel_ = QuantKernel::kScalar;
  TensorType weight_type_ = TensorType::kF32;
  size_t m_ = 0, k_ = 0;
  AlignedVector<int8_t> values_;
  AlignedVector<float> scales_;
  AlignedVector<int32_t> corrections_;  // for kernels that shift the weights to unsigned
  AlignedVector<float> floats_;
};

// y [m, n] (ldy) = x * Wt. Same kernel on both sides.
void matmul(const QuantInput& x, const QuantMatrix& w, float* y, size_t ldy);

// One row of f32 to GGUF blocks and back; count a multiple of 32 (F32 and BF16: any).
void quantize_row(TensorType type, std::span<const float> x, std::vector<uint8_t>& out);  // appends
Result<void> dequantize_row(TensorType type, std::span<const uint8_t> bytes, std::span<float> out);

}  // namespace cadre::tensor
