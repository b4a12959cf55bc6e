// SPDX-License-Identifier: Apache-2.0
#include "agent/dispatch_tiers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <compare>
#include <optional>

#include "text/trimmed.h"

namespace cadre::agent {
namespace {

using base::Json;

// How much a specialist is worth for a question; compared in this order.
struct Bid {
  bool would_answer = false;
  double score = 0;
  const CheckedSpecialist* specialist = nullptr;
};

bool is_better(const Bid& a, const Bid& b) {
  return a.would_answer != b.would_answer ? a.would_answer : a.score > b.score;
}

bool takes_english(const CheckedSpecialist& specialist) {
  return !specialist.definition().question_member.empty() && !is_orchestrator(specialist.definition());
}

// Null where there is none or more than one.
const CheckedSpecialist* only_one(const Specialists& specialists) {
  const CheckedSpecialist* found = nullptr;
  for (const CheckedSpecialist& specialist : specialists) {
    if (!takes_english(specialist)) continue;
    if (found != nullptr) return nullptr;
    found = &specialist;
  }
  return found;
}

Result<Bid> bid_of(const CheckedSpecialist& specialist, std::string_view question, const base::Cancel* cancel) {
  const SpecialistDefinition& definition = specialist.definition();
  const Json input = {{definition.question_member, std::string(question)}};
  const std::vector<Json> refused;
  const std::optional<Error> feedback;
  const AttemptReturned attempt =
      specialist.attempt({question, input, refused, feedback}, {.candidates_max = definition.policy.candidates_max,
                                                                .timeout_ms = definition.policy.timeout_ms,
                                                                .cancel = cancel});
  if (attempt.error) return *attempt.error;
  double best = 0;
  for (const Candidate& candidate : attempt.candidates) best = std::max(best, candidate.probability);
  const double score = attempt.answerable * best;
  // The comparison with NaN is false: a score that is no probability loses.
  if (!(score >= 0 && score <= 1)) return Error{ErrorCode::kInvalid, "the specialist's attempt has no probability"};
  const bool would_answer = attempt.unmatched_values.empty() && attempt.answerable >= definition.policy.answerable_min;
  return Bid{would_answer, score, &specialist};
}

// The best of all; the first failure where all fail; nothing where nobody takes plain English.
Result<std::optional<Bid>> best_bid(const Specialists& specialists, std::string_view question,
                                    const base::Cancel* cancel) {
  std::optional<Bid> best;
  std::optional<Error> error;
  for (const CheckedSpecialist& specialist : specialists) {
    if (!takes_english(specialist)) continue;
    const auto bid = bid_of(specialist, question, cancel);
    if (!bid.ok()) {
      if (!error) error = bid.error();
    } else if (!best || is_better(*bid, *best)) {
      best = *bid;
    }
  }
  if (!best && error) return *error;
  return best;
}

Result<TierDecision> accept(const CheckedSpecialist& specialist, const Json& request, double confidence,
                            std::string tier) {
  TierDecision decision{.verdict = TierVerdict::kAccepted, .confidence = confidence, .tier = std::move(tier)};
  decision.plan.steps.push_back(TRY(step_for_request(specialist.specialist(), request)));
  return decision;
}

bool starts_with_word(std::string_view text, std::string_view word) {
  if (text.size() < word.size()) return false;
  for (size_t i = 0; i < word.size(); ++i) {
    if (std::tolower(static_cast<unsigned char>(text[i])) != word[i]) return false;
  }
  return text.size() == word.size() || !std::isalnum(static_cast<unsigned char>(text[word.size()]));
}

bool begins_a_question(std::string_view text) {
  static constexpr std::array<std::string_view, 13> kWords = {
      "how", "which", "what", "who", "when", "where", "whose", "list", "show", "name", "count", "give", "tell"};
  return std::any_of(kWords.begin(), kWords.end(), [&](std::string_view word) { return starts_with_word(text, word); });
}

// The bytes at `at` that separate two questions; 0: none do.
size_t separator_at(std::string_view text, size_t at) {
  static constexpr std::array<std::string_view, 4> kJoins = {", and then ", ", and ", " and then ", " and "};
  if (text[at] == '\n' || text[at] == ';') return 1;
  const std::string_view rest = text.substr(at);
  if ((rest[0] == '?' || rest[0] == '.') && rest.size() > 1 && text::is_blank(rest[1]) &&
      begins_a_question(text::trimmed(rest.substr(1))))
    return 1;
  for (const std::string_view join : kJoins) {
    if (rest.starts_with(join) && begins_a_question(rest.substr(join.size()))) return join.size();
  }
  return 0;
}

}  // namespace

std::vector<std::string> split_questions(std::string_view text) {
  std::vector<std::string> questions;
  const auto add = [&](std::string_view part) {
    if (part = text::trimmed(part); !part.empty()) questions.emplace_back(part);
  };
  size_t begin = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t size = separator_at(text, at);
    if (size > 0) {
      add(text.substr(begin, at + (text[at] == '?' ? 1 : 0) - begin));
      begin = at + size;
    }
    at += std::max<size_t>(size, 1);
  }
  add(text.substr(begin));
  return questions;
}

