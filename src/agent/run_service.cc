// SPDX-License-Identifier: Apache-2.0
#include "agent/run_service.h"

namespace cadre::agent {

base::Json request_to_json(const RunRequest& request) {
  base::Json json = base::Json::object();
  const auto put = [&](const char* key, const std::string& value) {
    if (!value.empty()) json[key] = value;
  };
  put("text", request.text);
  put("specialist", request.specialist);
  if (!request.input.is_null()) json["input"] = request.input;
  if (!request.chat.is_null()) json["chat"] = request.chat;
  put("subject", request.subject);
  put("asker", request.asker);
  put("idempotency_key", request.idempotency_key);
  return json;
}

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
