// SPDX-License-Identifier: Apache-2.0
#include "contract/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <mutex>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/file.h"
#include "contract/cell_match.h"
#include "contract/question_numbers.h"
#include "contract/sql_text.h"
#include "contract/table_data.h"
#include "store/sqlite.h"

namespace cadre::contract {
namespace {

// Beyond any answer a person reads; a join of long texts ends here and not in memory.
constexpr size_t kResultSizeBytesMax = size_t{64} << 20;

CellValue cell_value(const store::Statement& row, int column) {
  switch (row.column_kind(column)) {
    case store::ValueKind::kNull:
      return std::monostate{};
    case store::ValueKind::kInteger:
      return row.column_int64(column);
    case store::ValueKind::kReal:
      return row.column_double(column);
    case store::ValueKind::kText:
      return std::string(row.column_text(column));
    case store::ValueKind::kBlob:
      return fmt::format("<{} bytes>", row.column_blob(column).size());
  }
  return std::monostate{};
}

// The authorizer refuses what changes or reveals anything; this refuses EXPLAIN and the like, which are no answers.
bool begins_with_select(std::string_view sql) {
  const size_t begin = sql.find_first_not_of(" \t\r\n");
  constexpr std::string_view kSelect = "SELECT";
  return begin != std::string_view::npos && equals_ignoring_case(sql.substr(begin, kSelect.size()), kSelect);
}

size_t size_bytes(const CellValue& value) {
  const auto* text = std::get_if<std::string>(&value);
  return sizeof(CellValue) + (text != nullptr ? text->size() : 0);
}

}  // namespace

struct Table::Impl {
  explicit Impl(TableData given) : data(std::move(given)) {}

  mutable TableData data;  // the database of a table from memory is made at the first query
  mutable std::mutex one_at_a_time;  // on the database: held while a statement lives

  Result<store::Database*> database() const {
    if (!data.database) data.database = TRY(database_of_rows(data.schema, data.rows));
    return data.database.get();
  }
  // SELECT what FROM the table; what is over columns quoted by the caller.
  Result<store::Statement> select(const std::string& what, const std::string& tail = "") const {
    store::Database* opened = TRY(database());
    return opened->prepare(
        fmt::format("SELECT {} FROM {}{}", what, store::quoted_identifier(data.schema.sql_name), tail));
  }
  std::string quoted_column(uint32_t column) const {
    return store::quoted_identifier(data.schema.columns[column].sql_name);
  }

