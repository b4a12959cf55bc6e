// Which run an idempotency key stands for.
//
// Requests are those of agent/planner.h, with their "asker" (none: empty) and "idempotency_key". A key belongs to one asker and is remembered for a day. Two requests with one key at the same time: one begins the run, the other
// waits for it. Thread safety: every method may be called from any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/json.h"
#include "base/result.h"
#include "store/run_id.h"

namespace cadre::agent {

inline constexpr int64_t kKeyKept_us = int64_t{24} * 3600 * 1'000'000;

class IdempotencyKeys {
 public:
  // The run that the key of this request stands for. Nothing: the caller begins one and then calls keep() or, if it could not,
  // release(). kInvalid: the key stands for another request.
  Result<std::optional<store::RunId>> take(const base::Json& request, int64_t now_us);
  void keep(const base::Json& request, const store::RunId& run, int64_t begun_us);
  void release(const base::Json& request);

 private:
  using Key = std::pair<std::string, std::string>;  // asker, key
  struct Entry {
    std::string asked;                // what the request asked, as a hash
    std::optional<store::RunId> run;  // nothing while it is being begun
    int64_t begun_us = 0;
  };
  void forget_old(int64_t now_us);

  std::mutex mutex_;
  std::condition_variable settled_;
  std::map<Key, Entry> entries_;
  size_t forget_at_ = 1024;  // entries; then those that are over a day old go
};

}  // namespace cadre::agent
