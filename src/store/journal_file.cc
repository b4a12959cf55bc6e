// SPDX-License-Identifier: Apache-2.0
#include "store/journal_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "base/file.h"

namespace cadre::store {
namespace {

constexpr const char* kJournalSchema = R"sql(
CREATE TABLE records(
  id INTEGER PRIMARY KEY,
  run BLOB NOT NULL,
  sequence INTEGER NOT NULL,
  kind TEXT NOT NULL,
  wall_us INTEGER NOT NULL,
  payload_hash BLOB NOT NULL,
  previous_hash BLOB NOT NULL,
  hash BLOB NOT NULL,
  previous_id INTEGER NOT NULL
) STRICT;
CREATE TABLE payloads(
  id INTEGER PRIMARY KEY,
  salt BLOB,
  payload BLOB,
  erased_us INTEGER
) STRICT;
CREATE TABLE runs(
  run BLOB PRIMARY KEY,
  kind TEXT NOT NULL,
  state INTEGER NOT NULL,
  begun_us INTEGER NOT NULL,
  updated_us INTEGER NOT NULL,
  records INTEGER NOT NULL,
  head BLOB NOT NULL,
  head_id INTEGER NOT NULL,
  owner INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX unfinished_runs ON runs(run) WHERE state = 0;
CREATE TABLE checkpoints(
  number INTEGER PRIMARY KEY,
  wall_us INTEGER NOT NULL,
  run_count INTEGER NOT NULL,
  heads_hash BLOB NOT NULL,
  previous_hash BLOB NOT NULL,
  hash BLOB NOT NULL,
  last_record_id INTEGER NOT NULL,
  signature BLOB
) STRICT;
CREATE TABLE checkpoint_heads(
  checkpoint INTEGER NOT NULL,
  run BLOB NOT NULL,
  records INTEGER NOT NULL,
  head BLOB NOT NULL,
  head_id INTEGER NOT NULL,
  PRIMARY KEY(checkpoint, run)
) STRICT, WITHOUT ROWID;
)sql";

enum class Content : uint8_t { kNothing, kJournal };

// What the file is, without changing it.
Result<Content> recognise(Database& database) {
  const int64_t application = TRY(database.query_int64("PRAGMA application_id"));
  const int64_t version = TRY(database.query_int64("PRAGMA user_version"));
  if (application == kJournalApplicationId) {
    if (version == kJournalVersion) return Content::kJournal;
    return Error{
        ErrorCode::kUnsupported,
        fmt::format("open journal \"{}\": its format is version {}, this program reads version {}; use the program "
                    "that wrote it, or another file",
                    database.path(), version, kJournalVersion)};
  }
  const int64_t objects = TRY(database.query_int64("SELECT count(*) FROM sqlite_schema"));
  if (application == 0 && version == 0 && objects == 0) return Content::kNothing;
  return Error{
      ErrorCode::kInvalid,
      fmt::format(
          "open journal \"{}\": it is an SQLite database of something else, and was left as it is; choose another file",
          database.path())};
}

// Owner only, because payloads are what users asked. SQLite gives the log beside it the same mode.
Result<void> create_private_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd >= 0) {
    ::close(fd);
    return {};
  }
  if (errno == EEXIST) return {};
  return Error{ErrorCode::kIo, fmt::format("create journal \"{}\": {}; the folder must exist and be writable", path,
                                           std::strerror(errno))};
}

Result<void> set_write_ahead_log(Database& database) {
  auto mode = TRY(database.prepare("PRAGMA journal_mode"));
  if (TRY(mode.step()) && mode.column_text(0) == "wal") return {};
  mode.reset();
  auto set = TRY(database.prepare("PRAGMA journal_mode = WAL"));
  if (TRY(set.step()) && set.column_text(0) == "wal") return {};
  return Error{ErrorCode::kUnsupported,
               fmt::format("open journal \"{}\": its file system cannot hold a write-ahead log (a "
                           "network drive?); put the journal on a local disk",
                           database.path())};
}

