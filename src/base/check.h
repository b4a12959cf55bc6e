// Assertions about this program itself. A failed CHECK is a bug in cadre, never something the world can cause.
// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace cadre::base {

// Prints where and why to standard error and aborts.
[[noreturn]] void check_failed(const char* file, int line, const char* condition, const char* why);

}  // namespace cadre::base

// Always on. `why` says why the condition must hold.
#define CADRE_CHECK(condition, why)                                                       \
  do {                                                                                    \
    if (!(condition)) ::cadre::base::check_failed(__FILE__, __LINE__, #condition, (why)); \
  } while (false)

// For inner loops: on in debug builds only.
#ifdef NDEBUG
#define CADRE_DCHECK(condition, why) \
  do {                               \
  } while (false)
#else
#define CADRE_DCHECK(condition, why) CADRE_CHECK(condition, why)
#endif
