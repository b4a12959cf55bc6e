// A user's table, opened read-only: schema, cells by normalised text, and a SQLite connection that executes checked
// SELECTs.
//
// Sources: a CSV file (imported into a private temporary database; the file is only read), or a SQLite file (opened
// read-only and immutable-safe; one of its tables is chosen by name, or the only one). The user's file is never
// changed. Thread safety: const methods may be called from several threads at once; those that execute SQL (queries, and
// look-ups in columns that no index holds) wait for each other. Tables that share a database belong to one thread together.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "contract/sql_call.h"
#include "text/words.h"

namespace cadre::store {
class Database;
}

namespace cadre::contract {

using CellValue = std::variant<std::monostate, int64_t, double, std::string>;  // SQLite's NULL, INTEGER, REAL, TEXT

struct QueryLimits {
  int64_t vm_steps_max =
      50'000'000;  // SQLite virtual machine instructions; counted, not timed, so that replay sees the same
  int64_t rows_max = 10'000;
};

struct QueryResult {
  std::vector<std::string> column_names;
  std::vector<std::vector<CellValue>> rows;
  bool truncated = false;  // rows_max reached
  int64_t vm_steps = 0;
};

// A cell that the question mentions.
struct CellMatch {
  uint32_t column = 0;
  WordSpan span;
  std::string cell;        // as stored
  bool full_match = true;  // the words spell the whole cell after normalisation
  bool is_repeated = false;  // several rows say it; unknown, and so false, for cells that no index holds
};

struct OpenOptions {
  std::string table_name;                  // SQLite sources: which table; empty = the only one
  uint64_t indexed_cells_max = 4'000'000;  // distinct cells held in memory; columns beyond are scanned per question
  int busy_timeout_ms = 2000;              // SQLite sources: how long to wait while another process writes
  std::function<void(uint64_t rows)> progress;  // called every 65,536 rows while a file is read; may be empty
};

class Table {
 public:
  // Opens a CSV (any of , ; tab |) or SQLite file, told apart by content.
  static Result<Table> open(const std::string& path, const OpenOptions& options = {});
  // A table from memory (tests, suites): cells as text, column types as given.
  static Result<Table> from_rows(TableSchema schema, const std::vector<std::vector<std::string>>& rows);
  // A table of an already open database whose schema is known (suites: one database, many tables). The cells are given,
  // the SQL runs on `database`, which open_read_only opened; tables that share it belong to one thread together.
  static Result<Table> over_database(std::shared_ptr<store::Database> database, TableSchema schema,
                                     const std::vector<std::vector<std::string>>& rows);
  static Result<std::shared_ptr<store::Database>> open_read_only(const std::string& database_path);
  Table(Table&&) noexcept;
  Table& operator=(Table&&) noexcept;
  ~Table();

  const TableSchema& schema() const;
  uint64_t row_count() const;
  // What of the file was read otherwise than it stands there, one sentence each (filled rows, another encoding).
  const std::vector<std::string>& notes() const;
  // Cells whose normalised text equals that of a run of words (full), and cells that share a word with the question
  // which occurs in few distinct cells of its column (partial; at most 3 distinct cells a word). At most 512. `words`
  // are those of `question`: numbers are compared as numbers, which the normal form of a word no longer is.
  Result<std::vector<CellMatch>> match_cells(std::string_view question, std::span<const text::Word> words) const;
  // Does any cell of `column` equal `value` after normalisation?
  Result<bool> has_cell(uint32_t column, std::string_view value) const;
  // Up to `count` distinct non-empty cells of a column, in order of first appearance.
  std::vector<std::string> sample_cells(uint32_t column, size_t count) const;
  // Smallest and largest value of a real column; nullopt-like empty when it has no cell.
  struct Range {
    double low = 0, high = 0;
    bool empty = true;
  };
  Range range(uint32_t column) const;

  // Executes one read-only SELECT within limits. Anything but a SELECT is refused by an authorizer; over the step limit
  // is kLimit.
  Result<QueryResult> query(const std::string& sql, const QueryLimits& limits = {}) const;

 private:
  struct Impl;
  explicit Table(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cadre::contract
