// SPDX-License-Identifier: Apache-2.0
#include "agent/run_service.h"

namespace cadre::agent {

const char* run_status_name(RunStatus status) {
  switch (status) {
    case RunStatus::kRunning:
      return "running";
    case RunStatus::kWaiting:
      return "waiting";
    case RunStatus::kAnswered:
      return "answered";
    case RunStatus::kDeclined:
      return "declined";
    case RunStatus::kFailed:
      return "failed";
    case RunStatus::kCancelled:
      return "cancelled";
  }
  return "failed";
}

}  // namespace cadre::agent
