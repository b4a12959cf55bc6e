// SPDX-License-Identifier: Apache-2.0
#include "contract/answers.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "contract/cell_index.h"
#include "contract/question_numbers.h"

namespace cadre::contract {
namespace {


// What a value is for comparison: nothing, a number, or a normalised text; ordered so that equal rows meet when sorted.
struct Key {
  int kind = 0;  // 0 NULL, 1 number, 2 text
  double number = 0;
  std::string text;
  auto operator<=>(const Key&) const = default;
};

Key key_of(const CellValue& value) {
  if (const auto* whole = std::get_if<int64_t>(&value)) return {1, static_cast<double>(*whole), ""};
  if (const auto* real = std::get_if<double>(&value)) return {1, *real, ""};
  if (const auto* words = std::get_if<std::string>(&value)) {
    // A number in a text column ("12.90") against the same as a number.
    if (const auto number = cell_number(*words)) return {1, *number, ""};
    return {2, 0, cell_key(*words)};
  }
  return {};
}

bool same_key(const Key& a, const Key& b) {
  if (a.kind != b.kind) return false;
  if (a.kind == 2) return a.text == b.text;
  const double scale = std::max(std::abs(a.number), std::abs(b.number));
  return a.number == b.number || std::abs(a.number - b.number) <= kNumberTolerance * scale;
}

std::vector<std::vector<Key>> sorted_rows(const QueryResult& result) {
  std::vector<std::vector<Key>> rows;
  rows.reserve(result.rows.size());
  for (const auto& row : result.rows)
    std::transform(row.begin(), row.end(), std::back_inserter(rows.emplace_back()), key_of);
  std::sort(rows.begin(), rows.end());
  return rows;
}

bool same_condition(const Condition& a, const Condition& b) {
  return a.column == b.column && a.op == b.op && same_key(key_of(a.value), key_of(b.value));
}

}  // namespace

bool same_value(const CellValue& a, const CellValue& b) {
  return same_key(key_of(a), key_of(b));
}

bool same_answer(const QueryResult& a, const QueryResult& b) {
  const auto rows = sorted_rows(a);
  const auto others = sorted_rows(b);
  return std::equal(rows.begin(), rows.end(), others.begin(), others.end(), [](const auto& x, const auto& y) {
    return std::equal(x.begin(), x.end(), y.begin(), y.end(), same_key);
  });
}

bool finds_nothing(const QueryResult& result) {
  return std::all_of(result.rows.begin(), result.rows.end(), [](const auto& row) {
    return std::all_of(row.begin(), row.end(),
                       [](const CellValue& v) { return std::holds_alternative<std::monostate>(v); });
  });
}

base::Json rows_json(const QueryResult& result, size_t rows_max) {
  base::Json rows = base::Json::array();
  for (const auto& row : result.rows) {
    if (rows.size() == rows_max) break;
    base::Json values = base::Json::array();
    for (const CellValue& value : row) {
      std::visit(
          [&](const auto& held) {
            if constexpr (std::is_same_v<std::decay_t<decltype(held)>, std::monostate>) {
              values.push_back(nullptr);
            } else {
              values.push_back(held);
            }
          },
          value);
    }
    rows.push_back(std::move(values));
  }
  return rows;
}

bool same_conditions(const SqlCall& a, const SqlCall& b) {
  return std::is_permutation(a.conditions.begin(), a.conditions.end(), b.conditions.begin(), b.conditions.end(),
                             same_condition);
}

bool same_call(const SqlCall& a, const SqlCall& b) {
  return a.select_column == b.select_column && a.aggregate == b.aggregate && same_conditions(a, b);
}

}  // namespace cadre::contract
