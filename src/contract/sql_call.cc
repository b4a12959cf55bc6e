// SPDX-License-Identifier: Apache-2.0
#include "contract/sql_call.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/check.h"
#include "contract/question_numbers.h"

namespace cadre::contract {
namespace {

void append_quoted(std::string& out, std::string_view text, char quote) {
  CADRE_CHECK(text.find('\0') == std::string_view::npos, "names and cells with a NUL byte are never offered");
  out += quote;
  for (const char c : text) {
    if (c == quote) out += quote;
    out += c;
  }
  out += quote;
}

// A column as the operand of an aggregate or a comparison.
void append_operand(std::string& out, const Column& column) {
  if (!column.is_stored_as_text) return append_quoted(out, column.sql_name, '"');
  out += "CAST(NULLIF(";
  append_quoted(out, column.sql_name, '"');
  out += ", '') AS NUMERIC)";
}

// The shortest digits that parse back to the same double; whole numbers without a fraction.
void append_number(std::string& out, double number) {
  if (number == 0) number = 0;  // -0 has no integer form
  std::array<char, 32> digits;
  const bool is_whole = std::abs(number) < 1e15 && number == std::trunc(number);
  const auto end = is_whole ? std::to_chars(digits.data(), digits.data() + digits.size(), static_cast<int64_t>(number))
                            : std::to_chars(digits.data(), digits.data() + digits.size(), number);
  out.append(digits.data(), end.ptr);
}

// Digits without a leading zero, and few enough for SQLite to read them as an integer.
bool is_plain_integer(std::string_view text) {
  return !text.empty() && text.size() <= 18 && (text.front() != '0' || text.size() == 1) &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

void append_literal(std::string& out, ColumnType type, const std::string& value) {
  if (type == ColumnType::kReal) {
    // The digits of a long identifier say more than a double holds.
    if (is_plain_integer(value)) return void(out += value);
    // A cell of a real column that is no number ("n/a" in a foreign database) is compared as the text it is.
    if (const auto number = cell_number(value)) return append_number(out, *number);
  }
  append_quoted(out, value, '\'');
}

}  // namespace

std::string_view aggregate_name(Aggregate aggregate) {
  constexpr std::array<std::string_view, kAggregateCount> kNames = {"", "MAX", "MIN", "COUNT", "SUM", "AVG"};
  return kNames[static_cast<size_t>(aggregate)];
}

std::string_view compare_op_name(CompareOp op) {
  constexpr std::array<std::string_view, kCompareOpCount> kNames = {"=", ">", "<", ">=", "<=", "<>"};
  return kNames[static_cast<size_t>(op)];
}

std::string to_sql(const TableSchema& schema, const SqlCall& call) {
  CADRE_CHECK(call.select_column < schema.columns.size(), "a call is built from the schema's columns");
  const Column& selected = schema.columns[call.select_column];
  std::string sql = "SELECT ";
  if (call.aggregate == Aggregate::kNone) {
    append_quoted(sql, selected.sql_name, '"');
  } else {
    (sql += aggregate_name(call.aggregate)) += '(';
    append_operand(sql, selected);
    sql += ')';
  }
  sql += " FROM ";
  append_quoted(sql, schema.sql_name, '"');
  for (size_t i = 0; i < call.conditions.size(); ++i) {
    const Condition& condition = call.conditions[i];
    CADRE_CHECK(condition.column < schema.columns.size(), "a condition is built from the schema's columns");
    const Column& column = schema.columns[condition.column];
    sql += i == 0 ? " WHERE " : " AND ";
    append_operand(sql, column);
    ((sql += ' ') += compare_op_name(condition.op)) += ' ';
    append_literal(sql, column.type, condition.value);
  }
  return sql;
}

}  // namespace cadre::contract
