// SPDX-License-Identifier: Apache-2.0
#include "agent/idempotency.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/sha256.h"

namespace cadre::agent {
namespace {

// Sizes in front keep one field from running into the next.
std::string hash_of(const Request& request) {
  return base::to_hex(base::sha256(fmt::format("{}:{}{}:{}{}", request.question.size(), request.question,
                                               request.named.size(), request.named, request.subject)));
}

}  // namespace

Result<std::optional<store::RunId>> IdempotencyKeys::take(const Request& request, int64_t now_us) {
  const Key key(request.asker, request.idempotency_key);
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

void IdempotencyKeys::keep(const Request& request, const store::RunId& run, int64_t begun_us) {
  const std::lock_guard lock(mutex_);
  entries_[{request.asker, request.idempotency_key}] = Entry{hash_of(request), run, begun_us};
  if (entries_.size() > forget_at_) forget_old(begun_us);
  settled_.notify_all();
}

void IdempotencyKeys::release(const Request& request) {
  const std::lock_guard lock(mutex_);
  entries_.erase({request.asker, request.idempotency_key});
  settled_.notify_all();
}

void IdempotencyKeys::forget_old(int64_t now_us) {
  std::erase_if(entries_,
                [&](const auto& item) { return item.second.run && now_us - item.second.begun_us > kKeyKept_us; });
  forget_at_ = std::max<size_t>(1024, 2 * entries_.size());
}

}  // namespace cadre::agent
