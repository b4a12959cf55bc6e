// The Idempotency-Key header: 1 to 255 visible ASCII characters.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <optional>
#include <string>

#include "net/http_inbound.h"
#include "serve/replies.h"

namespace cadre::serve {

struct IdempotencyKey {
  std::string key;  // empty: none was sent
  std::optional<ApiError> error;
};

inline IdempotencyKey read_idempotency_key(const net::InboundRequest& request) {
  const auto* key = request.header("idempotency-key");
  if (key == nullptr) return {};
  const bool is_visible = std::all_of(key->begin(), key->end(), [](char c) { return c >= 0x21 && c <= 0x7E; });
  if (!key->empty() && key->size() <= 255 && is_visible) return {.key = *key};
  return {.error = ApiError{400, "Idempotency-Key: it must be 1 to 255 visible ASCII characters", "invalid_value",
                            "Idempotency-Key"}};
}

}  // namespace cadre::serve
