// The long-lived heart of a deployment: the journal, the specialists of a cadre file, and the threads that carry runs out.
//
// Promises: a run is on stable storage before start() returns its id; every run that was started comes to an outcome, here or after a
// restart; a run whose process died is carried on by the next runtime that opens the journal, or visibly failed if its table or
// specialist is not the one it began with. A key given twice is one run, also across restarts, for a day.
// Specialists and tables are opened once; every thread has its own engines, which share the weights.
// Does not: see that a table's file changed while it runs (open another runtime), or wait for people (decide() refuses).
//
// Cancelling a run that waits for a thread ends it at once; one that is being carried out ends before its next act, or with the
// outcome that it already reached. wait() returns at once for an unfinished run that another process has.
// Thread safety: every method may be called from any thread; destroy it after the last call returned. Destroying does not wait for
// runs that wait: the journal keeps them for the next runtime. drain() first finishes them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/cadre_file.h"
#include "agent/open_cadre.h"
#include "agent/run_service.h"
#include "base/clock.h"
#include "store/journal.h"

namespace cadre::agent {

inline constexpr size_t kListedRunsMax = 1'000;

// The world outside; tests put theirs here.
struct RuntimeParts {
  const base::Clock* clock = &base::system_clock();
  CadreLoaders loaders;
  store::JournalOptions journal;
};

class Runtime final : public RunService {
 public:
  // `file.journal` must name a file. Error: what could not be opened, one a line.
  static Result<std::unique_ptr<Runtime>> open(const CadreFile& file, const RuntimeParts& parts = {});
  ~Runtime() override;

  Result<store::RunId> start(const RunRequest& request) override;
  Result<RunView> view(const store::RunId& run) override;
  Result<RunView> wait(const store::RunId& run, int64_t timeout_ms, const base::Cancel* cancel) override;
  Result<std::vector<RunEvent>> events(const store::RunId& run, int64_t sequence, size_t count_max) override;
  std::unique_ptr<EventReader> read_events(const store::RunId& run, int64_t sequence) override;
  std::shared_ptr<void> watch(const store::RunId& run, std::function<void()> changed) override;
  Result<void> decide(const store::RunId& run, const std::string& step, bool approved, const std::string& who,
                      const std::string& why) override;
  Result<void> cancel(const store::RunId& run, const std::string& who) override;
  Result<std::vector<RunView>> list(size_t limit) override;  // at most kListedRunsMax
  std::vector<SpecialistView> specialists() override;
  std::string metrics() override;

  // Takes no more runs (kUnavailable) and waits until all that were taken have ended. kTimeout: some have not.
  Result<void> drain(int64_t timeout_ms);

 private:
  struct Impl;
  explicit Runtime(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cadre::agent
