// Tile registers in plain C++, for testing tile kernels on any machine. A policy as tensor/tiles.h describes.
//
// Follows the SDM's pseudocode: the configuration limits what loads read and stores write, a load zeroes the rest of
// the tile, mismatched shapes are a fault (here a failed check), and tdpbf16ps sums even and odd k apart before adding
// them to C. Differs in rounding a product before adding it and in keeping denormals.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstring>

#include "base/check.h"
#include "tensor/bfloat16.h"
#include "tensor/tiles.h"

namespace cadre::tensor::internal {

class EmulatedTiles {
 public:
  void configure(const TileShape& shape) {
    CADRE_CHECK(shape.palette == 1 && shape.start_row == 0, "palette 1 is the only one there is");
    for (int t = 0; t < kTiles; ++t) {
      CADRE_CHECK(shape.rows[t] <= kMaxRows && shape.row_bytes[t] <= kMaxRowBytes && shape.row_bytes[t] % 4 == 0,
                  "a shape outside the palette faults");
      CADRE_CHECK((shape.rows[t] == 0) == (shape.row_bytes[t] == 0), "a tile with rows but no bytes faults");
    }
    for (int t = kTiles; t < 16; ++t)
      CADRE_CHECK(shape.rows[t] == 0 && shape.row_bytes[t] == 0, "palette 1 has eight tiles");
    for (const uint8_t byte : shape.reserved) CADRE_CHECK(byte == 0, "reserved bytes fault unless zero");
    shape_ = shape;
    configured_ = true;
    std::memset(tiles_, 0, sizeof(tiles_));
  }
  void release() { configured_ = false; }

  template <int T>
  void zero() {
    check_tile<T>();
    std::memset(tiles_[T], 0, sizeof(tiles_[T]));
  }
  template <int T>
  void load(const void* from, size_t stride) {
    zero<T>();
    for (size_t r = 0; r < rows(T); ++r)
      std::memcpy(tiles_[T][r], static_cast<const char*>(from) + r * stride, row_bytes(T));
  }
  template <int T>
  void store(void* to, size_t stride) {
    check_tile<T>();
    for (size_t r = 0; r < rows(T); ++r) std::memcpy(static_cast<char*>(to) + r * stride, tiles_[T][r], row_bytes(T));
  }

  template <int C, int A, int B>
  void multiply_bf16() {
    check_product<C, A, B>();
    for (size_t i = 0; i < rows(C); ++i) {
      for (size_t j = 0; j < row_bytes(C) / 4; ++j) {
        float even = 0, odd = 0;
        for (size_t k = 0; k < rows(B); ++k) {
          even += to_float(element<BFloat16>(A, i, 2 * k)) * to_float(element<BFloat16>(B, k, 2 * j));
          odd += to_float(element<BFloat16>(A, i, 2 * k + 1)) * to_float(element<BFloat16>(B, k, 2 * j + 1));
        }
        set_element(C, i, j, element<float>(C, i, j) + (even + odd));
      }
    }
  }
  template <int C, int A, int B>
  void multiply_int8() {
    check_product<C, A, B>();
    for (size_t i = 0; i < rows(C); ++i) {
      for (size_t j = 0; j < row_bytes(C) / 4; ++j) {
        int32_t sum = element<int32_t>(C, i, j);
        for (size_t k = 0; k < 4 * rows(B); ++k) {
          sum += int32_t{element<int8_t>(A, i, k)} * int32_t{element<int8_t>(B, k / 4, 4 * j + k % 4)};
        }
        set_element(C, i, j, sum);
      }
    }
  }

 private:
  static constexpr int kTiles = 8;
  static constexpr size_t kMaxRows = 16, kMaxRowBytes = 64;

  size_t rows(int t) const { return shape_.rows[t]; }
  size_t row_bytes(int t) const { return shape_.row_bytes[t]; }

  template <int T>
  void check_tile() const {
    static_assert(T >= 0 && T < kTiles);
    CADRE_CHECK(configured_ && rows(T) > 0, "a tile outside the configuration faults");
  }
  template <int C, int A, int B>
  void check_product() const {
    static_assert(C != A && C != B && A != B, "the three tiles of a product must differ");
    check_tile<C>();
    check_tile<A>();
    check_tile<B>();
    CADRE_CHECK(rows(C) == rows(A) && row_bytes(A) == 4 * rows(B) && row_bytes(B) == row_bytes(C),
                "mismatched shapes fault");
  }

  template <class T>
  T element(int t, size_t row, size_t index) const {
    T value;
    std::memcpy(&value, tiles_[t][row] + index * sizeof(T), sizeof(T));
    return value;
  }
  template <class T>
  void set_element(int t, size_t row, size_t index, T value) {
    std::memcpy(tiles_[t][row] + index * sizeof(T), &value, sizeof(T));
  }

  bool configured_ = false;
  TileShape shape_;
  uint8_t tiles_[kTiles][kMaxRows][kMaxRowBytes] = {};
};

}  // namespace cadre::tensor::internal
