// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite.h"

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <utility>

namespace cadre::store {

struct Connection {
  sqlite3* handle = nullptr;
  std::string path;
  Authorizer authorizer;
  std::function<bool()> watch;
  bool is_stopped = false;              // by the watch, in the step() on the stack
  Statement::Meter* running = nullptr;  // of the statement whose step() is on the stack

  Connection() = default;
  Connection(const Connection&) = delete;
  ~Connection() { sqlite3_close_v2(handle); }

  static int on_progress(void* self) {
    auto* connection = static_cast<Connection*>(self);
    auto* meter = connection->running;
    if (meter == nullptr) return 0;
    connection->is_stopped = connection->watch && connection->watch();
    if (connection->is_stopped) return 1;
    meter->used += kStepLimitGranularity;
    meter->reached = meter->limit > 0 && meter->used >= meter->limit;
    return meter->reached ? 1 : 0;
  }
};

namespace {

struct Meaning {
  ErrorCode code;
  const char* advice;
};

Meaning meaning_of(int sqlite_code) {
  switch (sqlite_code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {ErrorCode::kBusy, "another process or connection holds a lock; try again when it is done"};
    case SQLITE_CORRUPT:
      return {ErrorCode::kCorrupt, "the file is damaged; restore it from a copy"};
    case SQLITE_NOTADB:
      return {ErrorCode::kCorrupt, "the file is not an SQLite database, or is encrypted; check the path"};
    case SQLITE_FULL:
      return {ErrorCode::kIo, "the disk is full; free some space and try again"};
    case SQLITE_READONLY:
      return {ErrorCode::kIo, "the file or its folder cannot be written; check their permissions"};
    case SQLITE_PERM:
      return {ErrorCode::kIo, "check the permissions of the file"};
    case SQLITE_CANTOPEN:
      return {ErrorCode::kIo, "check that the folder exists and may be read and written"};
    case SQLITE_IOERR:
      return {ErrorCode::kIo, "the system refused a read, write or sync; check the disk"};
    case SQLITE_INTERRUPT:
      return {ErrorCode::kLimit, "it was interrupted"};
    case SQLITE_TOOBIG:
      return {ErrorCode::kLimit, "a text, blob or statement is over the size limit"};
    case SQLITE_NOMEM:
      return {ErrorCode::kLimit, "out of memory"};
    case SQLITE_AUTH:
      return {ErrorCode::kInvalid, "the statement asks for something that is not permitted here"};
    case SQLITE_ERROR:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
      return {ErrorCode::kInvalid, "check the SQL and its values"};
    default:
      return {ErrorCode::kInternal, "unexpected; please report it"};
  }
}

Error sqlite_error(const Connection& connection, int code, const char* verb) {
  const Meaning meaning = meaning_of(code);
  const int extended = connection.handle != nullptr ? sqlite3_extended_errcode(connection.handle) : code;
  const bool is_current = connection.handle != nullptr && (extended & 0xFF) == (code & 0xFF);
  const char* said = is_current ? sqlite3_errmsg(connection.handle) : sqlite3_errstr(code);
  return Error{meaning.code, fmt::format("{} \"{}\": {} (SQLite code {}): {}", verb, connection.path, said,
                                         is_current ? extended : code, meaning.advice)};
}

std::string_view view(const char* text) {
  return text == nullptr ? std::string_view{} : std::string_view{text};
}

AccessRequest access_request(int action, const char* first, const char* second) {
  switch (action) {
    case SQLITE_SELECT:
      return {.access = Access::kSelect};
    case SQLITE_READ:
      return {.access = Access::kRead, .name = view(first), .detail = view(second)};
    case SQLITE_FUNCTION:
      return {.access = Access::kFunction, .name = view(second)};
    case SQLITE_RECURSIVE:
      return {.access = Access::kRecursive};
    case SQLITE_INSERT:
    case SQLITE_UPDATE:
    case SQLITE_DELETE:
      return {.access = Access::kWriteRows, .name = view(first), .detail = view(second)};
    case SQLITE_PRAGMA:
      return {.access = Access::kPragma, .name = view(first), .detail = view(second)};
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT:
      return {.access = Access::kTransaction, .name = view(first), .detail = view(second)};
    case SQLITE_ATTACH:
    case SQLITE_DETACH:
      return {.access = Access::kAttach, .name = view(first)};
    default:
      break;
  }
  const bool is_schema = (action >= SQLITE_CREATE_INDEX && action <= SQLITE_DROP_VIEW && action != SQLITE_DELETE) ||
                         action == SQLITE_ALTER_TABLE || action == SQLITE_REINDEX || action == SQLITE_ANALYZE ||
                         action == SQLITE_CREATE_VTABLE || action == SQLITE_DROP_VTABLE;
  return {.access = is_schema ? Access::kSchema : Access::kOther, .name = view(first), .detail = view(second)};
}

int on_authorize(void* self, int action, const char* first, const char* second, const char* database,
                 const char* inside) {
  AccessRequest request = access_request(action, first, second);
  request.database = view(database);
  request.inside = view(inside);
  const auto& authorizer = static_cast<Connection*>(self)->authorizer;
  return authorizer(request) == Permission::kAllow ? SQLITE_OK : SQLITE_DENY;
}

void set_limits(sqlite3* handle) {
  sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, 0);
  sqlite3_limit(handle, SQLITE_LIMIT_SQL_LENGTH, kSqlSizeBytesMax);
  sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, kValueSizeBytesMax);
  sqlite3_limit(handle, SQLITE_LIMIT_EXPR_DEPTH, kExpressionDepthMax);
  sqlite3_limit(handle, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, kLikePatternSizeBytesMax);
  sqlite3_limit(handle, SQLITE_LIMIT_COMPOUND_SELECT, 100);
  sqlite3_limit(handle, SQLITE_LIMIT_TRIGGER_DEPTH, 10);
  sqlite3_limit(handle, SQLITE_LIMIT_WORKER_THREADS, 0);
}

