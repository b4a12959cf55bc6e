// The journal's database file: how it is created, recognised, opened and set up.
//
// Tables (docs/journal.md): `records` in the order of their commits, so that appends touch few pages whatever the number of runs;
// each points back to the one before it in its run. `payloads` has the same ids. `runs` holds every run's head.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/result.h"
#include "store/journal.h"
#include "store/sqlite.h"

namespace cadre::store {

inline constexpr int64_t kJournalApplicationId = 0x43444A4C;  // "CDJL"
inline constexpr int64_t kJournalVersion = 1;

// For appending: created if need be, WAL, every commit synced, what a crash left in the log moved into the file.
Result<Database> open_journal_writer(const std::string& path, const JournalOptions& options);

// For reading, also while others write.
Result<Database> open_journal_reader(const std::string& path, const JournalOptions& options);

}  // namespace cadre::store
