// SPDX-License-Identifier: Apache-2.0
#include "base/cpu.h"

#include <gtest/gtest.h>

namespace cadre::base {
namespace {

TEST(Cpu, AFeatureImpliesTheOnesItsKernelsAlsoUse) {
  const CpuFeatures& cpu = cpu_features();
  EXPECT_TRUE(cpu.avx2 || !cpu.avx512);
  EXPECT_TRUE(cpu.avx512 || !cpu.avx512_vnni);
  EXPECT_TRUE(cpu.avx512 || !cpu.avx512_bf16);
  EXPECT_TRUE(cpu.avx512_bf16 || !cpu.amx_bf16);
  EXPECT_TRUE(cpu.avx512_vnni || !cpu.amx_int8);
}

#if defined(__x86_64__)
TEST(Cpu, AgreesWithTheCompilersOwnDetection) {
  const CpuFeatures& cpu = cpu_features();
  EXPECT_EQ(cpu.avx2, __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"));
  EXPECT_EQ(cpu.avx512, __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                            __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"));
  EXPECT_EQ(cpu.avx512_vnni, cpu.avx512 && __builtin_cpu_supports("avx512vnni"));
  EXPECT_EQ(cpu.avx512_bf16, cpu.avx512 && __builtin_cpu_supports("avx512bf16"));
  EXPECT_EQ(cpu.vendor == CpuVendor::kAmd, __builtin_cpu_is("amd") != 0);
  EXPECT_EQ(cpu.vendor == CpuVendor::kIntel, __builtin_cpu_is("intel") != 0);
}
#endif

}  // namespace
}  // namespace cadre::base
