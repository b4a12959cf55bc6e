// How far SchemaMachine is from the end of a document, and from the ends of the values that are open, on one shortest way.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "contract/schema_machine.h"

namespace cadre::contract {

Outcomes SchemaMachine::outcomes(const Place& place) {
  const auto plus = [](Outcomes more, uint32_t cost) {
    for (Outcome& outcome : more) outcome.cost += cost;
    return more;
  };
  switch (place.kind) {
    case PlaceKind::kValue:
      return completion_.value(place.a);
    case PlaceKind::kText:
      return completion_.text(place.a, place.scan);
    case PlaceKind::kKey:
      return completion_.key(place.a, place.b, place.scan);
    case PlaceKind::kColon:
      return plus(completion_.member(place.a), 1);
    case PlaceKind::kNumber:
      return {{programs_.plain_verdict(place.a), number_may_end(static_cast<NumberState>(place.scan)) ? 0u : 1u}};
    case PlaceKind::kNumberText:
      return completion_.number(place.a, number_text(place.b));
    case PlaceKind::kLiteral:
      return {{place.b, static_cast<uint32_t>(kJsonLiterals[place.a].size()) - place.scan}};
    case PlaceKind::kObjectStart:
    case PlaceKind::kArrayStart:
      return completion_.start(place.a);
    case PlaceKind::kObjectNext:
    case PlaceKind::kArrayNext:
      return completion_.next(place.a);
    case PlaceKind::kObjectAfter:
    case PlaceKind::kArrayAfter:
    case PlaceKind::kAnything:
      return completion_.end(place.a);
    default:
      return {};
  }
}

SchemaMachine::Onward SchemaMachine::shortest(const Outcomes& outcomes, uint32_t stack) {
  Onward best;
  for (const Outcome& outcome : outcomes) {
    const uint32_t outer = rest(stack, outcome.verdict);
    if (outer == kNoWay) continue;
    const uint64_t bytes = std::min<uint64_t>(uint64_t{outcome.cost} + outer, kNoWay);
    if (bytes < best.bytes || (bytes == best.bytes && outcome.cost < best.value_bytes))
      best = {static_cast<uint32_t>(bytes), outcome.cost, outcome.verdict};
  }
  return best;
}

uint32_t SchemaMachine::rest(uint32_t stack, uint32_t verdict) {
  if (stack == 0) return 0;
  const uint32_t step = stack_[stack].step;
  return is_call(step) ? envelope_->distance(step & ~kCallStep) : onward(stack, verdict).bytes;
}

SchemaMachine::Onward SchemaMachine::onward(uint32_t stack, uint32_t verdict) {
  const uint64_t key = static_cast<uint64_t>(stack) << 32 | verdict;
  if (const auto found = rest_memo_.find(key); found != rest_memo_.end()) return found->second;
  const StackNode node = stack_[stack];
  const uint32_t frame = programs_.after(node.step, verdict);
  const Onward best = frame == kNone ? Onward{} : shortest(completion_.end(frame), node.parent);
  rest_memo_.emplace(key, best);
  return best;
}

SchemaMachine::Onward SchemaMachine::onward(State state) {
  const Place place = places_[state.place];
  if (place.kind == PlaceKind::kDone) return {0, 0, 0};
  if (place.kind == PlaceKind::kOutside) return {envelope_->distance(place.a), 0, 0};
  const uint64_t key = static_cast<uint64_t>(state.place) << 32 | state.stack;
  if (const auto found = distance_memo_.find(key); found != distance_memo_.end()) return found->second;
  const Onward best = shortest(outcomes(place), state.stack);
  distance_memo_.emplace(key, best);
  return best;
}

bool SchemaMachine::distance_depends_on_text(State state) const {
  const Place& place = places_[state.place];
  if (place.kind == PlaceKind::kKey) return place.scan == kPlainText && programs_.key_is_idle(place.b);
  return (place.kind == PlaceKind::kText || place.kind == PlaceKind::kNumber) && item_must_differ(state);
}

// ---- values that are open -------------------------------------------------------------------------------------------------

uint32_t SchemaMachine::open_values(State state) const {
  const PlaceKind kind = places_[state.place].kind;
  const bool outside = kind == PlaceKind::kRefused || kind == PlaceKind::kDone || kind == PlaceKind::kOutside;
  return outside ? 0 : stack_[state.stack].depth + 1;
}

uint32_t SchemaMachine::bytes_to_value_end(State state, uint32_t depth) {
  Onward way = onward(state);
  if (way.bytes == kNoWay) return kNoWay;
  uint64_t bytes = way.value_bytes;
  for (uint32_t node = state.stack; stack_[node].depth > depth; node = stack_[node].parent) {
    way = onward(node, way.verdict);
    bytes += way.value_bytes;
  }
  return static_cast<uint32_t>(std::min<uint64_t>(bytes, kNoWay));
}

const std::vector<SchemaMachine::ValueBudget>& SchemaMachine::budgets(State state) {
  static const std::vector<ValueBudget> kNothing;
  if (!has_budgets() || open_values(state) == 0) return kNothing;
  const auto [entry, is_new] = budgets_memo_.try_emplace(state.stack);
  if (!is_new) return entry->second;
  std::vector<ValueBudget> budgets;
  for (uint32_t node = state.stack;; node = stack_[node].parent) {
    const uint32_t depth = stack_[node].depth;
    const bool is_value = depth > 0 || envelope_ == nullptr;
    const uint32_t tokens_max = is_value ? programs_.tokens_max(stack_[node].location) : kNone;
    if (tokens_max != kNone) {
      const State begun = at(node, PlaceKind::kValue, stack_[node].location);
      budgets.push_back({depth, tokens_max, bytes_to_value_end(begun, depth)});
    }
    if (node == 0) break;
  }
  return budgets_memo_[state.stack] = std::move(budgets);
}

}  // namespace cadre::contract
