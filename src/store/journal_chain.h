// The walk along one run's chain, from its head to its first record, checking every link.
//
// What is checked: each record stands in its place, its hash is that of its fields and the one its successor (or the run's head)
// names, its payload and salt give the payload hash or were erased, the first record binds the run's kind, the last one agrees
// with the run's state. The file is treated as foreign: sizes and counts are checked, not assumed.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/journal.h"
#include "store/sqlite.h"

namespace cadre::store {

// One record as stored, verified.
struct StoredRecord {
  RecordHeader header;
  Sha256 hash{};
  std::optional<std::string> payload;  // nothing if it was erased
};

// Calls `visit` for each record, last one first, as long as all of them were good. If any is bad the walk goes on as far as it
// can, so that the error (kCorrupt) names the first bad record in the run's order. An error of `visit` ends the walk.
Result<void> walk_chain(Database& database, const RunSummary& run,
                        const std::function<Result<void>(StoredRecord&&)>& visit);

// The rows of the records from sequence `from` to the last one, the last one first, found by the links backwards from the head; every link's hash is
// checked against the one after it. Reads no payloads. Adds the rows that were looked at to `rows_read`.
Result<std::vector<int64_t>> chain_rows(Database& database, const RunSummary& run, int64_t from, int64_t& rows_read);

// One record, checked by itself and, if given, against the hash of the one before.
Result<StoredRecord> read_record(Database& database, const RunSummary& run, int64_t row, int64_t sequence,
                                 const std::optional<Sha256>& previous_hash);

// A hash or run id from a column; kCorrupt if it has the wrong size.
Result<Sha256> column_hash(const Statement& statement, int column);
Result<RunId> column_run_id(const Statement& statement, int column);

Error corrupt_journal(const Database& database, const std::string& what);

}  // namespace cadre::store
