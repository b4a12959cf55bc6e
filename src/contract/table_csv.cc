// A CSV file as a private temporary database: read once to learn types and cells, once more to store the rows.
//
// A column is a column of numbers if it has a number and every other cell is one or a mark for a missing value. Digits
// that mean a name ("007", twenty of them) make it text. The temporary file belongs to SQLite, has no name and goes
// with the process.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <utility>

#include "contract/question_numbers.h"
#include "contract/table_data.h"
#include "text/csv.h"

namespace cadre::contract {
namespace {

// "orders 2024.csv" -> "orders 2024".
std::string table_name_of(const std::string& path) {
  std::string name = std::filesystem::path(path).stem().string();
  if (name.empty() || !text::is_valid_utf8(name)) return "table";
  return name.starts_with("sqlite_") ? "t_" + name : name;
}

struct SeenCells {
  bool has_number = false;
  bool has_text = false;

  void see(std::string_view cell) {
    if (has_text || is_missing_marker(cell)) return;
    (is_quantity(cell) ? has_number : has_text) = true;
  }
};

class CsvImport {
 public:
  CsvImport(const std::string& path, const OpenOptions& options) : path_(path), options_(options) {}

  Result<TableData> run() {
    TableData data = TRY(read_cells());
    TRY(store_rows(data));
    return data;
  }

 private:
  Result<TableData> read_cells() {
    auto reader = TRY(text::CsvReader::open(path_));
    const size_t width = reader.header().size();
    if (width > kColumnsMax) {
      return Error{ErrorCode::kLimit,
                   fmt::format("read \"{}\": {} columns, over the limit of {}", path_, width, kColumnsMax)};
    }
    TableData data{{table_name_of(path_), {}}, 0, CellIndex(width, options_.indexed_cells_max), nullptr, {}, {}};
    std::vector<SeenCells> seen(width);
    std::vector<std::string> fields;
    while (TRY(reader.next(fields))) {
      for (uint32_t c = 0; c < width; ++c) {
        seen[c].see(fields[c]);
        data.index.add(c, fields[c]);
      }
      report(++data.row_count);
    }
    for (size_t c = 0; c < width; ++c) {
      const bool is_real = seen[c].has_number && !seen[c].has_text;
      data.schema.columns.push_back(
          {reader.header()[c], reader.header()[c], is_real ? ColumnType::kReal : ColumnType::kText});
    }
    data.index.finish(data.schema.columns);
    data.notes = reader.notes();
    return data;
  }

  Result<void> store_rows(TableData& data) {
    data.database = std::make_shared<store::Database>(TRY(store::Database::open_temporary()));
    TRY(data.database->exec(create_table_sql(data.schema)));
    auto transaction = TRY(store::Transaction::begin(*data.database, store::TransactionKind::kWrite));
    auto insert = TRY(data.database->prepare(insert_sql(data.schema)));
    auto reader = TRY(text::CsvReader::open(path_));
    const size_t width = data.schema.columns.size();
    if (reader.header().size() != width) return changed();
    uint64_t row_count = 0;
    std::vector<std::string> fields;
    while (TRY(reader.next(fields))) {
      for (size_t c = 0; c < width; ++c)
        bind_cell(insert, static_cast<int>(c) + 1, data.schema.columns[c].type, fields[c]);
      TRY(insert.run());
      report(data.row_count + ++row_count);
    }
    if (row_count != data.row_count) return changed();
    TRY(transaction.commit());
    data.database->set_authorizer(query_authorizer());
    return {};
  }

  // Half of the calls are for the first reading, half for the second.
  void report(uint64_t rows_read) const {
    if (options_.progress && rows_read % (2 * kRowsPerProgress) == 0) options_.progress(rows_read / 2);
  }

  Error changed() const {
    return Error{ErrorCode::kBusy, fmt::format("read \"{}\": the file changed while it was read; try again", path_)};
  }

  const std::string& path_;
  const OpenOptions& options_;
};

}  // namespace

Result<TableData> import_csv(const std::string& path, const OpenOptions& options) {
  return CsvImport(path, options).run();
}

}  // namespace cadre::contract
