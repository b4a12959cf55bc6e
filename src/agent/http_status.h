// What a status that was not expected means for a call (agent/http_tool.h says it in words). Thread safety: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "net/http_client.h"

namespace cadre::agent {

// Status, Retry-After and the beginning of the body.
Error http_status_error(const net::HttpResponse& response);
// How long a server that cannot now (408, 425, 429, 502 to 504) asks to be left alone. Nothing: it does not say, or another status.
std::optional<int64_t> http_retry_after_ms(const net::HttpResponse& response);
// Whether a server that answers so may still have done what it was asked.
bool http_may_have_happened(int status);

}  // namespace cadre::agent
