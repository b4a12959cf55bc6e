// SPDX-License-Identifier: Apache-2.0
#include "agent/postgres_backend.h"

#include <fmt/format.h>

#include <mutex>
#include <optional>
#include <vector>

#include "agent/postgres.h"
#include "agent/sql_rows.h"

namespace cadre::agent {
namespace {

using base::Json;

constexpr size_t kIdleConnectionsMax = 4;
constexpr int64_t kCheckMs = 5'000;
constexpr int64_t kRollbackMs = 2'000;
constexpr const char* kReadOnly = "BEGIN TRANSACTION READ ONLY";
// Any number that nobody else locks by; two first calls must not both create the table.
constexpr const char* kLockCalls = "SELECT pg_advisory_xact_lock(7163072245061)";

class PostgresBackend final : public SqlBackend {
 public:
  PostgresBackend(PostgresTarget target, net::AddressPolicy policy)
      : target_(std::move(target)), policy_(std::move(policy)) {}

  Result<void> check(const SqlQuery& query) override {
    const Deadline wait = Deadline::for_ms(kCheckMs, nullptr);
    auto connection = TRY(begin(kReadOnly, wait));
    auto prepared = connection.prepare(query.is_read_only ? cursor_for(query.sql) : query.sql, wait);
    give_back(std::move(connection));
    return prepared;
  }

  ToolReturn run(const SqlQuery& query, const ToolCall& call) override {
    const Deadline wait = Deadline::for_ms(call.timeout_ms, call.cancel);
    ToolReturn returned;
    auto result = query.is_read_only ? read(query, call, wait) : write(query, call, wait, returned.is_uncertain);
    if (result.ok()) {
      returned.result = std::move(result).value();
    } else {
      returned.error = std::move(result).error();
    }
    return returned;
  }

 private:
  static std::string cursor_for(const std::string& sql) { return "DECLARE cadre_rows NO SCROLL CURSOR FOR " + sql; }

  Result<Json> read(const SqlQuery& query, const ToolCall& call, const Deadline& wait) {
    auto connection = TRY(begin(kReadOnly, wait));
    SqlRows rows(call);
    auto done = fetch(connection, query, call, wait, rows);
    give_back(std::move(connection));
    if (!done.ok()) return std::move(done).error();
    return std::move(rows).result(-1);
  }

  static Result<void> fetch(Postgres& connection, const SqlQuery& query, const ToolCall& call, const Deadline& wait,
                            SqlRows& rows) {
    TRY(connection.query(cursor_for(query.sql), query.parameters, wait));
    TRY(connection.query(fmt::format("FETCH FORWARD {} FROM cadre_rows", call.rows_max + 1), {}, wait, &rows));
    return {};
  }

  Result<Json> write(const SqlQuery& query, const ToolCall& call, const Deadline& wait, bool& is_uncertain) {
    if (query.is_fenced) TRY(make_calls_table(wait));
    auto connection = TRY(begin("BEGIN", wait));
    auto result = write_and_commit(connection, query, call, wait, is_uncertain);
    give_back(std::move(connection));
    return result;
  }

  static Result<Json> write_and_commit(Postgres& connection, const SqlQuery& query, const ToolCall& call,
                                       const Deadline& wait, bool& is_uncertain) {
    if (query.is_fenced) {
      const std::optional<Json> recorded = TRY(claim_key(connection, query, call.key, wait));
      if (recorded) return *recorded;
    }
    SqlRows rows(call);
    const int64_t changed = TRY(connection.query(query.sql, query.parameters, wait, &rows));
    Json result = std::move(rows).result(changed);
    if (query.is_fenced)
      TRY(connection.query(fmt::format("UPDATE {} SET result = $2 WHERE key = $1", kCallsTable),
                           {call.key, base::dump_json(result)}, wait));
    auto committed = connection.exec("COMMIT", wait);
    if (committed.ok()) return result;
    is_uncertain = !connection.was_answered() || committed.error().code == ErrorCode::kUnavailable;
    return std::move(committed).error();
  }

