// Who wants to hear that a run has new records.
//
// A callback is called without locks held; one that is under way when its token dies comes to its end.
// Thread safety: every method may be called from any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "store/run_id.h"

namespace cadre::agent {

class RunWatchers {
 public:
  // Until the token dies, which may be after this object did.
  std::shared_ptr<void> add(const store::RunId& run, std::function<void()> changed);
  void notify(const store::RunId& run) const;

 private:
  using Callback = std::function<void()>;
  struct List {
    std::mutex mutex;
    std::unordered_multimap<store::RunId, std::shared_ptr<const Callback>> callbacks;
  };
  std::shared_ptr<List> list_ = std::make_shared<List>();
};

}  // namespace cadre::agent
