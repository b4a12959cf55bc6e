// SPDX-License-Identifier: Apache-2.0
#include "agent/open_cadre.h"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "agent/fingerprint.h"
#include "agent/scope_dispatcher.h"

namespace cadre::agent {
namespace {

class Opener {
 public:
  explicit Opener(const CadreLoaders& loaders) : loaders_(loaders) {}

  Result<OpenSpecialist> open(const CadreFile& file, const SpecialistEntry& entry) {
    const Pack pack = TRY(pack_of(entry.pack));
    std::string fingerprint = TRY(fingerprint_file(entry.table));
    contract::Table table = TRY(contract::Table::open(entry.table, {.table_name = entry.table_name}));
    Target target{.name = entry.name,
                  .table_path = entry.table,
                  .table_name = entry.table_name,
                  .table_fingerprint = std::move(fingerprint),
                  .specialist_path = entry.pack,
                  .specialist = pack.name,
                  .budget = budget_of(file, entry, table.row_count()),
                  .policy = policy_of(entry, pack.policy)};
    return OpenSpecialist{entry, pack, std::move(table), std::move(target)};
  }

 private:
  Result<Pack> pack_of(const std::string& path) {
    const auto found = packs_.find(path);
    if (found != packs_.end()) return found->second;
    Pack pack = TRY(loaders_.load_pack(path));
    return packs_[path] = std::move(pack);
  }

  const CadreLoaders& loaders_;
  std::map<std::string, Pack> packs_;
};

}  // namespace

Result<MakeDispatcher> load_scope_router(const std::string& path) {
  auto opened = TRY(model::Router::open(path));
  const auto router = std::make_shared<const model::Router>(std::move(opened));
  return MakeDispatcher([router] { return std::make_unique<ScopeDispatcher>(router); });
}

Result<OpenCadre> open_cadre(const CadreFile& file, const CadreLoaders& loaders) {
  OpenCadre cadre;
  std::string problems;
  ErrorCode code = ErrorCode::kInvalid;
  const auto note = [&](const std::string& what, const Error& error) {
    if (problems.empty()) code = error.code;
    problems += fmt::format("{}{}: {}: {}", problems.empty() ? "" : "\n", file.path, what, error.message);
  };
  Opener opener(loaders);
  for (const SpecialistEntry& entry : file.specialists) {
    auto specialist = opener.open(file, entry);
    if (specialist.ok())
      cadre.specialists.push_back(std::move(*specialist));
    else
      note(fmt::format("specialist {}", entry.name), specialist.error());
  }
  if (!file.router.empty()) {
    auto scope = loaders.load_scope(file.router);
    if (scope.ok())
      cadre.make_scope = std::move(*scope);
    else
      note("router", scope.error());
  }
  if (!problems.empty()) return Error{code, std::move(problems)};
  return cadre;
}

}  // namespace cadre::agent
