// The tensor element types cadre reads and writes, with GGUF's numbers, and the sizes of their blocks.
// Source of the layouts: the GGUF specification and ggml's block definitions (Q8_0: f16 scale + 32 int8; Q4_0: f16
// scale + 16 bytes, element i of the first half in the low nibble of byte i, of the second half in the high nibble,
// value = nibble - 8).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace cadre::tensor {

enum class TensorType : uint32_t { kF32 = 0, kF16 = 1, kQ4_0 = 2, kQ8_0 = 8, kI8 = 24, kBF16 = 30 };

struct TensorTypeTraits {
  const char* name;       // as in GGUF tools
  size_t block_elements;  // elements in a block, along the fastest dimension
  size_t block_size_bytes;
};

// nullptr for a number that is not one of the above.
const TensorTypeTraits* tensor_type_traits(uint32_t number);
inline const TensorTypeTraits& traits(TensorType type) {
  return *tensor_type_traits(static_cast<uint32_t>(type));
}

}  // namespace cadre::tensor
