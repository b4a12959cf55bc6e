// A cadre file opened for a command: its specialists and tools, its journal, and threads for runs.
// Thread safety: as its parts.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "agent/live_run.h"
#include "agent/open_cadre.h"
#include "agent/thread_executor.h"
#include "base/result.h"
#include "store/journal.h"

namespace cadre::app {

class Office {
 public:
  // `journal`: where the cadre file names none; empty: where `cadre ask` keeps it.
  static Result<std::unique_ptr<Office>> open(const std::string& cadre_file, const std::string& journal);

  agent::RunParts parts();
  const agent::Specialists& specialists() const { return cadre_->specialists; }
  const agent::Budget& budget() const { return cadre_->budget; }
  store::Journal& journal() { return journal_; }

 private:
  Office(const agent::CadreFile& file, std::unique_ptr<agent::Cadre> cadre, store::Journal journal);

  std::unique_ptr<agent::Cadre> cadre_;
  store::Journal journal_;
  agent::ThreadExecutor executor_;  // ends before what its jobs use
};

}  // namespace cadre::app