Result<TierDecision> NamedTier::decide(const Json& request, const base::Cancel*) const {
  const auto name = request.find("specialist");
  if (name == request.end()) return TierDecision{};
  const CheckedSpecialist* specialist = find_specialist(specialists_, name->get<std::string>());
  if (specialist == nullptr)
    return Error{ErrorCode::kNotFound, fmt::format("there is no specialist \"{}\"", name->get<std::string>())};
  return accept(*specialist, request, 1, "");
}

Result<TierDecision> SplitTier::decide(const Json& request, const base::Cancel* cancel) const {
  const std::vector<std::string> questions = split_questions(text_of(request));
  if (questions.size() < 2 || questions.size() > kQuestionsMax || request.contains("input")) return TierDecision{};
  TierDecision decision{.verdict = TierVerdict::kAccepted, .confidence = 1};
  for (const std::string& question : questions) {
    const auto bid = TRY(best_bid(specialists_, question, cancel));
    if (!bid || !bid->would_answer) return TierDecision{};
    decision.confidence = std::min(decision.confidence, bid->score);
    PlanStep step{.id = fmt::format("part_{}", decision.plan.steps.size() + 1),
                  .instruction = question,
                  .assignments = {assignment_to(bid->specialist->specialist())}};
    step.input[bid->specialist->definition().question_member] = as_constant(question);
    decision.plan.steps.push_back(std::move(step));
  }
  const auto whole = TRY(best_bid(specialists_, text_of(request), cancel));
  if (whole && whole->would_answer && whole->score >= decision.confidence) return TierDecision{};
  return decision;
}

DecideScope scope_of_router(std::shared_ptr<const model::Router> router) {
  return [router = std::move(router)](std::string_view text) {
    const model::RouterDecision decided = router->decide(text);
    ScopeDecision decision{.is_in_scope = !decided.abstained,
                           .confidence = decided.abstained ? 1.0 - decided.probability : decided.probability,
                           .tier = model::router_tier_name(decided.tier)};
    if (decided.abstained) {
      decision.reason = fmt::format(
          "this does not read as a question to a table (probability {:.2f}, needed {:.2f}); ask for what its columns "
          "hold",
          decided.probability, router->calibration().threshold);
    }
    return decision;
  };
}

Result<TierDecision> ScopeTier::decide(const Json& request, const base::Cancel*) const {
  const std::string_view text = text_of(request);
  if (text.empty() || request.contains("input")) return TierDecision{};
  const ScopeDecision scope = scope_(text);
  if (!scope.is_in_scope)
    return TierDecision{
        .verdict = TierVerdict::kDeclined, .confidence = scope.confidence, .tier = scope.tier, .reason = scope.reason};
  if (const CheckedSpecialist* only = only_one(specialists_))
    return accept(*only, request, scope.confidence, scope.tier);
  return TierDecision{.tier = scope.tier};
}

Result<TierDecision> AttemptsTier::decide(const Json& request, const base::Cancel* cancel) const {
  const std::string_view text = text_of(request);
  if (text.empty() || request.contains("input")) return TierDecision{};
  const CheckedSpecialist* only = only_one(specialists_);
  if (only != nullptr && unsure_ == Unsure::kAccept) return accept(*only, request, 1, "only");
  const auto best = TRY(best_bid(specialists_, text, cancel));
  if (!best) return TierDecision{};
  const double needed = best->specialist->definition().policy.confidence_min;
  if (unsure_ == Unsure::kPassOn && (!best->would_answer || best->score < needed)) {
    return TierDecision{.reason = fmt::format("nobody is sure enough: {} comes closest ({:.2f}, needed {:.2f})",
                                              best->specialist->definition().name, best->score, needed)};
  }
  return accept(*best->specialist, request, best->score, "");
}

}  // namespace cadre::agent
