// CADRE_VECTORIZE compiles a plain loop once per instruction set and picks at run time; the loop stays readable.
// The compiler may not reassociate or fuse (no -ffast-math, -ffp-contract=off), so each clone gives the same bits as the scalar loop.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define CADRE_VECTORIZE __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CADRE_VECTORIZE
#endif
