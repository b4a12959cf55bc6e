// SPDX-License-Identifier: Apache-2.0
#include "store/journal_chain.h"

#include <fmt/format.h>

#include <algorithm>

namespace cadre::store {
namespace {

constexpr const char* kSelectRecord =
    "SELECT r.run, r.sequence, r.kind, r.wall_us, r.payload_hash, r.previous_hash, r.hash, r.previous_id, "
    "p.id, p.salt, p.payload, p.erased_us FROM records r LEFT JOIN payloads p ON p.id = r.id WHERE r.id = ?1";

// A row of kSelectRecord.
struct ChainRow {
  StoredRecord record;
  int64_t previous_id = 0;
  bool has_payload_row = false;
  bool is_erased = false;
  std::optional<Salt> salt;
};

Result<ChainRow> read_row(const Statement& row) {
  ChainRow chain_row;
  auto& header = chain_row.record.header;
  header.run = TRY(column_run_id(row, 0));
  header.sequence = row.column_int64(1);
  header.kind = row.column_text(2);
  TRY(check_kind(header.kind));
  header.wall_us = row.column_int64(3);
  header.payload_hash = TRY(column_hash(row, 4));
  header.previous_hash = TRY(column_hash(row, 5));
  chain_row.record.hash = TRY(column_hash(row, 6));
  chain_row.previous_id = row.column_int64(7);
  chain_row.has_payload_row = !row.is_null(8);
  chain_row.is_erased = !row.is_null(11);
  if (chain_row.is_erased) return chain_row;
  const auto salt = row.column_blob(9);
  const auto payload = row.column_blob(10);
  if (salt.size() == Salt{}.size()) std::copy(salt.begin(), salt.end(), chain_row.salt.emplace().begin());
  chain_row.record.payload.emplace(payload.begin(), payload.end());
  return chain_row;
}

// What contradicts itself in one record, or null. `expected_hash` is what the successor or the head names, if that can be trusted.
const char* fault_of(const ChainRow& row, bool is_unchanged, const std::optional<Sha256>& expected_hash) {
  const auto& record = row.record;
  if (!is_unchanged) return "it was changed, its hash does not match its fields";
  if (expected_hash && record.hash != *expected_hash)
    return "its hash is not the one that the next record, or the run's head, names";
  if (!row.has_payload_row) return "its payload is missing and was not erased";
  if (row.is_erased) return nullptr;
  if (!row.salt || payload_hash(*row.salt, *record.payload) != record.header.payload_hash)
    return "its payload was changed, the hash does not match";
  return nullptr;
}

const char* fault_of_first(const RecordHeader& first, const RunSummary& run) {
  if (first.kind != kKindBegin || first.previous_hash != first_previous_hash(run.run, run.kind))
    return "it does not begin a run of this kind";
  return first.wall_us == run.begun_us ? nullptr : "the run says that it began at another time";
}

const char* fault_of_last(const RecordHeader& last, const RunSummary& run) {
  const bool has_finish_kind = last.kind == finish_kind(RunState::kDone) ||
                               last.kind == finish_kind(RunState::kFailed) ||
                               last.kind == finish_kind(RunState::kDeclined);
  const bool agrees = run.state == RunState::kRunning ? !has_finish_kind : last.kind == finish_kind(run.state);
  if (!agrees) return "it does not agree with the state of the run";
  return last.wall_us == run.updated_us ? nullptr : "the run says that its last record has another time";
}

const char* fault_in_run(const ChainRow& row, const RunSummary& run) {
  const auto& header = row.record.header;
  const char* fault = header.sequence == 0 ? fault_of_first(header, run) : nullptr;
  if (fault == nullptr && header.sequence == run.records - 1) fault = fault_of_last(header, run);
  return fault;
}

Result<int64_t> head_id_of(Database& database, const RunId& run) {
  auto statement = TRY(database.prepare("SELECT head_id FROM runs WHERE run = ?1"));
  statement.bind_blob(1, run.bytes);
  if (!TRY(statement.step())) return corrupt_journal(database, fmt::format("run {} disappeared", run.text()));
  return statement.column_int64(0);
}

}  // namespace

Error corrupt_journal(const Database& database, const std::string& what) {
  return Error{ErrorCode::kCorrupt,
               fmt::format("journal \"{}\": {}; the file was damaged or altered, restore it from a copy",
                           database.path(), what)};
}

Result<Sha256> column_hash(const Statement& statement, int column) {
  const auto blob = statement.column_blob(column);
  Sha256 hash;
  if (blob.size() != hash.size())
    return Error{ErrorCode::kCorrupt,
                 fmt::format("journal: a hash has {} bytes instead of {}", blob.size(), hash.size())};
  std::copy(blob.begin(), blob.end(), hash.begin());
  return hash;
}

Result<RunId> column_run_id(const Statement& statement, int column) {
  const auto blob = statement.column_blob(column);
  RunId id;
  if (blob.size() != id.bytes.size())
    return Error{ErrorCode::kCorrupt,
                 fmt::format("journal: a run id has {} bytes instead of {}", blob.size(), id.bytes.size())};
  std::copy(blob.begin(), blob.end(), id.bytes.begin());
  return id;
}

Result<void> walk_chain(Database& database, const RunSummary& run,
                        const std::function<Result<void>(StoredRecord&&)>& visit) {
  auto select = TRY(database.prepare(kSelectRecord));
  int64_t id = TRY(head_id_of(database, run.run));
  std::optional<Sha256> expected_hash = run.head;
  std::string first_fault;
  for (int64_t sequence = run.records - 1; sequence >= 0; --sequence) {
    const auto note = [&](const std::string& fault) {
      first_fault = fmt::format("run {}, record {}: {}", run.run.text(), sequence, fault);
    };
    select.reset();
    select.bind_int64(1, id);
    if (!TRY(select.step())) {
      note("it is missing");
      break;
    }
    auto row = read_row(select);
    if (!row.ok()) {
      note(row.error().message);
      break;
    }
    if (row->record.header.run != run.run || row->record.header.sequence != sequence) {
      note("another record stands in its place");
      break;
    }
    const bool is_unchanged = record_hash(row->record.header) == row->record.hash;
    const char* fault = fault_of(*row, is_unchanged, expected_hash);
    if (fault == nullptr) fault = fault_in_run(*row, run);
    if (fault != nullptr) note(fault);
    expected_hash = is_unchanged ? std::optional(row->record.header.previous_hash) : std::nullopt;
    id = row->previous_id;
    if (first_fault.empty()) TRY(visit(std::move(row->record)));
  }
  if (!first_fault.empty()) return corrupt_journal(database, first_fault);
  return {};
}

Result<std::vector<int64_t>> chain_rows(Database& database, const RunSummary& run, int64_t from, int64_t& rows_read) {
  auto select =
      TRY(database.prepare("SELECT run, sequence, previous_hash, hash, previous_id FROM records WHERE id = ?1"));
  int64_t id = TRY(head_id_of(database, run.run));
  Sha256 expected_hash = run.head;
  std::vector<int64_t> rows;
  for (int64_t sequence = run.records - 1; sequence >= from; --sequence) {
    select.reset();
    select.bind_int64(1, id);
    ++rows_read;
    const bool is_there = TRY(select.step()) && TRY(column_run_id(select, 0)) == run.run &&
                          select.column_int64(1) == sequence && TRY(column_hash(select, 3)) == expected_hash;
    if (!is_there) {
      return corrupt_journal(database, fmt::format("run {}, record {}: it is not the one that the next record, or the "
                                                   "run's head, names",
                                                   run.run.text(), sequence));
    }
    rows.push_back(id);
    expected_hash = TRY(column_hash(select, 2));
    id = select.column_int64(4);
  }
  return rows;
}

Result<StoredRecord> read_record(Database& database, const RunSummary& run, int64_t row, int64_t sequence,
                                 const std::optional<Sha256>& previous_hash) {
  auto select = TRY(database.prepare(kSelectRecord));
  select.bind_int64(1, row);
  const auto fault = [&](const char* what) {
    return corrupt_journal(database, fmt::format("run {}, record {}: {}", run.run.text(), sequence, what));
  };
  if (!TRY(select.step())) return fault("it is missing");
  auto found = TRY(read_row(select));
  const RecordHeader& header = found.record.header;
  if (header.run != run.run || header.sequence != sequence) return fault("another record stands in its place");
  if (previous_hash && header.previous_hash != *previous_hash) return fault("it does not follow the one before");
  const char* own = fault_of(found, record_hash(header) == found.record.hash, std::nullopt);
  if (own == nullptr) own = fault_in_run(found, run);
  if (own != nullptr) return fault(own);
  return std::move(found.record);
}

}  // namespace cadre::store
