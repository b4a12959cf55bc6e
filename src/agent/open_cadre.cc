// SPDX-License-Identifier: Apache-2.0
#include "agent/open_cadre.h"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "agent/fingerprint.h"
#include "model/router.h"

namespace cadre::agent {
namespace {

class Opener {
 public:
  Opener(const CadreFile& file, const CadreLoaders& loaders, const base::Clock& clock)
      : file_(file), loaders_(loaders), clock_(clock) {}

  Result<CheckedSpecialist> open(const SpecialistEntry& entry, std::vector<std::string>& notes) {
    const Pack pack = TRY(pack_of(entry.pack));
    const std::string fingerprint = TRY(fingerprint_file(entry.table));
    contract::Table table = TRY(contract::Table::open(entry.table, {.table_name = entry.table_name}));
    for (const std::string& note : table.notes()) notes.push_back(fmt::format("specialist {}: {}", entry.name, note));
    StepPolicy own = pack.policy;
    own.work_max = sqlite_steps_for(table.row_count());
    return CheckedSpecialist::make(
        std::make_shared<TableSpecialist>(TableSpecialistOptions{.name = entry.name,
                                                                 .purpose = entry.purpose,
                                                                 .identity = identity_of_table(pack.name, fingerprint),
                                                                 .policy = policy_of(file_, entry, own),
                                                                 .clock = &clock_},
                                          pack, std::move(table)));
  }

 private:
  // Specialists that name one file share its weights.
  Result<Pack> pack_of(const std::string& path) {
    const auto found = packs_.find(path);
    if (found != packs_.end()) return found->second;
    Pack pack = TRY(loaders_.load_pack(path));
    return packs_[path] = std::move(pack);
  }

  const CadreFile& file_;
  const CadreLoaders& loaders_;
  const base::Clock& clock_;
  std::map<std::string, Pack> packs_;
};

}  // namespace

Result<DecideScope> load_scope_router(const std::string& path) {
  auto router = TRY(model::Router::open(path));
  return scope_of_router(std::make_shared<const model::Router>(std::move(router)));
}

std::string identity_of_table(const std::string& pack_name, const std::string& table_fingerprint) {
  return fmt::format("{} over {}", pack_name, table_fingerprint);
}

std::unique_ptr<Planner> make_planner(const Specialists& specialists, const base::Clock& clock, DecideScope scope) {
  std::vector<std::unique_ptr<Tier>> tiers;
  tiers.push_back(std::make_unique<NamedTier>(specialists));
  tiers.push_back(std::make_unique<SplitTier>(specialists));
  if (scope) tiers.push_back(std::make_unique<ScopeTier>(specialists, std::move(scope)));
  tiers.push_back(std::make_unique<AttemptsTier>(specialists));
  return std::make_unique<Planner>(specialists, clock, std::move(tiers));
}

Result<std::unique_ptr<Cadre>> open_cadre(const CadreFile& file, const CadreLoaders& loaders,
                                          const base::Clock& clock) {
  auto cadre = std::make_unique<Cadre>();
  cadre->budget = budget_of(file);
  std::string problems;
  ErrorCode code = ErrorCode::kInvalid;
  const auto note = [&](const std::string& what, const Error& error) {
    if (problems.empty()) code = error.code;
    problems += fmt::format("{}{}: {}: {}", problems.empty() ? "" : "\n", file.path, what, error.message);
  };
  Opener opener(file, loaders, clock);
  for (const SpecialistEntry& entry : file.specialists) {
    auto specialist = opener.open(entry, cadre->notes);
    if (specialist.ok())
      cadre->specialists.push_back(std::move(*specialist));
    else
      note(fmt::format("specialist {}", entry.name), specialist.error());
  }
  DecideScope scope;
  if (!file.router.empty()) {
    auto loaded = loaders.load_scope(file.router);
    if (loaded.ok())
      scope = std::move(*loaded);
    else
      note("router", loaded.error());
  }
  if (!problems.empty()) return Error{code, std::move(problems)};
  cadre->planner = make_planner(cadre->specialists, clock, std::move(scope));
  return cadre;
}

}  // namespace cadre::agent
