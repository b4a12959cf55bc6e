// SPDX-License-Identifier: Apache-2.0
#include "agent/http_status.h"

#include <fmt/format.h>

#include "base/utf8.h"
#include "engine/chat_response.h"

namespace cadre::agent {
namespace {

constexpr size_t kExcerptBytes = 300;
constexpr size_t kHeaderExcerptBytes = 64;

bool is_transient_status(int status) {
  return status == 408 || status == 425 || status == 429 || status == 502 || status == 503 || status == 504;
}

ErrorCode code_of(int status) {
  if (is_transient_status(status)) return ErrorCode::kUnavailable;
  if (status == 401 || status == 403) return ErrorCode::kDenied;
  if (status == 404 || status == 410) return ErrorCode::kNotFound;
  if (status >= 300 && status < 400) return ErrorCode::kUnsupported;
  return ErrorCode::kInvalid;
}

}  // namespace

std::optional<int64_t> http_retry_after_ms(const net::HttpResponse& response) {
  const auto header = response.header("retry-after");
  if (!header || !is_transient_status(response.status)) return std::nullopt;
  return engine::retry_after_ms(*header);
}

bool http_may_have_happened(int status) {
  return status == 408 || (status >= 500 && status != 501 && status != 503);
}

Error http_status_error(const net::HttpResponse& response) {
  std::string message = fmt::format("status {}", response.status);
  if (const auto wait = response.header("retry-after"))
    message += fmt::format(" (Retry-After: {})", base::utf8_prefix(*wait, kHeaderExcerptBytes));
  if (!response.body.empty()) message += fmt::format(": {}", base::utf8_prefix(response.body, kExcerptBytes));
  return Error{code_of(response.status), message};
}

}  // namespace cadre::agent
