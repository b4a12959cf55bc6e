// Who may do what: API keys with scopes and a rate each.
//
// A key file is JSON, and holds the SHA-256 of each key, never the key:
//
//   {"keys": [{"name": "ci", "sha256": "9f86d0…", "scopes": ["runs:read", "chat"], "requests_per_second": 20, "burst": 40}]}
//
// Keys are random and long, so that a plain hash is enough (no salt, no slow hash: nothing can be guessed).
// Thread safety: ApiKeys is immutable; RateLimits may be used from any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/sha256.h"

namespace cadre::serve {

enum class Scope : uint32_t {
  kRunsRead = 1,
  kRunsWrite = 2,
  kApprove = 4,
  kChat = 8,
  kMcp = 16,
  kMetrics = 32,
  kAdmin = 64,  // all of them
};
const char* scope_name(Scope scope);  // "runs:read", ...

struct ApiKey {
  std::string name;  // RunRequest::asker, and who approved
  base::Sha256 sha256{};
  uint32_t scopes = 0;
  double requests_per_second = 0;  // 0: not limited
  double burst = 0;

  bool may(Scope scope) const;
};

class ApiKeys {
 public:
  // kInvalid: no such file format; the message names the key and the field.
  static Result<ApiKeys> parse(std::string_view text);
  static Result<ApiKeys> load(const std::string& path);

  // The key whose hash is that of `secret`; null: none. Takes the same time whichever it is.
  const ApiKey* find(std::string_view secret) const;
  bool empty() const { return keys_.empty(); }

 private:
  std::vector<ApiKey> keys_;
};

// A token bucket per name: `burst` requests at once, `requests_per_second` in the long run.
class RateLimits {
 public:
  // `requests_per_second_default` holds for keys that name no rate of their own (0: none).
  RateLimits(const base::Clock& clock, double requests_per_second_default)
      : clock_(clock), requests_per_second_default_(requests_per_second_default) {}
  // 0: go on. Else after how many milliseconds there is a token again.
  int64_t take(const ApiKey& key);

 private:
  struct Bucket {
    double tokens = 0;
    int64_t at_ns = 0;
  };
  const base::Clock& clock_;
  const double requests_per_second_default_;
  std::mutex mutex_;
  std::map<std::string, Bucket> buckets_;  // guarded by mutex_; one per key of the file
};

}  // namespace cadre::serve
