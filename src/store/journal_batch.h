// Applies operations to the journal's tables inside one transaction.
//
// Sequence numbers, previous hashes and ownership are read from the tables in that same transaction, never remembered from an
// earlier one: what another process did, or what was rolled back, cannot be missed.
// Thread safety: belongs to the writer thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "base/result.h"
#include "store/journal_operation.h"
#include "store/owner_lock.h"
#include "store/sqlite.h"

namespace cadre::store {

// The prepared statements of one connection.
struct JournalStatements {
  static Result<JournalStatements> prepare(Database& database);

  Statement load_run;
  Statement insert_run;
  Statement update_run;
  Statement insert_record;
  Statement insert_payload;
  Statement previous_record;
  Statement erase_payload;
  Statement last_checkpoint;
  Statement changed_runs;
  Statement insert_checkpoint;
  Statement insert_checkpoint_head;
};

class JournalBatch {
 public:
  JournalBatch(Database& database, JournalStatements& statements, const OwnerLock& owner)
      : database_(database), statements_(statements), owner_(owner) {}

  // An error here means that the transaction is lost. An operation that is refused has its result set and changed nothing.
  Result<void> apply(Operation& operation);
  // Writes the heads of the runs that changed, then what has to see them. Commit after it.
  Result<void> finish();

 private:
  struct RunRow {
    std::string kind;
    RunState state = RunState::kRunning;
    int64_t updated_us = 0;
    int64_t records = 0;
    Sha256 head{};
    int64_t head_id = 0;
    int64_t owner = 0;
    bool is_changed = false;
  };

  Result<RunRow*> load(const RunId& run);  // null: no such run
  Result<void> begin(Operation& operation);
  Result<void> append(Operation& operation);
  Result<void> resume(Operation& operation);
  Result<void> erase(Operation& operation);
  Result<void> erase_run(RunRow& row, Operation& operation);
  Result<void> write_checkpoint(Operation& operation);
  Result<void> add_records(const RunId& run, RunRow& row, const std::vector<PreparedRecord>& records);
  Result<void> save(const RunId& run, const RunRow& row);

  Database& database_;
  JournalStatements& statements_;
  const OwnerLock& owner_;
  std::unordered_map<RunId, RunRow> runs_;
  std::vector<Operation*> checkpoints_;
};

}  // namespace cadre::store