// Each may be unknown to an older library, which then has nothing to switch off.
void set_defences(sqlite3* handle) {
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0, nullptr);
  // "x" is an identifier and never silently a text: a misspelt column is an error, not a constant.
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
}

// Debian's library reads "file:" and ":memory:" specially; a path is always a path here.
std::string plain_path(const std::string& path) {
  return path.front() == '/' ? path : "./" + path;
}

std::string immutable_uri(const std::string& path) {
  std::string uri = "file:";
  for (const char c : plain_path(path)) {
    if (c == '%' || c == '?' || c == '#') {
      uri += fmt::format("%{:02X}", static_cast<unsigned>(c));
    } else {
      uri += c;
    }
  }
  return uri + "?immutable=1";
}

// Said before SQLite does, because it would say "unable to open" for all of them, and would wait for a pipe's other
// end.
Result<void> check_path(const std::string& path, const DatabaseOptions& options) {
  if (path.empty() || path.find('\0') != std::string::npos)
    return Error{ErrorCode::kInvalid, "open database: the path is empty or holds a NUL"};
  if (!options.vfs_name.empty()) return {};
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    if (options.read_only || options.immutable || !options.create)
      return Error{ErrorCode::kNotFound, fmt::format("open database \"{}\": there is no such file", path)};
    return {};
  }
  if (!S_ISREG(info.st_mode))
    return Error{ErrorCode::kInvalid, fmt::format("open database \"{}\": it is not a regular file", path)};
  return {};
}

int open_flags(const DatabaseOptions& options) {
  const int common = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  if (options.immutable) return common | SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
  if (options.read_only) return common | SQLITE_OPEN_READONLY;
  return common | SQLITE_OPEN_READWRITE | (options.create ? SQLITE_OPEN_CREATE : 0);
}

