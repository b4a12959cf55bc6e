// SPDX-License-Identifier: Apache-2.0
#include "agent/run_watchers.h"

#include <utility>
#include <vector>

namespace cadre::agent {

std::shared_ptr<void> RunWatchers::add(const store::RunId& run, std::function<void()> changed) {
  auto callback = std::make_shared<const Callback>(std::move(changed));
  {
    const std::lock_guard lock(list_->mutex);
    list_->callbacks.emplace(run, callback);
  }
  const auto remove = [list = list_, run, callback](void*) {
    const std::lock_guard lock(list->mutex);
    const auto [begin, end] = list->callbacks.equal_range(run);
    for (auto it = begin; it != end; ++it) {
      if (it->second != callback) continue;
      list->callbacks.erase(it);
      return;
    }
  };
  return {const_cast<Callback*>(callback.get()), remove};
}

void RunWatchers::notify(const store::RunId& run) const {
  std::vector<std::shared_ptr<const Callback>> callbacks;
  {
    const std::lock_guard lock(list_->mutex);
    const auto [begin, end] = list_->callbacks.equal_range(run);
    for (auto it = begin; it != end; ++it) callbacks.push_back(it->second);
  }
  for (const auto& callback : callbacks) (*callback)();
}

}  // namespace cadre::agent
