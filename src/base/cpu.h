// What this machine's processor can do, asked once, with the operating system's consent included.
//
// A feature is reported only when the processor has it AND the operating system saves its registers (XCR0) AND, for
// AMX, has granted this process the tile registers (Linux gives them on request). Asking is the first call of
// cpu_features(). Does not measure speed. Thread safety: may be called from any thread. Source: Intel SDM volume 1,
// chapters 13.3 and 18; Linux Documentation/arch/x86/xstate.rst.
// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace cadre::base {

enum class CpuVendor { kIntel, kAmd, kOther };

struct CpuFeatures {
  CpuVendor vendor = CpuVendor::kOther;
  bool avx2 = false;         // with FMA and F16C
  bool avx512 = false;       // F, BW, DQ and VL
  bool avx512_vnni = false;  // int8 dot products, vpdpbusd
  bool avx512_bf16 = false;  // vdpbf16ps
  bool amx_bf16 = false;
  bool amx_int8 = false;
};

const CpuFeatures& cpu_features();

}  // namespace cadre::base