Result<std::shared_ptr<Connection>> connect(const std::string& name, std::string shown,
                                            const DatabaseOptions& options) {
  auto connection = std::make_shared<Connection>();
  connection->path = std::move(shown);
  const char* vfs = options.vfs_name.empty() ? nullptr : options.vfs_name.c_str();
  const int code = sqlite3_open_v2(name.c_str(), &connection->handle, open_flags(options), vfs);
  if (code != SQLITE_OK) return sqlite_error(*connection, code, "open database");
  sqlite3_busy_timeout(connection->handle, options.busy_timeout_ms);
  set_limits(connection->handle);
  set_defences(connection->handle);
  sqlite3_progress_handler(connection->handle, kStepLimitGranularity, &Connection::on_progress, connection.get());
  return connection;
}

sqlite3_stmt* stmt(void* handle) {
  return static_cast<sqlite3_stmt*>(handle);
}

// Compiles the first statement of `sql` and moves `sql` behind it; null where there was only white space.
Result<sqlite3_stmt*> compile(const Connection& connection, std::string_view& sql) {
  if (sql.size() > static_cast<size_t>(kSqlSizeBytesMax))
    return Error{ErrorCode::kLimit, fmt::format("prepare SQL on \"{}\": {} bytes, over the limit of {}",
                                                connection.path, sql.size(), kSqlSizeBytesMax)};
  if (sql.find('\0') != std::string_view::npos)
    return Error{ErrorCode::kInvalid,
                 fmt::format("prepare SQL on \"{}\": it holds a NUL; bind such values", connection.path)};
  sqlite3_stmt* handle = nullptr;
  const char* tail = nullptr;
  const int code = sqlite3_prepare_v2(connection.handle, sql.data(), static_cast<int>(sql.size()), &handle, &tail);
  if (code != SQLITE_OK) return sqlite_error(connection, code, "prepare SQL on");
  sql.remove_prefix(static_cast<size_t>(tail - sql.data()));
  return handle;
}

}  // namespace

Authorizer read_only_authorizer() {
  return [](const AccessRequest& request) {
    switch (request.access) {
      case Access::kSelect:
      case Access::kRead:
      case Access::kRecursive:
        return Permission::kAllow;
      case Access::kFunction:
        return request.name == "load_extension" ? Permission::kDeny : Permission::kAllow;
      default:
        return Permission::kDeny;
    }
  };
}

std::string quoted_identifier(std::string_view name) {
  std::string sql = "\"";
  for (const char c : name) {
    if (c == '"') sql += '"';
    sql += c;
  }
  return sql + '"';
}

// Statement

Statement::Statement(std::shared_ptr<Connection> connection, void* handle)
    : connection_(std::move(connection)), handle_(handle) {}

Statement::Statement(Statement&& other) noexcept
    : connection_(std::move(other.connection_)),
      handle_(std::exchange(other.handle_, nullptr)),
      meter_(other.meter_),
      bind_failure_(other.bind_failure_) {}

Statement& Statement::operator=(Statement&& other) noexcept {
  std::swap(connection_, other.connection_);
  std::swap(handle_, other.handle_);
  std::swap(meter_, other.meter_);
  std::swap(bind_failure_, other.bind_failure_);
  return *this;
}

Statement::~Statement() {
  sqlite3_finalize(stmt(handle_));
}

namespace {

// A wrong parameter number or a bind in the middle of the rows is a bug; running out of size or memory is the world's
// doing.
void note_bind(int code, int& first_failure) {
  CADRE_CHECK(code != SQLITE_RANGE && code != SQLITE_MISUSE, "parameters exist and are bound before the first step");
  if (code != SQLITE_OK && first_failure == 0) first_failure = code;
}

}  // namespace

void Statement::bind_null(int parameter) {
  note_bind(sqlite3_bind_null(stmt(handle_), parameter), bind_failure_);
}

