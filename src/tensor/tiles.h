// The tile registers of AMX as a policy: kernels are templates over `Tiles`, so that the code which runs on a processor
// with AMX is the code that is tested, through EmulatedTiles (tensor/emulated_tiles.h), on one without.
//
// A policy has eight tiles of at most 16 rows of 64 bytes:
//   void configure(const TileShape& shape)       sets rows and bytes per row of every tile, and zeroes them
//   void release()
//   zero<T>(), load<T>(from, stride), store<T>(to, stride)       stride in bytes
//   multiply_bf16<C, A, B>()   C [rows, n] f32  += A [rows, 2k] bfloat16 * B [k, n, 2] bfloat16
//   multiply_int8<C, A, B>()   C [rows, n] int32 += A [rows, 4k] int8 * B [k, n, 4] int8
// Source: Intel SDM volume 2 (tileloadd, tdpbf16ps, tdpbssd, ldtilecfg).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace cadre::tensor::internal {

// The 64-byte operand of ldtilecfg.
struct alignas(64) TileShape {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};
};
static_assert(sizeof(TileShape) == 64);

// The real ones. Written as assembly with memory clobbers because gcc 12's _tile_loadconfig does not tell the compiler
// that it reads its operand: the stores that fill the configuration are dropped. May only be entered when
// cpu_features() says so.
struct HardwareTiles {
  static void configure(const TileShape& shape) { __asm__ volatile("ldtilecfg %0" : : "m"(shape) : "memory"); }
  static void release() { __asm__ volatile("tilerelease" : : : "memory"); }

  template <int T>
  static void zero() {
    __asm__ volatile("tilezero %%tmm%c0" : : "i"(T) : "memory");
  }
  template <int T>
  static void load(const void* from, size_t stride) {
    __asm__ volatile("tileloadd (%0,%1,1), %%tmm%c2" : : "r"(from), "r"(stride), "i"(T) : "memory");
  }
  template <int T>
  static void store(void* to, size_t stride) {
    __asm__ volatile("tilestored %%tmm%c2, (%0,%1,1)" : : "r"(to), "r"(stride), "i"(T) : "memory");
  }
  template <int C, int A, int B>
  static void multiply_bf16() {
    __asm__ volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(C), "i"(A), "i"(B) : "memory");
  }
  template <int C, int A, int B>
  static void multiply_int8() {
    __asm__ volatile("tdpbssd %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(C), "i"(A), "i"(B) : "memory");
  }
};

}  // namespace cadre::tensor::internal
