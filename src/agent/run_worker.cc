// SPDX-License-Identifier: Apache-2.0
#include "agent/run_worker.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/recover.h"

namespace cadre::agent {
namespace {

std::vector<std::unique_ptr<engine::SpecialistEngine>> make_engines(const OpenCadre& cadre) {
  std::vector<std::unique_ptr<engine::SpecialistEngine>> engines;
  for (const OpenSpecialist& specialist : cadre.specialists) engines.push_back(specialist.pack.make_engine());
  return engines;
}

std::vector<Chosen> choices_of(const OpenCadre& cadre,
                               const std::vector<std::unique_ptr<engine::SpecialistEngine>>& engines) {
  std::vector<Chosen> choices;
  for (size_t i = 0; i < engines.size(); ++i)
    choices.push_back({cadre.specialists[i].target, engines[i].get(), &cadre.specialists[i].table});
  return choices;
}

}  // namespace

RunWorker::RunWorker(store::Journal& journal, const base::Clock& clock, const OpenCadre& cadre)
    : journal_(journal),
      clock_(clock),
      engines_(make_engines(cadre)),
      scope_(cadre.make_scope ? cadre.make_scope() : nullptr),
      choices_(choices_of(cadre, engines_)),
      chooser_(scope_.get(), choices_) {}

const Chosen* RunWorker::choice_of(const std::string& name) const {
  const auto found =
      std::find_if(choices_.begin(), choices_.end(), [&](const Chosen& choice) { return choice.target.name == name; });
  return found == choices_.end() ? nullptr : &*found;
}

// A request that names its specialist is dispatched to it; one that fell to the only specialist still passes the router.
ActParts RunWorker::parts_of(const Request& request) {
  ActParts parts{.clock = &clock_, .dispatcher = &chooser_};
  const Chosen* choice = choice_of(request.name);
  if (choice == nullptr) return parts;
  parts.engine = choice->engine;
  parts.table = choice->table;
  parts.dispatcher = request.named.empty() && scope_ ? scope_.get() : &accept_all_;
  return parts;
}

Result<RunReport> RunWorker::carry_on(BegunRun begun, const Interrupt& interrupt) {
  const ActParts parts = parts_of(begun.state.request);
  return Driver(journal_, parts).carry_on(std::move(begun), interrupt);
}

Result<void> RunWorker::check_inputs(const Request& request) const {
  if (request.name.empty()) return {};  // nothing was chosen yet
  const Chosen* choice = choice_of(request.name);
  if (choice == nullptr) {
    return Error{ErrorCode::kNotFound,
                 fmt::format("specialist \"{}\" is no longer in the cadre file; ask again", request.name)};
  }
  return check_same_inputs(request, choice->target.table_fingerprint, choice->target.specialist);
}

Result<RunReport> RunWorker::take_over(const store::RunId& run, const Interrupt& interrupt) {
  auto replayed = replay_run(journal_, run);
  const auto checked = replayed.ok() ? check_inputs(replayed->state.request) : Result<void>(replayed.error());
  if (!checked.ok()) {
    TRY(abandon_run(journal_, run,
                    "the process died during this run and it could not go on: " + checked.error().message));
    Replayed ended = TRY(replay_run(journal_, run));
    return RunReport{run, std::move(ended.state), {}};
  }
  if (replayed->closed) return RunReport{run, std::move(replayed->state), {}};
  return carry_on(BegunRun{run, std::move(replayed->state), std::move(replayed->effects)}, interrupt);
}

}  // namespace cadre::agent
