// SPDX-License-Identifier: Apache-2.0
#include "contract/sql_schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "store/sqlite.h"

namespace cadre::contract {
namespace {

// Words that SQLite does not take as a bare name everywhere, and those that begin or end our clauses.
constexpr std::array<std::string_view, 96> kKeywords = {
    "add",     "all",        "alter",  "and",       "as",           "asc",          "autoincrement",
    "between", "by",         "case",   "cast",      "check",        "collate",      "column",
    "commit",  "constraint", "create", "cross",     "current_date", "current_time", "current_timestamp",
    "default", "deferrable", "delete", "desc",      "distinct",     "drop",         "else",
    "end",     "escape",     "except", "exists",    "filter",       "for",          "foreign",
    "from",    "full",       "glob",   "group",     "having",       "if",           "in",
    "index",   "inner",      "insert", "intersect", "into",         "is",           "isnull",
    "join",    "key",        "left",   "like",      "limit",        "match",        "natural",
    "not",     "notnull",    "null",   "nulls",     "of",           "offset",       "on",
    "or",      "order",      "outer",  "over",      "primary",      "references",   "regexp",
    "reindex", "returning",  "right",  "row",       "rows",         "select",       "set",
    "table",   "temp",       "then",   "to",        "transaction",  "trigger",      "union",
    "unique",  "update",     "using",  "vacuum",    "values",       "view",         "virtual",
    "when",    "where",      "window", "with",      "without"};

bool is_word_byte(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || byte == '_' ||
         static_cast<uint8_t>(byte) >= 0x80;
}

Result<std::vector<std::string>> table_names(store::Database& database) {
  auto statement =
      TRY(database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE "
                           "'sqlite\\_%' ESCAPE '\\' ORDER BY rowid"));
  std::vector<std::string> names;
  while (TRY(statement.step())) {
    names.emplace_back(statement.column_text(0));
    if (names.size() > kSqlTablesMax) {
      return Error{ErrorCode::kLimit, fmt::format("the database has more than {} tables", kSqlTablesMax)};
    }
  }
  return names;
}

Result<SqlTable> read_table(store::Database& database, const std::string& name) {
  SqlTable table{name, {}};
  auto statement = TRY(database.prepare("SELECT name, type, pk FROM pragma_table_info(?1)"));
  statement.bind_text(1, name);
  while (TRY(statement.step())) {
    SqlColumn column{std::string(statement.column_text(0)), sql_type_of(statement.column_text(1))};
    column.primary_key = statement.column_int64(2) != 0;
    table.columns.push_back(std::move(column));
  }
  return table;
}

template <class Items>
int find_folded(const Items& items, std::string_view name) {
  const std::string wanted = sql_folded(name);
  for (size_t i = 0; i < items.size(); ++i) {
    if (sql_folded(items[i].name) == wanted) return static_cast<int>(i);
  }
  return -1;
}

// A foreign key that names no columns means the other table's primary key. Keys to tables or columns that are not
// there (real databases have them) join nothing.
Result<void> read_joins(store::Database& database, uint32_t table, SqlSchema& schema) {
  auto statement = TRY(database.prepare("SELECT \"table\", \"from\", \"to\", seq FROM pragma_foreign_key_list(?1)"));
  statement.bind_text(1, schema.tables[table].name);
  while (TRY(statement.step())) {
    const int other = find_folded(schema.tables, statement.column_text(0));
    const int from = find_folded(schema.tables[table].columns, statement.column_text(1));
    if (other < 0 || from < 0) continue;
    const auto& columns = schema.tables[static_cast<size_t>(other)].columns;
    int to = -1;
    if (statement.is_null(2)) {
      int64_t keys_before = statement.column_int64(3);
      for (size_t i = 0; i < columns.size() && to < 0; ++i) {
        if (columns[i].primary_key && keys_before-- == 0) to = static_cast<int>(i);
      }
    } else {
      to = find_folded(columns, statement.column_text(2));
    }
    if (to < 0) continue;
    const SqlJoin join{table, static_cast<uint32_t>(from), static_cast<uint32_t>(other), static_cast<uint32_t>(to)};
    if (std::find(schema.joins.begin(), schema.joins.end(), join) == schema.joins.end()) schema.joins.push_back(join);
  }
  return {};
}

}  // namespace