  // Waits for another transaction that claimed the same key; nothing: the key is ours.
  static Result<std::optional<Json>> claim_key(Postgres& connection, const SqlQuery& query, const std::string& key,
                                               const Deadline& wait) {
    const int64_t claimed = TRY(connection.query(
        fmt::format("INSERT INTO {} (key, call, result) VALUES ($1, $2, '') ON CONFLICT (key) DO NOTHING", kCallsTable),
        {key, query.call_digest}, wait));
    if (claimed == 1) return std::optional<Json>();
    const std::string digest =
        TRY(connection.query_text(fmt::format("SELECT call FROM {} WHERE key = $1", kCallsTable), {key}, wait));
    if (digest != query.call_digest) return key_reused_error(key);
    const std::string text =
        TRY(connection.query_text(fmt::format("SELECT result FROM {} WHERE key = $1", kCallsTable), {key}, wait));
    return std::optional<Json>(TRY(base::parse_json(text)));
  }

  // In a transaction of its own, so that it is there whatever becomes of the call.
  Result<void> make_calls_table(const Deadline& wait) {
    {
      const std::lock_guard lock(mutex_);
      if (has_calls_table_) return {};
    }
    auto connection = TRY(begin("BEGIN", wait));
    auto made = create_calls_table(connection, wait);
    give_back(std::move(connection));
    if (!made.ok())
      return std::move(made).error().with_context("create the table cadre_calls, which a fenced call needs");
    const std::lock_guard lock(mutex_);
    has_calls_table_ = true;
    return {};
  }

  static Result<void> create_calls_table(Postgres& connection, const Deadline& wait) {
    const std::string is_there = TRY(connection.query_text("SELECT to_regclass($1) IS NOT NULL", {kCallsTable}, wait));
    if (is_there == "true") return {};
    TRY(connection.exec(kLockCalls, wait));
    TRY(connection.exec(
        fmt::format("CREATE TABLE IF NOT EXISTS {} (key text PRIMARY KEY, call text NOT NULL, result text NOT NULL, "
                    "made_at timestamptz NOT NULL DEFAULT now())",
                    kCallsTable),
        wait));
    return connection.exec("COMMIT", wait);
  }

  // A connection with a transaction begun. A kept one may have died meanwhile: then the next one, at last a new one.
  Result<Postgres> begin(const std::string& begin_sql, const Deadline& wait) {
    while (true) {
      auto kept = take_idle();
      const bool is_kept = kept.has_value();
      Postgres connection = is_kept ? std::move(*kept) : TRY(Postgres::connect(target_, policy_, wait));
      auto begun = connection.exec(begin_sql, wait);
      if (begun.ok())
        begun = connection.exec(fmt::format("SET LOCAL statement_timeout = {}", std::max<int64_t>(1, wait.left_ms())),
                                wait);
      if (begun.ok()) return connection;
      if (!is_kept || begun.error().code != ErrorCode::kUnavailable) return std::move(begun).error();
    }
  }

  std::optional<Postgres> take_idle() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return std::nullopt;
    std::optional<Postgres> connection(std::move(idle_.back()));
    idle_.pop_back();
    return connection;
  }

  // Ends what is still open; a connection that cannot is dropped.
  void give_back(Postgres connection) {
    if (!connection.is_usable()) (void)connection.exec("ROLLBACK", Deadline::for_ms(kRollbackMs, nullptr));
    if (!connection.is_usable()) return;
    const std::lock_guard lock(mutex_);
    if (idle_.size() < kIdleConnectionsMax) idle_.push_back(std::move(connection));
  }

  PostgresTarget target_;
  net::AddressPolicy policy_;
  std::mutex mutex_;
  std::vector<Postgres> idle_;    // guarded by mutex_
  bool has_calls_table_ = false;  // guarded by mutex_
};

}  // namespace

Result<std::unique_ptr<SqlBackend>> make_postgres_backend(const std::string& url, const std::string& password,
                                                          const net::AddressPolicy& policy) {
  return std::unique_ptr<SqlBackend>(
      std::make_unique<PostgresBackend>(TRY(postgres_target(url, password, policy)), policy));
}

}  // namespace cadre::agent
