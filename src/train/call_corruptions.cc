// SPDX-License-Identifier: Apache-2.0
#include "train/call_corruptions.h"

#include <algorithm>
#include <array>
#include <utility>

#include "train/sql_examples.h"

namespace cadre::train {

using contract::Aggregate;
using contract::ColumnType;
using contract::CompareOp;
using contract::Condition;
using contract::ConditionCandidate;
using contract::SqlCall;
using contract::SqlTask;
using contract::Table;
using contract::WordSpan;

namespace {

bool overlap(WordSpan a, WordSpan b) {
  return a.begin < b.end && b.begin < a.end;
}

Condition condition_of(const ConditionCandidate& candidate, CompareOp op) {
  return {candidate.column, op, candidate.value, candidate.span, candidate.origin};
}

bool is_legal(const ConditionCandidate& candidate, CompareOp op) {
  return (candidate.legal_ops >> static_cast<int>(op) & 1) != 0;
}

// Draws one of the candidates that `fits` takes; nullptr if there is none.
template <class Fits>
const ConditionCandidate* draw(const SqlTask& task, base::Random& random, Fits fits) {
  std::vector<const ConditionCandidate*> fitting;
  for (const ConditionCandidate& candidate : task.candidates)
    if (fits(candidate)) fitting.push_back(&candidate);
  return fitting.empty() ? nullptr : fitting[random.below(fitting.size())];
}

class Corrupter {
 public:
  Corrupter(const Table& table, const SqlTask& task, const SqlCall& call, base::Random& random)
      : table_(table), task_(task), call_(call), random_(random) {}

  std::optional<SqlCall> select_column() {
    const auto& columns = table_.schema().columns;
    if (columns.size() < 2) return std::nullopt;
    call_.select_column = (call_.select_column + 1 + static_cast<uint32_t>(random_.below(columns.size() - 1))) %
                          static_cast<uint32_t>(columns.size());
    const uint8_t legal = contract::legal_aggregates(columns[call_.select_column].type);
    if ((legal >> static_cast<int>(call_.aggregate) & 1) == 0) call_.aggregate = Aggregate::kNone;
    return call_;
  }

  std::optional<SqlCall> aggregate() {
    const uint8_t legal = contract::legal_aggregates(table_.schema().columns[call_.select_column].type);
    std::vector<Aggregate> others;
    for (int i = 0; i < contract::kAggregateCount; ++i)
      if ((legal >> i & 1) != 0 && i != static_cast<int>(call_.aggregate)) others.push_back(static_cast<Aggregate>(i));
    call_.aggregate = others[random_.below(others.size())];  // COUNT is legal on every column
    return call_;
  }

  std::optional<SqlCall> condition_column() {
    Condition* old = any_condition();
    if (old == nullptr) return std::nullopt;
    const auto* other = draw(task_, random_, [&](const ConditionCandidate& candidate) {
      return candidate.column != old->column && candidate.span == old->span && is_legal(candidate, old->op);
    });
    return replaced(old, other);
  }

  std::optional<SqlCall> op() {
    Condition* old = any_condition();
    if (old == nullptr) return std::nullopt;
    const bool is_real = table_.schema().columns[old->column].type == ColumnType::kReal;
    static constexpr std::array kOps = {CompareOp::kEqual,        CompareOp::kGreater,   CompareOp::kLess,
                                        CompareOp::kGreaterEqual, CompareOp::kLessEqual, CompareOp::kNotEqual};
    const CompareOp other = is_real ? kOps[random_.below(kOps.size())] : CompareOp::kNotEqual;
    if (other == old->op) return std::nullopt;
    old->op = other;
    return call_;
  }

  std::optional<SqlCall> value() {
    Condition* old = any_condition();
    if (old == nullptr) return std::nullopt;
    const auto* other = draw(task_, random_, [&](const ConditionCandidate& candidate) {
      return candidate.column == old->column && candidate.value != old->value && is_legal(candidate, old->op);
    });
    return replaced(old, other);
  }

  std::optional<SqlCall> dropped() {
    Condition* old = any_condition();
    if (old == nullptr) return std::nullopt;
    call_.conditions.erase(call_.conditions.begin() + (old - call_.conditions.data()));
    return call_;
  }

  std::optional<SqlCall> added() {
    if (call_.conditions.size() >= contract::kConditionsMax) return std::nullopt;
    const auto* other = draw(task_, random_, [&](const ConditionCandidate& candidate) {
      return std::none_of(call_.conditions.begin(), call_.conditions.end(), [&](const Condition& condition) {
        return overlap(condition.span, candidate.span) || condition.column == candidate.column;
      });
    });
    if (other == nullptr) return std::nullopt;
    call_.conditions.push_back(condition_of(*other, CompareOp::kEqual));
    return call_;
  }

  std::optional<SqlCall> swapped() {
    if (call_.conditions.size() < 2) return std::nullopt;
    const size_t first = random_.below(call_.conditions.size() - 1);
    Condition &a = call_.conditions[first], &b = call_.conditions[first + 1];
    const auto take = [&](const Condition& from, uint32_t column) {
      return draw(task_, random_, [&](const ConditionCandidate& candidate) {
        return candidate.column == column && candidate.span == from.span && is_legal(candidate, from.op);
      });
    };
    const auto* for_a = take(b, a.column);
    const auto* for_b = take(a, b.column);
    if (for_a == nullptr || for_b == nullptr || a.column == b.column) return std::nullopt;
    const CompareOp op_a = a.op;
    a = condition_of(*for_a, b.op);
    b = condition_of(*for_b, op_a);
    return call_;
  }

 private:
  Condition* any_condition() {
    return call_.conditions.empty() ? nullptr : &call_.conditions[random_.below(call_.conditions.size())];
  }

  std::optional<SqlCall> replaced(Condition* old, const ConditionCandidate* other) {
    if (other == nullptr) return std::nullopt;
    *old = condition_of(*other, old->op);
    return call_;
  }

  const Table& table_;
  const SqlTask& task_;
  SqlCall call_;
  base::Random& random_;
};

}  // namespace

const char* corruption_name(Corruption corruption) {
  static constexpr std::array<const char*, kCorruptionCount> kNames = {
      "select column", "aggregate", "condition column", "operator", "value", "dropped condition", "added condition",
      "swapped values"};
  return kNames[static_cast<size_t>(corruption)];
}

std::optional<SqlCall> as_candidates(const SqlTask& task, const SqlCall& call) {
  SqlCall out = call;
  for (Condition& condition : out.conditions) {
    const auto found = std::find_if(
        task.candidates.begin(), task.candidates.end(),
        [&](const ConditionCandidate& candidate) { return is_same_condition(candidate, condition); });
    if (found == task.candidates.end()) return std::nullopt;
    condition = condition_of(*found, condition.op);
  }
  return out;
}

std::optional<SqlCall> corrupt(const Table& table, const SqlTask& task, const SqlCall& call, Corruption corruption,
                               base::Random& random) {
  Corrupter corrupter(table, task, call, random);
  switch (corruption) {
    case Corruption::kSelectColumn:
      return corrupter.select_column();
    case Corruption::kAggregate:
      return corrupter.aggregate();
    case Corruption::kConditionColumn:
      return corrupter.condition_column();
    case Corruption::kOperator:
      return corrupter.op();
    case Corruption::kValue:
      return corrupter.value();
    case Corruption::kDropped:
      return corrupter.dropped();
    case Corruption::kAdded:
      return corrupter.added();
    case Corruption::kSwapped:
      return corrupter.swapped();
  }
  return std::nullopt;
}

}  // namespace cadre::train
