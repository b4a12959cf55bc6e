// SPDX-License-Identifier: Apache-2.0
#include "store/fact_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "store/sqlite.h"

namespace cadre::store {

using base::Json;

namespace {

constexpr const char* kFactSchema =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA secure_delete = ON;"
    "CREATE TABLE IF NOT EXISTS facts(subject TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, source TEXT NOT "
    "NULL,"
    "  remembered_us INTEGER NOT NULL, expires_us INTEGER NOT NULL, PRIMARY KEY(subject, name)) WITHOUT ROWID";
constexpr const char* kColumns = "subject, name, value, source, remembered_us, expires_us";

Result<void> check_name(const char* what, const std::string& name) {
  if (name.empty() || name.size() > kFactNameSizeMax)
    return Error{ErrorCode::kInvalid,
                 fmt::format("a {} has 1 to {} bytes, not {}", what, kFactNameSizeMax, name.size())};
  return {};
}

Result<Fact> fact_of(const Statement& row) {
  Fact fact;
  fact.subject = row.column_text(0);
  fact.name = row.column_text(1);
  auto value = base::parse_json(row.column_text(2));
  if (!value.ok()) return Error{ErrorCode::kCorrupt, fmt::format("the value of \"{}\" is damaged", fact.name)};
  fact.value = std::move(*value);
  fact.source = row.column_text(3);
  fact.remembered_us = row.column_int64(4);
  fact.expires_us = row.column_int64(5);
  return fact;
}

}  // namespace

struct FactStore::Impl {
  Impl(Database given, const base::Clock& given_clock) : clock(given_clock), database(std::move(given)) {}

  Result<std::vector<Fact>> rows(Statement& query) {
    std::vector<Fact> facts;
    while (TRY(query.step())) facts.push_back(TRY(fact_of(query)));
    return facts;
  }
  // What has expired goes with the next write.
  Result<void> purge() {
    Statement statement = TRY(database.prepare("DELETE FROM facts WHERE expires_us > 0 AND expires_us <= ?1"));
    statement.bind_int64(1, clock.wall_us());
    return statement.run();
  }

  const base::Clock& clock;
  std::mutex mutex;
  Database database;
};

FactStore::FactStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FactStore::FactStore(FactStore&&) noexcept = default;
FactStore& FactStore::operator=(FactStore&&) noexcept = default;
FactStore::~FactStore() = default;

Result<FactStore> FactStore::open(const std::string& path, const base::Clock& clock) {
  Database database = TRY(Database::open(path));
  TRY(database.exec(kFactSchema));
  return FactStore(std::make_unique<Impl>(std::move(database), clock));
}

Result<void> FactStore::remember(const std::string& subject, const std::string& name, const Json& value,
                                 const std::string& source, int64_t lasts_ms) {
  TRY(check_name("subject", subject));
  TRY(check_name("name", name));
  const std::string text = base::dump_json(value);
  if (text.size() > kFactSizeMax)
    return Error{ErrorCode::kLimit, fmt::format("a fact of {} bytes; at most {}", text.size(), kFactSizeMax)};
  const std::lock_guard lock(impl_->mutex);
  TRY(impl_->purge());
  Statement statement = TRY(impl_->database.prepare("INSERT OR REPLACE INTO facts VALUES (?1, ?2, ?3, ?4, ?5, ?6)"));
  const int64_t now_us = impl_->clock.wall_us();
  statement.bind_text(1, subject);
  statement.bind_text(2, name);
  statement.bind_text(3, text);
  statement.bind_text(4, source);
  statement.bind_int64(5, now_us);
  statement.bind_int64(6, lasts_ms > 0 ? now_us + lasts_ms * 1'000 : 0);
  return statement.run();
}

Result<std::optional<Fact>> FactStore::recall(const std::string& subject, const std::string& name) const {
  const std::lock_guard lock(impl_->mutex);
  Statement query = TRY(impl_->database.prepare(fmt::format(
      "SELECT {} FROM facts WHERE subject = ?1 AND name = ?2 AND (expires_us = 0 OR expires_us > ?3)", kColumns)));
  query.bind_text(1, subject);
  query.bind_text(2, name);
  query.bind_int64(3, impl_->clock.wall_us());
  std::vector<Fact> found = TRY(impl_->rows(query));
  if (found.empty()) return std::optional<Fact>();
  return std::optional<Fact>(std::move(found[0]));
}

Result<std::vector<Fact>> FactStore::facts(const std::string& subject, size_t count_max) const {
  const std::lock_guard lock(impl_->mutex);
  Statement query =
      TRY(impl_->database.prepare(fmt::format("SELECT {} FROM facts WHERE (?1 = '' OR subject = ?1) AND (expires_us = "
                                              "0 OR expires_us > ?2) ORDER BY subject, name LIMIT ?3",
                                              kColumns)));
  query.bind_text(1, subject);
  query.bind_int64(2, impl_->clock.wall_us());
  query.bind_int64(3, static_cast<int64_t>(std::min(count_max, kFactsGivenMax)));
  return impl_->rows(query);
}

Result<int64_t> FactStore::forget(const std::string& subject, const std::string& name) {
  TRY(check_name("subject", subject));
  const std::lock_guard lock(impl_->mutex);
  TRY(impl_->purge());
  Statement statement = TRY(impl_->database.prepare("DELETE FROM facts WHERE subject = ?1 AND (?2 = '' OR name = ?2)"));
  statement.bind_text(1, subject);
  statement.bind_text(2, name);
  TRY(statement.run());
  const int64_t count = TRY(impl_->database.query_int64("SELECT changes()"));
  // What was written before may still stand in the write-ahead log.
  if (count > 0) TRY(impl_->database.exec("PRAGMA wal_checkpoint(TRUNCATE)"));
  return count;
}

}  // namespace cadre::store
