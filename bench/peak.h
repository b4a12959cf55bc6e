// The most one core of this machine does, measured with loops that touch registers only: the denominator of a share of
// peak.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <immintrin.h>

#include <algorithm>
#include <cstdint>

#include "base/clock.h"
#include "base/cpu.h"

namespace cadre::bench {

enum class PeakKind { kF32, kBFloat16, kInt8 };

namespace peak_internal {

// Twelve independent chains of dependent instructions: more than latency times throughput of any core we know.
#define CADRE_PEAK_LOOP(name, target_set, type, zero, step)                  \
  __attribute__((target(target_set), noinline)) inline double name(long n) { \
    type x[12];                                                              \
    for (auto& lane : x) {                                                   \
      lane = zero;                                                           \
      __asm__ volatile("" : "+x"(lane));                                     \
    }                                                                        \
    type a = zero, b = zero;                                                 \
    __asm__ volatile("" : "+x"(a), "+x"(b));                                 \
    for (long i = 0; i < n; ++i) {                                           \
      _Pragma("GCC unroll 12") for (int c = 0; c < 12; ++c) x[c] = step;     \
    }                                                                        \
    for (auto& lane : x) __asm__ volatile("" : : "x"(lane));                 \
    return 12.0 * static_cast<double>(n);                                    \
  }

#define CADRE_AVX512 "avx512f,avx512bw,avx512vl,avx512dq"
CADRE_PEAK_LOOP(f32_avx2, "avx2,fma", __m256, _mm256_setzero_ps(), _mm256_fmadd_ps(a, b, x[c]))
CADRE_PEAK_LOOP(f32_avx512, CADRE_AVX512, __m512, _mm512_setzero_ps(), _mm512_fmadd_ps(a, b, x[c]))
CADRE_PEAK_LOOP(bf16_avx512, CADRE_AVX512 ",avx512bf16", __m512, _mm512_setzero_ps(),
                _mm512_dpbf16_ps(x[c], reinterpret_cast<__m512bh>(a), reinterpret_cast<__m512bh>(b)))
CADRE_PEAK_LOOP(int8_avx512, CADRE_AVX512 ",avx512vnni", __m512i, _mm512_setzero_si512(),
                _mm512_dpbusd_epi32(x[c], a, b))
// Per 32 products vpmaddubsw, vpmaddwd and vpaddd, what Q8_0 costs without VNNI (Q4_0 adds in 16 bits and beats this).
CADRE_PEAK_LOOP(int8_avx2, "avx2", __m256i, _mm256_setzero_si256(),
                _mm256_add_epi32(x[c], _mm256_madd_epi16(_mm256_maddubs_epi16(_mm256_xor_si256(x[c], a), b), a)))
#undef CADRE_PEAK_LOOP
#undef CADRE_AVX512

inline double best_rate(double (*loop)(long), double operations_per_step) {
  constexpr long kSteps = 2'000'000;
  double best = 0;
  for (int i = 0; i < 7; ++i) {
    const int64_t start_ns = base::thread_cpu_ns();
    const double steps = loop(kSteps);
    const double ns = static_cast<double>(base::thread_cpu_ns() - start_ns);
    best = std::max(best, steps * operations_per_step / (ns * 1e-9));
  }
  return best;
}

}  // namespace peak_internal

// Operations per second (a multiply and an add are two) of vector instructions; 0 without the instruction.
inline double measured_peak(PeakKind kind, bool avx512_allowed = true) {
  const base::CpuFeatures& cpu = base::cpu_features();
  if (kind == PeakKind::kBFloat16)
    return cpu.avx512_bf16 ? peak_internal::best_rate(peak_internal::bf16_avx512, 64) : 0;
  if (kind == PeakKind::kInt8) {
    if (avx512_allowed && cpu.avx512_vnni) return peak_internal::best_rate(peak_internal::int8_avx512, 128);
    return cpu.avx2 ? peak_internal::best_rate(peak_internal::int8_avx2, 64) : 0;
  }
  if (avx512_allowed && cpu.avx512) return peak_internal::best_rate(peak_internal::f32_avx512, 32);
  return cpu.avx2 ? peak_internal::best_rate(peak_internal::f32_avx2, 16) : 0;
}

}  // namespace cadre::bench
