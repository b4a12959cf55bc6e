// SQLite behind our own types: sqlite.cc is the one file of the product that knows libsqlite3.
//
// Promises: every failure is an Error with the path, what SQLite said and what to do (kBusy: locked by somebody else;
// kCorrupt: damaged or not a database; kIo: disk full, not writable, the system refused; kLimit: steps, size; kInvalid:
// the SQL is wrong or was denied). One prepared text is one statement. Text may hold NULs and bytes that are not UTF-8;
// they come back as stored. Every connection is opened defensively: no extension loading, no ATTACH, untrusted schema,
// bounded expressions and sizes. Does not: pool connections, cache statements, limit rows (the caller counts them), or
// follow "file:" URIs in a path.
//
// Thread safety: a Database and its Statements belong to one thread at a time; only interrupt() may come from another.
// Spec: sqlite.org/c3ref; the settings follow sqlite.org/security.html.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cadre::store {

inline constexpr int kSqlSizeBytesMax = 1 << 20;        // one statement
inline constexpr int kValueSizeBytesMax = 256 << 20;    // one text, blob or row
inline constexpr int kExpressionDepthMax = 500;         // SQLite's own default is 1000
inline constexpr int kLikePatternSizeBytesMax = 1000;   // LIKE is quadratic in it
inline constexpr int64_t kStepLimitGranularity = 1000;  // a step limit takes effect at the next multiple of this

struct DatabaseOptions {
  bool read_only = false;  // the file must exist; beside a WAL database, SQLite may still create -wal and -shm
  bool create = true;      // a file that does not exist is created (never when read_only)
  bool immutable =
      false;  // promises that nobody writes meanwhile: no locks, no files beside it, a WAL is ignored; read-only
  std::string vfs_name;        // SQLite's file layer; empty = the default one. Tests put theirs here
  int busy_timeout_ms = 5000;  // how long to wait for somebody else's lock before kBusy
};

// What a statement asks for while it is compiled.
enum class Access : uint8_t {
  kSelect,       // a SELECT as such
  kRead,         // name = table, detail = column
  kFunction,     // name = function
  kRecursive,    // a recursive common table expression
  kWriteRows,    // INSERT, UPDATE, DELETE; name = table
  kSchema,       // CREATE, DROP, ALTER, REINDEX, ANALYZE; name = object
  kPragma,       // name = pragma, detail = its argument
  kTransaction,  // BEGIN, COMMIT, SAVEPOINT, ...
  kAttach,       // ATTACH, DETACH
  kOther,
};

struct AccessRequest {
  Access access = Access::kOther;
  std::string_view name;      // of a table, function or pragma; empty where there is none
  std::string_view detail;    // column or argument
  std::string_view database;  // "main", "temp"
  std::string_view inside;    // the view or trigger that asks, empty for the statement itself
};

enum class Permission : uint8_t { kAllow, kDeny };
using Authorizer = std::function<Permission(const AccessRequest&)>;

// Allows SELECT, reading columns, recursion and functions (load_extension excepted); denies all else. A statement that
// compiles under it cannot change the database.
Authorizer read_only_authorizer();

// SQL with `name` as an identifier: "name", quotes doubled.
std::string quoted_identifier(std::string_view name);

enum class ValueKind : uint8_t { kNull, kInteger, kReal, kText, kBlob };

struct Connection;  // the handle; lives until the Database and all its Statements are gone

// One prepared statement: bind, step through the rows, reset, bind again.
class Statement {
 public:
  Statement(Statement&&) noexcept;
  Statement& operator=(Statement&&) noexcept;
  ~Statement();

  // Parameters are numbered from 1, as in SQL (?1). A value over kValueSizeBytesMax is reported by the next step().
  // Bytes are copied.
  void bind_null(int parameter);
  void bind_int64(int parameter, int64_t value);
  void bind_double(int parameter, double value);
  void bind_text(int parameter, std::string_view text);
  void bind_blob(int parameter, std::span<const uint8_t> blob);
  int parameter_count() const;

