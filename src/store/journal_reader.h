// Reads runs back from the journal's tables, and verifies them.
//
// Each call sees one moment of the journal, also while others write. Thread safety: as the Database given.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/journal.h"
#include "store/owner_lock.h"
#include "store/sqlite.h"

namespace cadre::store {

class JournalReader {
 public:
  JournalReader(Database& database, const OwnerLock& owner) : database_(database), owner_(owner) {}

  Result<std::vector<Record>> read_run(const RunId& run);
  Result<std::vector<Record>> read_on(RunCursor& cursor, size_t count_max);
  Result<RunSummary> run_summary(const RunId& run);
  Result<std::vector<RunSummary>> list_runs(size_t limit);
  Result<std::vector<RunSummary>> unfinished_runs(size_t limit);
  Result<RunId> find_run(std::string_view prefix);
  Result<Verification> verify(const RunId& run);  // journal_verify.cc
  Result<Verification> verify_all();              // journal_verify.cc

 private:
  Result<std::vector<RunSummary>> summaries(const char* where, size_t limit);
  Result<void> verify_run(const RunSummary& run, Verification& counts);
  Result<void> verify_runs(Verification& counts);
  Result<void> verify_nothing_stands_alone(const Verification& counts);
  Result<void> verify_checkpoints(Verification& counts);
  Result<void> verify_head(const RunHead& head, int64_t head_id, int64_t checkpoint);

  Database& database_;
  const OwnerLock& owner_;
};

// The columns of `runs` in the order column_summary() reads them.
inline constexpr const char* kSummaryColumns = "run, kind, state, begun_us, updated_us, records, head, owner";
Result<RunSummary> column_summary(const Statement& row, const OwnerLock& lock);

}  // namespace cadre::store
