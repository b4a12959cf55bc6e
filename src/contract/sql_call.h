// One SELECT over one table as a set of typed decisions, not a string.
//
//   SELECT [aggregate](column) FROM table WHERE column op value AND ...
//
// A SqlCall can only be built from what a SqlTask offers (contract/sql_task.h), so a call always names existing
// columns, legal operators and values that stand in the question or in the table. Thread safety: plain values. Idea:
// the WikiSQL sketch, Xu et al. 2017 (SQLNet, arXiv:1711.04436); values as table cells: Yu et al. 2018 (TypeSQL).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cadre::contract {

enum class ColumnType : uint8_t {
  kText,  // any cell that is not a number, or an empty column
  kReal,  // every non-empty cell is a number
};

struct Column {
  std::string name;      // the header as the user wrote it, for reading
  std::string sql_name;  // the identifier in the database, unquoted
  ColumnType type = ColumnType::kText;
  // A kReal column whose cells the database holds as text ('5', and '' for none), as sqlite3's .import leaves them. SQL
  // that counts, computes or compares reads it as CAST(NULLIF("name", '') AS NUMERIC).
  bool is_stored_as_text = false;
};

struct TableSchema {
  std::string sql_name;  // identifier in the database, unquoted
  std::vector<Column> columns;
};

// The numbers are those of the WikiSQL format and must not change.
enum class Aggregate : uint8_t { kNone = 0, kMax = 1, kMin = 2, kCount = 3, kSum = 4, kAvg = 5 };
inline constexpr int kAggregateCount = 6;
enum class CompareOp : uint8_t {
  kEqual = 0,
  kGreater = 1,
  kLess = 2,
  kGreaterEqual = 3,
  kLessEqual = 4,
  kNotEqual = 5
};
inline constexpr int kCompareOpCount = 6;
inline constexpr int kWikiSqlOpCount = 3;  // the first three; the others are ours

// A half-open range of words of the question.
struct WordSpan {
  uint32_t begin = 0;
  uint32_t end = 0;
  bool operator==(const WordSpan&) const = default;
};

enum class ValueOrigin : uint8_t {
  kCell,    // a cell of the column, found because the question mentions it
  kNumber,  // a number that stands in the question
  kSpan,    // words of the question as they stand; no cell of the column matches them
};

struct Condition {
  uint32_t column = 0;
  CompareOp op = CompareOp::kEqual;
  std::string value;  // text to compare with: the cell as stored, the number, or the words
  WordSpan span;      // where the question says so
  ValueOrigin origin = ValueOrigin::kCell;
  bool operator==(const Condition&) const = default;
};

struct SqlCall {
  uint32_t select_column = 0;
  Aggregate aggregate = Aggregate::kNone;
  std::vector<Condition> conditions;  // joined by AND
  bool operator==(const SqlCall&) const = default;
};

// "MAX", "COUNT", ...; empty for none. ">", "=", "<".
std::string_view aggregate_name(Aggregate aggregate);
std::string_view compare_op_name(CompareOp op);

// The SQL text (SQLite dialect). Identifiers are quoted with "", text literals with '' and doubled quotes inside;
// number literals are written so that they parse back to the same double. Comparison of a text column is NOCASE-free,
// exact: the value of a kCell condition is the stored cell.
std::string to_sql(const TableSchema& schema, const SqlCall& call);

}  // namespace cadre::contract
