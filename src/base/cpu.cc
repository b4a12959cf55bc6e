// SPDX-License-Identifier: Apache-2.0
#include "base/cpu.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#endif

namespace cadre::base {
namespace {

#if defined(__x86_64__)

struct Registers {
  uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

// All zero when the processor does not know the leaf.
Registers cpuid(uint32_t leaf, uint32_t subleaf) {
  Registers r;
  if (!__get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx)) return {};
  return r;
}

bool bit(uint64_t word, int index) {
  return ((word >> index) & 1) != 0;
}

// Which register states the operating system saves: XCR0.
uint64_t saved_states() {
  const bool os_uses_xsave = bit(cpuid(1, 0).ecx, 27);
  if (!os_uses_xsave) return 0;
  uint32_t low = 0, high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (static_cast<uint64_t>(high) << 32) | low;
}

bool request_amx_tiles() {
#if defined(__linux__)
  constexpr long kArchRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr long kTileData = 18;                   // XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, kArchRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

CpuVendor detect_vendor() {
  const Registers r = cpuid(0, 0);
  char name[12];
  std::memcpy(name, &r.ebx, 4);
  std::memcpy(name + 4, &r.edx, 4);
  std::memcpy(name + 8, &r.ecx, 4);
  if (std::memcmp(name, "GenuineIntel", 12) == 0) return CpuVendor::kIntel;
  if (std::memcmp(name, "AuthenticAMD", 12) == 0) return CpuVendor::kAmd;
  return CpuVendor::kOther;
}

CpuFeatures detect() {
  constexpr uint64_t kSseAndAvx = 0x6;      // XMM, YMM
  constexpr uint64_t kMasksAndZmm = 0xe0;   // opmask, upper ZMM, ZMM16-31
  constexpr uint64_t kTileState = 0x60000;  // TILECFG, TILEDATA
  const uint64_t saved = saved_states();
  const Registers leaf1 = cpuid(1, 0), leaf7 = cpuid(7, 0), leaf7_1 = cpuid(7, 1);
  const bool fma = bit(leaf1.ecx, 12), f16c = bit(leaf1.ecx, 29);
  const bool f = bit(leaf7.ebx, 16), dq = bit(leaf7.ebx, 17), bw = bit(leaf7.ebx, 30), vl = bit(leaf7.ebx, 31);
  const bool tiles = bit(leaf7.edx, 24);

  CpuFeatures features;
  features.vendor = detect_vendor();
  features.avx2 = (saved & kSseAndAvx) == kSseAndAvx && bit(leaf7.ebx, 5) && fma && f16c;
  features.avx512 = features.avx2 && (saved & kMasksAndZmm) == kMasksAndZmm && f && dq && bw && vl;
  features.avx512_vnni = features.avx512 && bit(leaf7.ecx, 11);
  features.avx512_bf16 = features.avx512 && bit(leaf7_1.eax, 5);
  // The tile kernels use AVX-512 around the tiles, so the one does not go without the other.
  const bool amx = features.avx512_vnni && tiles && (saved & kTileState) == kTileState && request_amx_tiles();
  features.amx_bf16 = amx && features.avx512_bf16 && bit(leaf7.edx, 22);
  features.amx_int8 = amx && bit(leaf7.edx, 25);
  return features;
}

#else

CpuFeatures detect() {
  return {};
}

#endif

}  // namespace

const CpuFeatures& cpu_features() {
  static const CpuFeatures features = detect();
  return features;
}

}  // namespace cadre::base
