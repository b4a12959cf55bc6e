// What agent/plan_types.h found out about the schemas of one set of specialists, which is the same for every run: reading two schemas and
// comparing them costs 20 us, and a plan of 32 steps asks 64 times. Thread safety: any thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

namespace cadre::agent {

class FitMemory {
 public:
  // Why it never fits, empty if it may; nothing: it was not asked before.
  std::optional<std::string> find(const std::string& question) const;
  void keep(std::string question, std::string why_not);

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::string> known_;  // guarded by mutex_
};

}  // namespace cadre::agent
