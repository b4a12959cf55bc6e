// SPDX-License-Identifier: Apache-2.0
#include "app/office.h"

#include <utility>

#include "app/paths.h"
#include "base/clock.h"

namespace cadre::app {

Office::Office(const agent::CadreFile& file, std::unique_ptr<agent::Cadre> cadre, store::Journal journal)
    : cadre_(std::move(cadre)),
      journal_(std::move(journal)),
      executor_(static_cast<size_t>(file.budgets.runs_at_once), static_cast<size_t>(file.budgets.calls_at_once)) {}

Result<std::unique_ptr<Office>> Office::open(const std::string& cadre_file, const std::string& given_journal) {
  const agent::CadreFile file = TRY(agent::load_cadre_file(cadre_file));
  auto cadre = TRY(agent::open_cadre(file));
  auto journal = store::Journal::open(file.journal.empty() ? TRY(journal_path(given_journal)) : file.journal);
  if (!journal.ok()) return std::move(journal).error().with_context("journal");
  return std::unique_ptr<Office>(new Office(file, std::move(cadre), std::move(*journal)));
}

agent::RunParts Office::parts() {
  return {&journal_, &base::system_clock(), &cadre_->specialists, cadre_->planner.get(), &executor_};
}

}  // namespace cadre::app
