// Inside of the inference products: what each instruction set provides, as plain functions over plain pointers.
//
// Files compiled for an instruction set include nothing but this header and the intrinsics: an inline function of a
// shared header compiled there could be the copy the linker keeps for everybody, and would then fault on a smaller
// machine.
//
// Packed W is cut into panels of 16 outputs, rows of zeros added to fill the last. Within a panel:
//   Q8_0: [k / 4, 16, 4]      bytes: four consecutive k of an output side by side; the value plus the kernel's
//   q8_offset Q4_0: [k / 32, 4, 16, 4]  bytes: as Q8_0 for the first half of a block in the low nibbles, the second
//   half in the high F32, BF16: [k, 16]
// and for Q8_0 and Q4_0 the scales of the panel: [k / 32, 16].
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace cadre::tensor::internal {

inline constexpr size_t kPanelOutputs = 16;
inline constexpr size_t kBlock = 32;  // elements of k that share a scale

struct QuantProduct {
  size_t m, n, k;
  const int8_t* x;             // [m, k]
  const float* x_scales;       // [m, k / 32]
  const int32_t* corrections;  // [m, k / 32]: minus the kernel's offset times the sum of the block of x
  const float* x_floats;       // [m, k], for F32 and BF16
  const uint8_t* w;            // panels
  const float* w_scales;       // panels
  float* y;                    // [m, ldy]
  size_t ldy;
};

// Blocks of x, one after the other, to int8, a scale and a correction per block: the arithmetic of
// tensor/quant_matmul.h. `count` elements, whole blocks: a row, or all rows when nothing lies between them.
using QuantizeFunction = void (*)(const float* x, size_t count, int32_t offset, int8_t* values, float* scales,
                                  int32_t* corrections);
using QuantProductFunction = void (*)(const QuantProduct& product);

struct QuantFunctions {
  // What a kernel adds to the stored weights to make them unsigned; the sum of x times it comes off again.
  int32_t q8_offset, q4_offset;
  QuantizeFunction quantize;
  QuantProductFunction q8_0, q4_0, f32, bf16;
};

extern const QuantFunctions kQuantScalar, kQuantAvx2, kQuantAvx512Vnni, kQuantAmx;

}  // namespace cadre::tensor::internal
