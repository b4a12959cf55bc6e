// What a Table is made of, and the readers that make it: private to this folder.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "contract/cell_index.h"
#include "contract/sql_call.h"
#include "contract/table.h"
#include "store/sqlite.h"

namespace cadre::contract {

struct TableData {
  TableSchema schema;
  uint64_t row_count = 0;
  CellIndex index;
  std::shared_ptr<store::Database> database;   // null until a table from memory is first queried
  std::vector<std::vector<std::string>> rows;  // of a table from memory
  std::vector<std::string> notes;
};

inline constexpr uint64_t kRowsPerProgress = 1 << 16;
inline constexpr size_t kColumnsMax = 2000;  // SQLite's own limit on the columns of a table

// One table or view of an SQLite file. The file is not written, and nothing is created beside it unless a writer has
// left a WAL.
Result<TableData> read_sqlite_table(const std::string& path, const OpenOptions& options);
// Opens an SQLite file for reading and nothing else; see read_sqlite_table.
Result<std::shared_ptr<store::Database>> open_read_only_database(const std::string& path, int busy_timeout_ms);
// A CSV file as a private temporary database.
Result<TableData> import_csv(const std::string& path, const OpenOptions& options);
// A private database with the rows of a table from memory.
Result<std::shared_ptr<store::Database>> database_of_rows(const TableSchema& schema,
                                                          const std::vector<std::vector<std::string>>& rows);

// CREATE TABLE and INSERT for a schema whose real columns are stored as numbers.
std::string create_table_sql(const TableSchema& schema);
std::string insert_sql(const TableSchema& schema);
// Binds a cell as it is stored: a number in a real column, NULL for a missing one there, text as it is elsewhere.
void bind_cell(store::Statement& statement, int parameter, ColumnType type, std::string_view cell);

// Allows SELECT over user tables with aggregates and pure functions; denies everything else.
store::Authorizer query_authorizer();

// Digits that read back as the same number: "5", "0.1".
std::string number_text(double number);

}  // namespace cadre::contract
