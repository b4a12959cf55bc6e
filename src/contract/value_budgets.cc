// SPDX-License-Identifier: Apache-2.0
#include "contract/value_budgets.h"

#include <algorithm>

#include "contract/contract.h"

namespace cadre::contract {

namespace {

using Budget = SchemaMachine::ValueBudget;

// Is the innermost open value still without a byte?
bool is_before_value(SchemaMachine& machine, SchemaMachine::State state) {
  return machine.place(state).kind == SchemaMachine::PlaceKind::kValue;
}

// `shift`: what the text adds to the distances of the machine.
BudgetedReach reach_between(SchemaMachine& machine, SchemaMachine::State from, SchemaMachine::State to,
                            const DocumentCursor::Trace& trace, int64_t shift) {
  BudgetedReach reach;
  reach.distance = static_cast<uint32_t>(machine.distance(to) + shift);
  const auto bytes_to_end = [&](uint32_t depth) { return int64_t{machine.bytes_to_value_end(to, depth)} + shift; };
  const std::vector<Budget>& before = machine.budgets(from);
  for (auto budget = before.rbegin(); budget != before.rend(); ++budget) {
    const bool holds_byte = trace.first > budget->depth;
    reach.needs.push_back(trace.least > budget->depth ? bytes_to_end(budget->depth) + 1 : holds_byte);
  }
  const std::vector<Budget>& after = machine.budgets(to);
  const uint32_t unbegun = is_before_value(machine, to) ? machine.open_values(to) - 1 : UINT32_MAX;
  for (const Budget& budget : after) {
    if (budget.depth < trace.least || budget.depth == unbegun) continue;
    const int64_t limit = std::max(budget.tokens_max, budget.bytes_min);
    reach.begun_excess = std::max(reach.begun_excess, bytes_to_end(budget.depth) + 1 - limit);
  }
  return reach;
}

}  // namespace

BudgetedCursor::BudgetedCursor(SchemaMachine& machine) : cursor(machine) {
  for (const Budget& budget : machine.budgets(cursor.state())) tokens_left.push_back(budget.tokens_max);
}

bool BudgetedCursor::read(SchemaMachine& machine, std::string_view bytes) {
  DocumentCursor after = cursor;
  DocumentCursor::Trace trace;
  if (!after.read(bytes, &trace)) return false;
  if (!bytes.empty()) count(machine, std::move(after), trace);
  return true;
}

void BudgetedCursor::count(SchemaMachine& machine, DocumentCursor after, const DocumentCursor::Trace& trace) {
  cursor = std::move(after);
  const SchemaMachine::State state = cursor.state();
  const std::vector<Budget>& budgets = machine.budgets(state);
  const uint32_t unbegun = is_before_value(machine, state) ? machine.open_values(state) - 1 : UINT32_MAX;
  tokens_left.resize(budgets.size());
  for (size_t i = 0; i < budgets.size(); ++i) {
    const Budget& budget = budgets[budgets.size() - 1 - i];
    if (budget.depth >= trace.least) tokens_left[i] = budget.tokens_max;
    if (budget.depth != unbegun && tokens_left[i] > 0) --tokens_left[i];
  }
}

// ---- along the machine ----------------------------------------------------------------------------------------------------

BudgetedMachine::BudgetedMachine(SchemaMachine& machine, SchemaMachine::State start)
    : machine_(machine), start_(start) {
  start_.guarded = false;
}

BudgetedMachine::State BudgetedMachine::next(const State& state, uint8_t byte) {
  State result = state;
  result.machine = machine_.next(state.machine, byte);
  if (result.machine.guarded) result.machine = {};
  if (machine_.dead(result.machine)) return result;
  const uint32_t open = machine_.open_values(result.machine);
  if (state.at_start) result.trace.first = open;
  result.trace.least = std::min(result.trace.least, open);
  result.at_start = false;
  return result;
}

BudgetedReach BudgetedMachine::reach(const State& state) {
  BudgetedReach reach = reach_between(machine_, start_, state.machine, state.trace, 0);
  reach.doubtful = machine_.distance_depends_on_text(state.machine);
  return reach;
}

// ---- one place ------------------------------------------------------------------------------------------------------------

BudgetRule::BudgetRule(SchemaMachine& machine, const BudgetedCursor& from, uint32_t distance_max)
    : machine_(machine), from_(from), distance_max_(distance_max) {
  const SchemaMachine::State state = from.cursor.state();
  const int64_t shift = int64_t{from.cursor.distance()} - machine.distance(state);
  const std::vector<Budget>& budgets = machine.budgets(state);
  for (size_t i = 0; i < budgets.size(); ++i) {
    const int64_t bytes = int64_t{machine.bytes_to_value_end(state, budgets[budgets.size() - 1 - i].depth)} + shift;
    limits_.push_back(std::max<int64_t>(from.tokens_left[i], bytes));
  }
  if (a_byte_keeps()) return;
  is_replaced_ = true;
  const uint32_t distance = from.cursor.distance();
  distance_max_ = distance == 0 ? SchemaMachine::kNoWay : distance - 1;
}

bool BudgetRule::keeps(const BudgetedReach& reach, int64_t more) const {
  if (distance_max_ != kNoBudget && reach.distance + more > distance_max_) return false;
  if (reach.begun_excess + more > 0) return false;
  for (size_t i = 0; i < limits_.size(); ++i) {
    if (reach.needs[i] + more > limits_[i]) return false;
  }
  return true;
}

BudgetRule::Answer BudgetRule::judge(const BudgetedReach& reach) const {
  if (!reach.doubtful) return keeps(reach, 0) ? Answer::kYes : Answer::kNo;
  if (keeps(reach, 2)) return Answer::kYes;
  return keeps(reach, -1) ? Answer::kAsk : Answer::kNo;
}

BudgetedReach BudgetRule::reach_of(const DocumentCursor& after, const DocumentCursor::Trace& trace) const {
  const int64_t shift = int64_t{after.distance()} - machine_.distance(after.state());
  return reach_between(machine_, from_.cursor.state(), after.state(), trace, shift);
}

bool BudgetRule::a_byte_keeps() const {
  for (unsigned i = 0; i < 256; ++i) {
    const auto byte = static_cast<uint8_t>('"' + i);  // the end of a string first: it is what is left at last
    if (machine_.dead(machine_.next(from_.cursor.state(), byte))) continue;
    DocumentCursor cursor = from_.cursor;
    DocumentCursor::Trace trace;
    const char text = static_cast<char>(byte);
    if (cursor.read({&text, 1}, &trace) && keeps(reach_of(cursor, trace), 0)) return true;
  }
  return false;
}

bool BudgetRule::take(BudgetedCursor& place, std::string_view token) const {
  DocumentCursor cursor = from_.cursor;
  DocumentCursor::Trace trace;
  if (!cursor.read(token, &trace)) return false;
  if (is_replaced_ ? distance_max_ == SchemaMachine::kNoWay || cursor.distance() > distance_max_
                   : !keeps(reach_of(cursor, trace), 0))
    return false;
  BudgetedCursor next = from_;
  next.count(machine_, std::move(cursor), trace);
  place = std::move(next);
  return true;
}

}  // namespace cadre::contract
