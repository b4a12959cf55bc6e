// The tiers of the dispatcher that need no model but the specialists' own and the router's, in the order in which they are asked.
//
//   named      the asker named the specialist
//   split      several questions in one request, each of which some specialist is surer of than of the whole: a step for each, all at once
//   scope      the router: is this for us at all? Declines; accepts where only one specialist takes plain English; else passes on
//   attempts   every specialist that takes plain English makes an attempt; the surest one is chosen
//
// Thread safety: as Tier.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/planner.h"
#include "model/router.h"

namespace cadre::agent {

class NamedTier final : public Tier {
 public:
  explicit NamedTier(const Specialists& specialists) : specialists_(specialists) {}
  std::string name() const override { return "named"; }
  Result<TierDecision> decide(const base::Json& request, const base::Cancel* cancel) const override;

 private:
  const Specialists& specialists_;
};

class SplitTier final : public Tier {
 public:
  explicit SplitTier(const Specialists& specialists) : specialists_(specialists) {}
  std::string name() const override { return "split"; }
  Result<TierDecision> decide(const base::Json& request, const base::Cancel* cancel) const override;

 private:
  const Specialists& specialists_;
};

// A router as one sees it here; tests put theirs in its place.
struct ScopeDecision {
  bool is_in_scope = true;
  double confidence = 0;  // that this is right
  std::string tier;       // "linear", "net"
  std::string reason;     // why it is not
};
using DecideScope = std::function<ScopeDecision(std::string_view text)>;  // may be called from several threads at once
DecideScope scope_of_router(std::shared_ptr<const model::Router> router);

class ScopeTier final : public Tier {
 public:
  ScopeTier(const Specialists& specialists, DecideScope scope) : specialists_(specialists), scope_(std::move(scope)) {}
  std::string name() const override { return "scope"; }
  Result<TierDecision> decide(const base::Json& request, const base::Cancel* cancel) const override;

 private:
  const Specialists& specialists_;
  DecideScope scope_;
};

class AttemptsTier final : public Tier {
 public:
  // What becomes of a request that nobody is sure of: the surest one has it, and abstains by itself, or the next tier.
  enum class Unsure : uint8_t { kAccept, kPassOn };
  explicit AttemptsTier(const Specialists& specialists, Unsure unsure = Unsure::kAccept)
      : specialists_(specialists), unsure_(unsure) {}
  std::string name() const override { return "attempts"; }
  Result<TierDecision> decide(const base::Json& request, const base::Cancel* cancel) const override;

 private:
  const Specialists& specialists_;
  const Unsure unsure_;
};

// The questions of a text: split at ends of sentences, semicolons, line ends, and at ", and" before a word that asks. One where it is one.
inline constexpr size_t kQuestionsMax = 8;
std::vector<std::string> split_questions(std::string_view text);

}  // namespace cadre::agent
