// Repacking weights for a kernel, preparing x, and choosing the function for a type.
// SPDX-License-Identifier: Apache-2.0
#include "tensor/quant_matmul.h"

#include <fmt/format.h>

#include <cstring>

#include "base/check.h"
#include "base/cpu.h"
#include "tensor/float16.h"
#include "tensor/quant_kernels.h"

namespace cadre::tensor {
namespace {

using internal::kBlock;
using internal::kPanelOutputs;
using internal::QuantFunctions;

constexpr size_t kMaxSide = size_t{1} << 24;  // of a matrix; far above any model, far below an overflow

const QuantFunctions& functions(QuantKernel kernel) {
  switch (kernel) {
    case QuantKernel::kScalar:
      return internal::kQuantScalar;
    case QuantKernel::kAvx2:
      return internal::kQuantAvx2;
    case QuantKernel::kAvx512Vnni:
      return internal::kQuantAvx512Vnni;
    case QuantKernel::kAmx:
      return internal::kQuantAmx;
  }
  return internal::kQuantScalar;
}

bool is_quantized(TensorType type) {
  return type == TensorType::kQ8_0 || type == TensorType::kQ4_0;
}

int32_t offset_of(QuantKernel kernel, TensorType type) {
  return type == TensorType::kQ8_0 ? functions(kernel).q8_offset : functions(kernel).q4_offset;
}

// One block of one output into its panel's block: the layouts of tensor/quant_kernels.h.
void place_q8(const uint8_t* values, int32_t offset, size_t output, uint8_t* block) {
  for (size_t l = 0; l < kBlock; ++l) {
    const int32_t value = static_cast<int8_t>(values[l]) + offset;
    block[(l / 4 * kPanelOutputs + output) * 4 + l % 4] = static_cast<uint8_t>(value);
  }
}
void place_q4(const uint8_t* nibbles, size_t output, uint8_t* block) {
  for (size_t l = 0; l < kBlock / 2; ++l) block[(l / 4 * kPanelOutputs + output) * 4 + l % 4] = nibbles[l];
}

Result<void> check_matrix(TensorType type, size_t n, size_t k, size_t size_bytes) {
  const TensorTypeTraits& layout = traits(type);
  const auto refuse = [&](ErrorCode code, const std::string& why) {
    return Error{code, fmt::format("prepare a {} matrix [{}, {}]: {}", layout.name, n, k, why)};
  };
  if (!is_quantized(type) && type != TensorType::kF32 && type != TensorType::kBF16) {
    return refuse(ErrorCode::kUnsupported, "products take F32, BF16, Q8_0 and Q4_0");
  }
  if (n == 0 || k == 0 || n > kMaxSide || k > kMaxSide) return refuse(ErrorCode::kLimit, "sides are 1 to 2^24");
  if (k % kBlock != 0) return refuse(ErrorCode::kUnsupported, "rows must be a multiple of 32 elements");
  const size_t expected = n * (k / layout.block_elements) * layout.block_size_bytes;
  if (size_bytes != expected) {
    return refuse(ErrorCode::kInvalid, fmt::format("{} bytes where {} belong (truncated file?)", size_bytes, expected));
  }
  return {};
}

}  // namespace

const char* quant_kernel_name(QuantKernel kernel) {
  switch (kernel) {
    case QuantKernel::kScalar:
      return "scalar";
    case QuantKernel::kAvx2:
      return "avx2";
    case QuantKernel::kAvx512Vnni:
      return "avx512-vnni";
    case QuantKernel::kAmx:
      return "amx";
  }
  return "unknown";
}

std::vector<QuantKernel> available_quant_kernels() {
  const base::CpuFeatures& cpu = base::cpu_features();
  std::vector<QuantKernel> kernels = {QuantKernel::kScalar};
  if (cpu.avx2) kernels.push_back(QuantKernel::kAvx2);
  if (cpu.avx512_vnni) kernels.push_back(QuantKernel::kAvx512Vnni);
  if (cpu.amx_int8) kernels.push_back(QuantKernel::kAmx);
  return kernels;
}

Result<QuantMatrix> QuantMatrix::make(QuantKernel kernel, TensorType type, size_t n, size_t k,
                                      std::span<const uint8_t> bytes) {
  TRY(check_matrix(type, n, k, bytes.size()));
  QuantMatrix matrix;
  matrix.kernel_ = kernel;
  matrix.type_ = type;
  matrix.n_ = n;
  matrix.k_ = k;
  if (is_quantized(type)) {
    matrix.pack_blocks(bytes);
  } else {
    matrix.pack_elements(bytes);
  }
  return matrix;
}

void QuantMatrix::pack_blocks(std::span<const uint8_t> bytes) {
  const size_t stored_bytes = traits(type_).block_size_bytes;
  const size_t blocks = k_ / kBlock, panels = (n_ + kPanelOutputs - 1) / kPanelOutputs;
  const size_t packed_bytes = kPanelOutputs * (type_ == TensorType::kQ8_0 ? kBlock : kBlock / 2);
  const int32_t offset = offset_of(kernel_, type_);
  packed_.assign(panels * blocks * packed_bytes, 0);
  scales_.assign(panels * blocks * kPanelOutputs, 0);
  for (size_t j = 0; j < n_; ++j) {
    for (size_t b = 0; b < blocks; ++b) {
      const uint8_t* stored = bytes.data() + (j * blocks + b) * stored_bytes;
      const size_t at = j / kPanelOutputs * blocks + b, output = j % kPanelOutputs;
      uint16_t scale;
      std::memcpy(&scale, stored, 2);
      scales_[at * kPanelOutputs + output] = float16_to_float(scale);
      if (type_ == TensorType::kQ8_0) {
        place_q8(stored + 2, offset, output, packed_.data() + at * packed_bytes);
      } else {
        place_q4(stored + 2, output, packed_.data() + at * packed_bytes);
      }
    }
  }
}

void QuantMatrix::pack_elements(std::span<const uint8_t> bytes) {
  const size_t size = traits(type_).block_size_bytes;
  packed_.assign((n_ + kPanelOutputs - 1) / kPanelOutputs * kPanelOutputs * k_ * size, 0);
  for (size_t j = 0; j < n_; ++j) {
    const size_t panel = j / kPanelOutputs * k_, output = j % kPanelOutputs;
    for (size_t l = 0; l < k_; ++l) {
      std::memcpy(packed_.data() + ((panel + l) * kPanelOutputs + output) * size, bytes.data() + (j * k_ + l) * size,
                  size);
    }
  }
}

void QuantInput::assign(QuantKernel kernel, const float* x, size_t ldx, size_t m, size_t k, TensorType weight_type) {
  CADRE_CHECK(k % kBlock == 0, "matrices have rows of whole blocks");
  kernel_ = kernel;
  weight_type_ = weight_type;
  m_ = m;
  k_ = k;
  if (!is_quantized(weight_type)) {
    floats_.resize(m * k);
    for (size_t i = 0; i < m; ++i) std::memcpy(floats_.data() + i * k, x + i * ldx, k * sizeof(float));
    return;
  }
  const size_t blocks = k / kBlock;
  values_.resize(m * k);
  scales_.resize(m * blocks);
  corrections_.resize(m * blocks);
  const internal::QuantizeFunction quantize = functions(kernel).quantize;
  const int32_t offset = offset_of(kernel, weight_type);
  if (ldx == k) return quantize(x, m * k, offset, values_.data(), scales_.data(), corrections_.data());
  for (size_t i = 0; i < m; ++i) {
    quantize(x + i * ldx, k, offset, values_.data() + i * k, scales_.data() + i * blocks,
             corrections_.data() + i * blocks);
  }
}

void matmul(const QuantInput& x, const QuantMatrix& w, float* y, size_t ldy) {
  CADRE_CHECK(x.kernel_ == w.kernel_ && x.k_ == w.k_, "x is prepared for the kernel and the rows of w");
  CADRE_CHECK(x.weight_type_ == w.type_, "x is prepared for the type of w");
  const internal::QuantProduct product{x.m_,
                                       w.n_,
                                       w.k_,
                                       x.values_.data(),
                                       x.scales_.data(),
                                       x.corrections_.data(),
                                       x.floats_.data(),
                                       w.packed_.data(),
                                       w.scales_.data(),
                                       y,
                                       ldy};
  const QuantFunctions& kernel = functions(w.kernel_);
  switch (w.type_) {
    case TensorType::kQ8_0:
      return kernel.q8_0(product);
    case TensorType::kQ4_0:
      return kernel.q4_0(product);
    case TensorType::kBF16:
      return kernel.bf16(product);
    default:
      return kernel.f32(product);
  }
}

}  // namespace cadre::tensor
