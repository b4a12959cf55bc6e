// Verification of a whole journal: every run, every checkpoint, nothing left over.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "store/journal_chain.h"
#include "store/journal_reader.h"

namespace cadre::store {
namespace {

struct StoredCheckpoint {
  CheckpointHeader header;
  Sha256 hash{};
};

Result<StoredCheckpoint> column_checkpoint(const Statement& row) {
  return StoredCheckpoint{.header = {.number = row.column_int64(0),
                                     .wall_us = row.column_int64(1),
                                     .run_count = row.column_int64(2),
                                     .heads_hash = TRY(column_hash(row, 3)),
                                     .previous_hash = TRY(column_hash(row, 4))},
                          .hash = TRY(column_hash(row, 5))};
}

}  // namespace

Result<Verification> JournalReader::verify(const RunId& run) {
  const auto transaction = TRY(Transaction::begin(database_, TransactionKind::kRead));
  Verification counts;
  TRY(verify_run(TRY(run_summary(run)), counts));
  return counts;
}

Result<Verification> JournalReader::verify_all() {
  const auto transaction = TRY(Transaction::begin(database_, TransactionKind::kRead));
  auto integrity = TRY(database_.prepare("PRAGMA integrity_check(1)"));
  if (TRY(integrity.step()) && integrity.column_text(0) != "ok")
    return corrupt_journal(database_, std::string(integrity.column_text(0)));
  integrity.reset();
  Verification counts;
  TRY(verify_runs(counts));
  TRY(verify_nothing_stands_alone(counts));
  TRY(verify_checkpoints(counts));
  return counts;
}

Result<void> JournalReader::verify_run(const RunSummary& run, Verification& counts) {
  counts.runs += 1;
  return walk_chain(database_, run, [&](StoredRecord&& record) -> Result<void> {
    counts.records += 1;
    counts.payloads_erased += record.payload ? 0 : 1;
    return {};
  });
}

Result<void> JournalReader::verify_runs(Verification& counts) {
  auto runs = TRY(database_.prepare(fmt::format("SELECT {} FROM runs ORDER BY run", kSummaryColumns)));
  while (TRY(runs.step())) TRY(verify_run(TRY(column_summary(runs, owner_)), counts));
  return {};
}

// Each walk visits as many different records as its run counts (they have different sequence numbers), so equal totals mean
// that every record belongs to a run.
Result<void> JournalReader::verify_nothing_stands_alone(const Verification& counts) {
  const int64_t records = TRY(database_.query_int64("SELECT count(*) FROM records"));
  const int64_t payloads = TRY(database_.query_int64("SELECT count(*) FROM payloads"));
  if (records != counts.records)
    return corrupt_journal(database_, fmt::format("it holds {} records, its runs only {}", records, counts.records));
  if (payloads != records)
    return corrupt_journal(database_, fmt::format("it holds {} payloads for {} records", payloads, records));
  return {};
}

Result<void> JournalReader::verify_checkpoints(Verification& counts) {
  auto checkpoints = TRY(database_.prepare(
      "SELECT number, wall_us, run_count, heads_hash, previous_hash, hash FROM checkpoints ORDER BY number"));
  auto select_heads = TRY(
      database_.prepare("SELECT run, records, head, head_id FROM checkpoint_heads WHERE checkpoint = ?1 ORDER BY run"));
  Sha256 previous_hash{};
  while (TRY(checkpoints.step())) {
    const auto checkpoint = TRY(column_checkpoint(checkpoints));
    const int64_t number = ++counts.checkpoints;
    const auto corrupt = [&](const char* what) {
      return corrupt_journal(database_, fmt::format("checkpoint {}: {}", number, what));
    };
    if (checkpoint.header.number != number) return corrupt("it is missing");
    if (checkpoint.header.previous_hash != previous_hash) return corrupt("it does not follow from the one before");
    if (checkpoint_hash(checkpoint.header) != checkpoint.hash) return corrupt("it was changed");
    std::vector<RunHead> heads;
    select_heads.reset();
    select_heads.bind_int64(1, number);
    while (TRY(select_heads.step())) {
      heads.push_back({.run = TRY(column_run_id(select_heads, 0)),
                       .records = select_heads.column_int64(1),
                       .hash = TRY(column_hash(select_heads, 2))});
      TRY(verify_head(heads.back(), select_heads.column_int64(3), number));
    }
    if (static_cast<int64_t>(heads.size()) != checkpoint.header.run_count ||
        heads_hash(heads) != checkpoint.header.heads_hash)
      return corrupt("its list of run heads was changed");
    previous_hash = checkpoint.hash;
  }
  return {};
}

// The record that was the head of a run at a checkpoint must still be in that run: runs and ends of runs cannot be cut off.
Result<void> JournalReader::verify_head(const RunHead& head, int64_t head_id, int64_t checkpoint) {
  auto record = TRY(database_.prepare("SELECT run, sequence, hash FROM records WHERE id = ?1"));
  record.bind_int64(1, head_id);
  const bool is_there = TRY(record.step()) && TRY(column_run_id(record, 0)) == head.run &&
                        record.column_int64(1) == head.records - 1 && TRY(column_hash(record, 2)) == head.hash;
  if (is_there) return {};
  return corrupt_journal(
      database_, fmt::format("checkpoint {} knows record {} of run {}, which is missing or was changed", checkpoint,
                             head.records - 1, head.run.text()));
}

}  // namespace cadre::store