std::string sql_folded(std::string_view name) {
  std::string out(name);
  for (char& byte : out) {
    if (byte >= 'A' && byte <= 'Z') byte = static_cast<char>(byte + ('a' - 'A'));
  }
  return out;
}

bool is_sql_keyword(std::string_view folded) {
  return std::find(kKeywords.begin(), kKeywords.end(), folded) != kKeywords.end();
}

std::string sql_name(std::string_view name) {
  const bool is_word = !name.empty() && !(name[0] >= '0' && name[0] <= '9') &&
                       std::all_of(name.begin(), name.end(), is_word_byte) && !is_sql_keyword(sql_folded(name));
  return is_word ? std::string(name) : store::quoted_identifier(name);
}

SqlType sql_type_of(std::string_view declared) {
  const std::string type = sql_folded(declared);
  const auto has = [&](std::string_view part) { return type.find(part) != std::string::npos; };
  if (has("int")) return SqlType::kNumber;
  if (has("char") || has("clob") || has("text")) return SqlType::kText;
  if (type.empty() || has("blob")) return SqlType::kAny;
  if (has("date") || has("time")) return SqlType::kAny;  // NUMERIC by the rules; holds text in practice
  return SqlType::kNumber;
}

Result<void> check_sql_schema(const SqlSchema& schema) {
  if (schema.tables.empty()) return Error{ErrorCode::kInvalid, "the schema has no table"};
  size_t columns = 0;
  std::set<std::string> tables;
  for (const SqlTable& table : schema.tables) {
    if (table.name.empty() || !tables.insert(sql_folded(table.name)).second) {
      return Error{ErrorCode::kInvalid, fmt::format("the table name '{}' is empty or stands twice", table.name)};
    }
    if (table.columns.empty()) {
      return Error{ErrorCode::kInvalid, fmt::format("table '{}' has no columns", table.name)};
    }
    std::set<std::string> names;
    for (const SqlColumn& column : table.columns) {
      if (column.name.empty() || !names.insert(sql_folded(column.name)).second) {
        return Error{ErrorCode::kInvalid,
                     fmt::format("table '{}': the column name '{}' is empty or stands twice", table.name, column.name)};
      }
    }
    columns += table.columns.size();
  }
  if (schema.tables.size() > kSqlTablesMax || columns > kSqlColumnsMax) {
    return Error{ErrorCode::kLimit, fmt::format("the schema has {} tables and {} columns; at most {} and {} are taken",
                                                schema.tables.size(), columns, kSqlTablesMax, kSqlColumnsMax)};
  }
  for (const SqlJoin& join : schema.joins) {
    const auto exists = [&](uint32_t table, uint32_t column) {
      return table < schema.tables.size() && column < schema.tables[table].columns.size();
    };
    if (!exists(join.left_table, join.left_column) || !exists(join.right_table, join.right_column)) {
      return Error{ErrorCode::kInvalid, "a join names a table or column that does not exist"};
    }
  }
  return {};
}

Result<SqlSchema> read_sql_schema(store::Database& database) {
  SqlSchema schema;
  for (const std::string& name : TRY(table_names(database))) {
    schema.tables.push_back(TRY(read_table(database, name)));
  }
  std::erase_if(schema.tables, [](const SqlTable& table) { return table.columns.empty(); });
  for (uint32_t table = 0; table < schema.tables.size(); ++table) TRY(read_joins(database, table, schema));
  TRY(check_sql_schema(schema));
  return schema;
}

}  // namespace cadre::contract
