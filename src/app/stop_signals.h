// SIGTERM and SIGINT as something to wait for. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csignal>

namespace cadre::app {

// Make it before any thread: threads inherit that these signals are blocked.
class StopSignals {
 public:
  StopSignals() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGTERM);
    sigaddset(&set_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  }
  // The signal that came.
  int wait() const {
    int signal = 0;
    sigwait(&set_, &signal);
    return signal;
  }
  // From now on a second signal ends the process as usual.
  void release() const { pthread_sigmask(SIG_UNBLOCK, &set_, nullptr); }

 private:
  sigset_t set_{};
};

}  // namespace cadre::app