Result<void> create_tables(Database& database) {
  auto transaction = TRY(Transaction::begin(database, TransactionKind::kWrite));
  // Another process may have been faster.
  if (TRY(recognise(database)) == Content::kJournal) return {};
  TRY(database.exec(kJournalSchema));
  TRY(database.exec(
      fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}", kJournalApplicationId, kJournalVersion)));
  return transaction.commit();
}

// What a killed process wrote to the log may not be on the disk yet, and after a failed sync the system may believe wrongly that
// it is. Moving it into the database file writes and syncs it anew. If others are at work there was no crash: then not.
Result<void> settle_log(Database& database, const JournalOptions& options) {
  TRY(database.exec("PRAGMA busy_timeout = 0"));
  auto settled = database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  if (!settled.ok() && settled.error().code != ErrorCode::kBusy) return settled;
  return database.exec(fmt::format("PRAGMA busy_timeout = {}", options.busy_timeout_ms));
}

Result<Database> try_open_writer(const std::string& path, const JournalOptions& options) {
  auto database = TRY(Database::open(path, {.vfs_name = options.vfs_name, .busy_timeout_ms = options.busy_timeout_ms}));
  const Content content = TRY(recognise(database));
  // FULL: the log is synced at every commit. (NORMAL would sync only at checkpoints, and lose acknowledged records.)
  TRY(database.exec(options.test.skip_sync ? "PRAGMA synchronous = OFF" : "PRAGMA synchronous = FULL"));
  // Erased payloads are overwritten with zeros, not only unlinked.
  TRY(database.exec(fmt::format("PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = {}",
                                options.log_pages_max)));
  TRY(set_write_ahead_log(database));
  // A log that a killed process created may have no durable name yet. SQLite syncs the folder only for logs it creates itself; if
  // the name went missing (or an older log came back under it) after pages were moved from the log, the file would be damaged.
  TRY(options.sync_folder(path));
  if (content == Content::kNothing) TRY(create_tables(database));
  TRY(settle_log(database, options));
  return database;
}

bool is_empty_or_missing(const std::string& path) {
  const auto size_bytes = base::file_size_bytes(path);
  return size_bytes.ok() ? *size_bytes == 0 : size_bytes.error().code == ErrorCode::kNotFound;
}

}  // namespace

Result<Database> open_journal_writer(const std::string& path, const JournalOptions& options) {
  if (options.vfs_name.empty()) TRY(create_private_file(path));
  // Switching to WAL does not wait for a lock by itself when several processes create the file at once; so we do.
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::milliseconds(options.busy_timeout_ms);
  auto database = try_open_writer(path, options);
  while (!database.ok() && database.error().code == ErrorCode::kBusy && std::chrono::steady_clock::now() < give_up) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    database = try_open_writer(path, options);
  }
  if (!database.ok()) return std::move(database).error().with_context("open journal");
  return database;
}

Result<Database> open_journal_reader(const std::string& path, const JournalOptions& options) {
  const DatabaseOptions database_options{
      .read_only = true, .vfs_name = options.vfs_name, .busy_timeout_ms = options.busy_timeout_ms};
  auto database = Database::open(path, database_options);
  // On a medium that cannot be written there is no place for the shared index; with no log there is nothing to share.
  if (!database.ok() && database.error().code == ErrorCode::kIo && options.vfs_name.empty() &&
      is_empty_or_missing(path + "-wal")) {
    database = Database::open(path, {.read_only = true, .immutable = true});
  }
  if (!database.ok()) return std::move(database).error().with_context("open journal");
  if (TRY(recognise(*database)) == Content::kNothing)
    return Error{ErrorCode::kNotFound, fmt::format("open journal \"{}\": it is empty, no run was ever begun", path)};
  return database;
}

}  // namespace cadre::store
