// SPDX-License-Identifier: Apache-2.0
#include "contract/decision_sql.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace cadre::contract {

namespace {

// What stands between SELECT and FROM.
std::string select_text(const TableSchema& schema, uint32_t column, Aggregate aggregate) {
  constexpr std::string_view kBefore = "SELECT ", kAfter = " FROM \"\"";
  const std::string& table = schema.sql_name;
  const auto doubled = static_cast<size_t>(std::count(table.begin(), table.end(), '"'));
  const std::string sql = to_sql(schema, {column, aggregate, {}});
  return sql.substr(kBefore.size(), sql.size() - kBefore.size() - kAfter.size() - table.size() - doubled);
}

std::string condition_text(const TableSchema& schema, const Condition& condition) {
  constexpr std::string_view kBefore = " WHERE ";
  return to_sql(schema, {0, Aggregate::kNone, {condition}})
      .substr(to_sql(schema, {0, Aggregate::kNone, {}}).size() + kBefore.size());
}

DecisionPoint point_at(std::string path, CandidateList list) {
  DecisionPoint point;
  point.path = point.outline_path = std::move(path);
  point.list = std::make_shared<const CandidateList>(std::move(list));
  return point;
}

}  // namespace

std::vector<DecisionPoint> sql_decisions(const TableSchema& schema, const SqlTask& task) {
  std::vector<DecisionPoint> points;
  CandidateList columns;
  for (uint32_t c = 0; c < schema.columns.size(); ++c)
    columns.add({select_text(schema, c, Aggregate::kNone), schema.columns[c].name, std::nullopt});
  points.push_back(point_at("/column", std::move(columns)));
  for (uint32_t c = 0; c < schema.columns.size(); ++c) {
    CandidateList aggregates;
    for (int a = 0; a < kAggregateCount; ++a) {
      const auto aggregate = static_cast<Aggregate>(a);
      if ((legal_aggregates(schema.columns[c].type) >> a & 1) == 0) continue;
      const std::string_view name = aggregate == Aggregate::kNone ? "none" : aggregate_name(aggregate);
      aggregates.add({select_text(schema, c, aggregate), std::string(name), std::nullopt});
    }
    points.push_back(point_at(fmt::format("/aggregate/{}", c), std::move(aggregates)));
  }
  for (size_t i = 0; i < task.candidates.size(); ++i) {
    const ConditionCandidate& candidate = task.candidates[i];
    const SourceSpan source{task.words[candidate.span.begin].begin, task.words[candidate.span.end - 1].end};
    CandidateList conditions;
    conditions.add({"", "unused", std::nullopt});
    for (int op = 0; op < kCompareOpCount; ++op) {
      if ((candidate.legal_ops >> op & 1) == 0) continue;
      const auto compare = static_cast<CompareOp>(op);
      std::string label =
          fmt::format("{} {} {}", schema.columns[candidate.column].name, compare_op_name(compare), candidate.value);
      conditions.add(
          {condition_text(schema, {candidate.column, compare, candidate.value, candidate.span, candidate.origin}),
           std::move(label), source});
    }
    points.push_back(point_at(fmt::format("/where/{}", i), std::move(conditions)));
  }
  return points;
}

}  // namespace cadre::contract
