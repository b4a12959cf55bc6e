// SPDX-License-Identifier: Apache-2.0
#include "agent/sqlite_backend.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/sql_rows.h"
#include "base/base64.h"
#include "base/clock.h"
#include "store/sqlite.h"

namespace cadre::agent {
namespace {

using base::Json;
using store::Access;
using store::AccessRequest;
using store::Database;
using store::Permission;
using store::Statement;
using store::ValueKind;

constexpr int kBusyTimeoutMsMax = 5'000;

store::Authorizer authorizer_for(bool is_read_only) {
  return [is_read_only, reads = store::read_only_authorizer()](const AccessRequest& request) {
    if (request.name == kCallsTable) return Permission::kDeny;
    if (!is_read_only && request.access == Access::kWriteRows && !request.name.starts_with("sqlite_"))
      return Permission::kAllow;
    return reads(request);
  };
}

void bind(Statement& statement, int parameter, const Json& value) {
  if (value.is_null()) return statement.bind_null(parameter);
  if (value.is_boolean()) return statement.bind_int64(parameter, value.get<bool>() ? 1 : 0);
  if (value.is_number_float()) return statement.bind_double(parameter, value.get<double>());
  if (value.is_number_unsigned() && value.get<uint64_t>() > INT64_MAX)
    return statement.bind_double(parameter, value.get<double>());
  if (value.is_number_integer()) return statement.bind_int64(parameter, value.get<int64_t>());
  statement.bind_text(parameter, value.is_string() ? value.get<std::string>() : base::dump_json(value));
}

Json value_of(const Statement& statement, int column) {
  switch (statement.column_kind(column)) {
    case ValueKind::kInteger:
      return statement.column_int64(column);
    case ValueKind::kReal:
      return statement.column_double(column);
    case ValueKind::kText:
      return std::string(statement.column_text(column));
    case ValueKind::kBlob:
      return base::to_base64(statement.column_blob(column));
    case ValueKind::kNull:
      break;
  }
  return Json();
}

std::vector<std::string> column_names(const Statement& statement) {
  std::vector<std::string> names;
  for (int i = 0; i < statement.column_count(); ++i) names.emplace_back(statement.column_name(i));
  return names;
}

class SqliteBackend final : public SqlBackend {
 public:
  explicit SqliteBackend(std::string path) : path_(std::move(path)) {}

  Result<void> check(const SqlQuery& query) override {
    auto database = TRY(Database::open(path_, {.read_only = true, .busy_timeout_ms = kBusyTimeoutMsMax}));
    TRY(prepare(database, query));
    return {};
  }

  ToolReturn run(const SqlQuery& query, const ToolCall& call) override {
    ToolReturn returned;
    auto result = run_in_time(query, call, returned.work);
    if (result.ok()) {
      returned.result = std::move(result).value();
    } else {
      returned.error = std::move(result).error();
    }
    return returned;
  }

 private:
  static Result<Statement> prepare(Database& database, const SqlQuery& query) {
    database.set_authorizer(authorizer_for(query.is_read_only));
    auto statement = TRY(database.prepare(query.sql));
    if (query.is_read_only && !statement.is_read_only())
      return Error{ErrorCode::kDenied, "the statement writes, and this tool may only read"};
    for (int i = 0; i < std::min<int>(statement.parameter_count(), static_cast<int>(query.parameters.size())); ++i)
      bind(statement, i + 1, query.parameters[i]);
    return statement;
  }

  Result<Json> run_in_time(const SqlQuery& query, const ToolCall& call, int64_t& work) {
    const int64_t end_ns = base::system_clock().monotonic_ns() + call.timeout_ms * 1'000'000;
    const int busy_timeout_ms = static_cast<int>(std::clamp<int64_t>(call.timeout_ms, 1, kBusyTimeoutMsMax));
    auto database = TRY(
        Database::open(path_, {.read_only = query.is_read_only, .create = false, .busy_timeout_ms = busy_timeout_ms}));
    bool is_late = false;
    database.set_watch([&] {
      is_late = base::system_clock().monotonic_ns() > end_ns;
      return is_late || (call.cancel != nullptr && call.cancel->requested());
    });
    auto result = query.is_read_only ? step_through(database, query, call, work)
                                     : run_in_transaction(database, query, call, work);
    if (!result.ok() && is_late)
      return Error{ErrorCode::kTimeout,
                   fmt::format("run SQL on \"{}\": not done within {} ms", path_, call.timeout_ms)};
    return result;
  }

  static Result<Json> step_through(Database& database, const SqlQuery& query, const ToolCall& call, int64_t& work) {
    auto statement = TRY(prepare(database, query));
    statement.set_step_limit(call.work_max);
    SqlRows rows(call);
    rows.set_columns(column_names(statement));
    while (true) {
      const auto has_row = statement.step();
      work = statement.steps_used();
      if (!has_row.ok()) return has_row.error();
      if (!*has_row) break;
      std::vector<Json> values;
      for (int i = 0; i < statement.column_count(); ++i) values.push_back(value_of(statement, i));
      const bool fits = TRY(rows.add(std::move(values)));
      if (!fits && query.is_read_only) break;  // a writing statement goes on to its end
    }
    return std::move(rows).result(query.is_read_only ? -1 : database.changes());
  }

  Result<Json> run_in_transaction(Database& database, const SqlQuery& query, const ToolCall& call, int64_t& work) {
    auto transaction = TRY(store::Transaction::begin(database, store::TransactionKind::kWrite));
    if (query.is_fenced) {
      TRY(database.exec(
          fmt::format("CREATE TABLE IF NOT EXISTS {} (key TEXT PRIMARY KEY, call TEXT NOT NULL, result TEXT NOT NULL, "
                      "made_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP) WITHOUT ROWID",
                      kCallsTable)));
      const std::optional<Json> recorded = TRY(recorded_result(database, query, call.key));
      if (recorded) return *recorded;
    }
    Json result = TRY(step_through(database, query, call, work));
    database.set_authorizer({});
    if (query.is_fenced) TRY(record(database, query, call.key, result));
    TRY(transaction.commit());
    return result;
  }

  static Result<std::optional<Json>> recorded_result(Database& database, const SqlQuery& query,
                                                     const std::string& key) {
    auto select = TRY(database.prepare(fmt::format("SELECT call, result FROM {} WHERE key = ?1", kCallsTable)));
    select.bind_text(1, key);
    if (!TRY(select.step())) return std::optional<Json>();
    if (select.column_text(0) != query.call_digest) return key_reused_error(key);
    return std::optional<Json>(TRY(base::parse_json(select.column_text(1))));
  }

  static Result<void> record(Database& database, const SqlQuery& query, const std::string& key, const Json& result) {
    auto insert =
        TRY(database.prepare(fmt::format("INSERT INTO {} (key, call, result) VALUES (?1, ?2, ?3)", kCallsTable)));
    insert.bind_text(1, key);
    insert.bind_text(2, query.call_digest);
    insert.bind_text(3, base::dump_json(result));
    return insert.run();
  }

  std::string path_;
};

}  // namespace

std::unique_ptr<SqlBackend> make_sqlite_backend(std::string path) {
  return std::make_unique<SqliteBackend>(std::move(path));
}

}  // namespace cadre::agent
