// SPDX-License-Identifier: Apache-2.0
#include "agent/fit_memory.h"

#include <utility>

namespace cadre::agent {
namespace {

constexpr size_t kFitsKnownMax = 4'096;
constexpr size_t kFitQuestionSizeBytesMax = 16 << 10;

}  // namespace

std::optional<std::string> FitMemory::find(const std::string& question) const {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(question);
  return found == known_.end() ? std::nullopt : std::optional(found->second);
}

// Constants of requests are without end: once there are many, all are forgotten.
void FitMemory::keep(std::string question, std::string why_not) {
  if (question.size() > kFitQuestionSizeBytesMax) return;
  const std::lock_guard lock(mutex_);
  if (known_.size() >= kFitsKnownMax) known_.clear();
  known_.insert_or_assign(std::move(question), std::move(why_not));
}

}  // namespace cadre::agent
