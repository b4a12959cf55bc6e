// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace cadre::base {

void check_failed(const char* file, int line, const char* condition, const char* why) {
  std::fprintf(stderr, "%s:%d: check failed: %s (%s). This is a bug in cadre.\n", file, line, condition, why);
  std::fflush(stderr);
  std::abort();
}

}  // namespace cadre::base