void Statement::bind_int64(int parameter, int64_t value) {
  note_bind(sqlite3_bind_int64(stmt(handle_), parameter, value), bind_failure_);
}

void Statement::bind_double(int parameter, double value) {
  note_bind(sqlite3_bind_double(stmt(handle_), parameter, value), bind_failure_);
}

// An empty view may have a null pointer, which SQLite would take for NULL.
void Statement::bind_text(int parameter, std::string_view text) {
  const char* data = text.empty() ? "" : text.data();
  note_bind(sqlite3_bind_text64(stmt(handle_), parameter, data, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8),
            bind_failure_);
}

void Statement::bind_blob(int parameter, std::span<const uint8_t> blob) {
  const void* data = blob.empty() ? static_cast<const void*>("") : blob.data();
  note_bind(sqlite3_bind_blob64(stmt(handle_), parameter, data, blob.size(), SQLITE_TRANSIENT), bind_failure_);
}

int Statement::parameter_count() const {
  return sqlite3_bind_parameter_count(stmt(handle_));
}

Result<bool> Statement::step() {
  if (bind_failure_ != 0) return sqlite_error(*connection_, bind_failure_, "bind a value on");
  auto* outer = std::exchange(connection_->running, &meter_);
  connection_->is_stopped = false;
  const int code = sqlite3_step(stmt(handle_));
  connection_->running = outer;
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  if (connection_->is_stopped)
    return Error{ErrorCode::kCancelled, fmt::format("run SQL on \"{}\": asked to stop", connection_->path)};
  if (meter_.reached)
    return Error{ErrorCode::kLimit, fmt::format("run SQL on \"{}\": stopped after {} steps, the limit; ask for less",
                                                connection_->path, meter_.used)};
  return sqlite_error(*connection_, code, "run SQL on");
}

Result<void> Statement::run() {
  while (true) {
    auto row = step();
    if (!row.ok()) {
      Error error = std::move(row).error();
      reset();
      return error;
    }
    if (!*row) break;
  }
  reset();
  return {};
}

void Statement::reset() {
  sqlite3_reset(stmt(handle_));
  sqlite3_stmt_status(stmt(handle_), SQLITE_STMTSTATUS_VM_STEP, 1);
  meter_.used = 0;
  meter_.reached = false;
  bind_failure_ = 0;
}

int Statement::column_count() const {
  return sqlite3_column_count(stmt(handle_));
}

std::string_view Statement::column_name(int column) const {
  return view(sqlite3_column_name(stmt(handle_), column));
}

ValueKind Statement::column_kind(int column) const {
  switch (sqlite3_column_type(stmt(handle_), column)) {
    case SQLITE_INTEGER:
      return ValueKind::kInteger;
    case SQLITE_FLOAT:
      return ValueKind::kReal;
    case SQLITE_TEXT:
      return ValueKind::kText;
    case SQLITE_BLOB:
      return ValueKind::kBlob;
    default:
      return ValueKind::kNull;
  }
}

int64_t Statement::column_int64(int column) const {
  return sqlite3_column_int64(stmt(handle_), column);
}

double Statement::column_double(int column) const {
  return sqlite3_column_double(stmt(handle_), column);
}

std::string_view Statement::column_text(int column) const {
  // The pointer first: asking for it may convert, and the size is that of the converted text.
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(stmt(handle_), column));
  if (text == nullptr) return {};
  return {text, static_cast<size_t>(sqlite3_column_bytes(stmt(handle_), column))};
}

std::span<const uint8_t> Statement::column_blob(int column) const {
  const auto* blob = static_cast<const uint8_t*>(sqlite3_column_blob(stmt(handle_), column));
  if (blob == nullptr) return {};
  return {blob, static_cast<size_t>(sqlite3_column_bytes(stmt(handle_), column))};
}

bool Statement::is_read_only() const {
  return sqlite3_stmt_readonly(stmt(handle_)) != 0;
}

