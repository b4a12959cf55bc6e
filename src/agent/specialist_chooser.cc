// SPDX-License-Identifier: Apache-2.0
#include "agent/specialist_chooser.h"

#include <algorithm>
#include <compare>
#include <optional>
#include <utility>

#include "base/check.h"
#include "contract/sql_task.h"

namespace cadre::agent {
namespace {

// How much a specialist is worth for a question; compared in this order.
struct Bid {
  bool would_answer = false;
  double score = 0;
  auto operator<=>(const Bid&) const = default;
};

Result<Bid> bid_of(const Chosen& choice, std::string_view question) {
  const contract::SqlTask task = TRY(contract::make_sql_task(*choice.table, question));
  const auto candidates_max = static_cast<size_t>(choice.target.budget.candidates_max);
  const engine::SqlAttempt attempt = TRY(choice.engine->attempt_sql(*choice.table, task, candidates_max));
  double best = 0;
  for (const engine::SqlCandidate& candidate : attempt.candidates) best = std::max(best, candidate.probability);
  const double score = attempt.answerable * best;
  // The comparison with NaN is false: a score that is no probability loses.
  if (!(score >= 0 && score <= 1)) return Error{ErrorCode::kInvalid, "the specialist's attempt has no probability"};
  return Bid{attempt.unmatched_values.empty() && attempt.answerable >= choice.target.policy.answerable_min, score};
}

}  // namespace

SpecialistChooser::SpecialistChooser(Dispatcher* scope, std::vector<Chosen> choices)
    : scope_(scope), choices_(std::move(choices)) {
  CADRE_CHECK(!choices_.empty(), "a cadre has a specialist");
}

Result<DispatchDecision> SpecialistChooser::dispatch(std::string_view question) {
  if (scope_ != nullptr) {
    auto decision = scope_->dispatch(question);
    if (decision.ok() && !decision->accepted) return decision;
  }
  std::optional<Bid> best;
  const Chosen* chosen = nullptr;
  std::optional<Error> error;
  for (const Chosen& choice : choices_) {
    const auto bid = bid_of(choice, question);
    if (!bid.ok()) {
      if (!error) error = bid.error();
    } else if (!best || *bid > *best) {
      best = *bid;
      chosen = &choice;
    }
  }
  if (chosen == nullptr) return *error;
  return DispatchDecision{true, best->score, "attempts", "", *chosen};
}

}  // namespace cadre::agent
