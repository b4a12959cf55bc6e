// Inference products on AMX: the kernel of tensor/quant_tiles.h on the real tile registers. Weights that are not
// quantised go the AVX-512 way: their sums are f32 chains, which tiles do not compute.
// SPDX-License-Identifier: Apache-2.0
#include "tensor/quant_kernels.h"
#include "tensor/quant_tiles.h"

namespace cadre::tensor::internal {
namespace {

void q8_0(const QuantProduct& q) {
  HardwareTiles tiles;
  QuantTileProduct<HardwareTiles>::q8_0(tiles, q);
}

void q4_0(const QuantProduct& q) {
  HardwareTiles tiles;
  QuantTileProduct<HardwareTiles>::q4_0(tiles, q);
}

// Called through the table at run time: tables of other files may not be read while this one is initialised.
void quantize(const float* x, size_t count, int32_t offset, int8_t* values, float* scales, int32_t* corrections) {
  kQuantAvx512Vnni.quantize(x, count, offset, values, scales, corrections);
}
void f32(const QuantProduct& q) {
  kQuantAvx512Vnni.f32(q);
}
void bf16(const QuantProduct& q) {
  kQuantAvx512Vnni.bf16(q);
}

}  // namespace

const QuantFunctions kQuantAmx{0, 0, quantize, q8_0, q4_0, f32, bf16};

}  // namespace cadre::tensor::internal
