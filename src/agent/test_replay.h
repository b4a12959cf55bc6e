// What must hold of every run that a test leaves behind: the journal is whole, and what was made here is made again with the same bytes.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "agent/replay.h"

namespace cadre::agent {

// Runs that are over and not in `done` yet, which get into it; how many were made again is returned.
inline size_t expect_replays(const store::Journal& journal, const Specialists& specialists, const Planner& planner,
                             std::set<std::string>& done) {
  EXPECT_TRUE(journal.verify_all().ok());
  const auto runs = journal.list_runs(1'000);
  EXPECT_TRUE(runs.ok());
  size_t count = 0;
  for (const store::RunSummary& run : *runs) {
    if (run.state == store::RunState::kRunning || !done.insert(run.run.text()).second) continue;
    const auto records = replay_records(journal, run.run, specialists, planner, false);
    EXPECT_TRUE(records.ok()) << run.run.text() << ": " << records.error().message;
    if (!records.ok()) continue;
    ++count;
    for (const ReplayedRecord& record : *records) {
      EXPECT_NE(record.outcome, ReplayOutcome::kDifferent)
          << "record " << record.sequence << ", " << record.kind << ": " << record.recorded << " is now " << record.now;
    }
  }
  return count;
}

}  // namespace cadre::agent
