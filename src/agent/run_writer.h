// One run's end of the journal: turns the records that the state machine asks for into the journal's calls.
//
// The first record begins the run and a closing record finishes it, each with one sync. Queued records are held back and go with the
// next synced one in one transaction, so a short run costs two syncs whatever it does; what is held longer than kHeldMax_ns is handed
// to the journal without waiting, so that a long run leaves its tracks. Losing held records means doing read-only work again.
// Thread safety: belongs to one thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "agent/plan_run.h"
#include "base/clock.h"
#include "base/result.h"
#include "store/journal.h"

namespace cadre::agent {

inline constexpr int64_t kHeldMax_ns = 100'000'000;

class RunWriter {
 public:
  // A run that is about to begin.
  RunWriter(store::Journal& journal, const base::Clock& clock, const char* run_kind)
      : journal_(journal), clock_(clock), run_kind_(run_kind) {}
  // A run that is taken over; the journal already holds its records.
  RunWriter(store::Journal& journal, const base::Clock& clock, const store::RunId& run)
      : journal_(journal), clock_(clock), run_(run) {}

  // Returns once the record is as durable as it asks to be.
  Result<void> write(const Record& record);
  // Hands over what is held, without waiting: what follows may take long, and somebody may be watching.
  void flush();
  // Requires a begun run.
  const store::RunId& run() const;

 private:
  Result<void> hold(const Record& record);
  void hand_over();
  Result<void> settle();

  store::Journal& journal_;
  const base::Clock& clock_;
  const char* run_kind_ = "";  // of a run that is about to begin
  std::optional<store::RunId> run_;
  std::vector<store::Event> held_;  // not handed to the journal yet
  int64_t held_since_ns_ = 0;
  std::vector<store::Ticket> handed_over_;
};

}  // namespace cadre::agent
