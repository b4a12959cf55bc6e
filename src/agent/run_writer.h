// One run's end of the journal: turns the records that the state machine asks for into the journal's calls.
//
// The first record begins the run, a closing record finishes it; the rest is queued in order, and finishing waits for all of it, so
// a run that is finished in the journal is complete there. Thread safety: belongs to one thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "agent/run.h"
#include "base/result.h"
#include "store/journal.h"

namespace cadre::agent {

class RunWriter {
 public:
  // A run that is about to begin.
  explicit RunWriter(store::Journal& journal) : journal_(journal) {}
  // A run that is taken over; the journal already holds its records.
  RunWriter(store::Journal& journal, const store::RunId& run) : journal_(journal), run_(run) {}

  // Returns once the record is as durable as it asks to be.
  Result<void> write(const Record& record);
  // Requires a begun run.
  const store::RunId& run() const;

 private:
  Result<void> settle();

  store::Journal& journal_;
  std::optional<store::RunId> run_;
  std::vector<store::Ticket> queued_;
};

}  // namespace cadre::agent
