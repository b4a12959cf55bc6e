// SPDX-License-Identifier: Apache-2.0
#include "train/operator_phrases.h"

#include <array>
#include <span>
#include <string_view>


namespace cadre::train {

using contract::CompareOp;

namespace {

using Phrases = std::span<const std::string_view>;

// Longer phrases first: "more than" must not be found inside "no more than".
constexpr std::array<std::string_view, 12> kMore = {"is greater than", "is larger than", "is higher than", "is more than", "greater than", "larger than",
                                                    "higher than",     "bigger than",    "more than",      "exceeding",    "above",        "over"};
constexpr std::array<std::string_view, 11> kLess = {"is smaller than", "is lower than", "is less than", "is fewer than", "smaller than", "lower than",
                                                    "less than",       "fewer than",    "below",        "under",         "before"};
constexpr std::array<std::string_view, 6> kAtLeast = {"at least", "no less than", "not less than", "no fewer than", "a minimum of", "not below"};
constexpr std::array<std::string_view, 6> kAtMost = {"at most", "no more than", "not more than", "up to", "a maximum of", "not above"};
constexpr std::array<std::string_view, 3> kOrMore = {" or more", " or higher", " or above"};
constexpr std::array<std::string_view, 3> kOrLess = {" or less", " or fewer", " or below"};
constexpr std::array<std::string_view, 5> kOtherThan = {"other than ", "not ", "anything but ", "that is not ", "different from "};

std::string_view pick(Phrases phrases, base::Random& random) { return phrases[random.below(phrases.size())]; }

// The place of one of `phrases` right before `begin` (one word may stand between, as in "more than the 5").
std::optional<std::pair<size_t, size_t>> find_before(const std::string& lower, size_t begin, Phrases phrases) {
  size_t end = begin;
  while (end > 0 && lower[end - 1] == ' ') --end;
  for (const std::string_view phrase : phrases) {
    if (end < phrase.size() || lower.compare(end - phrase.size(), phrase.size(), phrase) != 0) continue;
    const size_t start = end - phrase.size();
    if (start > 0 && lower[start - 1] != ' ') continue;
    return std::pair{start, end};
  }
  return std::nullopt;
}

std::optional<RewrittenQuestion> rewrite_bound(const std::string& question, uint32_t begin, uint32_t end, Phrases strict, Phrases loose,
                                               Phrases after, CompareOp op, base::Random& random) {
  std::string lower = question;
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  const auto found = find_before(lower, begin, strict);
  if (!found) return std::nullopt;
  const std::string value = question.substr(begin, end - begin);
  const std::string head = question.substr(0, found->first), tail = question.substr(end);
  if (random.chance(0.3)) return RewrittenQuestion{head + value + std::string(pick(after, random)) + tail, op};
  return RewrittenQuestion{head + std::string(pick(loose, random)) + " " + value + tail, op};
}

}  // namespace

std::optional<RewrittenQuestion> rewrite_operator(const std::string& question, uint32_t begin, uint32_t end, CompareOp op,
                                                  base::Random& random) {
  if (op == CompareOp::kGreater) return rewrite_bound(question, begin, end, kMore, kAtLeast, kOrMore, CompareOp::kGreaterEqual, random);
  if (op == CompareOp::kLess) return rewrite_bound(question, begin, end, kLess, kAtMost, kOrLess, CompareOp::kLessEqual, random);
  if (op != CompareOp::kEqual) return std::nullopt;
  return RewrittenQuestion{question.substr(0, begin) + std::string(pick(kOtherThan, random)) + question.substr(begin), CompareOp::kNotEqual};
}

}  // namespace cadre::train
