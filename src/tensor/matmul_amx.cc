// Training products on AMX: the kernel of tensor/matmul_tiles.h on the real tile registers.
// SPDX-License-Identifier: Apache-2.0
#include "tensor/matmul_kernels.h"
#include "tensor/matmul_tiles.h"

namespace cadre::tensor::internal {
namespace {

void multiply(const BFloat16* a, size_t lda, size_t m, const BFloat16* b, size_t k, size_t n, float* c, size_t ldc,
              bool accumulate) {
  HardwareTiles tiles;
  TileProduct<HardwareTiles>::multiply(tiles, a, lda, m, b, k, n, c, ldc, accumulate);
}

}  // namespace

const MultiplyKernel<BFloat16> kMultiplyBf16Amx{TileProduct<HardwareTiles>::kColumns, PanelLayout::kPairs, multiply};

}  // namespace cadre::tensor::internal
