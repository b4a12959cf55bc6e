// SPDX-License-Identifier: Apache-2.0
#include "store/journal_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "store/journal_chain.h"

namespace cadre::store {
namespace {

Owner owner_of(RunState state, int64_t number, const OwnerLock& lock) {
  if (state != RunState::kRunning) return Owner::kNone;
  if (number == lock.number()) return Owner::kThis;
  return lock.is_alive(number) ? Owner::kOther : Owner::kDead;
}

}  // namespace

Result<RunSummary> column_summary(const Statement& row, const OwnerLock& lock) {
  const int64_t state = row.column_int64(2);
  if (state < 0 || state > static_cast<int64_t>(RunState::kDeclined))
    return Error{ErrorCode::kCorrupt, fmt::format("journal: a run has the unknown state {}", state)};
  RunSummary summary{
      .run = TRY(column_run_id(row, 0)),
      .kind = std::string(row.column_text(1)),
      .state = static_cast<RunState>(state),
      .begun_us = row.column_int64(3),
      .updated_us = row.column_int64(4),
      .records = row.column_int64(5),
      .head = TRY(column_hash(row, 6)),
  };
  TRY(check_kind(summary.kind));
  summary.owner = owner_of(summary.state, row.column_int64(7), lock);
  // One more than the limit: a full run can still be finished.
  if (summary.records < 1 || summary.records > kRunRecordsMax + 1)
    return Error{ErrorCode::kCorrupt,
                 fmt::format("journal: run {} has {} records, which cannot be", summary.run.text(), summary.records)};
  return summary;
}

Result<RunSummary> JournalReader::run_summary(const RunId& run) {
  auto statement = TRY(database_.prepare(fmt::format("SELECT {} FROM runs WHERE run = ?1", kSummaryColumns)));
  statement.bind_blob(1, run.bytes);
  if (!TRY(statement.step()))
    return Error{ErrorCode::kNotFound, fmt::format("journal \"{}\": there is no run {}", database_.path(), run.text())};
  return column_summary(statement, owner_);
}

Result<std::vector<RunSummary>> JournalReader::summaries(const char* where, size_t limit) {
  auto statement = TRY(database_.prepare(fmt::format("SELECT {} FROM runs {} LIMIT ?1", kSummaryColumns, where)));
  statement.bind_int64(1, static_cast<int64_t>(std::min<size_t>(limit, INT64_MAX)));
  std::vector<RunSummary> runs;
  while (TRY(statement.step())) runs.push_back(TRY(column_summary(statement, owner_)));
  return runs;
}

Result<std::vector<RunSummary>> JournalReader::list_runs(size_t limit) {
  return summaries("ORDER BY run DESC", limit);
}

Result<std::vector<RunSummary>> JournalReader::unfinished_runs(size_t limit) {
  return summaries("WHERE state = 0 ORDER BY run", limit);
}

Result<RunId> JournalReader::find_run(std::string_view prefix) {
  const auto range = TRY(run_ids_with_prefix(prefix));
  auto statement = TRY(database_.prepare("SELECT run FROM runs WHERE run BETWEEN ?1 AND ?2 ORDER BY run DESC LIMIT 4"));
  statement.bind_blob(1, range.first.bytes);
  statement.bind_blob(2, range.last.bytes);
  std::vector<RunId> found;
  while (TRY(statement.step())) found.push_back(TRY(column_run_id(statement, 0)));
  if (found.size() == 1) return found.front();
  if (found.empty())
    return Error{ErrorCode::kNotFound,
                 fmt::format("journal \"{}\": there is no run whose id starts with {}", database_.path(), prefix)};
  std::string names;
  for (const auto& run : found) names += " " + run.text();
  return Error{ErrorCode::kInvalid,
               fmt::format("several runs start with {}, the newest are{}; give more digits", prefix, names)};
}

namespace {

// The record as it is given out; its payload's size is added to `size_bytes`.
Result<Record> record_of(const RunId& run, StoredRecord&& stored, size_t& size_bytes) {
  Record record{.sequence = stored.header.sequence,
                .kind = std::move(stored.header.kind),
                .wall_us = stored.header.wall_us,
                .payload_hash = stored.header.payload_hash,
                .previous_hash = stored.header.previous_hash,
                .hash = stored.hash};
  if (!stored.payload) return record;
  size_bytes += stored.payload->size();
  if (size_bytes > kRunReadSizeBytesMax)
    return Error{ErrorCode::kLimit, fmt::format("read run {}: its payloads are over the limit of {} bytes", run.text(),
                                                kRunReadSizeBytesMax)};
  record.payload = TRY(base::parse_json(*stored.payload));
  return record;
}

}  // namespace

Result<std::vector<Record>> JournalReader::read_run(const RunId& run) {
  const auto transaction = TRY(Transaction::begin(database_, TransactionKind::kRead));
  const auto summary = TRY(run_summary(run));
  std::vector<Record> records;
  size_t size_bytes = 0;
  TRY(walk_chain(database_, summary, [&](StoredRecord&& stored) -> Result<void> {
    records.push_back(TRY(record_of(run, std::move(stored), size_bytes)));
    return {};
  }));
  std::reverse(records.begin(), records.end());
  return records;
}

Result<std::vector<Record>> JournalReader::read_on(RunCursor& cursor, size_t count_max) {
  const auto transaction = TRY(Transaction::begin(database_, TransactionKind::kRead));
  const auto summary = TRY(run_summary(cursor.run_));
  if (cursor.rows_.empty()) cursor.rows_ = TRY(chain_rows(database_, summary, cursor.next_, cursor.rows_read_));
  std::vector<Record> records;
  size_t size_bytes = 0;
  while (!cursor.rows_.empty() && records.size() < count_max && size_bytes < kPieceSizeBytesMax) {
    ++cursor.rows_read_;
    StoredRecord stored =
        TRY(read_record(database_, summary, cursor.rows_.back(), cursor.next_, cursor.previous_hash_));
    cursor.previous_hash_ = stored.hash;
    records.push_back(TRY(record_of(cursor.run_, std::move(stored), size_bytes)));
    cursor.rows_.pop_back();
    ++cursor.next_;
  }
  return records;
}

}  // namespace cadre::store
