// SPDX-License-Identifier: Apache-2.0
#include "contract/constraint.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"

namespace cadre::contract {

Result<Constraint> Constraint::make(std::shared_ptr<Contract> contract, std::shared_ptr<const Vocabulary> vocabulary,
                                    uint32_t tokens_max) {
  if (tokens_max != kNoBudget) {
    if (!contract->bounded()) {
      return Error{ErrorCode::kUnsupported,
                   "a budget of tokens needs a contract that knows its ends, such as one compiled in generate mode"};
    }
    if (!vocabulary->spells_every_byte()) {
      return Error{ErrorCode::kUnsupported, "a budget of tokens needs a vocabulary with a token for each byte"};
    }
    const uint32_t needed = contract->bytes_min();
    if (tokens_max < needed) {
      return Error{ErrorCode::kLimit,
                   fmt::format("a budget of {} tokens is too small: this contract needs {}", tokens_max, needed)};
    }
  }
  return Constraint(std::make_shared<const Bound>(Bound{std::move(contract), std::move(vocabulary)}), tokens_max);
}

Constraint::Constraint(std::shared_ptr<const Bound> bound, uint32_t tokens_max)
    : bound_(std::move(bound)), position_(std::make_shared<const Position>(bound_->contract->start(), tokens_max)) {}

Constraint::Position::~Position() {
  while (before != nullptr && before.use_count() == 1)
    before = std::shared_ptr<const Position>(std::move(before->before));
}

const TokenMask& Constraint::mask() {
  static const TokenMask kNone;
  if (position_->ended || position_->tokens_left == 0) return kNone;
  handed_.mask = bound_->contract->mask(bound_->vocabulary, position_->state, distance_max());
  return *handed_.mask;
}

bool Constraint::advance(uint32_t token) {
  const Vocabulary& vocabulary = *bound_->vocabulary;
  if (position_->ended || token >= vocabulary.size()) return false;
  const bool ends = token == vocabulary.end_of_sequence();
  Contract::State state = position_->state;
  std::string_view text;
  if (ends) {
    if (!complete()) return false;
  } else {
    if (vocabulary.rank_of(token) == kNoToken || position_->tokens_left == 0) return false;
    text = vocabulary.text(token);
    if (!bound_->contract->take(state, text, distance_max())) return false;
  }
  auto next = std::make_shared<Position>(std::move(state), position_->tokens_left);
  if (!ends && next->tokens_left != kNoBudget) --next->tokens_left;
  next->text_size = position_->text_size + text.size();
  next->token = token;
  next->ended = ends;
  next->before = position_;
  position_ = std::move(next);
  return true;
}

void Constraint::rollback(size_t count) {
  const Position* to = position_.get();
  for (size_t i = 0; i < count; ++i) {
    CADRE_CHECK(to->before != nullptr, "rollback() beyond the first token");
    if (i + 1 == count) {
      position_ = std::shared_ptr<const Position>(to->before);
      return;
    }
    to = to->before.get();
  }
}

bool Constraint::complete() const {
  return bound_->contract->complete(position_->state);
}

std::string Constraint::text_from(size_t begin) const {
  if (begin >= text_size()) return {};
  std::string text(text_size() - begin, '\0');
  for (const Position* at = position_.get(); at->before != nullptr && at->text_size > begin; at = at->before.get()) {
    if (at->ended) continue;
    const std::string_view token = bound_->vocabulary->text(at->token);
    const size_t token_begin = at->text_size - token.size();
    const size_t skipped = begin > token_begin ? begin - token_begin : 0;
    std::copy(token.begin() + static_cast<std::ptrdiff_t>(skipped), token.end(),
              text.begin() + static_cast<std::ptrdiff_t>(token_begin + skipped - begin));
  }
  return text;
}

}  // namespace cadre::contract
