// SPDX-License-Identifier: Apache-2.0
#include "tensor/tensor_type.h"

namespace cadre::tensor {

const TensorTypeTraits* tensor_type_traits(uint32_t number) {
  static constexpr TensorTypeTraits kF32{"F32", 1, 4}, kF16{"F16", 1, 2}, kQ4_0{"Q4_0", 32, 18}, kQ8_0{"Q8_0", 32, 34},
      kI8{"I8", 1, 1}, kBF16{"BF16", 1, 2};
  switch (static_cast<TensorType>(number)) {
    case TensorType::kF32:
      return &kF32;
    case TensorType::kF16:
      return &kF16;
    case TensorType::kQ4_0:
      return &kQ4_0;
    case TensorType::kQ8_0:
      return &kQ8_0;
    case TensorType::kI8:
      return &kI8;
    case TensorType::kBF16:
      return &kBF16;
  }
  return nullptr;
}

}  // namespace cadre::tensor
