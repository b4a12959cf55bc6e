// One thread's engines, and how it carries one run of a cadre to its end.
//
// Thread safety: belongs to one thread; the cadre and the journal are shared.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "agent/driver.h"
#include "agent/open_cadre.h"
#include "agent/specialist_chooser.h"
#include "base/clock.h"
#include "store/journal.h"

namespace cadre::agent {

class RunWorker {
 public:
  // All outlive the worker.
  RunWorker(store::Journal& journal, const base::Clock& clock, const OpenCadre& cadre);

  // The run stands in the journal and belongs to this process.
  Result<RunReport> carry_on(BegunRun begun, const Interrupt& interrupt);
  // The same for one that was taken over: it is failed if its table or its specialist is not the one it began with.
  Result<RunReport> take_over(const store::RunId& run, const Interrupt& interrupt);

 private:
  Result<void> check_inputs(const Request& request) const;
  const Chosen* choice_of(const std::string& name) const;
  ActParts parts_of(const Request& request);

  store::Journal& journal_;
  const base::Clock& clock_;
  std::vector<std::unique_ptr<engine::SpecialistEngine>> engines_;
  std::unique_ptr<Dispatcher> scope_;  // null: no router
  std::vector<Chosen> choices_;
  SpecialistChooser chooser_;
  AcceptAll accept_all_;
};

}  // namespace cadre::agent