  Result<void> scan_cells(const CellScanner& scanner, uint32_t column, std::vector<CellMatch>& out) const;
  Result<bool> scan_for_cell(uint32_t column, std::string_view value) const;
};

// A column that the index gave up is text with millions of distinct cells: one pass per question.
Result<void> Table::Impl::scan_cells(const CellScanner& scanner, uint32_t column, std::vector<CellMatch>& out) const {
  const std::lock_guard lock(one_at_a_time);
  auto rows = TRY(select(quoted_column(column)));
  while (out.size() < kCellMatchesMax && TRY(rows.step())) scanner.match(column, rows.column_text(0), out);
  return {};
}

Result<bool> Table::Impl::scan_for_cell(uint32_t column, std::string_view value) const {
  const std::string key = cell_key(value);
  const std::lock_guard lock(one_at_a_time);
  auto rows = TRY(select(quoted_column(column)));
  while (TRY(rows.step())) {
    const std::string_view cell = rows.column_text(0);
    if (cell == value || (cell.size() <= 4 * value.size() + 16 && cell_key(cell) == key)) return true;
  }
  return false;
}

Table::Table(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Table::Table(Table&&) noexcept = default;
Table& Table::operator=(Table&&) noexcept = default;
Table::~Table() = default;

namespace {

Result<TableData> data_of_rows(TableSchema schema, const std::vector<std::vector<std::string>>& rows) {
  const size_t width = schema.columns.size();
  TableData data{std::move(schema), rows.size(), CellIndex(width, OpenOptions{}.indexed_cells_max), nullptr, {}, {}};
  for (size_t r = 0; r < rows.size(); ++r) {
    if (rows[r].size() != width) {
      return Error{ErrorCode::kInvalid, fmt::format("row {} of table \"{}\" has {} cells, the header has {}", r + 1,
                                                    data.schema.sql_name, rows[r].size(), width)};
    }
    for (uint32_t c = 0; c < width; ++c) data.index.add(c, rows[r][c]);
  }
  data.index.finish(data.schema.columns);
  return data;
}

}  // namespace

Result<Table> Table::open(const std::string& path, const OpenOptions& options) {
  std::error_code code;
  const auto status = std::filesystem::status(path, code);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    return Error{ErrorCode::kUnsupported,
                 fmt::format("open table \"{}\": it is a folder, pipe or device; a table is read "
                             "twice, so write it to a file first",
                             path)};
  }
  constexpr std::string_view kSqliteMagic = std::string_view("SQLite format 3\0", 16);
  bool is_sqlite = false;
  {
    const auto file = TRY(base::MappedFile::open(path));
    is_sqlite = file.bytes().size() >= kSqliteMagic.size() &&
                std::equal(kSqliteMagic.begin(), kSqliteMagic.end(), file.bytes().begin());
  }
  auto data = is_sqlite ? read_sqlite_table(path, options) : import_csv(path, options);
  return Table(std::make_unique<Impl>(TRY(std::move(data))));
}

Result<Table> Table::from_rows(TableSchema schema, const std::vector<std::vector<std::string>>& rows) {
  TableData data = TRY(data_of_rows(std::move(schema), rows));
  data.rows = rows;
  return Table(std::make_unique<Impl>(std::move(data)));
}

Result<Table> Table::over_database(std::shared_ptr<store::Database> database, TableSchema schema,
                                   const std::vector<std::vector<std::string>>& rows) {
  TableData data = TRY(data_of_rows(std::move(schema), rows));
  data.database = std::move(database);
  return Table(std::make_unique<Impl>(std::move(data)));
}

Result<std::shared_ptr<store::Database>> Table::open_read_only(const std::string& database_path) {
  auto database = TRY(open_read_only_database(database_path, OpenOptions{}.busy_timeout_ms));
  database->set_authorizer(query_authorizer());
  return database;
}

const TableSchema& Table::schema() const {
  return impl_->data.schema;
}
uint64_t Table::row_count() const {
  return impl_->data.row_count;
}
const std::vector<std::string>& Table::notes() const {
  return impl_->data.notes;
}

Result<std::vector<CellMatch>> Table::match_cells(std::string_view question, std::span<const text::Word> words) const {
  const TableData& data = impl_->data;
  auto matches = match_indexed_cells(data.index, question, words);
  std::optional<CellScanner> scanner;
  for (uint32_t c = 0; c < data.schema.columns.size(); ++c) {
    // The numbers of a real column need no pass: they may be compared with any number of the question.
    if (data.index.is_indexed(c) || data.schema.columns[c].type == ColumnType::kReal) continue;
    if (!scanner) scanner.emplace(question, words);
    TRY(impl_->scan_cells(*scanner, c, matches));
  }
  return matches;
}

Result<bool> Table::has_cell(uint32_t column, std::string_view value) const {
  CADRE_CHECK(column < schema().columns.size(), "columns are those of the schema");
  if (impl_->data.index.is_indexed(column)) return impl_->data.index.has_cell(column, value);
  return impl_->scan_for_cell(column, value);
}

std::vector<std::string> Table::sample_cells(uint32_t column, size_t count) const {
  if (impl_->data.index.is_indexed(column)) return impl_->data.index.sample(column, count);
  std::vector<std::string> cells;
  const std::lock_guard lock(impl_->one_at_a_time);
  auto rows = impl_->select(impl_->quoted_column(column), fmt::format(" LIMIT {}", count));
  while (rows.ok() && cells.size() < count) {
    const auto has_row = rows->step();
    if (!has_row.ok() || !*has_row) break;
    const std::string cell(rows->column_text(0));
    if (!cell.empty() && std::find(cells.begin(), cells.end(), cell) == cells.end()) cells.push_back(cell);
  }
  return cells;
}

Table::Range Table::range(uint32_t column) const {
  if (impl_->data.index.is_indexed(column)) return impl_->data.index.range(column);
  const std::string name = impl_->quoted_column(column);
  const std::lock_guard lock(impl_->one_at_a_time);
  auto rows = impl_->select(fmt::format("MIN({0}), MAX({0})", name));
  if (!rows.ok()) return {};
  const auto has_row = rows->step();
  if (!has_row.ok() || !*has_row || rows->is_null(0)) return {};
  return {rows->column_double(0), rows->column_double(1), false};
}

Result<QueryResult> Table::query(const std::string& sql, const QueryLimits& limits) const {
  if (!begins_with_select(sql)) return Error{ErrorCode::kInvalid, "only a SELECT may be run on a table"};
  const std::lock_guard lock(impl_->one_at_a_time);
  store::Database* database = TRY(impl_->database());
  auto statement = TRY(database->prepare(sql));
  statement.set_step_limit(limits.vm_steps_max);
  QueryResult result;
  for (int c = 0; c < statement.column_count(); ++c) result.column_names.emplace_back(statement.column_name(c));
  size_t result_size_bytes = 0;
  while (TRY(statement.step())) {
    result.truncated =
        std::cmp_greater_equal(result.rows.size(), limits.rows_max) || result_size_bytes > kResultSizeBytesMax;
    if (result.truncated) break;
    auto& row = result.rows.emplace_back();
    for (int c = 0; c < statement.column_count(); ++c) {
      row.push_back(cell_value(statement, c));
      result_size_bytes += size_bytes(row.back());
    }
  }
  result.vm_steps = statement.steps_used();
  return result;
}

}  // namespace cadre::contract