int64_t Statement::steps_used() const {
  // The library counts in 32 bits; past that the meter, which counts in thousands, is the better number.
  const auto exact =
      static_cast<int64_t>(static_cast<uint32_t>(sqlite3_stmt_status(stmt(handle_), SQLITE_STMTSTATUS_VM_STEP, 0)));
  return meter_.used > exact + kStepLimitGranularity ? meter_.used : exact;
}

// Database

Database::Database(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

Result<Database> Database::open(const std::string& path, const DatabaseOptions& options) {
  TRY(check_path(path, options));
  const std::string name = options.immutable ? immutable_uri(path) : plain_path(path);
  Database database(TRY(connect(name, path, options)));
  // SQLite opens lazily; reading the schema makes it look at the header, the WAL and the locks now.
  TRY(database.query_int64("SELECT count(*) FROM sqlite_schema"));
  return database;
}

Result<Database> Database::open_in_memory() {
  return Database(TRY(connect(":memory:", "(memory)", {})));
}

Result<Database> Database::open_temporary() {
  return Database(TRY(connect("", "(temporary)", {})));
}

Result<Statement> Database::prepare(std::string_view sql) {
  auto* handle = TRY(compile(*connection_, sql));
  if (handle == nullptr)
    return Error{ErrorCode::kInvalid,
                 fmt::format("prepare SQL on \"{}\": there is no statement in it", connection_->path)};
  Statement statement(connection_, handle);
  // What follows may be white space, comments or semicolons; an error in it means that something else is there.
  auto rest = compile(*connection_, sql);
  if (rest.ok() && *rest == nullptr) return statement;
  if (rest.ok()) sqlite3_finalize(*rest);
  return Error{ErrorCode::kInvalid,
               fmt::format("prepare SQL on \"{}\": more than one statement; give one at a time", connection_->path)};
}

Result<void> Database::exec(std::string_view sql) {
  while (!sql.empty()) {
    auto* handle = TRY(compile(*connection_, sql));
    if (handle == nullptr) break;
    TRY(Statement(connection_, handle).run());
  }
  return {};
}

Result<int64_t> Database::query_int64(std::string_view sql) {
  auto statement = TRY(prepare(sql));
  if (!TRY(statement.step()))
    return Error{ErrorCode::kNotFound, fmt::format("query \"{}\": no row from: {}", connection_->path, sql)};
  return statement.column_int64(0);
}

void Database::set_authorizer(Authorizer authorizer) {
  connection_->authorizer = std::move(authorizer);
  sqlite3_set_authorizer(connection_->handle, connection_->authorizer ? &on_authorize : nullptr, connection_.get());
}

void Database::set_watch(std::function<bool()> wants_stop) {
  connection_->watch = std::move(wants_stop);
}

void Database::interrupt() {
  sqlite3_interrupt(connection_->handle);
}

const std::string& Database::path() const {
  return connection_->path;
}

bool Database::is_in_transaction() const {
  return sqlite3_get_autocommit(connection_->handle) == 0;
}

int64_t Database::changes() const {
  return sqlite3_changes64(connection_->handle);
}

int64_t Database::last_insert_id() const {
  return sqlite3_last_insert_rowid(connection_->handle);
}

// Transaction

Result<Transaction> Transaction::begin(Database& database, TransactionKind kind) {
  TRY(database.exec(kind == TransactionKind::kWrite ? "BEGIN IMMEDIATE" : "BEGIN DEFERRED"));
  return Transaction(database);
}

Transaction::Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}

Transaction::~Transaction() {
  // A failed statement may have rolled back already; then there is nothing to do.
  if (database_ != nullptr && database_->is_in_transaction()) (void)database_->exec("ROLLBACK");
}

Result<void> Transaction::commit() {
  TRY(database_->exec("COMMIT"));
  database_ = nullptr;
  return {};
}

}  // namespace cadre::store