  // True: a row is there. False: done; the next step() would start again, so reset first.
  Result<bool> step();
  // Steps to the end ignoring rows, then resets.
  Result<void> run();
  // Ready to run again: rows gone, steps_used() zero, bound values kept.
  void reset();

  // Columns of the current row (the count and names are known before). Numbered from 0. SQLite converts between kinds
  // as usual.
  int column_count() const;
  std::string_view column_name(int column) const;
  ValueKind column_kind(int column) const;
  int64_t column_int64(int column) const;
  double column_double(int column) const;
  std::string_view column_text(
      int column) const;  // valid until the next step() or reset(); may hold NULs and any bytes
  std::span<const uint8_t> column_blob(int column) const;  // likewise
  bool is_null(int column) const { return column_kind(column) == ValueKind::kNull; }

  // True if the statement makes no direct change to the database file (sqlite3_stmt_readonly).
  bool is_read_only() const;

  // Virtual machine instructions since the last reset. The same for the same statement over the same data.
  int64_t steps_used() const;
  // step() returns kLimit once more than this many instructions ran, rounded up to kStepLimitGranularity; 0 = no limit.
  // Work inside one instruction (a LIKE over a long text, one sort) is bounded by kValueSizeBytesMax, not counted.
  void set_step_limit(int64_t steps_max) { meter_.limit = steps_max; }

 private:
  friend class Database;
  struct Meter {
    int64_t limit = 0;
    int64_t used = 0;
    bool reached = false;
  };
  friend struct Connection;
  Statement(std::shared_ptr<Connection> connection, void* handle);

  std::shared_ptr<Connection> connection_;
  void* handle_ = nullptr;  // sqlite3_stmt*
  Meter meter_;
  int bind_failure_ = 0;  // SQLite's code of the first bind that failed
};

class Database {
 public:
  // Opens a file and reads its header, so that a file that is no database is refused here.
  static Result<Database> open(const std::string& path, const DatabaseOptions& options = {});
  static Result<Database> open_in_memory();
  // A private database in a temporary file that disappears with it; for what may not fit in memory.
  static Result<Database> open_temporary();
  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;
  ~Database();

  // Compiles exactly one statement; anything but white space and comments after it is kInvalid.
  Result<Statement> prepare(std::string_view sql);
  // Runs one or more statements without parameters, ignoring rows.
  Result<void> exec(std::string_view sql);
  // The first column of the first row as an integer; kNotFound if there is no row.
  Result<int64_t> query_int64(std::string_view sql);

  // Asked for everything that is compiled from now on; an empty function removes it.
  void set_authorizer(Authorizer authorizer);
  // Asked every kStepLimitGranularity instructions of a step(), on its thread; when it says true, step() returns kCancelled. An empty
  // function removes it.
  void set_watch(std::function<bool()> wants_stop);
  // Makes the running step() return kLimit. Safe from any thread while the Database lives.
  void interrupt();

  const std::string& path() const;  // as given; "(memory)", "(temporary)"
  bool is_in_transaction() const;
  int64_t changes() const;         // rows the last INSERT, UPDATE or DELETE touched
  int64_t last_insert_id() const;  // rowid of the last INSERT

 private:
  explicit Database(std::shared_ptr<Connection> connection);
  std::shared_ptr<Connection> connection_;
};

enum class TransactionKind : uint8_t {
  kRead,   // BEGIN DEFERRED: one snapshot for several reads
  kWrite,  // BEGIN IMMEDIATE: takes the write lock at once, so that kBusy can come only here
};

// Rolls back when it dies uncommitted. The Database must outlive it.
class Transaction {
 public:
  static Result<Transaction> begin(Database& database, TransactionKind kind);
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  // After an error nothing of the transaction is in the database.
  Result<void> commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

}  // namespace cadre::store
