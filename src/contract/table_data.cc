// SPDX-License-Identifier: Apache-2.0
#include "contract/table_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "contract/question_numbers.h"

namespace cadre::contract {
namespace {

// Pure functions: the same rows give the same answer on replay. No random(), no clock, nothing that reads a file.
constexpr std::array<std::string_view, 27> kFunctions = {
    "abs",     "avg",    "coalesce", "count",  "glob",  "group_concat", "hex",  "ifnull", "iif",
    "instr",   "length", "like",     "lower",  "ltrim", "max",          "min",  "nullif", "printf",
    "replace", "round",  "rtrim",    "substr", "sum",   "total",        "trim", "typeof", "upper"};

}  // namespace

store::Authorizer query_authorizer() {
  return [](const store::AccessRequest& request) {
    const bool is_allowed = [&] {
      switch (request.access) {
        case store::Access::kSelect:
          return true;
        case store::Access::kRead:
          return !request.name.starts_with("sqlite_");
        case store::Access::kFunction:
          return std::find(kFunctions.begin(), kFunctions.end(), request.name) != kFunctions.end();
        default:
          return false;
      }
    }();
    return is_allowed ? store::Permission::kAllow : store::Permission::kDeny;
  };
}

std::string number_text(double number) {
  std::array<char, 32> digits;
  const bool is_whole = std::abs(number) < 1e15 && number == std::trunc(number);
  const auto end = is_whole ? std::to_chars(digits.data(), digits.data() + digits.size(), static_cast<int64_t>(number))
                            : std::to_chars(digits.data(), digits.data() + digits.size(), number);
  return std::string(digits.data(), end.ptr);
}

// NUMERIC stores whole numbers as integers and keeps text that is no number; TEXT would turn numbers into text.
std::string create_table_sql(const TableSchema& schema) {
  std::string sql = fmt::format("CREATE TABLE {} (", store::quoted_identifier(schema.sql_name));
  for (size_t c = 0; c < schema.columns.size(); ++c) {
    const Column& column = schema.columns[c];
    if (c > 0) sql += ", ";
    sql += store::quoted_identifier(column.sql_name);
    sql += column.type == ColumnType::kReal ? " NUMERIC" : " TEXT";
  }
  return sql + ")";
}

std::string insert_sql(const TableSchema& schema) {
  std::string sql = fmt::format("INSERT INTO {} VALUES (", store::quoted_identifier(schema.sql_name));
  for (size_t c = 0; c < schema.columns.size(); ++c) sql += c == 0 ? "?" : ",?";
  return sql + ")";
}

void bind_cell(store::Statement& statement, int parameter, ColumnType type, std::string_view cell) {
  if (type == ColumnType::kText)
    return cell.empty() ? statement.bind_null(parameter) : statement.bind_text(parameter, cell);
  if (is_missing_marker(cell)) return statement.bind_null(parameter);
  const auto number = cell_number(cell);
  if (!number) return statement.bind_text(parameter, cell);
  int64_t whole = 0;
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), whole);
  if (error == std::errc() && end == cell.data() + cell.size()) return statement.bind_int64(parameter, whole);
  statement.bind_double(parameter, *number);
}

Result<std::shared_ptr<store::Database>> database_of_rows(const TableSchema& schema,
                                                          const std::vector<std::vector<std::string>>& rows) {
  auto database = std::make_shared<store::Database>(TRY(store::Database::open_in_memory()));
  TRY(database->exec(create_table_sql(schema)));
  auto transaction = TRY(store::Transaction::begin(*database, store::TransactionKind::kWrite));
  auto insert = TRY(database->prepare(insert_sql(schema)));
  for (const auto& row : rows) {
    for (size_t c = 0; c < row.size(); ++c) {
      bind_cell(insert, static_cast<int>(c) + 1, schema.columns[c].type, row[c]);
    }
    TRY(insert.run());
  }
  TRY(transaction.commit());
  database->set_authorizer(query_authorizer());
  return database;
}

}  // namespace cadre::contract
