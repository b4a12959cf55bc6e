// SPDX-License-Identifier: Apache-2.0
#include "agent/idempotency.h"

#include <algorithm>
#include <utility>

#include "base/sha256.h"

namespace cadre::agent {
namespace {

std::string member(const base::Json& request, const char* key) {
  const auto found = request.find(key);
  return found == request.end() ? "" : found->get<std::string>();
}

std::pair<std::string, std::string> key_of(const base::Json& request) {
  return {member(request, "asker"), member(request, "idempotency_key")};
}

// What is asked, without who asks.
std::string hash_of(const base::Json& request) {
  base::Json asked = request;
  asked.erase("asker");
  asked.erase("idempotency_key");
  return base::to_hex(base::sha256(base::dump_json(asked)));
}

}  // namespace

Result<std::optional<store::RunId>> IdempotencyKeys::take(const base::Json& request, int64_t now_us) {
  const Key key = key_of(request);
  const std::string asked = hash_of(request);
  std::unique_lock lock(mutex_);
  while (true) {
    const auto found = entries_.find(key);
    const bool is_old = found != entries_.end() && found->second.run && now_us - found->second.begun_us > kKeyKept_us;
    if (found == entries_.end() || is_old) {
      entries_[key] = Entry{asked, std::nullopt, now_us};
      return std::optional<store::RunId>();
    }
    if (found->second.asked != asked) {
      return Error{ErrorCode::kInvalid,
                   "this idempotency key was used for another request; use a new key for a new request"};
    }
    if (found->second.run) return found->second.run;
    settled_.wait(lock);
  }
}

void IdempotencyKeys::keep(const base::Json& request, const store::RunId& run, int64_t begun_us) {
  const std::lock_guard lock(mutex_);
  entries_[key_of(request)] = Entry{hash_of(request), run, begun_us};
  if (entries_.size() > forget_at_) forget_old(begun_us);
  settled_.notify_all();
}

void IdempotencyKeys::release(const base::Json& request) {
  const std::lock_guard lock(mutex_);
  entries_.erase(key_of(request));
  settled_.notify_all();
}

void IdempotencyKeys::forget_old(int64_t now_us) {
  std::erase_if(entries_,
                [&](const auto& item) { return item.second.run && now_us - item.second.begun_us > kKeyKept_us; });
  forget_at_ = std::max<size_t>(1024, 2 * entries_.size());
}

}  // namespace cadre::agent
