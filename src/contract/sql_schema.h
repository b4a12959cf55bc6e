// The tables that SQL may name: what the SQL machine (contract/sql_machine.h) constrains against.
//
// Can be filled by hand or read from a SQLite database: tables (no views, no SQLite-internal ones), columns with type
// affinity by SQLite's rules, primary and foreign keys. Two columns may be joined when a foreign key links them or
// the caller says so.
// Limits: kSqlTablesMax tables, kSqlColumnsMax columns in all. Names are compared as SQLite does: ASCII letters
// without case. Thread safety: a value. Spec: sqlite.org/datatype3.html (affinity).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cadre::store {
class Database;
}

namespace cadre::contract {

inline constexpr size_t kSqlTablesMax = 1'000;
inline constexpr size_t kSqlColumnsMax = 20'000;

enum class SqlType : uint8_t { kAny, kNumber, kText };

struct SqlColumn {
  std::string name;
  SqlType type = SqlType::kAny;
  bool primary_key = false;
  std::vector<std::string> values;  // what a literal compared with it may be; empty: no list
};

struct SqlTable {
  std::string name;
  std::vector<SqlColumn> columns;
};

// tables[left_table].columns[left_column] = tables[right_table].columns[right_column]; holds in both directions.
struct SqlJoin {
  uint32_t left_table = 0, left_column = 0, right_table = 0, right_column = 0;
  friend bool operator==(const SqlJoin&, const SqlJoin&) = default;
};

struct SqlSchema {
  std::vector<SqlTable> tables;
  std::vector<SqlJoin> joins;
};

// SQLite's affinity of a declared type; NUMERIC, INTEGER and REAL are numbers, BLOB and none are kAny.
SqlType sql_type_of(std::string_view declared);
std::string sql_folded(std::string_view name);  // ASCII lower case
bool is_sql_keyword(std::string_view folded);   // reserved: not a name unless quoted
// As written in SQL: bare where that is a name, else in double quotes.
std::string sql_name(std::string_view name);

Result<SqlSchema> read_sql_schema(store::Database& database);
// Names that are empty or repeated, joins that point nowhere, limits.
Result<void> check_sql_schema(const SqlSchema& schema);

}  // namespace cadre::contract
