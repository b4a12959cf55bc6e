// immintrin.h without gcc 12's false alarms: its _mm512_undefined_* initialise a variable with itself (GCC bug 105593).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>
#pragma GCC diagnostic pop
