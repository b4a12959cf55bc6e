// The inference product of Q8_0 and Q4_0 on tile registers (AMX), over any Tiles policy (tensor/tiles.h).
//
// 32 rows of x by two panels of outputs: four tiles of dot products. A block has 32 k, half of what a tile could take,
// because its sum must leave the tiles to be scaled; so a product of tiles is 16 rows, 32 k, 16 outputs.
// Q4_0 blocks are unpacked to bytes on the way, once per 32 rows.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tensor/quant_kernels.h"
#include "tensor/tiles.h"

namespace cadre::tensor::internal {

template <class Tiles>
class QuantTileProduct {
 public:
  static void q8_0(Tiles& tiles, const QuantProduct& q) { multiply<Q8>(tiles, q); }
  static void q4_0(Tiles& tiles, const QuantProduct& q) { multiply<Q4>(tiles, q); }

 private:
  static constexpr size_t kTileRows = 16, kBlockRows = 32, kLanes = kPanelOutputs;
  static constexpr size_t kUnpackedBytes = 512;  // a panel's block as bytes: a tile of B

  struct Q8 {
    static constexpr size_t kBlockBytes = 512;
    static const uint8_t* unpack(const uint8_t* block, uint8_t*) { return block; }
  };
  struct Q4 {
    static constexpr size_t kBlockBytes = 256;
    static const uint8_t* unpack(const uint8_t* block, uint8_t* buffer) {
      for (size_t i = 0; i < kBlockBytes; ++i) buffer[i] = static_cast<uint8_t>((block[i] & 15) - 8);
      for (size_t i = 0; i < kBlockBytes; ++i) buffer[kBlockBytes + i] = static_cast<uint8_t>((block[i] >> 4) - 8);
      return buffer;
    }
  };

  struct Dots {
    alignas(64) int32_t values[2][kBlockRows][kLanes];  // [panel, row, output]
  };
  struct Sums {
    alignas(64) float values[2][kBlockRows][kLanes];
  };

  static TileShape shape(size_t upper_rows, size_t lower_rows) {
    TileShape shape;
    const size_t rows[8] = {upper_rows, upper_rows, lower_rows, lower_rows, upper_rows, lower_rows, 8, 8};
    for (int t = 0; t < 8; ++t) {
      shape.rows[t] = static_cast<uint8_t>(rows[t]);
      shape.row_bytes[t] = t == 4 || t == 5 ? kBlock : 64;  // A: 32 k; B: 8 rows of four k of 16 outputs
    }
    return shape;
  }

  template <class Format>
  static void multiply(Tiles& tiles, const QuantProduct& q) {
    const size_t whole = q.m / kBlockRows * kBlockRows, rest = q.m - whole;
    if (whole > 0) {
      tiles.configure(shape(kTileRows, kTileRows));
      for (size_t i = 0; i < whole; i += kBlockRows) multiply_rows<Format, 2>(tiles, q, i, kBlockRows);
    }
    if (rest > kTileRows) {
      tiles.configure(shape(kTileRows, rest - kTileRows));
      multiply_rows<Format, 2>(tiles, q, whole, rest);
    } else if (rest > 0) {
      tiles.configure(shape(rest, rest));
      multiply_rows<Format, 1>(tiles, q, whole, rest);
    }
    if (q.m > 0) tiles.release();
  }

  // R tiles of rows, `rows` in all, against every panel.
  template <class Format, int R>
  static void multiply_rows(Tiles& tiles, const QuantProduct& q, size_t i, size_t rows) {
    size_t j = 0;
    for (; j + kLanes < q.n; j += 2 * kLanes) multiply_panels<Format, R, 2>(tiles, q, i, rows, j);
    if (j < q.n) multiply_panels<Format, R, 1>(tiles, q, i, rows, j);
  }

  template <class Format, int R, int P>
  static void multiply_panels(Tiles& tiles, const QuantProduct& q, size_t i, size_t rows, size_t j) {
    const size_t blocks = q.k / kBlock;
    const uint8_t* panel = q.w + j * blocks / kLanes * Format::kBlockBytes;
    const float* w_scales = q.w_scales + j * blocks;
    Dots dots;
    Sums sums = {};
    for (size_t b = 0; b < blocks; ++b) {
      const uint8_t* block = panel + b * Format::kBlockBytes;
      dot_products<Format, R, P>(tiles, q.x + i * q.k + b * kBlock, q.k, block, blocks * Format::kBlockBytes, dots);
      for (size_t p = 0; p < P; ++p) {
        add_scaled(dots.values[p], rows, w_scales + (p * blocks + b) * kLanes, q.x_scales + i * blocks + b, blocks,
                   sums.values[p]);
      }
    }
    for (size_t p = 0; p < P; ++p) {
      const size_t at = j + p * kLanes, count = q.n - at < kLanes ? q.n - at : kLanes;
      for (size_t r = 0; r < rows; ++r) {
        __builtin_memcpy(q.y + (i + r) * q.ldy + at, sums.values[p][r], count * sizeof(float));
      }
    }
  }

  // Tiles of dots: 0 and 1 above, 2 and 3 below; x in 4 and 5, W in 6 and 7.
  template <class Format, int R, int P>
  static void dot_products(Tiles& tiles, const int8_t* x, size_t k, const uint8_t* block, size_t panel_bytes,
                           Dots& dots) {
    alignas(64) uint8_t unpacked[2][kUnpackedBytes];
    tiles.template load<4>(x, k);
    tiles.template load<6>(Format::unpack(block, unpacked[0]), 64);
    product<0, 4, 6>(tiles, dots.values[0][0]);
    if constexpr (R == 2) {
      tiles.template load<5>(x + kTileRows * k, k);
      product<2, 5, 6>(tiles, dots.values[0][kTileRows]);
    }
    if constexpr (P == 2) {
      tiles.template load<7>(Format::unpack(block + panel_bytes, unpacked[1]), 64);
      product<1, 4, 7>(tiles, dots.values[1][0]);
      if constexpr (R == 2) product<3, 5, 7>(tiles, dots.values[1][kTileRows]);
    }
  }

  template <int C, int A, int B>
  static void product(Tiles& tiles, int32_t* out) {
    tiles.template zero<C>();
    tiles.template multiply_int8<C, A, B>();
    tiles.template store<C>(out, kLanes * sizeof(int32_t));
  }

  // The documented epilogue: one explicit fma per output and block.
  static void add_scaled(const int32_t (*dots)[kLanes], size_t rows, const float* w_scales, const float* x_scales,
                         size_t x_stride, float (*sums)[kLanes]) {
    for (size_t r = 0; r < rows; ++r) {
      const float x_scale = x_scales[r * x_stride];
      for (size_t o = 0; o < kLanes; ++o) {
        sums[r][o] = __builtin_fmaf(static_cast<float>(dots[r][o]), w_scales[o] * x_scale, sums[r][o]);
      }
    }
  }
};

}  // namespace cadre::tensor::internal
