// SPDX-License-Identifier: Apache-2.0
#include "eval/wikisql_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "base/file.h"
#include "base/json.h"
#include "base/json_lines.h"
#include "contract/cell_index.h"
#include "contract/question_numbers.h"
#include "store/sqlite.h"

namespace cadre::eval {
namespace {

using base::Json;
using contract::SqlCall;
using contract::Table;
using contract::TableSchema;

Error malformed(std::string what) {
  return Error{ErrorCode::kInvalid, std::move(what)};
}

// Cells and values are texts or numbers; a number keeps its digits.
Result<std::string> text_of(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number()) return base::dump_json(value);
  if (value.is_null()) return std::string();
  return malformed("a value is neither a text nor a number");
}

Result<contract::ColumnType> column_type(const Json& type) {
  if (type == "text") return contract::ColumnType::kText;
  if (type == "real") return contract::ColumnType::kReal;
  return malformed(fmt::format("column type {} is neither \"text\" nor \"real\"", base::dump_json(type)));
}

Result<TableSchema> read_schema(const Json& table, const std::string& id) {
  const Json& header = *TRY(base::json_array(table, "header"));
  const Json& types = *TRY(base::json_array(table, "types"));
  if (header.size() != types.size() || header.empty())
    return malformed("\"header\" and \"types\" differ in length or are empty");
  TableSchema schema{"table_" + id, {}};
  std::replace(schema.sql_name.begin(), schema.sql_name.end(), '-', '_');
  for (size_t c = 0; c < header.size(); ++c) {
    schema.columns.push_back({TRY(text_of(header[c])), fmt::format("col{}", c), TRY(column_type(types[c]))});
  }
  return schema;
}

Result<std::vector<std::vector<std::string>>> read_cells(const Json& table) {
  std::vector<std::vector<std::string>> rows;
  for (const Json& row : *TRY(base::json_array(table, "rows"))) {
    if (!row.is_array()) return malformed("a row is not an array");
    auto& cells = rows.emplace_back();
    for (const Json& cell : row) cells.push_back(TRY(text_of(cell)));
  }
  return rows;
}

// The cell that a condition of the data set means. Only "=" on a text needs to know how the database spells it.
Result<std::string> stored_value(const Table& table, const contract::Condition& condition) {
  const auto type = table.schema().columns[condition.column].type;
  if (condition.op != contract::CompareOp::kEqual || type == contract::ColumnType::kReal) return condition.value;
  std::vector<std::string> cells = table.sample_cells(condition.column, table.row_count());
  const std::string key = contract::cell_key(condition.value);
  const auto found =
      std::find_if(cells.begin(), cells.end(), [&](const auto& cell) { return contract::cell_key(cell) == key; });
  return found != cells.end() ? *found : condition.value;
}

Result<size_t> index_below(const Json& value, size_t bound, const char* what) {
  if (!value.is_number_integer()) return malformed(fmt::format("{} is not a whole number", what));
  const auto index = value.get<int64_t>();
  if (index < 0 || std::cmp_greater_equal(index, bound)) {
    return malformed(fmt::format("{} is {}; it must be below {}", what, index, bound));
  }
  return static_cast<size_t>(index);
}

Result<contract::Condition> read_condition(const Json& triple, const TableSchema& schema) {
  if (!triple.is_array() || triple.size() != 3) return malformed("a condition is not [column, op, value]");
  contract::Condition condition;
  condition.column =
      static_cast<uint32_t>(TRY(index_below(triple[0], schema.columns.size(), "the column of a condition")));
  condition.op =
      static_cast<contract::CompareOp>(TRY(index_below(triple[1], contract::kCompareOpCount, "the operator")));
  condition.value = TRY(text_of(triple[2]));
  return condition;
}

Result<SqlCall> read_gold(const Json& line, const Table& table) {
  const TableSchema& schema = table.schema();
  const Json& sql = *TRY(base::json_object(line, "sql"));
  SqlCall gold;
  gold.select_column =
      static_cast<uint32_t>(TRY(index_below(sql.value("sel", Json()), schema.columns.size(), "\"sel\"")));
  gold.aggregate = static_cast<contract::Aggregate>(
      TRY(index_below(sql.value("agg", Json()), contract::kAggregateCount, "\"agg\"")));
  const Json& conditions = *TRY(base::json_array(sql, "conds"));
  const Json cells = line.value("cond_cells", Json());
  if (!cells.is_null() && (!cells.is_array() || cells.size() != conditions.size())) {
    return malformed("\"cond_cells\" does not have one value per condition");
  }
  for (size_t i = 0; i < conditions.size(); ++i) {
    contract::Condition condition = TRY(read_condition(conditions[i], schema));
    condition.value = cells.is_null() ? TRY(stored_value(table, condition)) : TRY(text_of(cells[i]));
    gold.conditions.push_back(std::move(condition));
  }
  return gold;
}

}  // namespace

Result<WikiSqlSet> WikiSqlSet::load(const std::string& folder, const std::string& split, size_t limit) {
  const std::string stem = folder + "/" + split;
  WikiSqlSet set;
  std::shared_ptr<store::Database> database;
  if (base::file_exists(stem + ".sqlite")) database = TRY(Table::open_read_only(stem + ".sqlite"));

  const auto take_table = [&](const Json& line) -> Result<bool> {
    const std::string id = TRY(base::json_string(line, "id"));
    TableSchema schema = TRY(read_schema(line, id));
    const auto rows = TRY(read_cells(line));
    auto table =
        database ? Table::over_database(database, std::move(schema), rows) : Table::from_rows(std::move(schema), rows);
    const bool is_new = set.tables_.emplace(id, TRY(std::move(table))).second;
    if (!is_new) return malformed(fmt::format("table \"{}\" is there twice", id));
    return true;
  };
  TRY(base::for_each_json_line(stem + ".tables.jsonl", take_table));

  const auto take_case = [&](const Json& line) -> Result<bool> {
    if (limit > 0 && set.cases_.size() == limit) return false;
    const std::string id = TRY(base::json_string(line, "table_id"));
    const auto table = set.tables_.find(id);
    if (table == set.tables_.end()) return malformed(fmt::format("table \"{}\" is not in {}.tables.jsonl", id, split));
    set.cases_.push_back(
        {TRY(base::json_string(line, "question")), &table->second, TRY(read_gold(line, table->second))});
    return true;
  };
  TRY(base::for_each_json_line(stem + ".jsonl", take_case));
  return set;
}

}  // namespace cadre::eval
