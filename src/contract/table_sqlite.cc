// A table or view of a user's SQLite file, read once to learn its types and cells.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/file.h"
#include "contract/question_numbers.h"
#include "contract/sql_text.h"
#include "contract/table_data.h"

namespace cadre::contract {
namespace {

constexpr size_t kNamesInMessage = 20;

struct NamedTable {
  std::string name;
  bool is_view = false;
};

// Byte 18 of the header is the write version: 2 is WAL. https://www.sqlite.org/fileformat2.html, 1.3.
Result<bool> is_wal_database(const std::string& path) {
  const auto file = TRY(base::MappedFile::open(path));
  return file.bytes().size() > 18 && file.bytes()[18] == 2;
}

Result<std::vector<NamedTable>> list_tables(store::Database& database) {
  auto rows =
      TRY(database.prepare("SELECT name, type = 'view' FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT "
                           "LIKE 'sqlite\\_%' ESCAPE '\\' "
                           "ORDER BY rowid"));
  std::vector<NamedTable> tables;
  while (TRY(rows.step())) tables.push_back({std::string(rows.column_text(0)), rows.column_int64(1) != 0});
  return tables;
}

std::string shown_names(const std::vector<NamedTable>& tables) {
  std::string names;
  for (size_t i = 0; i < std::min(tables.size(), kNamesInMessage); ++i) names += (i == 0 ? "" : ", ") + tables[i].name;
  return tables.size() > kNamesInMessage ? names + ", ..." : names;
}

Result<std::string> choose_table(store::Database& database, const std::string& wanted) {
  const std::vector<NamedTable> tables = TRY(list_tables(database));
  if (!wanted.empty()) {
    const auto is_wanted = [&](const NamedTable& table) { return equals_ignoring_case(table.name, wanted); };
    const auto found = std::find_if(tables.begin(), tables.end(), is_wanted);
    if (found != tables.end()) return found->name;
    return Error{ErrorCode::kNotFound, fmt::format("open \"{}\": there is no table \"{}\"; it has: {}", database.path(),
                                                   wanted, tables.empty() ? "none" : shown_names(tables))};
  }
  if (tables.empty())
    return Error{ErrorCode::kNotFound, fmt::format("open \"{}\": the database has no table", database.path())};
  const auto table_count = std::count_if(tables.begin(), tables.end(), [](const NamedTable& t) { return !t.is_view; });
  if (tables.size() == 1) return tables.front().name;
  if (table_count == 1)
    return std::find_if(tables.begin(), tables.end(), [](const auto& t) { return !t.is_view; })->name;
  return Error{ErrorCode::kInvalid, fmt::format("open \"{}\": the database has {} tables; name one of: {}",
                                                database.path(), tables.size(), shown_names(tables))};
}

// Columns that SELECT * would show and that hold what was stored: no hidden and no generated ones.
Result<TableSchema> read_schema(store::Database& database, const std::string& table) {
  TableSchema schema{table, {}};
  auto rows = TRY(database.prepare("SELECT name FROM pragma_table_xinfo(?1) WHERE hidden = 0"));
  rows.bind_text(1, table);
  while (TRY(rows.step())) {
    const std::string_view name = rows.column_text(0);
    if (text::is_valid_utf8(name)) schema.columns.push_back({std::string(name), std::string(name), ColumnType::kText});
  }
  if (schema.columns.empty() || schema.columns.size() > kColumnsMax) {
    return Error{ErrorCode::kUnsupported,
                 fmt::format("open \"{}\": table \"{}\" has {} readable columns; 1 to {} are supported",
                             database.path(), table, schema.columns.size(), kColumnsMax)};
  }
  return schema;
}

std::string select_all(const TableSchema& schema) {
  std::string sql = "SELECT ";
  for (size_t c = 0; c < schema.columns.size(); ++c) {
    if (c > 0) sql += ", ";
    sql += store::quoted_identifier(schema.columns[c].sql_name);
  }
  return sql + " FROM " + store::quoted_identifier(schema.sql_name);
}

// What the cells of a column were so far.
struct SeenKinds {
  bool has_number = false;
  bool has_text_number = false;
  bool has_empty_text = false;
  bool has_other = false;

  bool is_real() const { return (has_number || has_text_number) && !has_other; }
  bool is_stored_as_text() const { return is_real() && (has_text_number || has_empty_text); }
  void see_text(std::string_view cell) {
    // What SQLite's CAST and we read as the same number: no commas, no white space.
    const bool is_plain = cell.find_first_not_of("+-.0123456789eE") == std::string_view::npos;
    (cell.empty() ? has_empty_text : is_plain && is_quantity(cell) ? has_text_number : has_other) = true;
  }
};

void read_cell(const store::Statement& row, int column, CellIndex& index, SeenKinds& kinds) {
  const auto index_column = static_cast<uint32_t>(column);
  switch (row.column_kind(column)) {
    case store::ValueKind::kNull:
      return;
    case store::ValueKind::kInteger:
      kinds.has_number = true;
      return index.add(index_column, fmt::format_int(row.column_int64(column)).c_str());
    case store::ValueKind::kReal:
      kinds.has_number = true;
      return index.add(index_column, number_text(row.column_double(column)));
    case store::ValueKind::kText:
      kinds.see_text(row.column_text(column));
      return index.add(index_column, row.column_text(column));
    case store::ValueKind::kBlob:
      kinds.has_other = true;
      return;
  }
}

Result<TableData> read_rows(std::shared_ptr<store::Database> database, TableSchema schema, const OpenOptions& options) {
  const size_t width = schema.columns.size();
  TableData data{std::move(schema), 0, CellIndex(width, options.indexed_cells_max), std::move(database), {}, {}};
  std::vector<SeenKinds> kinds(width);
  auto row = TRY(data.database->prepare(select_all(data.schema)));
  while (TRY(row.step())) {
    for (size_t c = 0; c < width; ++c) read_cell(row, static_cast<int>(c), data.index, kinds[c]);
    ++data.row_count;
    if (options.progress && data.row_count % kRowsPerProgress == 0) options.progress(data.row_count);
  }
  for (size_t c = 0; c < width; ++c) {
    if (kinds[c].is_real()) data.schema.columns[c].type = ColumnType::kReal;
    data.schema.columns[c].is_stored_as_text = kinds[c].is_stored_as_text();
  }
  data.index.finish(data.schema.columns);
  return data;
}

}  // namespace

// A file that is not in WAL mode is read under SQLite's locks, which leave nothing behind. To read a WAL file SQLite
// makes a -shm beside it, so one whose WAL is gone (every writer has closed) is opened as immutable instead.
Result<std::shared_ptr<store::Database>> open_read_only_database(const std::string& path, int busy_timeout_ms) {
  const std::string wal = path + "-wal";
  const auto wal_size = base::file_size_bytes(wal);
  const bool has_wal = wal_size.ok() && *wal_size > 0;
  const bool is_immutable = TRY(is_wal_database(path)) && !has_wal;
  auto database = TRY(store::Database::open(
      path, {.read_only = true, .create = false, .immutable = is_immutable, .busy_timeout_ms = busy_timeout_ms}));
  return std::make_shared<store::Database>(std::move(database));
}

Result<TableData> read_sqlite_table(const std::string& path, const OpenOptions& options) {
  auto database = TRY(open_read_only_database(path, options.busy_timeout_ms));
  const std::string table = TRY(choose_table(*database, options.table_name));
  TableSchema schema = TRY(read_schema(*database, table));
  TableData data = TRY(read_rows(std::move(database), std::move(schema), options));
  data.database->set_authorizer(query_authorizer());
  return data;
}

}  // namespace cadre::contract
