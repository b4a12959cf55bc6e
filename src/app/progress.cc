// SPDX-License-Identifier: Apache-2.0
#include "app/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace cadre::app {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kTerminalPeriod_ns = kSecond / 5;
constexpr int64_t kLogPeriod_ns = 5 * kSecond;

}  // namespace

Progress::Progress(const base::Clock& clock)
    : clock_(clock),
      is_terminal_(isatty(STDERR_FILENO) == 1),
      due_ns_(clock.monotonic_ns() + (is_terminal_ ? kSecond : kLogPeriod_ns)) {}

Progress::~Progress() {
  if (has_line_) std::fputs("\r\x1b[K", stderr);
}

void Progress::show(const std::string& text) {
  const int64_t now_ns = clock_.monotonic_ns();
  if (now_ns < due_ns_) return;
  due_ns_ = now_ns + (is_terminal_ ? kTerminalPeriod_ns : kLogPeriod_ns);
  has_line_ = is_terminal_;
  fmt::print(stderr, "{}", is_terminal_ ? "\r\x1b[K" + text : text + "\n");
  std::fflush(stderr);
}

}  // namespace cadre::app
